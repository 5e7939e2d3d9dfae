//! Patches, as the tools that apply them take them.

use std::{fs, path::Path, process::Command};

use async_fix::{
    finding::FilePath,
    plan::{Change, Plan},
    report::{Style, patch},
};

use crate::{check, plan::*};

#[test]
fn two_names_of_one_file_are_one_diff() {
    let mut plan = plan();
    let mut link = change(IO, MANIFEST_TEXT, &[]);
    link.after = plan.changes[0].after.clone();
    link.real = FilePath::new(MANIFEST);
    plan.changes.push(link);
    let text = patch::render(&plan, Path::new("/project"), Style::Plain);
    assert_eq!(text.matches("+++ b/Cargo.toml").count(), 1, "{text}");
    assert!(!text.contains(IO), "{text}");
}

#[test]
fn patch_is_what_git_and_patch_apply() {
    let plan = plan();
    let text = patch::render(&plan, Path::new("/home/user/project"), Style::Plain);
    check("patch", &text);
    apply_in_a_folder(&plan, "", &text);
}

#[test]
fn patch_may_reach_outside_the_workspace() {
    let outside = "../../shared/lib.rs";
    let mut plan = plan();
    plan.changes.insert(0, change(outside, IO_TEXT, &[("read()", "read().await")]));
    let text = patch::render(&plan, Path::new("/home/user/project"), Style::Plain);
    check("patch-outside", &text);
    apply_in_a_folder(&plan, "user/project/", &text);
    assert_eq!(patch::folder(&plan, Path::new("/home/user/project")).as_deref(), Some("../.."));
}

#[test]
fn patch_quotes_strange_names_and_keeps_strange_lines() {
    let cases = [
        ("src/\"quoted\" ä.rs", "a\nb", "a\nc"),
        ("src/tab\there.rs", "a\n", "a"),
        ("src/lone.rs", "a\rb\nc\r\n", "a\rx\nc\r\n"),
        ("src/only_return.rs", "a\nb\r", "a\nc\r"),
        ("src/emptied.rs", "a\nb\n", "b\n"),
        ("src/dashes.rs", "-- a\n++ b\n", "-- b\n++ a\n"),
    ];
    let change = |(file, before, after): (&str, &str, &str)| Change {
        file: FilePath::new(file),
        real: FilePath::new(file),
        before: before.to_owned(),
        after: after.to_owned(),
    };
    let plan = Plan { changes: cases.map(change).into(), ..Plan::default() };
    let text = patch::render(&plan, Path::new("/project"), Style::Plain);
    apply_in_a_folder(&plan, "", &text);
}

#[test]
fn coloured_patch_differs_in_colours_only() {
    let plain = patch::render(&plan(), Path::new("/project"), Style::Plain);
    let styled = patch::render(&plan(), Path::new("/project"), Style::Styled);
    assert_ne!(plain, styled);
    assert_eq!(anstream::adapter::strip_str(&styled).to_string(), plain);
}

/// Both tools turn the texts before into the texts after; `root` is the workspace in the folder of the patch.
fn apply_in_a_folder(plan: &Plan, root: &str, text: &str) {
    for tool in [
        &["git", "apply", "--whitespace=nowarn", "../patch"][..],
        &["patch", "-p1", "--binary", "-i", "../patch"],
    ] {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("folder");
        let disk = |it: &Change| folder.join(root).join(it.file.as_str());
        fs::create_dir_all(folder.join(root)).unwrap();
        for change in &plan.changes {
            fs::create_dir_all(disk(change).parent().unwrap()).unwrap();
            fs::write(disk(change), &change.before).unwrap();
        }
        fs::write(temp.path().join("patch"), text).unwrap();
        let git = Command::new("git").args(["init", "-q"]).current_dir(&folder).status().unwrap();
        assert!(git.success());
        let out = Command::new(tool[0]).args(&tool[1..]).current_dir(&folder).output().unwrap();
        assert!(out.status.success(), "{tool:?}: {out:?}\n{text}");
        for change in &plan.changes {
            let now = fs::read_to_string(disk(change)).unwrap();
            assert_eq!(now, change.after, "{tool:?}: {}", change.file);
        }
    }
}
