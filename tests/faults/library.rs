//! Faults in a transaction of the library, and in the `undo` of the real program.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Command, Output},
};

use async_fix::apply::{Refusal, journal, lock};

use super::{
    tracer::{self, Fault, Run},
    workspace::{self, Node, Tree, Workspace},
};

pub type Outcome = Result<(), String>;
pub type Named = (&'static str, fn() -> Outcome);

pub const TRIALS: [Named; 11] = [
    ("killed_at_every_step", killed),
    ("killed_while_undoing", killed_while_undoing),
    ("killed_twice", killed_twice),
    ("every_step_fails", failing),
    ("interrupted_at_every_step", interrupted),
    ("a_file_changes_meanwhile", changed_meanwhile),
    ("a_folder_vanishes_meanwhile", vanished),
    ("read_only_from_the_start", read_only),
    ("a_folder_becomes_read_only_meanwhile", read_only_meanwhile),
    ("two_at_once", two_at_once),
    ("a_full_disk", full_disk),
];

/// What the system says of a step that fails.
const ERRORS: [i32; 5] = [libc::ENOSPC, libc::EIO, libc::EROFS, libc::EACCES, libc::EDQUOT];

fn apply(workspace: &Workspace, at: usize, fault: Fault) -> Run {
    tracer::run(&mut applying(workspace), workspace.folder(), at, fault)
}

fn applying(workspace: &Workspace) -> Command {
    let (root, state) = (workspace.root().display().to_string(), workspace.state());
    tracer::myself(&["apply", &root, &state.display().to_string()])
}

/// The same as a user who is not allowed everything.
fn apply_as_user(workspace: &Workspace, at: usize, fault: Fault) -> Run {
    let mut command = applying(workspace);
    if workspace.give_away() {
        command.uid(workspace::NOBODY).gid(workspace::NOBODY);
    }
    tracer::run(&mut command, workspace.folder(), at, fault)
}

/// The steps of an undisturbed run, and the files before and after it.
pub struct Plain {
    pub steps: Vec<String>,
    pub before: Tree,
    pub after: Tree,
}

fn plain() -> Plain {
    let workspace = Workspace::new();
    let before = workspace::tree(&workspace.root());
    let run = apply(&workspace, usize::MAX, Fault::None);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let after = workspace::tree(&workspace.root());
    assert_ne!(before, after);
    Plain { steps: run.steps, before, after }
}

pub fn is_heavy() -> bool {
    std::env::var_os("ASYNC_FIX_HEAVY").is_some()
}

/// The numbers below `count` that are tried.
pub fn sample(count: usize, size: usize) -> impl Iterator<Item = usize> {
    let seed = std::env::var("ASYNC_FIX_SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(0);
    let step = if is_heavy() { 1 } else { (count / size).max(1) };
    (seed % step..count).step_by(step)
}

/// After a crash every file is whole, and all can be had back.
fn recover(plain: &Plain, workspace: &Workspace) -> Outcome {
    match workspace::mixed(&workspace.root()) {
        Some(problem) => Err(problem),
        None => undo_as_told(plain, workspace),
    }
}

/// What a person does who finds the workspace after a crash; then all must be as it was, or as it was to be.
pub fn undo_as_told(plain: &Plain, workspace: &Workspace) -> Outcome {
    // The lock is not kept: `undo` needs it.
    match lock::take(&workspace.state(), &workspace.root()).map(drop) {
        Err(Refusal::Unfinished { run }) => succeeds(&workspace.undo(&run))?,
        Err(refusal) => return Err(refusal.to_string()),
        Ok(()) => {
            let tree = workspace::tree(&workspace.root());
            if tree != plain.before && tree != plain.after {
                return Err(format!("no run to undo, and the files are {tree:#?}"));
            }
            if tree == plain.after {
                let runs = journal::runs(&workspace.state());
                let run = runs.first().ok_or("the run that ended cannot be undone")?;
                succeeds(&workspace.undo(&run.id))?;
            }
        }
    }
    is_restored(plain, workspace)
}

pub fn succeeds(output: &Output) -> Outcome {
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

pub fn is_restored(plain: &Plain, workspace: &Workspace) -> Outcome {
    let tree = workspace::tree(&workspace.root());
    if tree != plain.before {
        return Err(format!("what is restored is {tree:#?}"));
    }
    match lock::take(&workspace.state(), &workspace.root()) {
        Ok(_) => Ok(()),
        Err(refusal) => Err(format!("restored, and still: {refusal}")),
    }
}

/// Adds to an error where it happened.
pub fn at(step: usize, plain_steps: &[String], result: Outcome) -> Outcome {
    let words = plain_steps.get(step).map_or("?", String::as_str);
    result.map_err(|it| format!("at step {step} ({words}): {it}"))
}

fn killed() -> Outcome {
    let plain = plain();
    for step in sample(plain.steps.len(), 16) {
        let workspace = Workspace::new();
        let run = apply(&workspace, step, Fault::Kill);
        assert_eq!(run.code, None, "it was killed");
        at(step, &plain.steps, recover(&plain, &workspace))?;
    }
    Ok(())
}

fn undo(workspace: &Workspace, run: &str, at: usize, fault: Fault) -> Run {
    let mut command = workspace.async_fix(&["undo", run]);
    tracer::run(&mut command, workspace.folder(), at, fault)
}

fn killed_while_undoing() -> Outcome {
    let plain = plain();
    let applied = || {
        let workspace = Workspace::new();
        let run = apply(&workspace, usize::MAX, Fault::None).stdout;
        (workspace, run)
    };
    let (workspace, run) = applied();
    let steps = undo(&workspace, &run, usize::MAX, Fault::None).steps;
    is_restored(&plain, &workspace)?;
    for step in sample(steps.len(), 8) {
        let (workspace, run) = applied();
        assert_eq!(undo(&workspace, &run, step, Fault::Kill).code, None, "it was killed");
        at(step, &steps, recover(&plain, &workspace))?;
    }
    Ok(())
}

/// First the run, then its undoing.
fn killed_twice() -> Outcome {
    let plain = plain();
    for step in sample(plain.steps.len(), 6) {
        let workspace = Workspace::new();
        apply(&workspace, step, Fault::Kill);
        if let Err(Refusal::Unfinished { run }) = lock::take(&workspace.state(), &workspace.root())
        {
            undo(&workspace, &run, step % 23, Fault::Kill);
        }
        at(step, &plain.steps, recover(&plain, &workspace))?;
    }
    Ok(())
}

fn failing() -> Outcome {
    let plain = plain();
    let mut refused = 0;
    for step in sample(plain.steps.len(), 20) {
        let workspace = Workspace::new();
        let error = ERRORS[if step % 2 == 0 { 0 } else { step % ERRORS.len() }];
        let run = apply(&workspace, step, Fault::Error(error));
        refused += usize::from(run.code == Some(2));
        at(step, &plain.steps, ended(&plain, &workspace, &run, 2))?;
    }
    // What is tidied up may stay; all else is told.
    assert!(refused > 10, "{refused} were told");
    Ok(())
}

fn interrupted() -> Outcome {
    let plain = plain();
    let mut heeded = 0;
    for step in sample(plain.steps.len(), 12) {
        let workspace = Workspace::new();
        let signal = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP][step % 3];
        let run = apply(&workspace, step, Fault::Signal(signal));
        heeded += usize::from(run.code == Some(130));
        let result = match run.code {
            // Before the first file and after the last one it ends as any program does.
            None => recover(&plain, &workspace),
            Some(_) => ended(&plain, &workspace, &run, 130),
        };
        at(step, &plain.steps, result)?;
    }
    assert!(heeded > 6, "{heeded} were heeded");
    Ok(())
}

/// It ended in order: as if nothing had happened, or with `code` and all files as they were.
pub fn ended(plain: &Plain, workspace: &Workspace, run: &Run, code: i32) -> Outcome {
    let tree = workspace::tree(&workspace.root());
    match run.code {
        Some(0) if tree == plain.after => Ok(()),
        Some(it) if it == code => {
            if code == 2
                && (run.stderr.lines().count() != 1
                    || !run.stderr.contains("as they were")
                        && !run.stderr.contains("nothing was written"))
            {
                return Err(format!("it says {:?}", run.stderr));
            }
            is_restored(plain, workspace)
        }
        _ => Err(format!("it ended with {:?}: {}\n{tree:#?}", run.code, run.stderr)),
    }
}

/// Somebody saves a file while the program works: what they wrote is never lost.
fn changed_meanwhile() -> Outcome {
    let plain = plain();
    for step in sample(plain.steps.len(), 12) {
        let workspace = Workspace::new();
        let name = ["Cargo.toml", "bom.rs", "src/deep/tool.rs", "late.rs"][step % 4];
        let path = workspace.root().join(name);
        // Between the last look at a file and its replacement is a moment that no program can close.
        if plain.steps[step].starts_with("rename") {
            continue;
        }
        let mut save = || fs::write(&path, "theirs\n").expect("a file");
        let run = apply(&workspace, step, Fault::Meanwhile(&mut save));
        let text = fs::read_to_string(&path).expect("a file");
        let result = match (run.code, text.as_str()) {
            (Some(0 | 2), "theirs\n") => Ok(()),
            other => Err(format!("{other:?}: {}", run.stderr)),
        };
        at(step, &plain.steps, result)?;
        let tree = without(workspace::tree(&workspace.root()), name);
        let (before, after) =
            (without(plain.before.clone(), name), without(plain.after.clone(), name));
        let expected = if run.code == Some(0) { after } else { before };
        let result = if tree == expected { Ok(()) } else { Err(format!("{tree:#?}")) };
        at(step, &plain.steps, result)?;
    }
    Ok(())
}

pub fn without(mut tree: Tree, name: &str) -> Tree {
    tree.remove(Path::new(name));
    tree
}

fn vanished() -> Outcome {
    let plain = plain();
    for step in sample(plain.steps.len(), 10) {
        let workspace = Workspace::new();
        let (folder, away) = (workspace.root().join("src"), workspace.folder().join("away"));
        let mut take_away = || fs::rename(&folder, &away).expect("it is there");
        let run = apply(&workspace, step, Fault::Meanwhile(&mut take_away));
        fs::rename(&away, &folder).expect("it can come back");
        // Nobody can tidy up in a folder that is not there.
        workspace.remove_temporary();
        let result = match run.code {
            Some(0) => ended(&plain, &workspace, &run, 2),
            Some(2) if run.stderr.lines().count() == 1 => recover(&plain, &workspace),
            _ => Err(format!("it ended with {:?}: {}", run.code, run.stderr)),
        };
        at(step, &plain.steps, result)?;
    }
    Ok(())
}

/// Each file and each folder in its turn, of the workspace and of the journal.
fn read_only() -> Outcome {
    let plain = plain();
    let mut refused = 0;
    let root = Workspace::new().root();
    let names: Vec<_> = plain.before.iter().filter(|it| !matches!(it.1, Node::Link(_))).collect();
    let paths = names.iter().map(|it| Path::new("root").join(it.0));
    for path in paths.chain(["root".into(), "state".into()]) {
        let workspace = Workspace::new();
        let place = workspace.folder().join(&path);
        let mode = fs::metadata(&place).map_err(|it| it.to_string())?.permissions();
        fs::set_permissions(&place, fs::Permissions::from_mode(mode.mode() & !0o222))
            .map_err(|it| it.to_string())?;
        let run = apply_as_user(&workspace, usize::MAX, Fault::None);
        workspace.take_back();
        fs::set_permissions(&place, mode).map_err(|it| it.to_string())?;
        refused += usize::from(run.code == Some(2));
        ended(&plain, &workspace, &run, 2).map_err(|it| format!("{}: {it}", path.display()))?;
    }
    // Folders that hold nothing to write matter to nobody.
    assert!(refused >= 11, "{refused} were refused in {}", root.display());
    Ok(())
}

fn read_only_meanwhile() -> Outcome {
    let plain = plain();
    let mut noticed = 0;
    for step in sample(plain.steps.len(), 10) {
        let workspace = Workspace::new();
        let folder = workspace.root().join(["src/deep", "."][step % 2]);
        let set = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode));
        let mut close = || set(0o555).expect("it is there");
        let run = apply_as_user(&workspace, step, Fault::Meanwhile(&mut close));
        set(0o755).map_err(|it| it.to_string())?;
        workspace.take_back();
        noticed += usize::from(run.code == Some(2));
        // Nobody can tidy up in a folder that is closed.
        workspace.remove_temporary();
        let result = match run.code {
            Some(0) => ended(&plain, &workspace, &run, 2),
            Some(2) if run.stderr.lines().count() == 1 => recover(&plain, &workspace),
            _ => Err(format!("it ended with {:?}: {}", run.code, run.stderr)),
        };
        at(step, &plain.steps, result)?;
    }
    assert!(noticed > 2, "{noticed} were noticed");
    Ok(())
}

/// A second run starts at each step of the first: it says so in a sentence, and harms nothing.
fn two_at_once() -> Outcome {
    let plain = plain();
    let locked = plain.steps.iter().position(|it| it.starts_with("lock")).ok_or("no lock")?;
    for step in sample(plain.steps.len(), 8).filter(|it| *it > locked) {
        let workspace = Workspace::new();
        let (root, state) = (workspace.root(), workspace.state());
        let arguments = ["apply", &root.display().to_string(), &state.display().to_string()];
        let mut second = None;
        let mut start = || second = tracer::myself(&arguments).output().ok();
        let run = apply(&workspace, step, Fault::Meanwhile(&mut start));
        let second = second.ok_or("the second run did not start")?;
        let said = String::from_utf8_lossy(&second.stderr);
        let refused = said.starts_with("another run of async-fix is writing to this workspace");
        if second.status.code() == Some(0) {
            // The first had ended but for its exit.
            assert!(step > plain.steps.len() - 4, "at step {step} both write");
        } else if !refused || second.status.code() != Some(2) || said.lines().count() != 1 {
            return at(step, &plain.steps, Err(said.into_owned()));
        }
        at(step, &plain.steps, ended(&plain, &workspace, &run, 2))?;
    }
    Ok(())
}

/// A real one, first for the journal and then for the files.
fn full_disk() -> Outcome {
    let plain = plain();
    for (folder, pages) in [("state", 40), ("root", 12)] {
        let workspace = Workspace::new();
        let place = workspace.folder().join(folder);
        fs::create_dir_all(&place).expect("a folder");
        let Some(_disk) = SmallDisk::mount(&place) else {
            println!("skipped: no disk can be mounted here, so none is filled");
            return Ok(());
        };
        if folder == "root" {
            workspace::fill(&place);
        }
        let mut refused = 0;
        for free in sample(pages, 8) {
            let full = SmallDisk::fill(&place, free);
            let run = apply(&workspace, usize::MAX, Fault::None);
            refused += usize::from(run.code == Some(2));
            fs::remove_file(full).expect("it is there");
            ended(&plain, &workspace, &run, 2)
                .map_err(|it| format!("{free} pages in {folder}: {it}"))?;
            if run.code == Some(0) {
                succeeds(&workspace.undo(&run.stdout))?;
            }
        }
        assert!(refused > 2, "the disk was full {refused} times");
    }
    Ok(())
}

/// A disk of a megabyte.
struct SmallDisk<'a>(&'a Path);

impl SmallDisk<'_> {
    fn mount(folder: &Path) -> Option<SmallDisk<'_>> {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder);
        command.output().is_ok_and(|it| it.status.success()).then_some(SmallDisk(folder))
    }

    /// Leaves so many pages free.
    fn fill(folder: &Path, free: usize) -> std::path::PathBuf {
        let path = folder.join("ballast");
        let page = [0; 4096];
        let mut file = fs::File::create(&path).expect("a file");
        let mut written = 0_u64;
        while std::io::Write::write_all(&mut file, &page).is_ok() {
            written += 4096;
        }
        file.set_len(written - 4096 * free as u64).expect("it is smaller");
        path
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).output();
    }
}
