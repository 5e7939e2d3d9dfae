//! Faults in the whole program, from the command line to the last line it prints, on a copy of the demo.

use std::{fs, path::Path};

use async_fix::apply::journal;

use super::{
    library::{Named, Outcome, Plain, at, is_heavy, is_restored, succeeds, undo_as_told, without},
    tracer::{self, Fault, Run, WAIT},
    workspace::{self, Tree, Workspace},
};

pub const TRIALS: [Named; 3] = [
    ("the_whole_program", whole_program),
    ("stopped_while_it_verifies", stopped_while_it_verifies),
    ("others_write_while_it_verifies", others_write_while_it_verifies),
];

fn apply(workspace: &Workspace, at: usize, fault: Fault) -> Run {
    apply_with("none", workspace, at, fault)
}

fn apply_with(verify: &str, workspace: &Workspace, at: usize, fault: Fault) -> Run {
    let mut command = workspace.async_fix(&["--apply", "--unsafe-fixes", "--verify", verify]);
    // What cargo builds to verify is built once for all.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("target");
    tracer::run(command.env("CARGO_TARGET_DIR", target), workspace.folder(), at, fault)
}

fn whole_program() -> Outcome {
    let workspace = Workspace::demo();
    let before = workspace::tree(&workspace.root());
    let run = apply(&workspace, usize::MAX, Fault::None);
    let plain = Plain { before, after: workspace::tree(&workspace.root()), steps: run.steps };
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    // The command that it prints does what it says.
    let hint = run.stderr.lines().last().unwrap_or_default().to_owned();
    let undo = hint.strip_prefix("Run `async-fix ").and_then(|it| it.split('`').next());
    let undo: Vec<&str> = undo.ok_or(hint.clone())?.split(' ').collect();
    let undone = workspace.async_fix(&undo).output().map_err(|it| it.to_string())?;
    assert!(undone.status.success(), "{undone:?}");
    assert_eq!(workspace::tree(&workspace.root()), plain.before);

    let first = |start: &str| plain.steps.iter().position(|it| it.starts_with(start));
    let locked = first("lock").ok_or("no lock")?;
    // In the middle, with one file new and the other old; and with patience, at every step.
    let middle = first("rename root/").ok_or("no file is moved")? + 2;
    let steps = if is_heavy() { (locked..plain.steps.len()).collect() } else { vec![middle] };
    for step in steps {
        let workspace = Workspace::demo();
        // A disk is not full for one who waits for cargo or git.
        let waits = plain.steps[step].starts_with("wait");
        let fault = match (step + 3 - middle % 3) % 3 {
            0 => Fault::Kill,
            1 if waits => Fault::Kill,
            1 => Fault::Error(libc::ENOSPC),
            _ => Fault::Signal(libc::SIGINT),
        };
        let run = apply(&workspace, step, fault);
        let result = check(&plain, &[], 0, &workspace, &run).and_then(|()| match run.code {
            None => stops_when_cut_off(&workspace).and_then(|()| undo_as_told(&plain, &workspace)),
            Some(_) => Ok(()),
        });
        at(step, &plain.steps, result)?;
    }
    Ok(())
}

/// It was killed and each file is whole, old or new or as in one of `between`; or it ended as it does undisturbed,
/// with `code`; or all files are as they were.
fn check(plain: &Plain, between: &[Tree], code: i32, workspace: &Workspace, run: &Run) -> Outcome {
    let tree = workspace::tree(&workspace.root());
    let said = run.stderr.lines().filter(|it| it.starts_with("error: ")).count();
    match run.code {
        None => {
            for (name, node) in &tree {
                let mut wholes = [&plain.before, &plain.after].into_iter().chain(between);
                // A new text that waits beside the old one is no file of the project.
                if !wholes.any(|it| it.get(name) == Some(node))
                    && !name.to_string_lossy().contains(".async-fix-")
                {
                    return Err(format!("{} is {node:?}", name.display()));
                }
            }
            Ok(())
        }
        Some(it) if it == code && tree == plain.after => Ok(()),
        Some(2) if tree == plain.before && said == 1 => Ok(()),
        Some(130) if tree == plain.before => Ok(()),
        code => Err(format!("it ended with {code:?}: {}\n{tree:#?}", run.stderr)),
    }
}

/// A run that takes back a wrong fix: it writes, lets cargo check, writes the old texts, lets cargo check those too,
/// and writes what is right.
struct Verifying {
    plain: Plain,
    /// With the wrong fix in it.
    wrong: Tree,
    /// The steps from the first file that is written to the end.
    steps: Vec<usize>,
    /// Those of them at which cargo is at work.
    checks: Vec<usize>,
}

const TAKEN_BACK: i32 = 3;

fn verifying() -> Result<Verifying, String> {
    let workspace = Workspace::with_a_wrong_fix();
    let before = workspace::tree(&workspace.root());
    let unverified = apply(&workspace, usize::MAX, Fault::None);
    assert_eq!(unverified.code, Some(0), "{}", unverified.stderr);
    let wrong = workspace::tree(&workspace.root());
    let run = journal::runs(&workspace.state()).first().map(|it| it.id.clone());
    succeeds(&workspace.undo(&run.ok_or("there is no run to undo")?))?;

    let run = apply_with("cargo", &workspace, usize::MAX, Fault::None);
    assert_eq!(run.code, Some(TAKEN_BACK), "{}", run.stderr);
    let plain = Plain { before, after: workspace::tree(&workspace.root()), steps: run.steps };
    assert!(plain.after != plain.before && plain.after != wrong, "one fix of several is wrong");
    let first = plain.steps.iter().position(|it| it.starts_with("rename root/"));
    let steps: Vec<usize> = (first.ok_or("no file is moved")?..plain.steps.len()).collect();
    let checks: Vec<usize> = steps.iter().copied().filter(|it| plain.steps[*it] == WAIT).collect();
    assert!(checks.len() >= 3, "cargo checks three times: {:#?}", plain.steps);
    Ok(Verifying { plain, wrong, steps, checks })
}

/// By `kill -9`, by Ctrl-C, by a full disk: while cargo is at work, and while files are written in between.
fn stopped_while_it_verifies() -> Outcome {
    let Verifying { plain, wrong, steps, checks } = verifying()?;
    let between = [wrong];
    let signal = |step: usize| [libc::SIGTERM, libc::SIGINT][step % 2];
    let faults: Vec<(usize, Fault)> = if is_heavy() {
        let at_check =
            checks.iter().flat_map(|it| [(*it, Fault::Kill), (*it, Fault::Signal(signal(*it)))]);
        // Every step of a transaction meets every fault in `library.rs`; here each of them meets one.
        let others = steps.iter().filter(|it| !checks.contains(it)).map(|step| match step % 3 {
            0 => (*step, Fault::Kill),
            1 => (*step, Fault::Error(libc::ENOSPC)),
            _ => (*step, Fault::Signal(signal(*step))),
        });
        at_check.chain(others).collect()
    } else {
        let rewritten = checks[1] + 2;
        vec![
            (checks[0], Fault::Kill),
            (checks[1], Fault::Signal(libc::SIGTERM)),
            (rewritten, Fault::Kill),
        ]
    };
    for (step, fault) in faults {
        let is_signal = matches!(fault, Fault::Signal(_));
        let workspace = Workspace::with_a_wrong_fix();
        let run = apply_with("cargo", &workspace, step, fault);
        let result = check(&plain, &between, TAKEN_BACK, &workspace, &run);
        let result = result.and_then(|()| match run.code {
            None => undo_as_told(&plain, &workspace),
            Some(2 | 130) => is_restored(&plain, &workspace),
            Some(_) => Ok(()),
        });
        at(step, &plain.steps, result)?;
        if is_signal && checks.contains(&step) {
            assert_eq!(run.code, Some(130), "at step {step}: {}", run.stderr);
        }
    }
    Ok(())
}

/// A second run, and somebody who saves a file.
fn others_write_while_it_verifies() -> Outcome {
    let Verifying { plain, checks, .. } = verifying()?;
    let checks = if is_heavy() { &checks[..] } else { &checks[..1] };
    for step in checks {
        let workspace = Workspace::with_a_wrong_fix();
        let mut second = None;
        let mut start = || {
            let apply = ["--apply", "--unsafe-fixes", "--verify", "none"];
            second = workspace.async_fix(&apply).output().ok();
        };
        let run = apply_with("cargo", &workspace, *step, Fault::Meanwhile(&mut start));
        let second = second.ok_or("the second run did not start")?;
        let busy = "error: another run of async-fix is writing to this workspace; try again when it is done\n";
        assert_eq!(String::from_utf8_lossy(&second.stderr), busy, "at step {step}");
        assert_eq!(second.status.code(), Some(2));
        at(*step, &plain.steps, check(&plain, &[], TAKEN_BACK, &workspace, &run))?;
    }
    for step in checks {
        let workspace = Workspace::with_a_wrong_fix();
        let name = "src/main.rs";
        let theirs = "mod wrong;\n\nfn main() {}\n";
        let mut save = || fs::write(workspace.root().join(name), theirs).expect("a file");
        let run = apply_with("cargo", &workspace, *step, Fault::Meanwhile(&mut save));
        let text = fs::read_to_string(workspace.root().join(name)).map_err(|it| it.to_string())?;
        assert_eq!(text, theirs, "at step {step}");
        let tree = without(workspace::tree(&workspace.root()), name);
        let before = without(plain.before.clone(), name);
        // When nothing had to be written any more, the run ends as if it had not noticed.
        let ended = run.code == Some(TAKEN_BACK) && tree == without(plain.after.clone(), name);
        let stopped = run.code == Some(2)
            && tree == before
            && run.stderr.contains(
                "`src/main.rs` has changed since it was analysed; these could not be put back: ",
            );
        assert!(ended || stopped, "at step {step}: {:?} {}", run.code, run.stderr);
    }
    Ok(())
}

/// The next `--apply` writes nothing and names the command; a run that only looks mentions it.
fn stops_when_cut_off(workspace: &Workspace) -> Outcome {
    let state = workspace.state();
    let Some(run) = journal::runs(&state).into_iter().find(|it| it.unfinished) else {
        return Ok(());
    };
    let sentence = format!(
        "an earlier run was cut off while it wrote; `async-fix undo {}` puts its files back as they were\n",
        run.id
    );
    let before = workspace::tree(&workspace.root());
    let apply = workspace
        .async_fix(&["--apply", "--verify", "none"])
        .output()
        .map_err(|it| it.to_string())?;
    assert_eq!(String::from_utf8_lossy(&apply.stderr), format!("error: {sentence}"));
    assert_eq!((apply.status.code(), apply.stdout.len()), (Some(2), 0));
    assert_eq!(workspace::tree(&workspace.root()), before);
    let look = workspace.async_fix(&[]).output().map_err(|it| it.to_string())?;
    let said = String::from_utf8_lossy(&look.stderr).into_owned();
    assert!(said.starts_with(&format!("note: {sentence}")), "{said}");
    Ok(())
}
