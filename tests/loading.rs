//! What loading a project does not do: run its code, write into it, or touch what is not the user's to edit.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const SLEEPS: &str =
    "pub async fn nap() {\n    std::thread::sleep(std::time::Duration::ZERO);\n}\n";
const AWAITS: &str =
    "pub async fn nap() {\n    tokio::time::sleep(std::time::Duration::ZERO).await;\n}\n";

const MANIFEST: &str = "[package]\nname = \"shown\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\ntokio = { version = \"1\", features = [\"full\"] }\n";

struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Project {
        let project = Project(tempfile::tempdir().expect("a folder"));
        for (path, text) in files {
            let path = project.0.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        project
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path().join(file)).expect(file)
    }

    fn git(&self, arguments: &[&str]) -> String {
        let user = ["-c", "user.name=a", "-c", "user.email=a@b.c"];
        let output =
            Command::new("git").args(user).args(arguments).current_dir(self.path()).output();
        String::from_utf8(output.expect("git runs").stdout).expect("git speaks UTF-8")
    }

    fn commit(&self) {
        self.git(&["init", "-q"]);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "all"]);
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_async-fix"))
            .args(arguments)
            .current_dir(self.path())
            .env("ASYNC_FIX_STATE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"))
            .output()
            .expect("async-fix runs");
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    /// The findings, one a line.
    fn findings(&self) -> Vec<String> {
        let output = self.run(&["--output-format", "concise"]);
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }
}

#[test]
fn no_code_of_the_project_is_run_and_nothing_is_written() {
    let evil = "fn main() { std::fs::write(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/ran\"), \"\").unwrap(); }\n";
    let project = Project::new(&[
        ("Cargo.toml", &format!("{MANIFEST}helper = {{ path = \"helper\" }}\n")),
        ("src/lib.rs", &format!("#[derive(helper::Write)]\npub struct S;\n{SLEEPS}")),
        ("build.rs", evil),
        (
            "helper/Cargo.toml",
            "[package]\nname = \"helper\"\nedition = \"2024\"\n\n[lib]\nproc-macro = true\n",
        ),
        (
            "helper/src/lib.rs",
            "#[proc_macro_derive(Write)]\npub fn write(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    std::fs::write(\"ran\", \"\").unwrap();\n    Default::default()\n}\n",
        ),
        ("helper/build.rs", evil),
    ]);
    let wrapper = project.path().join("wrapper.sh");
    fs::write(
        &wrapper,
        format!("#!/bin/sh\ntouch {}/ran\nexec rustc \"$@\"\n", project.path().display()),
    )
    .expect("a script");
    assert!(Command::new("chmod").arg("+x").arg(&wrapper).status().is_ok_and(|it| it.success()));
    let wrapper = wrapper.display();
    fs::create_dir_all(project.path().join(".cargo")).expect("a folder");
    fs::write(
        project.path().join(".cargo/config.toml"),
        format!("[build]\nrustc = \"{wrapper}\"\nrustc-wrapper = \"{wrapper}\"\nrustc-workspace-wrapper = \"{wrapper}\"\n"),
    )
    .expect("a configuration");
    project.commit();

    let found = project.findings();
    assert_eq!(found.len(), 1, "{found:?}");
    project.run(&["--dry-run"]);
    // A toolchain of the project's own, by both names of the file that chooses it.
    for name in ["rust-toolchain", "rust-toolchain.toml"] {
        fs::create_dir_all(project.path().join("own/bin")).expect("a folder");
        for tool in ["rustc", "cargo"] {
            fs::copy(project.path().join("wrapper.sh"), project.path().join("own/bin").join(tool))
                .expect("a copy");
        }
        let own = project.path().join("own");
        fs::write(
            project.path().join(name),
            format!("[toolchain]\npath = \"{}\"\n", own.display()),
        )
        .expect("a file");
        assert_eq!(project.findings().len(), 1);
        fs::remove_file(project.path().join(name)).expect("it is there");
    }
    fs::remove_dir_all(project.path().join("own")).expect("it is there");
    // Not even a lock file, which this project lacks.
    assert_eq!(project.git(&["status", "--porcelain", "--ignored"]), "");
}

#[test]
fn what_is_not_the_users_is_left_alone() {
    let generated = format!("// @generated by a tool. Do not edit.\n{SLEEPS}");
    let project = Project::new(&[
        (
            "Cargo.toml",
            &format!(
                "{}near = {{ path = \"near\" }}\n",
                MANIFEST.replace("[workspace]", "[workspace]\nexclude = [\"near\"]")
            ),
        ),
        ("src/lib.rs", "mod generated;\nmod ignored;\nmod macros;\nmod ours;\n"),
        ("src/ours.rs", SLEEPS),
        ("src/generated.rs", &generated),
        ("src/ignored.rs", SLEEPS),
        (
            "src/macros.rs",
            "macro_rules! nap {\n    () => {\n        std::thread::sleep(std::time::Duration::ZERO)\n    };\n}\n\npub async fn naps() {\n    nap!();\n}\n",
        ),
        // Read, and not a member.
        ("near/Cargo.toml", "[package]\nname = \"near\"\nedition = \"2024\"\n"),
        ("near/src/lib.rs", SLEEPS),
        (".gitignore", "src/ignored.rs\n/target\nCargo.lock\n"),
    ]);
    project.commit();
    let found = project.findings();
    // The macro is reported where it is used, and not rewritten: its text serves others too.
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("src/macros.rs:8:5: blocking-sleep [ ]"), "{found:?}");
    assert!(found[1].starts_with("src/ours.rs:2:5: blocking-sleep [*]"), "{found:?}");

    project.run(&["--apply", "--verify", "none"]);
    assert_eq!(project.text("src/ours.rs"), AWAITS);
    assert_eq!(project.git(&["diff", "--name-only"]), "src/ours.rs\n");
}

#[test]
fn a_shared_file_is_reported_once_and_fixed_where_that_is_right_everywhere() {
    let uses =
        "#[path = \"../shared.rs\"]\nmod shared;\n\nfn main() {\n    drop(shared::nap());\n}\n";
    let project = Project::new(&[
        ("Cargo.toml", MANIFEST),
        ("src/shared.rs", SLEEPS),
        (
            "src/lib.rs",
            "pub mod only_here;\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn test() {}\n}\n",
        ),
        // Seen twice, with `cfg(test)` and without.
        ("src/only_here.rs", SLEEPS),
        ("src/bin/one.rs", uses),
        ("src/bin/two.rs", uses),
    ]);
    project.commit();
    let found = project.findings();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|it| it.contains("blocking-sleep [*]")), "{found:?}");
    project.run(&["--apply", "--verify", "none"]);
    assert_eq!(project.text("src/shared.rs"), AWAITS);
    assert_eq!(project.text("src/only_here.rs"), AWAITS);
}

#[test]
fn a_fix_that_is_wrong_for_one_target_is_not_offered() {
    let plain = "#[path = \"../../app/src/shared.rs\"]\npub mod shared;\n";
    let project = Project::new(&[
        ("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"plain\"]\n"),
        (
            "app/Cargo.toml",
            "[package]\nname = \"app\"\nedition = \"2024\"\n\n[dependencies]\ntokio = { version = \"1\", features = [\"full\"] }\n",
        ),
        ("app/src/lib.rs", "pub mod shared;\n"),
        ("app/src/shared.rs", SLEEPS),
        // Nothing says what drives this one.
        ("plain/Cargo.toml", "[package]\nname = \"plain\"\nedition = \"2024\"\n"),
        ("plain/src/lib.rs", plain),
    ]);
    project.commit();
    let found = project.findings();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("app/src/shared.rs:2:5: blocking-sleep [ ]"), "{found:?}");
}

#[test]
fn tests_benches_and_build_scripts_are_quiet() {
    let sleeps_in_main = "async fn nap() {\n    std::thread::sleep(std::time::Duration::ZERO);\n}\n\nfn main() {\n    drop(nap());\n}\n";
    let project = Project::new(&[
        ("Cargo.toml", MANIFEST),
        ("src/lib.rs", &format!("#[cfg(test)]\nmod tests {{\n{SLEEPS}}}\n")),
        ("tests/it.rs", SLEEPS),
        ("benches/it.rs", sleeps_in_main),
        ("build.rs", sleeps_in_main),
        ("examples/shown.rs", sleeps_in_main),
    ]);
    project.commit();
    let found = project.findings();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("examples/shown.rs:2:5: blocking-sleep [*]"), "{found:?}");
}

#[test]
fn line_ends_and_byte_order_mark_stay() {
    let text = format!("\u{feff}{}", SLEEPS.replace('\n', "\r\n"));
    let project = Project::new(&[("Cargo.toml", MANIFEST), ("src/lib.rs", text.trim_end())]);
    project.commit();
    project.run(&["--apply", "--verify", "none"]);
    let expected = format!("\u{feff}{}", AWAITS.replace('\n', "\r\n"));
    assert_eq!(project.text("src/lib.rs"), expected.trim_end());
}

#[test]
fn what_nobody_saw_is_said() {
    let project = Project::new(&[
        (
            "Cargo.toml",
            &MANIFEST.replace(
                "\n[workspace]",
                "\n[features]\nextra = []\n\n[[example]]\nname = \"off\"\nrequired-features = [\"extra\"]\n\n[[example]]\nname = \"gone\"\npath = \"examples/gone.rs\"\n\n[workspace]",
            ),
        ),
        (
            "src/lib.rs",
            "mod gone;\n#[path = \"../../outside.rs\"]\nmod outside;\ninclude!(concat!(env!(\"OUT_DIR\"), \"/g.rs\"));\ninclude!(\"nothere.rs\");\nmacro_rules! proto {\n    ($name:literal) => {\n        include!(concat!(env!(\"OUT_DIR\"), \"/\", $name, \".rs\"));\n    };\n}\npub mod pb {\n    proto!(\"x\");\n}\n#[cfg(any())]\nmod never;\n",
        ),
        ("examples/off.rs", "fn main() {}\n"),
    ]);
    let output = project.run(&[]);
    let said = String::from_utf8_lossy(&output.stderr);
    let expected = "\
Not seen: code that a build script makes: `include!(concat!(env!(\"OUT_DIR\"), \"/g.rs\"))` in src/lib.rs, `proto!(\"x\")` in src/lib.rs
Not seen: files that are not among the sources of the packages: `include!(\"nothere.rs\")` in src/lib.rs, `mod gone` in src/lib.rs, `mod outside` in src/lib.rs
Not seen: targets: example `gone` (there is no `examples/gone.rs`), example `off` (it needs `--features extra`)
";
    assert!(said.contains(expected), "{said}");
    let json = String::from_utf8(project.run(&["--output-format", "json"]).stdout).expect("UTF-8");
    for part in ["\"`mod gone` in src/lib.rs\"", "\"example `off` (it needs `--features extra`)\""]
    {
        assert!(json.contains(part), "{json}");
    }
}

#[test]
fn what_bindgen_writes_is_left_alone() {
    let generated = format!("/* automatically generated by rust-bindgen 0.72.1 */\n\n{SLEEPS}");
    let project = Project::new(&[("Cargo.toml", MANIFEST), ("src/lib.rs", &generated)]);
    assert_eq!(project.findings(), Vec::<String>::new());
}
