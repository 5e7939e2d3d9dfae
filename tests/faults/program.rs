//! Faults in the whole program, from the command line to the last line it prints, on a copy of the demo.

use std::path::Path;

use async_fix::apply::journal;

use super::{
    library::{Named, Outcome, Plain, at, is_heavy, undo_as_told},
    tracer::{self, Fault, Run},
    workspace::{self, Workspace},
};

pub const TRIALS: [Named; 1] = [("the_whole_program", whole_program)];

fn apply(workspace: &Workspace, at: usize, fault: Fault) -> Run {
    let mut command = workspace.async_fix(&["--apply", "--unsafe-fixes", "--verify", "none"]);
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
        at(step, &plain.steps, check(&plain, &workspace, &run))?;
    }
    Ok(())
}

fn check(plain: &Plain, workspace: &Workspace, run: &Run) -> Outcome {
    let tree = workspace::tree(&workspace.root());
    let said = run.stderr.lines().filter(|it| it.starts_with("error: ")).count();
    match run.code {
        None => {
            for (name, node) in &tree {
                let is_whole =
                    [&plain.before, &plain.after].iter().any(|it| it.get(name) == Some(node));
                // A new text that waits beside the old one is no file of the project.
                if !is_whole && !name.to_string_lossy().contains(".async-fix-") {
                    return Err(format!("{} is {node:?}", name.display()));
                }
            }
            stops_when_cut_off(workspace)?;
            undo_as_told(plain, workspace)
        }
        Some(0) if tree == plain.after => Ok(()),
        Some(2) if tree == plain.before && said == 1 => Ok(()),
        Some(130) if tree == plain.before => Ok(()),
        code => Err(format!("it ended with {code:?}: {}\n{tree:#?}", run.stderr)),
    }
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
