//! Plans written to real files under real version control.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use async_fix::{
    apply::{Allow, Refusal, journal, lock, transaction::Transaction, undo},
    finding::FilePath,
    plan::Change,
};
use tempfile::TempDir;

const NOTHING: Allow = Allow { dirty: false, no_vcs: false };
const NO_VCS: Allow = Allow { dirty: false, no_vcs: true };
const DIRTY: Allow = Allow { dirty: true, no_vcs: false };

struct Project {
    temp: TempDir,
    state: TempDir,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Project {
        let folder = || tempfile::tempdir().unwrap();
        let project = Project { temp: folder(), state: folder() };
        for (name, text) in files {
            fs::create_dir_all(project.path(name).parent().unwrap()).unwrap();
            fs::write(project.path(name), text).unwrap();
        }
        project
    }

    fn committed(files: &[(&str, &str)]) -> Project {
        let project = Project::new(files);
        project.git(&["init", "-q"]);
        project.git(&["add", "."]);
        project.git(&["commit", "-q", "-m", "start"]);
        project
    }

    fn git(&self, args: &[&str]) {
        let name =
            ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.autocrlf=false"];
        let mut command = Command::new("git");
        let status = command.args(name).args(args).current_dir(self.temp.path()).status().unwrap();
        assert!(status.success(), "git {args:?}");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The run comes back.
    fn apply(
        &self,
        changes: &[(&str, &str, &str)],
        allow: Allow,
    ) -> Result<Option<String>, Refusal> {
        let changes = to_changes(changes);
        let lock = lock::take(self.state.path(), self.temp.path())?;
        let mut transaction = Transaction::begin(lock, &changes, allow)?;
        transaction.write(&changes)?;
        transaction.finish()
    }

    /// Everything in the project but `.git`.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.temp.path()).unwrap();
        let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|it| it != ".git").collect();
        names.sort();
        names
    }
}

fn to_changes(changes: &[(&str, &str, &str)]) -> Vec<Change> {
    let change = |(file, before, after): &(&str, &str, &str)| Change {
        file: FilePath::new(*file),
        real: FilePath::new(*file),
        before: (*before).to_owned(),
        after: (*after).to_owned(),
    };
    changes.iter().map(change).collect()
}

/// The text of a refusal without the folder, which differs from run to run.
fn refusal(project: &Project, result: Result<Option<String>, Refusal>) -> String {
    result
        .unwrap_err()
        .to_string()
        .replace(&format!("{}/", project.path("").display()), "")
        .replace(&project.path("").display().to_string(), "")
}

#[test]
fn writes_what_is_committed() {
    let project = Project::committed(&[("a.rs", "a\n"), ("src/b.rs", "b\n"), ("c.rs", "c\n")]);
    let changes = [("a.rs", "a\n", "A\n"), ("src/b.rs", "b\n", "B\n"), ("c.rs", "c\n", "c\n")];
    assert!(project.apply(&changes, NOTHING).unwrap().is_some());
    assert_eq!((project.text("a.rs"), project.text("src/b.rs")), ("A\n".into(), "B\n".into()));
    assert_eq!(project.names(), ["a.rs", "c.rs", "src"]);
}

#[test]
fn keeps_line_ends_and_byte_order_marks() {
    let before = "\u{feff}a\r\nb\rc";
    let after = "\u{feff}a\r\nx\rc";
    let project = Project::committed(&[("a.rs", before)]);
    project.apply(&[("a.rs", before, after)], NOTHING).unwrap();
    assert_eq!(project.text("a.rs"), after);
}

#[test]
fn refuses_unstaged_changes_and_untracked_files() {
    let project =
        Project::committed(&[("a.rs", "old\n"), ("b.rs", "b\n"), (".gitignore", "gen/\n")]);
    fs::write(project.path("a.rs"), "a\n").unwrap();
    fs::write(project.path("new.rs"), "n\n").unwrap();
    fs::create_dir(project.path("gen")).unwrap();
    fs::write(project.path("gen/g.rs"), "g\n").unwrap();
    let changes = [
        ("a.rs", "a\n", "A\n"),
        ("b.rs", "b\n", "B\n"),
        ("new.rs", "n\n", "N\n"),
        ("gen/g.rs", "g\n", "G\n"),
    ];
    insta::assert_snapshot!(refusal(&project, project.apply(&changes, NOTHING)), @r#"
    nothing was written, because what would be overwritten could not be had back
      a.rs (unstaged changes)
      new.rs (not tracked)
      gen/g.rs (not tracked)
    Commit or stage them, or allow it with `--allow-dirty`.
    "#);
    assert_eq!(project.text("b.rs"), "b\n");
    assert!(project.apply(&changes, NO_VCS).is_err());
    assert!(project.apply(&changes, DIRTY).unwrap().is_some());
}

#[test]
fn a_lock_file_is_no_obstacle_where_it_is_ignored() {
    let project = Project::committed(&[("a.rs", "a\n"), (".gitignore", "Cargo.lock\n")]);
    fs::write(project.path("Cargo.lock"), "old\n").unwrap();
    let changes = [("a.rs", "a\n", "A\n"), ("Cargo.lock", "old\n", "new\n")];
    assert!(project.apply(&changes, NOTHING).unwrap().is_some());
    assert_eq!(project.text("Cargo.lock"), "new\n");
    fs::write(project.path(".gitignore"), "").unwrap();
    let changes = [("Cargo.lock", "new\n", "newer\n")];
    assert!(project.apply(&changes, NOTHING).is_err(), "it is untracked, not ignored");
}

#[test]
fn unrelated_dirt_and_staged_changes_are_fine() {
    let project = Project::committed(&[("a.rs", "old\n"), ("b.rs", "b\n")]);
    fs::write(project.path("a.rs"), "a\n").unwrap();
    project.git(&["add", "a.rs"]);
    fs::write(project.path("b.rs"), "dirty\n").unwrap();
    fs::write(project.path("notes.txt"), "untracked\n").unwrap();
    project.apply(&[("a.rs", "a\n", "A\n")], NOTHING).unwrap();
    assert_eq!(project.text("a.rs"), "A\n");
    // Staged and changed again.
    assert!(project.apply(&[("a.rs", "A\n", "B\n")], NOTHING).is_err());
}

#[test]
fn moved_files_are_read_right() {
    let text = "a long enough text to be seen as the same\n".repeat(9);
    let project = Project::committed(&[("a.rs", &text), ("b.rs", "b\n")]);
    project.git(&["mv", "a.rs", "moved.rs"]);
    fs::write(project.path("b.rs"), "dirty\n").unwrap();
    let moved = ("moved.rs", text.as_str(), "M\n");
    let message = refusal(&project, project.apply(&[moved, ("b.rs", "dirty\n", "B\n")], NOTHING));
    assert!(message.contains("b.rs") && !message.contains("moved.rs"), "{message}");
    project.apply(&[moved], NOTHING).unwrap();
}

#[test]
fn names_that_look_like_patterns_are_names() {
    let project = Project::committed(&[("[ab] *.rs", "1\n"), ("a x.rs", "2\n")]);
    fs::write(project.path("a x.rs"), "dirty\n").unwrap();
    project.apply(&[("[ab] *.rs", "1\n", "one\n")], NOTHING).unwrap();
}

#[test]
fn refuses_files_outside_version_control() {
    let project = Project::new(&[("a.rs", "a\n")]);
    let changes = [("a.rs", "a\n", "A\n")];
    insta::assert_snapshot!(refusal(&project, project.apply(&changes, NOTHING)), @r#"
    nothing was written, because what would be overwritten could not be had back
      a.rs (not under version control)
    Put them under version control, or allow it with `--allow-no-vcs`.
    "#);
    assert!(project.apply(&changes, DIRTY).is_err());
    assert!(project.apply(&changes, NO_VCS).unwrap().is_some());
}

#[test]
fn refuses_text_that_was_not_analysed() {
    let project = Project::committed(&[("a.rs", "a\n"), ("b.rs", "b\n"), ("gone.rs", "")]);
    fs::remove_file(project.path("gone.rs")).unwrap();
    fs::write(project.path("latin.rs"), b"\xe4").unwrap();
    let changes = [
        ("a.rs", "other\n", "A\n"),
        ("b.rs", "b\n", "B\n"),
        ("gone.rs", "", "new\n"),
        ("latin.rs", "?", "!"),
    ];
    insta::assert_snapshot!(refusal(&project, project.apply(&changes, DIRTY)), @r#"`a.rs` has changed since it was analysed; `gone.rs` cannot be read: No such file or directory (os error 2); `latin.rs` is not UTF-8; nothing was written"#);
    assert_eq!(project.text("b.rs"), "b\n");
}

#[test]
fn a_transaction_can_change_its_mind() {
    let project = Project::committed(&[("a.rs", "a\n"), ("b.rs", "b\n"), ("c.rs", "c\n")]);
    let texts = || ["a.rs", "b.rs", "c.rs"].map(|it| project.text(it).trim().to_owned());
    let begin = || {
        let first = to_changes(&[("a.rs", "a\n", "A\n"), ("b.rs", "b\n", "B\n")]);
        let lock = lock::take(project.state.path(), project.temp.path()).unwrap();
        let mut transaction = Transaction::begin(lock, &first, NOTHING).unwrap();
        transaction.write(&first).unwrap();
        assert_eq!(texts(), ["A", "B", "c"]);
        transaction
    };
    let mut transaction = begin();
    transaction.write(&to_changes(&[("b.rs", "b\n", "BB\n"), ("c.rs", "c\n", "C\n")])).unwrap();
    assert_eq!(texts(), ["a", "BB", "C"]);
    transaction.restore().unwrap();
    assert_eq!(texts(), ["a", "b", "c"]);

    // One that is forgotten is taken back.
    drop(begin());
    assert_eq!(texts(), ["a", "b", "c"]);

    // One that comes back to its first thought can be undone as any other.
    let mut transaction = begin();
    transaction.write(&to_changes(&[("a.rs", "a\n", "AA\n")])).unwrap();
    transaction.write(&to_changes(&[("a.rs", "a\n", "A\n"), ("b.rs", "b\n", "B\n")])).unwrap();
    let run = transaction.finish().unwrap();
    let run = undo::find(project.state.path(), run.as_deref(), &project.path("")).unwrap();
    assert_eq!(undo::undo(project.state.path(), &run).unwrap(), 2);
    assert_eq!(texts(), ["a", "b", "c"]);

    // One that ends where it began leaves nothing to undo.
    let mut transaction = begin();
    transaction.write(&[]).unwrap();
    assert_eq!(transaction.finish().unwrap(), None);
    assert_eq!(texts(), ["a", "b", "c"]);
    assert!(journal::runs(project.state.path()).is_empty());

    // Somebody else's change in between is kept, and the rest goes back.
    let mut transaction = begin();
    fs::write(project.path("b.rs"), "theirs\n").unwrap();
    let refusal = transaction.write(&to_changes(&[("b.rs", "b\n", "BB\n")])).unwrap_err();
    assert!(matches!(refusal, Refusal::Stuck { .. }), "{refusal}");
    assert_eq!(texts(), ["a", "theirs", "c"]);
}

#[test]
fn undo_restores_what_nobody_changed_since() {
    let files = [("a.rs", "\u{feff}a\r\nb"), ("b.rs", "b\n")];
    let project = Project::committed(&files);
    let changes = [("a.rs", files[0].1, "\u{feff}A\r\n"), ("b.rs", "b\n", "B\n")];
    let id = project.apply(&changes, NOTHING).unwrap().unwrap();
    let state = project.state.path();
    let run = undo::find(state, None, &project.path("")).unwrap();
    assert_eq!(run.id, id);

    fs::write(project.path("b.rs"), "mine\n").unwrap();
    let kept = undo::undo(state, &run).unwrap_err().to_string();
    assert!(kept.contains("\n  b.rs (changed since; its old text is `"), "{kept}");
    assert_eq!(project.text("a.rs"), "\u{feff}A\r\n");
    fs::write(project.path("b.rs"), "B\n").unwrap();
    assert_eq!(undo::undo(state, &run).unwrap(), 2);
    for (name, text) in files {
        assert_eq!(project.text(name), text);
    }
    assert!(undo::find(state, Some(&id), &project.path("")).is_err());
}

#[test]
fn a_run_that_was_cut_off_stops_the_next() {
    let project = Project::committed(&[("a.rs", "a\n"), ("b.rs", "b\n")]);
    let changes = to_changes(&[("a.rs", "a\n", "A\n")]);
    let take = || lock::take(project.state.path(), project.temp.path());
    let mut transaction = Transaction::begin(take().unwrap(), &changes, NOTHING).unwrap();
    transaction.write(&changes).unwrap();
    assert!(matches!(take(), Err(Refusal::Busy)));
    assert!(undo::cut_off(project.state.path(), project.temp.path()).is_none());
    // As if the process had died: the journal stays, the lock is gone.
    let runs = project.state.path().join("runs");
    let kept = tempfile::tempdir().unwrap();
    let run = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().file_name();
    for entry in fs::read_dir(runs.join(&run)).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), kept.path().join(entry.file_name())).unwrap();
    }
    drop(transaction);
    fs::rename(kept.path(), runs.join(&run)).unwrap();
    fs::write(project.path("a.rs"), "A\n").unwrap();

    let id = run.into_string().unwrap();
    let refusal = take().err().unwrap();
    assert!(matches!(&refusal, Refusal::Unfinished { run } if *run == id), "{refusal}");
    let run = undo::cut_off(project.state.path(), project.temp.path()).unwrap();
    assert_eq!(undo::undo(project.state.path(), &run).unwrap(), 1);
    assert_eq!(project.text("a.rs"), "a\n");
    assert!(take().is_ok());
}

#[test]
fn old_runs_are_forgotten_and_one_that_was_cut_off_is_not() {
    let project = Project::committed(&[("a.rs", "0")]);
    let other = Project::committed(&[("a.rs", "0")]);
    let state = project.state.path();
    let apply = |project: &Project, before: &str, after: &str| {
        let changes = to_changes(&[("a.rs", before, after)]);
        let lock = lock::take(state, project.temp.path()).unwrap();
        let mut transaction = Transaction::begin(lock, &changes, DIRTY).unwrap();
        transaction.write(&changes).unwrap();
        transaction.finish().unwrap().unwrap()
    };
    let cut_off = apply(&other, "0", "1");
    fs::write(state.join("runs").join(&cut_off).join("unfinished"), "").unwrap();
    let runs: Vec<String> =
        (0..23).map(|it| apply(&project, &it.to_string(), &(it + 1).to_string())).collect();
    let kept: Vec<String> = journal::runs(state).into_iter().map(|it| it.id).collect();
    // The next run takes the twenty-first away.
    let newest: Vec<String> = runs.iter().rev().take(21).chain([&cut_off]).cloned().collect();
    assert_eq!(kept, newest);
}

#[test]
fn the_program_lists_undoes_and_forgets_runs() {
    let project = Project::committed(&[("a.rs", "a\n"), ("src/b.rs", "b\n")]);
    let root = project.temp.path().canonicalize().unwrap();
    let said = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_async-fix"))
            .args(arguments)
            .current_dir(root.join("src"))
            .env("ASYNC_FIX_STATE_DIR", project.state.path())
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), text)
    };
    let write = || {
        let changes = [("a.rs", "a\n", "A\n"), ("src/b.rs", "b\n", "B\n")];
        project.apply(&changes, DIRTY).unwrap().unwrap()
    };
    assert_eq!(said(&["undo", "--list"]), (0, "There is no run to undo.\n".to_owned()));
    let nothing = format!(
        "error: no run wrote to the workspace around `{}`; `async-fix undo --list` lists them all\n",
        root.join("src").display()
    );
    assert_eq!(said(&["undo"]), (2, nothing));

    let run = write();
    let line = format!("{run}  just now: 2 files in `{}`\n", root.display());
    assert_eq!(said(&["undo", "--list"]), (0, line));
    fs::write(project.path("a.rs"), "mine\n").unwrap();
    let old = project.state.path().join("runs").join(&run).join("0.before");
    let refused = format!(
        "error: nothing was undone, because these files are not as run `{run}` left them\n  a.rs (changed since; its old text is `{}`)\n",
        old.display()
    );
    assert_eq!(said(&["undo"]), (2, refused));
    assert_eq!(fs::read_to_string(old).unwrap(), "a\n");
    fs::write(project.path("a.rs"), "A\n").unwrap();
    let undone = format!("Put back 2 files as before run `{run}`, just now.\n");
    assert_eq!(said(&["undo", &run]), (0, undone));
    assert_eq!(project.text("src/b.rs"), "b\n");
    let unknown =
        format!("error: there is no run `{run}` to undo; `async-fix undo --list` lists them all\n");
    assert_eq!(said(&["undo", &run]), (2, unknown));

    // What was cut off is kept until somebody says its name.
    let run = write();
    let unfinished = project.state.path().join("runs").join(&run).join("unfinished");
    fs::write(unfinished, "").unwrap();
    let kept = format!(
        "Forgot 0 runs; no file of a project was touched.\nKept run `{run}` in `{}`, which is not finished: `async-fix undo {run}` puts its files back, `async-fix clean {run}` leaves them as they are.\n",
        root.display()
    );
    assert_eq!(said(&["clean"]), (0, kept));
    let forgot = "Forgot 1 run; no file of a project was touched.\n".to_owned();
    assert_eq!(said(&["clean", &run]), (0, forgot));
    assert_eq!(project.text("a.rs"), "A\n");
    assert!(journal::runs(project.state.path()).is_empty());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn keeps_permissions() {
        let project = Project::committed(&[("a.rs", "a\n")]);
        set_mode(&project.path("a.rs"), 0o755);
        project.apply(&[("a.rs", "a\n", "A\n")], DIRTY).unwrap();
        assert_eq!(fs::metadata(project.path("a.rs")).unwrap().mode() & 0o7777, 0o755);
    }

    #[test]
    fn refuses_read_only_files() {
        let project = Project::committed(&[("a.rs", "a\n"), ("b.rs", "b\n")]);
        set_mode(&project.path("b.rs"), 0o444);
        let changes = [("a.rs", "a\n", "A\n"), ("b.rs", "b\n", "B\n")];
        let message = refusal(&project, project.apply(&changes, DIRTY));
        assert_eq!(message, "`b.rs` is read-only; nothing was written");
        assert_eq!(project.text("a.rs"), "a\n");
    }

    #[test]
    fn writes_through_links() {
        let project = Project::committed(&[("real/a.rs", "a\n")]);
        symlink("real/a.rs", project.path("a.rs")).unwrap();
        project.apply(&[("a.rs", "a\n", "A\n")], NOTHING).unwrap();
        assert_eq!(project.text("real/a.rs"), "A\n");
        assert!(fs::symlink_metadata(project.path("a.rs")).unwrap().is_symlink());

        let two_ways = [("a.rs", "A\n", "B\n"), ("real/a.rs", "A\n", "C\n")];
        assert!(project.apply(&two_ways, DIRTY).is_err());
        let one_way = [("a.rs", "A\n", "B\n"), ("real/a.rs", "A\n", "B\n")];
        assert!(project.apply(&one_way, DIRTY).unwrap().is_some());
    }

    #[test]
    fn all_names_of_a_file_see_the_new_text() {
        let project = Project::committed(&[("a.rs", "a\n")]);
        fs::hard_link(project.path("a.rs"), project.path("other.rs")).unwrap();
        project.apply(&[("a.rs", "a\n", "longer than before\n")], NOTHING).unwrap();
        assert_eq!(project.text("other.rs"), "longer than before\n");
        assert_eq!(project.names(), ["a.rs", "other.rs"]);
    }

    #[test]
    fn every_file_is_staged_before_one_is_written() {
        let project = Project::committed(&[("a.rs", "a\n"), ("full/b.rs", "b\n")]);
        set_mode(&project.path("full"), 0o555);
        // Root writes everywhere.
        let closed = fs::write(project.path("full/probe"), "").is_err();
        let result = project.apply(&[("a.rs", "a\n", "A\n"), ("full/b.rs", "b\n", "B\n")], NOTHING);
        set_mode(&project.path("full"), 0o755);
        if closed {
            let message = refusal(&project, result);
            assert!(message.ends_with("; all files are as they were"), "{message}");
            assert_eq!(project.text("a.rs"), "a\n");
            assert_eq!(project.names(), ["a.rs", "full"]);
        }
    }
}
