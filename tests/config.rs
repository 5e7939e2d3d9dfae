//! What `async-fix.toml` does, with the program as it is run.

#[path = "shared/project.rs"]
mod project;

use project::{Project, Said};

const MANIFEST: &str = "\
[package]
name = \"nap\"
edition = \"2024\"

[dependencies]
tokio = { version = \"1\", features = [\"rt\", \"time\", \"fs\"] }

[workspace]
";

const CONCISE: [&str; 2] = ["--output-format", "concise"];

const HOUSE: &str = "\
pub async fn ask(it: &db::Client) -> u8 {
    tokio::spawn(async {});
    db::query(\"a\") + it.query(\"b\")
}

pub mod db {
    pub struct Client;

    impl Client {
        pub fn query(&self, _: &str) -> u8 {
            1
        }
    }

    pub fn query(_: &str) -> u8 {
        2
    }
}

pub async fn read() -> std::io::Result<String> {
    std::fs::read_to_string(\"a\")
}
";

#[test]
fn rows_of_the_house_speak_of_its_own_functions() {
    let rows = "\
[[knowledge]]
crate = \"nap\"
item = [
    { path = \"nap::db::query\", blocks = \"disk\" },
    { path = \"nap::db::Client::query\", blocks = \"disk\", note = \"it waits for a database\" },
]
";
    let project =
        Project::new(&[("Cargo.toml", MANIFEST), ("src/lib.rs", HOUSE), ("async-fix.toml", rows)]);
    let said = project.run(&CONCISE);
    assert_eq!(
        said.lines(),
        [
            "src/lib.rs:3:5: blocking-fs [!] `nap::db::query` blocks the runtime worker",
            "src/lib.rs:3:22: blocking-fs [ ] `nap::db::Client::query` blocks the runtime worker",
            "src/lib.rs:21:5: blocking-fs [*] `std::fs::read_to_string` blocks the runtime worker",
        ]
    );
    assert!(!said.stderr.contains("warning: "), "{}", said.stderr);
    let full = project.run(&[]);
    assert!(full.stdout.contains("= note: it waits for a database\n"), "{}", full.stdout);
    // Without the file nobody knows.
    std::fs::remove_file(project.path("async-fix.toml")).unwrap();
    assert_eq!(project.run(&CONCISE).lines().len(), 1);
}

#[test]
fn calls_are_followed_unless_the_configuration_says_not_to() {
    let code = "\
pub async fn ask() -> std::io::Result<String> {
    load().or_else(|_| std::fs::read_to_string(\"a\"))
}

fn load() -> std::io::Result<String> {
    std::fs::read_to_string(\"b\")
}
";
    let project = Project::new(&[("Cargo.toml", MANIFEST), ("src/lib.rs", code)]);
    let places = |said: Said| -> Vec<String> {
        let places =
            said.lines().into_iter().map(|it| it.split(" blocking").next().unwrap().to_owned());
        places.collect()
    };
    let itself = "src/lib.rs:2:24:";
    assert_eq!(places(project.run(&CONCISE)), ["src/lib.rs:2:5:", itself]);
    project.write("async-fix.toml", "follow-calls = false\n");
    assert_eq!(places(project.run(&CONCISE)), [itself]);
}

#[test]
fn a_row_of_the_house_counts_more_than_one_that_is_shipped() {
    let row = "\
[[knowledge]]
crate = \"std\"
item = [{ path = \"std::fs::read_to_string\" }]
";
    let project =
        Project::new(&[("Cargo.toml", MANIFEST), ("src/lib.rs", HOUSE), (".async-fix.toml", row)]);
    let said = project.run(&CONCISE);
    assert_eq!((said.status, said.stdout.as_str()), (Some(0), ""), "{}", said.stderr);
}

#[test]
fn a_row_that_names_nothing_is_said_once() {
    let rows = "\
[[knowledge]]
crate = \"nap\"
item = [
    { path = \"nap::db::query\", blocks = \"disk\" },
    { path = \"nap::bd::query\", blocks = \"disk\" },
    { path = \"nap::db::Client::qurey\", blocks = \"disk\" },
    { path = \"nap::db::open\", blocks = \"disk\", only-with = \"a feature\" },
]

[[knowledge]]
crate = \"napp\"
item = [{ path = \"napp::db::query\", blocks = \"disk\" }]
";
    // A binary of the same name has no such functions, and need not.
    let project = Project::new(&[
        ("Cargo.toml", MANIFEST),
        ("src/lib.rs", HOUSE),
        ("src/main.rs", "fn main() {}\n"),
        ("async-fix.toml", rows),
    ]);
    let said = project.run(&CONCISE);
    let warnings: Vec<_> =
        said.stderr.lines().filter_map(|it| it.strip_prefix("warning: ")).collect();
    assert_eq!(
        warnings,
        [
            "async-fix.toml:5: there is nothing at `nap::bd::query`",
            "async-fix.toml:6: there is nothing at `nap::db::Client::qurey`",
            "async-fix.toml:12: there is no crate `napp` here for `napp::db::query`",
        ]
    );
    assert_eq!(said.lines().len(), 2);
}

#[test]
fn what_is_wrong_in_a_file_is_one_sentence() {
    let project = Project::new(&[("Cargo.toml", MANIFEST), ("src/lib.rs", "")]);
    let head = "[[knowledge]]\ncrate = \"a\"\n";
    for (text, sentence) in [
        ("\nknowlegde = 1\n", "2: there is no key `knowlegde`; did you mean `knowledge`?"),
        ("knowledge = 1", "1: invalid type: integer `1`, expected a sequence"),
        ("# so\nknowledge = [\n", "2: unclosed array, expected `]`"),
        (
            &format!("{head}item = [\n    {{ path = \"a::b\", block = \"disk\" }},\n]\n"),
            "4: there is no key `block`; did you mean `blocks`?",
        ),
        (
            &format!("{head}item = [\n    {{ path = \"a::b\", blocks = \"disc\" }},\n]\n"),
            "4: `disc` means nothing here; did you mean `disk`?",
        ),
        (
            &format!("{head}item = [\n    {{ path = \"b::c\", blocks = \"disk\" }},\n]\n"),
            "4: `b::c` is not a path in the crate `a`",
        ),
    ] {
        project.write("async-fix.toml", text);
        project.run(&[]).refuses(&format!("async-fix.toml:{sentence}"));
    }
}

const CODE: &str = "\
pub async fn read() -> std::io::Result<String> {
    std::thread::sleep(std::time::Duration::from_secs(1));
    std::fs::read_to_string(\"a\")
}
";

/// Two packages, committed.
fn two_packages(configuration: &str) -> Project {
    let manifest = |it| MANIFEST.replace("nap", it).replace("[workspace]\n", "");
    Project::committed(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n"),
        ("async-fix.toml", configuration),
        ("one/Cargo.toml", &manifest("one")),
        ("one/src/lib.rs", CODE),
        ("two/Cargo.toml", &manifest("two")),
        ("two/src/lib.rs", CODE),
        (".gitignore", "target\n"),
    ])
}

#[test]
fn files_configure_and_flags_count_more() {
    let project = two_packages(
        "[rules]\nblocking-sleep = 'error'\n[per-path]\n'two/**' = { ignore = ['blocking-fs'] }\n",
    );
    let said = project.run(&["--output-format", "json", "--fail-on", "error"]);
    let found: Vec<&str> = said
        .lines()
        .into_iter()
        .filter_map(|it| it.trim().strip_prefix("\"severity\": "))
        .collect();
    assert_eq!((found, said.status), (vec!["\"error\",", "\"warn\",", "\"error\","], Some(1)));
    let said = project.run(&["--select", "blocking-fs", "--fail-on", "error", "-p", "one"]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(said.stdout.starts_with("warning[blocking-fs]: "), "{}", said.stdout);
    assert!(
        said.stderr
            .contains("Run `async-fix --apply --select blocking-fs --fail-on error -p one` to")
    );
}

#[test]
fn where_one_stands_and_what_has_changed_is_what_is_meant() {
    let project = two_packages("ignore = ['blocking-fs']");
    project.git(&["checkout", "-q", "-b", "topic"]);
    project.write("two/src/lib.rs", &format!("{CODE}pub mod new;\n"));
    project.commit();
    project.write("two/src/new.rs", CODE);
    let places = |arguments: &[&str]| {
        let said = project.run(&[&CONCISE[..], arguments].concat());
        let lines = said.lines();
        lines.iter().map(|it| it.split(':').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(places(&["--changed"]), ["two/src/new.rs"]);
    assert_eq!(places(&["--since", "HEAD~1"]), ["two/src/lib.rs", "two/src/new.rs"]);
    assert_eq!(places(&["--workspace", "--exclude", "two"]), ["one/src/lib.rs"]);
    project.git(&["add", "."]);
    let exclude = ["--staged", "--exclude-path", "new.rs"];
    assert_eq!(places(&exclude), [""; 0]);
    project
        .run(&["--since", "nowhere"])
        .refuses("there is no commit `nowhere`, which `--since` names");

    let mut inside = project.command(env!("CARGO_BIN_EXE_async-fix"));
    let inside = Said::of(inside.args(CONCISE).current_dir(project.path("one")).output().unwrap());
    assert_eq!(inside.lines().len(), 1, "{}", inside.stdout);
    let note = "Reports on `one` only; `--workspace` is for all 2 packages.\n";
    assert!(inside.stderr.contains(note), "{}", inside.stderr);
}

#[test]
fn what_is_not_fixable_is_not_written() {
    let project = two_packages("unfixable = ['blocking-fs']");
    let arguments = ["--apply", "--fix-only", "--exit-non-zero-on-fix", "-p", "one", "-q"];
    let said = project.run(&arguments);
    assert_eq!((said.status, said.stdout.as_str(), said.stderr.as_str()), (Some(1), "", ""));
    let written = CODE.replace("std::thread::sleep", "tokio::time::sleep");
    let written = written.replace("from_secs(1));", "from_secs(1)).await;");
    assert_eq!(
        (project.text("one/src/lib.rs"), project.text("two/src/lib.rs")),
        (written, CODE.to_owned())
    );
    // Nothing is left that would be written.
    let said = project.run(&arguments);
    assert_eq!((said.status, said.stdout.as_str()), (Some(0), ""), "{}", said.stderr);
}
