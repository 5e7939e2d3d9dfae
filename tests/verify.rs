//! Fixes that are wrong: they are found, named and left out, and the others stay.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

const MANIFEST: &str = "\
[package]
name = \"house\"
edition = \"2024\"

[dependencies]
tokio = { version = \"1\", features = [\"rt\", \"time\", \"fs\"] }

[workspace]
";

/// What the fixes of `ROWS` make of calls: right for `load`, wrong for the others, each in its own way.
const LIBRARY: &str = "\
pub struct Store;

impl Store {
    pub fn load(&self, key: u32) -> u32 {
        key
    }
    pub async fn load_later(&self, key: u32) -> u32 {
        key
    }
    pub fn count(&self) -> u32 {
        1
    }
    pub async fn count_later(&self) -> u64 {
        1
    }
    pub fn old(&self) -> u32 {
        3
    }
    pub fn share(&self) -> u32 {
        2
    }
    pub async fn share_later(&self) -> u32 {
        let it = std::rc::Rc::new(2);
        std::future::ready(()).await;
        *it
    }
}

pub fn takes(_: u32) {}
";

const ROWS: &str = "\
[[knowledge]]
crate = \"house\"
item = [
    { path = \"house::Store::load\", blocks = \"disk\", instead = \"$self.load_later($0).await\" },
    { path = \"house::Store::count\", blocks = \"disk\", instead = \"$self.count_later().await\" },
    { path = \"house::Store::share\", blocks = \"disk\", instead = \"$self.share_later().await\" },
    { path = \"house::Store::old\", blocks = \"disk\", instead = \"$self.count()\" },
    { path = \"house::helper\", blocks = \"disk\", instead = \"$0.await\" },
    { path = \"house::nowhere\", blocks = \"disk\", instead = \"tokio::nowhere($0).await\" },
    { path = \"house::syntax\", blocks = \"disk\", instead = \"$0.await)\" },
]
";

/// A committed project.
struct Project(TempDir);

impl Project {
    /// With `code` after `LIBRARY`.
    fn new(code: &str) -> Project {
        Project::of(&[
            ("Cargo.toml", MANIFEST),
            ("async-fix.toml", ROWS),
            ("src/lib.rs", &format!("{LIBRARY}{code}")),
        ])
    }

    fn of(files: &[(&str, &str)]) -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = project.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let lock = project.command(env!("CARGO")).args(["generate-lockfile"]).output().unwrap();
        assert!(lock.status.success(), "{lock:?}");
        for arguments in
            ["init -q", "add .", "-c user.name=a -c user.email=a@b.c commit -q -m start"]
        {
            let git = project.command("git").args(arguments.split(' ')).output().unwrap();
            assert!(git.status.success(), "{git:?}");
        }
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// What stands after `LIBRARY`.
    fn code(&self) -> String {
        let text = self.text("src/lib.rs");
        text.strip_prefix(LIBRARY).expect("the library itself is left alone").to_owned()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // All tests share what is built of tokio.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify");
        command.current_dir(self.0.path()).env("CARGO_TARGET_DIR", target);
        command.env("ASYNC_FIX_STATE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
        command.env("CARGO_INCREMENTAL", "0");
        command
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let output = self.command(env!("CARGO_BIN_EXE_async-fix")).args(arguments).output();
        Said::of(output.unwrap())
    }
}

/// What the program printed, and its exit status.
#[derive(Debug)]
struct Said {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Said {
    fn of(output: Output) -> Said {
        let text = |it| String::from_utf8(it).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        Said { status: output.status.code(), stdout, stderr }
    }

    /// The places of the fixes that were not kept, and their errors in one line each.
    fn taken_back(&self) -> Vec<String> {
        let mut taken_back = Vec::new();
        let mut lines = self.stderr.lines();
        while let Some(line) = lines.next() {
            let Some(line) = line.strip_prefix("error: ") else { continue };
            assert!(line.ends_with(": not kept, because with it there is a new error:"), "{line}");
            let place = line.split(": ").next().unwrap();
            taken_back.push(format!("{place}: {}", lines.next().unwrap().trim()));
        }
        taken_back
    }
}

/// The number of the line in `LIBRARY` and `code` that has `text` in it.
fn line(code: &str, text: &str) -> usize {
    let before = format!("{LIBRARY}{code}").split(text).next().unwrap().to_owned();
    before.lines().count()
}

#[test]
fn what_does_not_parse_is_not_even_planned() {
    let code = "
pub fn syntax(_: std::future::Ready<u32>) -> u32 {
    1
}

pub async fn bad() -> u32 {
    syntax(std::future::ready(1))
}

pub async fn good(store: &Store) -> u32 {
    store.load(1)
}
";
    let project = Project::new(code);
    for verify in ["cargo", "syntax"] {
        let said = project.run(&["--dry-run", "--verify", verify]);
        let at = format!("src/lib.rs:{}:5", line(code, "syntax(std"));
        let [taken_back] = said.taken_back().try_into().unwrap();
        assert!(taken_back.starts_with(&format!("{at}: syntax error: ")), "{taken_back}");
        assert_eq!(said.status, Some(3), "{}", said.stderr);
        assert!(said.stdout.contains("+    store.load_later(1).await\n"), "{}", said.stdout);
        assert!(!said.stdout.contains("await)"), "{}", said.stdout);
    }
    // Who wants no checks gets none.
    let said = project.run(&["--dry-run", "--verify", "none"]);
    assert_eq!((said.status, said.taken_back().len()), (Some(1), 0));
    assert!(said.stdout.contains("ready(1).await)"), "{}", said.stdout);
}

#[test]
fn what_rust_analyzer_finds_wrong_is_not_planned_where_it_is_asked() {
    let code = "
pub fn nowhere(_: u32) -> u32 {
    1
}

pub async fn wrong_type(store: &Store) {
    let broken_before: u8 = \"\";
    takes(store.count());
}

pub async fn wrong_path() -> u32 {
    nowhere(1)
}

pub async fn good(store: &Store) -> u32 {
    store.load(1)
}
";
    let project = Project::new(code);
    let said = project.run(&["--dry-run", "--verify", "analysis"]);
    assert_eq!(
        said.taken_back(),
        [
            format!(
                "src/lib.rs:{}:11: error[E0308]: expected u32, found u64",
                line(code, "takes(store")
            ),
            format!(
                "src/lib.rs:{}:5: error: `tokio::nowhere` leads nowhere",
                line(code, "nowhere(1)")
            ),
        ]
    );
    assert_eq!(said.status, Some(3));
    assert!(said.stdout.contains("+    store.load_later(1).await\n"), "{}", said.stdout);
    assert!(!said.stdout.contains("count_later()"), "{}", said.stdout);
    assert!(said.stderr.contains("Please report it"), "{}", said.stderr);

    // What was left out stays what it was, and is found.
    let said = project.run(&["--apply", "--verify", "analysis", "--output-format", "json"]);
    assert_eq!(said.status, Some(3), "{}", said.stderr);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["remaining"].as_array().unwrap().len(), 2);
    let skipped = document["skipped_fixes"].as_array().unwrap();
    assert_eq!(skipped[0]["reason"], "error[E0308]: expected u32, found u64");
    assert!(skipped[0]["error"].as_str().unwrap().contains("takes(store.count_later().await)"));
    assert_eq!(project.code(), code.replace("load(1)", "load_later(1).await"));
}

#[test]
fn of_ten_fixes_the_wrong_one_is_taken_back_alone() {
    let good = |number: u32| format!("    sum += store.load({number});\n");
    let good: String = (1..10).map(good).collect();
    let code = format!(
        "
pub async fn ten(store: &Store) -> u32 {{
    let mut sum = 0;
    takes(store.count());
{good}    sum
}}
"
    );
    let project = Project::new(&code);
    let said = project.run(&["--apply"]);
    let at = format!("src/lib.rs:{}:11", line(&code, "takes(store"));
    assert_eq!(said.taken_back(), [format!("{at}: error[E0308]: mismatched types")]);
    assert_eq!(said.status, Some(3), "{}", said.stderr);
    assert!(said.stderr.contains("Please report it"), "{}", said.stderr);
    assert!(said.stderr.contains("expected `u32`, found `u64`"), "{}", said.stderr);
    assert!(said.stderr.contains("Fixed 9 findings in 1 file"), "{}", said.stderr);
    let fixed = (1..10).fold(code, |code, it| {
        code.replace(&format!("load({it})"), &format!("load_later({it}).await"))
    });
    assert_eq!(project.code(), fixed);
    // What is left is still found, and wrong in the same way when it is tried again.
    let again = project.run(&["--apply", "--allow-dirty"]);
    assert_eq!((again.status, again.taken_back()), (Some(3), said.taken_back()));
    assert_eq!(project.code(), fixed);
}

#[test]
fn of_ten_fixes_the_one_that_brings_a_new_finding_is_left_out_alone() {
    let good = |number: u32| format!("    sum += store.load({number});\n");
    let (first, rest): (String, String) = ((1..5).map(good).collect(), (5..10).map(good).collect());
    let code = format!(
        "
pub async fn ten(store: &Store) -> u32 {{
    let mut sum = 0;
{first}    sum += store.old();
{rest}    sum
}}
"
    );
    let project = Project::new(&code);
    let fixed = (1..10).fold(code.clone(), |code, it| {
        code.replace(&format!("load({it})"), &format!("load_later({it}).await"))
    });
    let not_done = format!(
        "Not done: src/lib.rs:{}:12: blocking-fs: Await the future instead: its result would have \
         a new finding: `house::Store::count` blocks the runtime worker\n",
        line(&code, "store.old()")
    );
    for verify in ["cargo", "none"] {
        let said = project.run(&["--apply", "--allow-dirty", "--verify", verify]);
        assert_eq!(said.status, Some(1), "{}", said.stderr);
        assert!(said.stderr.contains("Fixed 9 findings in 1 file"), "{}", said.stderr);
        assert!(said.stderr.contains(&not_done), "{}", said.stderr);
        assert_eq!(project.code(), fixed);
        let undone = project.run(&["undo"]);
        assert_eq!((undone.status, project.code()), (Some(0), code.clone()), "{}", undone.stderr);
    }
}

/// Each command that is printed is one that works, up to the last `undo`.
#[test]
fn what_the_last_lines_name_can_be_run() {
    let code = "
pub async fn both(store: &Store, thread: std::thread::JoinHandle<u32>) -> u32 {
    store.load(1) + thread.join().unwrap()
}
";
    let project = Project::new(code);
    let mut said = project.run(&[]);
    let mut runs = Vec::new();
    for (command, status) in [
        ("async-fix --apply", 1),
        ("async-fix --apply --unsafe-fixes --allow-dirty", 0),
        ("async-fix undo ", 0),
        ("async-fix undo ", 0),
    ] {
        let hints = said.stderr.lines().filter_map(|it| it.strip_prefix("Run `"));
        runs.extend(hints.filter_map(|it| Some(it.split_once('`')?.0.to_owned())));
        let at = runs.iter().rposition(|it| match command.ends_with(' ') {
            true => it.starts_with(command),
            false => it == command,
        });
        let run = runs.remove(at.unwrap_or_else(|| panic!("{command} in {}", said.stderr)));
        let arguments: Vec<&str> = run.split(' ').skip(1).collect();
        said = project.run(&arguments);
        assert_eq!(said.status, Some(status), "{run}: {}", said.stderr);
    }
    assert_eq!(project.code(), code);
}

/// Each rule asks for the same trait in the same file, in two functions and in one.
#[test]
fn two_rules_that_need_the_same_import_add_it_once() {
    let user = "\
//! Reads.

use std::io::Read;

pub async fn file() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(\"a\")?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub async fn socket() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::net::TcpStream::connect(\"127.0.0.1:80\")?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub async fn both() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(\"b\")?.read_to_end(&mut bytes)?;
    std::net::TcpStream::connect(\"127.0.0.1:81\")?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
";
    let project = Project::of(&[("Cargo.toml", MANIFEST), ("src/lib.rs", user)]);
    let found = project.run(&["--output-format", "concise"]).stdout;
    assert!(found.contains(" blocking-fs [") && found.contains(" blocking-io ["), "{found}");
    let said = project.run(&["--apply", "--unsafe-fixes"]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    let fixed = user
        .replace("use std::io::Read;", "use tokio::io::AsyncReadExt;")
        .replace("std::fs::File::open(\"a\")", "tokio::fs::File::open(\"a\").await")
        .replace("std::fs::File::open(\"b\")", "tokio::fs::File::open(\"b\").await")
        .replace("std::net::TcpStream", "tokio::net::TcpStream")
        .replace("0\")?", "0\").await?")
        .replace("1\")?", "1\").await?")
        .replace("(&mut bytes)?", "(&mut bytes).await?");
    assert_eq!(project.text("src/lib.rs"), fixed);
}

#[test]
fn errors_far_from_their_fix_are_traced_to_it() {
    let code = "
pub fn broken_before() -> u32 {
    \"\"
}

pub trait Pair {}

impl Pair for (u32, u32) {}

fn is_pair(_: impl Pair) {}

// The error points at all of the pair, which holds what a good fix writes.
pub async fn types(store: &Store) -> u32 {
    let first = store.load(1);
    let second = store.count();
    let third = store.load(2);
    is_pair((store.load(9), second));
    first + third
}

pub async fn shared(store: &Store) -> u32 {
    store.load(3) + store.share()
}

pub fn sends() {
    fn is_sent(_: impl Send) {}
    is_sent(shared(&Store));
}

macro_rules! twice {
    ($it:expr) => {{
        takes($it);
        takes($it);
    }};
}

pub async fn in_macro(store: &Store) {
    let it = store.load(5);
    twice!(it);
}
";
    let project = Project::new(code);
    let said = project.run(&["--apply"]);
    let mut taken_back = said.taken_back();
    taken_back.sort();
    let at = |text, column: usize| format!("src/lib.rs:{}:{column}: ", line(code, text));
    let mut expected = [
        at("store.count()", 18)
            + "error[E0277]: the trait bound `(u32, u64): Pair` is not satisfied",
        at("store.share()", 21) + "error: future cannot be sent between threads safely",
    ];
    expected.sort();
    assert_eq!(taken_back, expected, "{}", said.stderr);
    assert_eq!(said.status, Some(3));
    let mut fixed = code.to_owned();
    for number in [1, 2, 3, 5, 9] {
        let (old, new) = (format!("load({number})"), format!("load_later({number}).await"));
        fixed = fixed.replace(&old, &new);
    }
    assert_eq!(project.code(), fixed);
    assert!(
        said.stderr.contains("note: `cargo check` finds 1 error that was there before; "),
        "{}",
        said.stderr
    );
}

#[test]
fn a_new_warning_that_is_denied_is_an_error() {
    let code = "
fn helper(_: std::future::Ready<u32>) -> u32 {
    1
}

pub async fn last_use(store: &Store) -> u32 {
    store.load(1) + helper(std::future::ready(1)) + store.load(2)
}
";
    let project = Project::new(code);
    let manifest = format!("{MANIFEST}\n[lints.rust]\nwarnings = \"deny\"\n");
    fs::write(project.path("Cargo.toml"), manifest).unwrap();
    let said = project.run(&["--apply", "--allow-dirty"]);
    let at = format!("src/lib.rs:{}:21: ", line(code, "helper(std"));
    let error = "error: function `helper` is never used";
    assert_eq!(said.taken_back(), [at + error], "{}", said.stderr);
    let fixed = code.replace("load(1)", "load_later(1).await");
    assert_eq!(project.code(), fixed.replace("load(2)", "load_later(2).await"));
}

#[test]
fn a_hundred_and_one_fixes_in_one_function_share_their_feature_and_their_import() {
    let rows = "\
[[knowledge]]
crate = \"house\"
item = [
    { path = \"house::slow::read\", blocks = \"disk\", instead = \"tokio::fs::read($0).await\", needs = \"tokio/fs\" },
    { path = \"house::slow::wait\", blocks = \"timer\", instead = \"tokio::fs::read($0).await\", needs = \"tokio/fs\" },
]
";
    let slow = "\
pub fn read(path: &str) -> std::io::Result<Vec<u8>> {
    std::fs::read(path)
}

pub fn wait(path: &str) -> std::io::Result<Vec<u8>> {
    std::fs::read(path)
}
";
    let name = |number: usize| if number.is_multiple_of(2) { "read" } else { "wait" };
    let call = |number: usize| format!("    sum += slow::{}(\"{number}\")?.len();\n", name(number));
    let calls: String = (0..101).map(call).collect();
    let user = format!(
        "use crate::slow;\n\npub async fn all() -> std::io::Result<usize> {{\n    let mut sum = 0;\n{calls}    Ok(sum)\n}}\n"
    );
    let project = Project::of(&[
        ("Cargo.toml", &MANIFEST.replace(", \"fs\"", "")),
        ("async-fix.toml", rows),
        ("src/lib.rs", "pub mod slow;\npub mod user;\n"),
        ("src/slow.rs", slow),
        ("src/user.rs", &user),
    ]);
    let said = project.run(&["--apply"]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("Fixed 101 findings in "), "{}", said.stderr);
    assert_eq!(project.text("Cargo.toml"), MANIFEST);
    let user = project.text("src/user.rs");
    assert!(user.starts_with("pub async fn all()"), "{user}");
    assert_eq!(user.matches("sum += tokio::fs::read(\"").count(), 101, "{user}");

    // What is put back is older than what was built of it, and is built all the same.
    let undone = project.run(&["undo"]);
    assert_eq!(undone.status, Some(0), "{}", undone.stderr);
    let check = project.command(env!("CARGO")).args(["check", "--all-targets"]).output().unwrap();
    let said = String::from_utf8(check.stderr).unwrap();
    assert!(check.status.success() && said.contains("Checking house v"), "{said}");
}

#[test]
fn packages_that_depend_on_what_changed_are_checked_and_no_others() {
    let member = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}")
    };
    let dependencies = MANIFEST.split("edition = \"2024\"\n").nth(1).unwrap();
    let dependencies = dependencies.replace("\n[workspace]\n", "");
    let sends = "
pub fn sends() {
    fn is_sent(_: impl Send) {}
    is_sent(house::shared(&house::Store));
}
";
    let code = "
pub async fn shared(store: &Store) -> u32 {
    store.load(1) + store.share()
}
";
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"house\", \"user\", \"other\"]\n",
        ),
        ("async-fix.toml", ROWS),
        ("house/Cargo.toml", &member("house", &dependencies)),
        ("house/src/lib.rs", &format!("{LIBRARY}{code}")),
        ("user/Cargo.toml", &member("user", "[dependencies]\nhouse = { path = \"../house\" }\n")),
        ("user/src/lib.rs", sends),
        // It cannot be built, and has nothing to do with this.
        ("other/Cargo.toml", &member("other", "build = \"build.rs\"\n")),
        ("other/build.rs", "fn main() {\n    std::process::exit(7);\n}\n"),
        ("other/src/lib.rs", ""),
    ]);
    let said = project.run(&["--apply"]);
    let at = format!("house/src/lib.rs:{}:21: ", line(code, "store.share()"));
    let error = "error[E0277]: `Rc<u32>` cannot be sent between threads safely";
    assert_eq!(said.taken_back(), [at + error], "{}", said.stderr);
    let fixed = code.replace("load(1)", "load_later(1).await");
    assert_eq!(project.text("house/src/lib.rs"), format!("{LIBRARY}{fixed}"));
}

#[test]
fn where_cargo_does_not_get_to_the_code_everything_is_put_back() {
    let code = "
pub async fn good(store: &Store) -> u32 {
    store.load(1)
}
";
    let project = Project::new(code);
    let manifest = MANIFEST.replace("edition", "build = \"build.rs\"\nedition");
    fs::write(project.path("Cargo.toml"), manifest).unwrap();
    fs::write(project.path("build.rs"), "fn main() {\n    std::process::exit(7);\n}\n").unwrap();
    let said = project.run(&["--apply", "--allow-dirty", "-q"]);
    assert_eq!(said.status, Some(2));
    assert!(
        said.stderr.contains("\nerror: cargo cannot build this, with the fixes or without, ")
            && said.stderr.contains("failed to run custom build command for `house v0.0.0")
            && said.stderr.contains("`--verify analysis` needs no build"),
        "{}",
        said.stderr
    );
    assert_eq!(project.code(), code);

    let said = project.run(&["--apply", "--allow-dirty", "--verify", "analysis"]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert_eq!(project.code(), code.replace("load(1)", "load_later(1).await"));
}

#[cfg(unix)]
#[test]
fn a_signal_while_cargo_runs_puts_everything_back() {
    let code = "
pub async fn good(store: &Store) -> u32 {
    store.load(1)
}
";
    let project = Project::new(code);
    let manifest = MANIFEST.replace("edition", "build = \"build.rs\"\nedition");
    fs::write(project.path("Cargo.toml"), manifest).unwrap();
    let build = "fn main() {\n    std::fs::write(\"started\", \"\").unwrap();\n    \
                 std::thread::sleep(std::time::Duration::from_secs(30));\n}\n";
    fs::write(project.path("build.rs"), build).unwrap();
    let mut run = project.command(env!("CARGO_BIN_EXE_async-fix"));
    let run = run.args(["--apply", "--allow-dirty", "-q"]).spawn().unwrap();
    while !project.path("started").exists() {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(project.code(), code.replace("load(1)", "load_later(1).await"));
    let kill = Command::new("kill").args(["-TERM", &run.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(project.code(), code);
}

/// Cargo looks at times alone, so it takes what it said of a copy that was checked later for what it would say here.
#[cfg(unix)]
#[test]
fn what_cargo_said_of_a_copy_that_shares_the_target_folder_does_not_count() {
    use std::os::unix::fs::PermissionsExt;

    let code = "
pub async fn bad(store: &Store) {
    takes(store.count());
}

pub async fn good(store: &Store) -> u32 {
    store.load(1)
}
";
    let (project, copy) = (Project::new(code), Project::new(code));
    // A cargo before whose first check somebody checks the copy.
    let wrapper = copy.path("cargo");
    let script = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = check ] && mkdir '{0}/seen' 2>/dev/null; then\n  \
         (cd '{0}' && touch src/lib.rs && '{1}' check --quiet --all-targets) || exit 1\n\
         fi\nexec '{1}' \"$@\"\n",
        copy.0.path().display(),
        env!("CARGO"),
    );
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let mut run = project.command(env!("CARGO_BIN_EXE_async-fix"));
    let said = Said::of(run.arg("--apply").env("CARGO", wrapper).output().unwrap());
    assert!(copy.path("seen").exists(), "{}", said.stderr);
    let at = format!("src/lib.rs:{}:11", line(code, "takes(store"));
    assert_eq!(said.taken_back(), [format!("{at}: error[E0308]: mismatched types")]);
    assert_eq!(project.code(), code.replace("load(1)", "load_later(1).await"));
}

/// A fix that is wrong gives way to the next best one.
#[test]
fn the_next_best_fix_takes_the_place_of_a_wrong_one() {
    let code = "
fn times(number: u32) -> u32 {
    let count: u32 = Store.count();
    count * number
}

pub async fn uses() -> u32 {
    times(2)
}
";
    let project = Project::new(code);
    let said = project.run(&["--apply", "--unsafe-fixes"]);
    assert_eq!(said.status, Some(3), "{}", said.stderr);
    let [taken_back] = said.taken_back().try_into().unwrap();
    assert!(taken_back.ends_with("error[E0308]: mismatched types"), "{taken_back}");
    assert!(said.stderr.contains("Fixed 1 finding in "), "{}", said.stderr);
    let fixed = code.replace(
        "    times(2)\n",
        "    tokio::task::spawn_blocking(move || times(2)).await.expect(\"the blocking call panicked\")\n",
    );
    assert_eq!(project.code(), fixed);
}

/// Which of two ways to something that waits is told depends on nothing but the code between.
#[test]
fn a_finding_that_tells_of_another_way_is_not_a_new_one() {
    let code = "
pub fn second() -> Vec<u8> {
    std::fs::read(\"b\").unwrap_or_default()
}

pub fn first() -> Vec<u8> {
    std::fs::read(\"a\").unwrap_or_default()
}

pub async fn movable() -> Vec<u8> {
    second()
}

pub fn both(buffer: &mut Vec<u8>) {
    buffer.extend(first());
    buffer.extend(second());
}

pub async fn stays(buffer: &mut Vec<u8>) {
    std::thread::sleep(std::time::Duration::ZERO);
    both(buffer);
}
";
    let project = Project::new(code);
    let said = project.run(&["--apply", "--unsafe-fixes", "--verify", "none"]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("Fixed 2 findings in "), "{}", said.stderr);
    assert!(!said.stderr.contains("Not done"), "{}", said.stderr);
}
