//! What rust-analyzer runs when a file is saved, run by cargo as rust-analyzer has it run.

use std::{env, ffi::OsStr, path::Path, process::Command};

use cargo_metadata::{CompilerMessage, Message, MetadataCommand, diagnostic::DiagnosticLevel};

#[path = "lsp/client.rs"]
mod client;
#[path = "shared/project.rs"]
mod project;

use client::{Client, capabilities};
use project::{Project, Said};
use serde_json::{Value, json};

const ROOT: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"busy\", \"quiet\"]\n";
const BUSY: &str = "[package]\nname = \"busy\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[features]\none = []\ntwo = []\n\n[dependencies]\ntokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"time\"] }\n";
const QUIET: &str = "[package]\nname = \"quiet\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
const MAIN: &str = "\
#[tokio::main]
async fn main() {
    let unused = 1;
    /* é🦀 */ std::thread::sleep(std::time::Duration::ZERO);
}
";

fn project() -> Project {
    Project::committed(&[
        ("Cargo.toml", ROOT),
        ("busy/Cargo.toml", BUSY),
        ("busy/src/main.rs", MAIN),
        ("quiet/Cargo.toml", QUIET),
        ("quiet/src/lib.rs", "pub fn quiet() {}\n"),
    ])
}

/// A program that finds ours where it looks for them.
fn with_ours(project: &Project, program: &OsStr) -> Command {
    let ours = Path::new(env!("CARGO_BIN_EXE_cargo-async-fix")).parent().unwrap().to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([ours].into_iter().chain(env::split_paths(&path))).unwrap();
    let mut command = project.command(&program.to_string_lossy());
    command.env("PATH", path);
    command
}

/// `cargo async-fix`, as rust-analyzer runs it.
fn cargo(project: &Project, arguments: &[&str]) -> Said {
    let mut command = with_ours(project, OsStr::new("cargo"));
    command.env("CARGO_LOG", "cargo::core::compiler::fingerprint=info");
    Said::of(command.arg("async-fix").args(arguments).output().unwrap())
}

/// What stands in each line. There is no line of another kind.
fn messages(said: &Said) -> Vec<Message> {
    let is_message = |it: &Message| !matches!(it, Message::TextLine(_));
    let messages: Vec<Message> =
        Message::parse_stream(said.stdout.as_bytes()).map(Result::unwrap).collect();
    assert!(messages.iter().all(is_message), "{}", said.stdout);
    let finished = messages.iter().filter(|it| matches!(it, Message::BuildFinished(_))).count();
    assert_eq!(finished, 1, "{}", said.stdout);
    assert!(matches!(messages.last(), Some(Message::BuildFinished(_))), "{}", said.stdout);
    messages
}

/// The messages of the compiler and of ours, by what they say.
fn compiler_messages(messages: &[Message]) -> Vec<(String, &CompilerMessage)> {
    let messages = messages.iter().filter_map(|it| match it {
        Message::CompilerMessage(it) => Some(it),
        _ => None,
    });
    let code = |it: &CompilerMessage| it.message.code.as_ref().map(|it| it.code.clone());
    messages.map(|it| (code(it).unwrap_or_default(), it)).collect()
}

fn codes(messages: &[Message]) -> Vec<String> {
    compiler_messages(messages).into_iter().map(|it| it.0).filter(|it| !it.is_empty()).collect()
}

fn succeeds(messages: &[Message]) -> bool {
    matches!(messages.last(), Some(Message::BuildFinished(it)) if it.success)
}

/// The id of a package, as rust-analyzer has it.
fn id(project: &Project, name: &str) -> String {
    let mut command = MetadataCommand::new();
    let metadata = command.no_deps().current_dir(project.root()).exec().unwrap();
    let package = metadata.packages.iter().find(|it| it.name.as_str() == name).unwrap();
    package.id.repr.clone()
}

#[test]
fn all_flags_of_rust_analyzer_are_taken() {
    let project = project();
    let manifest = project.path("Cargo.toml");
    let manifest = manifest.to_str().unwrap();
    // When a workspace is opened.
    let all = ["--workspace", "--message-format=json", "--manifest-path", manifest];
    let said = cargo(&project, &[&all[..], &["--keep-going", "--all-targets"]].concat());
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    let found = messages(&said);
    assert_eq!(codes(&found), ["async-fix::blocking-sleep"]);
    assert!(!succeeds(&found));
    let message = compiler_messages(&found)[0].1;
    assert_eq!(message.package_id.repr, id(&project, "busy"));
    assert_eq!(
        message.target.src_path,
        project.root().canonicalize().unwrap().join("busy/src/main.rs")
    );
    let span = &message.message.spans[0];
    assert_eq!((&*span.file_name, span.line_start, span.column_start), ("busy/src/main.rs", 4, 14));
    assert_eq!(span.text[0].text, MAIN.lines().nth(3).unwrap());
    assert!(!message.message.rendered.as_ref().unwrap().contains('\u{1b}'));

    // When a file of a binary is saved, with all that can be configured.
    let (busy, quiet) = (id(&project, "busy"), id(&project, "quiet"));
    let target_dir = project.path("elsewhere");
    let rest = [
        "--message-format=json-diagnostic-rendered-ansi",
        "--manifest-path",
        manifest,
        "-Zscript",
        "--keep-going",
        "--lib",
        "--bins",
        "--examples",
        "--no-default-features",
        "--features",
        "busy/one busy/two",
        "--target-dir",
        target_dir.to_str().unwrap(),
    ];
    let said = cargo(&project, &[&["-p", &busy, "--bin", "busy"], &rest[..]].concat());
    let found = messages(&said);
    assert_eq!(codes(&found), ["async-fix::blocking-sleep"], "{}", said.stderr);
    let rendered = &compiler_messages(&found)[0].1.message.rendered;
    assert!(rendered.as_ref().unwrap().contains('\u{1b}'), "{rendered:?}");
    assert!(!target_dir.exists());

    // What was shown of other packages stays where nothing is found in this one.
    let rest = ["--message-format=json", "--keep-going", "--all-targets"];
    let said = cargo(&project, &[&["-p", &quiet], &rest[..]].concat());
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    let found = messages(&said);
    let [(_, message)] = compiler_messages(&found)[..] else { panic!("{found:?}") };
    assert_eq!((&message.package_id.repr, message.message.spans.len()), (&quiet, 0));
    assert!(succeeds(&found));
}

const README: &str = include_str!("../README.md");

/// The settings of the README that say `words`.
fn snippet(words: &str) -> Value {
    let fences = README.split("```json\n").filter_map(|it| it.split("```").next());
    let mut fences = fences.filter(|it| it.contains(words));
    serde_json::from_str(fences.next().unwrap()).unwrap()
}

/// As the README configures it.
#[test]
fn the_readme_brings_both_checkers() {
    let settings = snippet("rust-analyzer.check.command");
    assert_eq!(settings["rust-analyzer.check.command"], "async-fix");
    let extra = settings["rust-analyzer.check.extraArgs"].as_array().unwrap();
    let extra: Vec<&str> = extra.iter().map(|it| it.as_str().unwrap()).collect();
    let project = project();
    let all = ["--workspace", "--message-format=json", "--keep-going", "--all-targets"];
    let said = cargo(&project, &[&all[..], &extra].concat());
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    let both = codes(&messages(&said));
    assert!(both.contains(&"async-fix::blocking-sleep".to_owned()), "{}", said.stdout);
    assert!(both.contains(&"unused_variables".to_owned()), "{}", said.stdout);
}

#[test]
fn nothing_of_another_checker_is_lost() {
    let project = project();
    let json = ["--workspace", "--message-format=json", "--all-targets"];
    let run = |with: &str| cargo(&project, &[&json[..], &["--with", with]].concat());

    let said = run("cargo check");
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    let both = messages(&said);
    let mut once = codes(&both);
    once.dedup();
    assert_eq!(once, ["unused_variables", "async-fix::blocking-sleep"]);
    let artifacts =
        |it: &Message| matches!(it, Message::CompilerArtifact(it) if it.target.name == "quiet");
    assert!(both.iter().any(artifacts), "{}", said.stdout);

    // It finds something where nothing is found here, and says so by its exit status.
    project.write("busy/src/main.rs", "fn main() {\n    let it: u8 = \"\";\n}\n");
    let said = run("cargo check --keep-going");
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    let both = messages(&said);
    assert!(codes(&both).contains(&"E0308".to_owned()) && !succeeds(&both), "{}", said.stdout);
    let is_error = |it: &(String, &CompilerMessage)| it.1.message.level == DiagnosticLevel::Error;
    assert!(compiler_messages(&both).iter().any(is_error));

    // Nothing is wrong at all. A command of another kind is told nothing.
    project.write("busy/src/main.rs", "fn main() {}\n");
    let said = run("cargo check");
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(succeeds(&messages(&said)));
    let said = run("echo \"a checker\" 'of another' kind");
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert_eq!(said.lines()[0], "a checker of another kind");
}

#[test]
fn a_checker_that_does_not_work_is_told_of() {
    let project = project();
    let run = |arguments: &[&str]| project.run(&[&["-q"], arguments].concat());
    run(&["--message-format", "json", "--with", ""])
        .refuses("`--with` names a command, as in `--with \"cargo clippy\"`; `` is none");
    run(&["--with", "cargo check"]).refuses(
        "`--with` passes on the JSON of another checker: `--message-format json` goes with it",
    );
    let said = run(&["--message-format", "json", "--with", "no-such-checker --fast"]);
    assert_eq!((said.status, said.stdout.as_str()), (Some(2), ""));
    let sentence = "error: `no-such-checker --fast` cannot be run: ";
    assert!(said.stderr.starts_with(sentence) && said.stderr.lines().count() == 1, "{said:?}");

    // What is found here is told all the same.
    let said = run(&["--message-format", "json", "--with", "cargo no-such-command"]);
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.stderr.contains("error: `cargo no-such-command` failed: "), "{}", said.stderr);
    let found = messages(&said);
    assert_eq!(codes(&found), ["async-fix::blocking-sleep"]);
    assert!(!succeeds(&found));

    // And what the other one says where nothing can be said here.
    project.write("quiet/Cargo.toml", "[package]\n");
    let said = run(&["--message-format", "json", "--with", "echo heard"]);
    assert_eq!((said.status, said.stdout.as_str()), (Some(2), "heard\n"), "{said:?}");
    assert!(said.stderr.starts_with("error: cargo cannot read"), "{said:?}");
}

/// A rust-analyzer, where `tests/editors/rust-analyzer` has found one: with all that the README has it configured by.
#[test]
fn a_real_one_shows_what_is_found_and_repairs_it() {
    let Some(program) = env::var_os("ASYNC_FIX_RUST_ANALYZER") else {
        return eprintln!("skipped: `tests/editors/rust-analyzer` runs it");
    };
    let settings = snippet("rust-analyzer.check.command");
    let both = json!({
        "command": settings["rust-analyzer.check.command"],
        "extraArgs": settings["rust-analyzer.check.extraArgs"],
    });
    let zed = &snippet("initialization_options")["lsp"]["rust-analyzer"]["initialization_options"];
    assert_eq!(zed["check"], both);
    works_in(&program, &both, true);
    let (_, command) = README.split_once("\"rust-analyzer.check.overrideCommand\": ").unwrap();
    let command: Value = serde_json::from_str(command.split_once('`').unwrap().0).unwrap();
    works_in(&program, &json!({ "overrideCommand": command }), false);
}

/// Opens, looks, acts, saves and takes it back.
fn works_in(program: &OsStr, check: &Value, with_clippy: bool) {
    let project = project();
    let main = project.path("busy/src/main.rs");
    let mut server = with_ours(&project, program);
    let options = json!({ "check": check });
    let mut client = Client::of(&mut server, project.root(), capabilities("neovim"), options);
    client.open(&main);
    let codes = |it: &Client| -> Vec<Value> {
        let published = it.published.get(&main).map(|it| it.1.clone()).unwrap_or_default();
        published.iter().map(|it| it["code"].clone()).collect()
    };
    let is_found = |it: &mut Client| codes(it).contains(&json!("blocking-sleep")).then_some(());
    client.wait("finding", is_found);
    if with_clippy {
        client.wait("warning of rustc", |it| {
            codes(it).contains(&json!("unused_variables")).then_some(())
        });
    }
    let published = client.published[&main].1.clone();
    let found = published.iter().find(|it| it["code"] == "blocking-sleep").unwrap();
    assert_eq!(found["source"], "async-fix");
    let trap = "std::thread::sleep(std::time::Duration::ZERO)";
    assert_eq!(found["range"], client.at(&main, trap));

    client.take(&main, trap, "Await `tokio::time::sleep` instead");
    let repaired = "/* é🦀 */ tokio::time::sleep(std::time::Duration::ZERO).await;";
    assert!(client.text(&main).contains(repaired), "{}", client.text(&main));
    client.save(&main);
    client.wait("end of the finding", |it| is_found(it).is_none().then_some(()));
    client.undo(&main);
    client.save(&main);
    client.wait("finding again", is_found);
    assert_eq!(client.shutdown(), Some(0));
}
