//! The program as it is run, where no workspace has to be loaded for it.

use std::{
    fs,
    io::Read,
    process::{Command, Output, Stdio},
};

fn async_fix(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_async-fix"));
    command.args(arguments);
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
    ];
    for (arguments, message) in wrong {
        let output = async_fix(arguments).current_dir(empty.path()).output().unwrap();
        assert_eq!((stderr(&output).as_str(), output.status.code()), (message, Some(2)));
        assert!(output.stdout.is_empty());
    }
    for arguments in
        [&["--dry-run", "--apply"][..], &[], &["--manifest-path", "nowhere/Cargo.toml"]]
    {
        let output = async_fix(arguments).current_dir(empty.path()).output().unwrap();
        assert!(stderr(&output).starts_with("error: "), "{output:?}");
        assert_eq!(output.status.code(), Some(2));
    }
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let mut child = async_fix(&["rules", "--output-format", "json"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
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
