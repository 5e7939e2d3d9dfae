//! The program as it is run.

use std::{
    fs,
    io::Read,
    process::{Command, Output, Stdio},
};

fn async_fix(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_async-fix"));
    command
        .args(arguments)
        .env("ASYNC_FIX_STATE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"))
        // What is built of tokio serves all tests.
        .env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/verify"));
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn bad_input_is_one_sentence_and_status_2() {
    let empty = tempfile::tempdir().unwrap();
    let wrong = [
        (
            &["--select", "blocking-slep"][..],
            "error: there is no rule `blocking-slep`; did you mean `blocking-sleep`?\n",
        ),
        (
            &["--ignore", "blocking-sleep,zzz"],
            "error: there is no rule `zzz`; `async-fix rules` lists them all\n",
        ),
        (
            &["explain", "Blocking-Sleep"],
            "error: there is no rule `Blocking-Sleep`; did you mean `blocking-sleep`?\n",
        ),
        (&["nowhere"], "error: `nowhere` does not exist\n"),
        (
            &["-o", "nowhere/it"],
            "error: the report `nowhere/it` cannot be written: there is no folder `nowhere`\n",
        ),
        (&["--report", "json:."], "error: the report `.` cannot be written: it is a folder\n"),
        (&["-o", "it", "--report", "json:it"], "error: `it` is named for two reports\n"),
    ];
    for (arguments, message) in wrong {
        let output = async_fix(arguments).current_dir(empty.path()).output().unwrap();
        assert_eq!((stderr(&output).as_str(), output.status.code()), (message, Some(2)));
        assert!(output.stdout.is_empty());
    }
    for arguments in [
        &["--dry-run", "--apply"][..],
        &[],
        &["--manifest-path", "nowhere/Cargo.toml"],
        &["--report", "sarif"],
        &["--report", "serif:file"],
        &["--report", "json:"],
    ] {
        let output = async_fix(arguments).current_dir(empty.path()).output().unwrap();
        assert!(stderr(&output).starts_with("error: "), "{output:?}");
        assert_eq!(output.status.code(), Some(2));
    }
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

/// Paths and contents.
type Files<'a> = &'a [(&'a str, &'a [u8])];

/// A project whose files are `files`, outside version control.
fn files(files: Files) -> tempfile::TempDir {
    let project = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    project
}

#[test]
fn bad_projects_are_one_sentence_and_status_2() {
    let manifest = b"[package]\nname = \"bad\"\nedition = \"2024\"\n";
    let other = tempfile::tempdir().unwrap();
    let outside = other.path().to_str().unwrap();
    let unknown =
        [&manifest[..], b"[dependencies]\nasync-fix-test-no-such-crate = \"1\"\n"].concat();
    let cases: [(Files, &[&str], &str); 8] = [
        (
            &[("Cargo.toml", b"[package]\nname = 1\n")],
            &[],
            "Cargo.toml`: invalid type: integer `1`",
        ),
        (
            &[("Cargo.toml", manifest), ("src/lib.rs", b"")],
            &["--locked"],
            "Cargo.toml`, and `--locked` forbids to make one\n",
        ),
        (
            &[("Cargo.toml", manifest), ("src/lib.rs", b"")],
            &["--frozen"],
            "Cargo.toml`, and `--frozen` forbids to make one\n",
        ),
        (
            &[("Cargo.toml", b"[workspace]\nmembers = [\"gone\"]\n")],
            &[],
            "error: cargo cannot read `",
        ),
        (
            &[("Cargo.toml", &unknown), ("src/lib.rs", b"")],
            &["--offline"],
            "error: cargo cannot read `",
        ),
        (
            &[
                ("Cargo.toml", manifest),
                ("src/lib.rs", b"mod latin;"),
                ("src/latin.rs", b"// \xe9"),
            ],
            &[],
            "error: `src/latin.rs` is not UTF-8",
        ),
        (
            &[("Cargo.toml", manifest), ("src/lib.rs", b"")],
            &["src", outside],
            "is outside the workspace `",
        ),
        (
            &[("Cargo.toml", manifest), ("src/lib.rs", b"")],
            &["--std-src", "src"],
            "error: there are no sources of the standard library in `",
        ),
    ];
    for (contents, arguments, message) in cases {
        let project = files(contents);
        let output = async_fix(arguments).current_dir(project.path()).output().unwrap();
        let said = stderr(&output);
        assert!(said.starts_with("error: ") && said.contains(message), "{said}");
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        assert!(!project.path().join("Cargo.lock").exists());
    }
}

#[test]
fn a_file_that_no_module_names_may_hold_anything() {
    let manifest = b"[package]\nname = \"good\"\nedition = \"2024\"\n";
    let project = files(&[
        ("Cargo.toml", manifest),
        ("src/lib.rs", b""),
        ("src/not_a_module.rs", b"\xff\xfe"),
    ]);
    let output = async_fix(&[]).current_dir(project.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn syntax_errors_are_no_bad_input() {
    let manifest = b"[package]\nname = \"broken\"\nedition = \"2024\"\n";
    let project = files(&[("Cargo.toml", manifest), ("src/lib.rs", b"pub fn f() { let x = ; }\n")]);
    let output = async_fix(&[]).current_dir(project.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("what follows syntax errors in: src/lib.rs"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_closed_pipe_changes_no_exit_status() {
    let project = project();
    for (arguments, status) in [
        (&["rules", "--output-format", "json"][..], 0),
        (&["-q"], 1),
        (&["-q", "--dry-run"], 1),
        (&["-q", "--dry-run", "--ignore", "ALL"], 0),
    ] {
        let mut child = async_fix(arguments);
        let child = child.current_dir(project.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(status), ""));
    }
}

#[cfg(unix)]
#[test]
fn a_module_that_cannot_be_read_is_one_sentence_and_status_2() {
    let manifest = b"[package]\nname = \"linked\"\nedition = \"2024\"\n[[bin]]\nname = \"it\"\npath = \"src/main.rs\"\n";
    for (file, text) in [("src/x.rs", &b"mod x;"[..]), ("src/main.rs", b"")] {
        let project =
            files(&[("Cargo.toml", manifest), ("src/lib.rs", text), ("src/main.rs", b"")]);
        let _ = fs::remove_file(project.path().join(file));
        std::os::unix::fs::symlink("nowhere", project.path().join(file)).unwrap();
        let output = async_fix(&[]).current_dir(project.path()).output().unwrap();
        let said = stderr(&output);
        assert!(said.starts_with(&format!("error: `{file}` cannot be read: ")), "{said}");
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1));
    }
}

#[test]
fn locked_takes_only_what_needs_no_feature() {
    let project = project();
    let manifest = MANIFEST.replace("\"rt\"", "\"rt\", \"fs\"");
    fs::write(project.path().join("Cargo.toml"), &manifest).unwrap();
    // What is written above moves what is refused below, and does not have it told twice.
    let clear =
        "use std::fs;\n\npub async fn clear() {\n    let _ = fs::remove_file(\"a\");\n}\n\n";
    let text = format!("{clear}{BEFORE}");
    fs::write(project.path().join("src/lib.rs"), &text).unwrap();
    assert!(git(&project, "add .").status.success());
    let lock = || fs::read(project.path().join("Cargo.lock")).unwrap();
    let before = lock();
    for mode in ["--dry-run", "--apply"] {
        let arguments = [mode, "--locked", "--verify", "none"];
        let output = async_fix(&arguments).current_dir(project.path()).output().unwrap();
        let said = stderr(&output);
        let reason = "it needs the feature `time` of `tokio` turned on in `Cargo.toml`, and `--locked` forbids it";
        let refused: Vec<&str> =
            said.lines().filter_map(|it| it.strip_prefix("Not done: ")).collect();
        assert!(refused.iter().all(|it| it.ends_with(reason)), "{said}");
        assert_eq!((refused.len(), output.status.code()), (2, Some(1)), "{said}");
        assert!(refused[0].starts_with("src/lib.rs:8:5: blocking-sleep: "), "{said}");
        assert!(refused[1].starts_with("src/lib.rs:12:5: blocking-sleep: "), "{said}");
    }
    let written = "pub async fn clear() {\n    let _ = tokio::fs::remove_file(\"a\").await;\n}\n\n";
    let after = fs::read_to_string(project.path().join("src/lib.rs")).unwrap();
    assert_eq!(after.trim_start(), format!("{written}{BEFORE}"));
    assert_eq!(fs::read_to_string(project.path().join("Cargo.toml")).unwrap(), manifest);
    assert_eq!(lock(), before);
}

#[cfg(unix)]
#[test]
fn a_patch_names_the_file_behind_a_link() {
    let project = project();
    fs::create_dir(project.path().join("real")).unwrap();
    fs::rename(project.path().join("src/lib.rs"), project.path().join("real/it.rs")).unwrap();
    std::os::unix::fs::symlink("../real/it.rs", project.path().join("src/lib.rs")).unwrap();
    assert!(git(&project, "add .").status.success());
    let patch = async_fix(&["--dry-run"]).current_dir(project.path()).output().unwrap().stdout;
    fs::write(project.path().join("patch"), &patch).unwrap();
    assert!(git(&project, "apply --check patch").status.success());
    let apply = ["--apply", "--verify", "none"];
    let output = async_fix(&apply).current_dir(project.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(git(&project, "apply --check --reverse patch").status.success());
}

#[test]
fn cargo_finds_the_same_program() {
    let rules = async_fix(&["rules"]).output().unwrap();
    let by_cargo = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-async-fix"));
        command.args(arguments).output().unwrap()
    };
    assert_eq!(by_cargo(&["async-fix", "rules"]), rules);
    assert_eq!(by_cargo(&["rules"]), rules);
    let help = String::from_utf8(by_cargo(&["async-fix", "--help"]).stdout).unwrap();
    assert!(help.contains("Usage: cargo async-fix [OPTIONS] [PATHS]..."), "{help}");
}

#[test]
fn flags_are_well_formed() {
    let output = async_fix(&["--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for heading in
        ["Mode:", "Rules:", "Safety:", "Manifest and features:", "Output:", "Exit status:"]
    {
        assert!(help.contains(heading), "{heading}");
    }
    let colour = async_fix(&["--color", "always", "explain", "zzz"]).output().unwrap();
    assert!(stderr(&colour).contains("\u{1b}["), "{colour:?}");
}

const BEFORE: &str = "\
pub async fn nap() {
    std::thread::sleep(std::time::Duration::from_millis(1));
}

pub async fn linger() {
    std::thread::sleep(std::time::Duration::from_secs(1));
    tokio::spawn(nap());
}
";

const MANIFEST: &str = "\
[package]
name = \"nap\"
edition = \"2024\"

[dependencies]
tokio = { version = \"1\", features = [\"rt\"] }

[workspace]
";

/// A committed project with `BEFORE` in it.
fn project() -> tempfile::TempDir {
    let project = tempfile::tempdir().unwrap();
    fs::create_dir(project.path().join("src")).unwrap();
    fs::write(project.path().join("Cargo.toml"), MANIFEST).unwrap();
    fs::write(project.path().join("src/lib.rs"), BEFORE).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    let cargo = cargo.args(["generate-lockfile"]).current_dir(project.path());
    assert!(cargo.output().unwrap().status.success());
    for arguments in ["init -q", "add .", "-c user.name=a -c user.email=a@b.c commit -q -m start"] {
        assert!(git(&project, arguments).status.success());
    }
    project
}

fn git(project: &tempfile::TempDir, arguments: &str) -> Output {
    let arguments = arguments.split(' ');
    Command::new("git").args(arguments).current_dir(project.path()).output().unwrap()
}

#[test]
fn the_patch_is_what_is_written() {
    let project = project();
    let run = |arguments: &[&str]| {
        let output = async_fix(arguments).current_dir(project.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), output.stderr)
    };
    let text = || fs::read_to_string(project.path().join("src/lib.rs")).unwrap();

    let (code, found, _) = run(&["--output-format", "concise", "--fail-on", "never"]);
    assert_eq!((code, found.lines().count()), (Some(0), 2), "{found}");
    assert!(found.starts_with("src/lib.rs:2:5: blocking-sleep [*] "), "{found}");

    let (code, patch, _) = run(&["--dry-run", "-q"]);
    assert_eq!((code, text().as_str()), (Some(1), BEFORE));
    fs::write(project.path().join("patch"), &patch).unwrap();
    assert!(git(&project, "apply patch").status.success(), "{patch}");
    let patched = text();
    assert_ne!(patched, BEFORE);
    let manifest = || fs::read_to_string(project.path().join("Cargo.toml")).unwrap();
    assert_eq!(manifest(), MANIFEST.replace("\"rt\"", "\"rt\", \"time\""));

    // What is not committed is not overwritten, and the patch is shown all the same.
    fs::write(project.path().join("src/lib.rs"), format!("{BEFORE}\n")).unwrap();
    let (code, shown, said) = run(&["--apply", "-q"]);
    let said = String::from_utf8(said).unwrap();
    assert!(code == Some(2) && shown.contains("+++ b/src/lib.rs"), "{shown}");
    assert!(
        said.starts_with("error: ") && said.contains("src/lib.rs (unstaged changes)"),
        "{said}"
    );
    assert_eq!(text(), format!("{BEFORE}\n"));

    assert!(git(&project, "checkout -q .").status.success());
    assert_eq!(run(&["--apply", "-q"]), (Some(0), String::new(), Vec::new()));
    assert_eq!(text(), patched);
}

#[test]
fn every_format_goes_where_it_is_sent() {
    let project = project();
    let formats = ["full", "concise", "json", "rustc-json", "sarif", "github", "patch"];
    let files = formats.map(|it| format!("{it}:{}", project.path().join(it).display()));
    let mut arguments = vec!["--output-file", "stdout", "--output-format", "concise"];
    arguments.extend(files.iter().flat_map(|it| ["--report", it]));
    let output = async_fix(&arguments).current_dir(project.path()).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    // What a hint names runs, and writes no report again.
    assert!(stderr(&output).contains("`async-fix --apply`"), "{output:?}");

    let text = |name: &str| fs::read_to_string(project.path().join(name)).unwrap();
    assert_eq!(text("stdout"), text("concise"));
    assert!(formats.iter().all(|it| text(it).contains("src/lib.rs")));
    let sarif = async_fix(&["-q", "--output-format", "sarif"]).current_dir(project.path()).output();
    let sarif = sarif.unwrap();
    assert_eq!((sarif.status.code(), sarif.stdout), (Some(1), text("sarif").into_bytes()));
    assert!(git(&project, "apply --check patch").status.success());
    let schema = async_fix(&["schema"]).output().unwrap();
    assert!(schema.stdout.starts_with(b"{\n  \"$schema\""), "{schema:?}");
}

/// The first thing that a reader sees is what the program prints.
#[test]
fn the_readme_shows_what_the_demo_gets() {
    let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = repository.join("tests/demo/Cargo.toml");
    let arguments = ["--dry-run", "-q", "--manifest-path", manifest.to_str().unwrap()];
    let output = async_fix(&arguments).output().unwrap();
    let readme = fs::read_to_string(repository.join("README.md")).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let patch = String::from_utf8(output.stdout).unwrap();
    assert!(readme.contains(&format!("```diff\n{patch}```\n")), "{patch}");
}

/// The arguments that the README gives to rust-analyzer, run as rust-analyzer runs them: in the root of the workspace,
/// whatever file is open.
#[test]
fn rust_analyzer_reads_what_the_readme_tells_it_to_run() {
    let readme = include_str!("../README.md");
    let setting = readme.split_once("\"rust-analyzer.check.overrideCommand\": ").unwrap().1;
    let command: Vec<String> = serde_json::from_str(setting.split_once('`').unwrap().0).unwrap();
    assert_eq!(command[0], "async-fix");

    let members = b"[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two words\"]\n";
    let member = |name: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.2.3\"\nedition = \"2024\"\n")
    };
    let main = "// ä𝄞\n#[tokio::main]\nasync fn main() {\n    /* ä𝄞 */ std::thread::sleep(std::time::Duration::ZERO);\n}\n";
    let tokio = "[dependencies]\ntokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"time\"] }\n";
    let project = files(&[
        ("Cargo.toml", members),
        ("one/Cargo.toml", (member("one") + tokio).as_bytes()),
        ("one/src/main.rs", main.as_bytes()),
        ("two words/Cargo.toml", member("two").as_bytes()),
        ("two words/src/lib.rs", b"pub fn quiet() {}\n"),
    ]);
    let root = project.path().canonicalize().unwrap();
    let arguments: Vec<&str> = command[1..].iter().map(String::as_str).collect();
    let output = async_fix(&arguments)
        .current_dir(&root)
        .env("CARGO_LOG", "cargo::core::compiler::fingerprint=info")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));

    let stdout = String::from_utf8(output.stdout).unwrap();
    let mut messages: Vec<serde_json::Value> =
        stdout.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(messages.pop().unwrap()["reason"], "build-finished");
    let [message] = &messages[..] else { panic!("{stdout}") };
    assert_eq!(message["reason"], "compiler-message");
    // What is not the id of `cargo metadata` stays in the editor for ever.
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(&root).exec().unwrap();
    let package = metadata.packages.iter().find(|it| it.name.as_str() == "one").unwrap();
    assert_eq!(message["package_id"], package.id.repr);
    assert_eq!(message["target"]["src_path"], root.join("one/src/main.rs").to_str().unwrap());
    let message = &message["message"];
    assert_eq!(message["code"]["code"], "async-fix::blocking-sleep");
    let span = &message["spans"][0];
    // Columns count characters, and the whole line goes along.
    assert_eq!((&span["line_start"], &span["column_start"]), (&4.into(), &14.into()));
    assert_eq!(span["text"][0]["text"], main.lines().nth(3).unwrap());
    let children = message["children"].as_array().unwrap();
    let edits = children.iter().map(|it| it["spans"].as_array().unwrap()).find(|it| !it.is_empty());
    let edits = edits.unwrap();
    assert!(edits.iter().all(|it| it["is_primary"] == true), "{edits:?}");
    assert!(edits.iter().any(|it| it["suggestion_applicability"] == "MachineApplicable"));
    assert!(edits.iter().any(|it| it["suggested_replacement"] == ".await"), "{edits:?}");
}
