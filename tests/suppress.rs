//! `--suppress` and what goes with it, as they are run.

use std::{
    fs,
    process::{Command, Output},
};

use tempfile::TempDir;

const MANIFEST: &str = r#"[package]
name = "suppressed"
version = "0.1.0"
edition = "2024"

[dependencies]
tokio = { version = "1", features = ["fs", "macros", "rt", "sync", "time"] }
"#;

const EVERYWHERE: &str = include_str!("suppress/everywhere.rs");

/// With a byte order mark and the line ends of Windows; the first statement of the file is the finding.
const WINDOWS: &str = "\u{feff}pub async fn load() {\r\n    \
    // async-fix: ignore[blocking-sleep]\r\n    \
    let _ = (std::fs::read(\"a\"), std::thread::sleep(std::time::Duration::ZERO));\r\n}\r\n";

struct Project(TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        fs::create_dir(project.0.path().join("src")).unwrap();
        for (name, text) in files.iter().chain([&("Cargo.toml", MANIFEST)]) {
            fs::write(project.0.path().join(name), text).unwrap();
        }
        project.command(env!("CARGO"), &["generate-lockfile"]);
        project.command("git", &["init", "-q"]);
        project.command("git", &["add", "."]);
        let who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "start"];
        project.command("git", &who);
        project
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    fn command(&self, program: &str, arguments: &[&str]) {
        let output =
            Command::new(program).args(arguments).current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    }

    /// Status, stdout and stderr.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output: Output = Command::new(env!("CARGO_BIN_EXE_async-fix"))
            .args(arguments)
            .env("ASYNC_FIX_STATE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"))
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }
}

#[test]
fn what_is_suppressed_stays_suppressed() {
    let files = [("src/lib.rs", EVERYWHERE), ("src/windows.rs", WINDOWS)];
    let project = Project::new(&files);
    let texts = || files.map(|it| project.text(it.0));

    let suppress = "--suppress=not today";
    let (code, patch, said) = project.run(&["--dry-run", suppress]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("Would suppress 15 findings in 2 files.\n"), "{said}");
    assert!(said.contains("Run `async-fix --apply '--suppress=not today'` to write this."));
    assert!(patch.contains("async-fix: blocking-fs [suppressed] src/lib.rs:15:16 "), "{patch}");
    fs::write(project.0.path().join("patch"), &patch).unwrap();
    project.command("git", &["apply", "patch"]);
    let patched = texts();
    project.command("git", &["checkout", "-q", "."]);

    let (code, _, said) = project.run(&["--apply", suppress, "--verify", "none"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Suppressed 15 findings in 2 files.\n"), "{said}");
    assert_eq!(texts(), patched);
    let [everywhere, windows] = patched;
    // Nothing but whole lines is added, but for a name where there was a comment already.
    let added = |it: &&str| it.trim_start().starts_with("// async-fix: ");
    let rest = |text: &str| text.lines().filter(|it| !added(it)).count();
    assert_eq!(rest(&everywhere), rest(EVERYWHERE));
    assert_eq!(everywhere.matches("-- not today").count(), 11, "{everywhere}");
    assert!(everywhere.contains("ignore[blocking-sleep, blocking-fs] -- known\n"), "{everywhere}");
    assert!(
        everywhere.contains("        // async-fix: ignore[blocking-fs] -- not today\n        1 if")
    );
    let expected = WINDOWS
        .replace("ignore[blocking-sleep]", "ignore[blocking-sleep, blocking-fs] -- not today");
    assert_eq!(windows, expected);

    project.command("rustfmt", &["--edition", "2024", "src/lib.rs"]);
    let (code, patch, said) = project.run(&["--dry-run", "--suppress=again"]);
    assert_eq!((code, patch.as_str()), (Some(0), ""), "{said}");
    assert!(said.ends_with("Nothing to suppress.\n"), "{said}");
    let (code, found, said) = project.run(&[]);
    assert_eq!((code, found.as_str()), (Some(0), ""), "{said}");
    assert!(said.ends_with("Nothing found.\n17 more are suppressed.\n"), "{said}");
    let (code, found, _) = project.run(&["--ignore-suppressions", "--output-format=concise"]);
    assert_eq!((code, found.lines().count()), (Some(1), 17), "{found}");
}

const GUARD: &str = "pub async fn count(hits: &std::sync::Mutex<u32>) {
    let hits = hits.lock().unwrap();
    tokio::task::yield_now().await;
    drop(hits);
}
";

#[test]
fn what_clippy_may_pass_over_is_passed_over() {
    let root = "pub mod open;\n#[allow(clippy::await_holding_lock)]\npub mod allowed;\n";
    let files = [("src/lib.rs", root), ("src/open.rs", GUARD), ("src/allowed.rs", GUARD)];
    let project = Project::new(&files);
    let concise = ["--output-format=concise"];
    let (_, found, said) = project.run(&concise);
    assert!(found.starts_with("src/open.rs:2:9: guard-across-await "), "{found}");
    assert!(found.lines().count() == 1 && said.ends_with("\n1 more is suppressed.\n"), "{said}");

    let lints = "\n[lints.clippy]\nawait_holding_lock = { level = \"allow\", priority = 1 }\n";
    fs::write(project.0.path().join("Cargo.toml"), format!("{MANIFEST}{lints}")).unwrap();
    let (code, found, said) = project.run(&concise);
    assert_eq!((code, found.as_str()), (Some(0), ""), "{said}");
    assert!(said.ends_with("Nothing found.\n2 more are suppressed.\n"), "{said}");

    let honour_not = "[suppressions]\nhonor-clippy-allow = false\n";
    fs::write(project.0.path().join("async-fix.toml"), honour_not).unwrap();
    let (_, found, _) = project.run(&concise);
    assert_eq!(found.lines().count(), 2, "{found}");
}

#[test]
fn a_reason_can_be_required() {
    let code = "pub async fn nap() {\n    // async-fix: ignore[blocking-sleep]\n    \
                std::thread::sleep(std::time::Duration::ZERO);\n    \
                // async-fix: ignore[blocking-sleep] -- for a reason\n    \
                std::thread::sleep(std::time::Duration::ZERO);\n}\n";
    let project = Project::new(&[("src/lib.rs", code)]);
    assert_eq!(project.run(&[]).0, Some(0));
    let required = "[suppressions]\nrequire-reason = true\n";
    fs::write(project.0.path().join("async-fix.toml"), required).unwrap();
    let (code, found, _) = project.run(&["--output-format=concise"]);
    assert_eq!((code, found.lines().count()), (Some(1), 1), "{found}");
    let expected =
        "src/lib.rs:2:5: invalid-suppression [ ] does not say why: a reason stands behind ` -- `";
    assert_eq!(found.trim(), expected);
}

#[test]
fn nonsense_is_one_sentence_and_status_2() {
    let project = Project::new(&[("src/lib.rs", "")]);
    for (arguments, words) in [
        (&["--suppress"][..], "<--dry-run|--apply>"),
        (&["--dry-run", "--suppress", "--unsafe-fixes"], "cannot be used with"),
        (&["--dry-run", "--suppress", "--ignore-suppressions"], "cannot be used with"),
        (&["--dry-run", "--suppress=a\nb"], "it is one line"),
    ] {
        let (code, out, said) = project.run(arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(said.starts_with("error: ") && said.contains(words), "{said}");
    }
}

/// The file of the field has no function; another one brings the finding.
#[test]
fn a_finding_in_another_file_is_suppressed_there() {
    let state = "use tokio::sync::Mutex;\n\npub(crate) struct State {\n    pub(crate) hits: Mutex<u64>,\n}\n";
    let library = "mod state;\n\npub async fn hit() -> u64 {\n    \
        let state = state::State { hits: tokio::sync::Mutex::new(0) };\n    \
        *state.hits.lock().await += 1;\n    let hits = *state.hits.lock().await;\n    hits\n}\n";
    let project = Project::new(&[("src/lib.rs", library), ("src/state.rs", state)]);
    let select = "--select=lock-kind,unused-suppression";
    let apply = ["--apply", "--verify=none", "--suppress", select];
    let (code, _, said) = project.run(&apply);
    assert_eq!(code, Some(0), "{said}");
    let expected = state
        .replace("    pub(crate) hits", "    // async-fix: ignore[lock-kind]\n    pub(crate) hits");
    assert_eq!(project.text("src/state.rs"), expected, "{said}");
    let (code, found, said) = project.run(&[select]);
    assert_eq!((code, found.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains("1 more is suppressed."), "{said}");
}
