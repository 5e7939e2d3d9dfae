//! Writing a plan, and what stands in the way of it.

use std::path::Path;

use crate::{
    apply::{
        Allow, Refusal,
        lock::{self, Lock},
        state,
        transaction::Transaction,
        undo,
        verify::Session,
    },
    cli::{
        arguments::ScanArguments, interactive, keyboard::Keyboard, output, progress::Progress,
        scan::Planned, verify,
    },
    config::{Choice, values::Verify},
    plan,
    report::Mode,
};

/// The right to write to the workspace at `root`, when that is what the run is for. Other runs only tell of one that
/// was cut off.
pub(super) fn prepare(arguments: &ScanArguments, root: &Path) -> Result<Option<Lock>, String> {
    if arguments.mode() == Mode::Apply {
        let lock = lock::take(&state::folder()?, root).map_err(|it| it.to_string())?;
        return Ok(Some(lock));
    }
    if !arguments.output.quiet
        && let Ok(state) = state::folder()
        && let Some(run) = undo::cut_off(&state, root)
    {
        let refusal = Refusal::Unfinished { run: run.id };
        output::note(&format!("note: {refusal}\n"));
    }
    Ok(None)
}

/// All of `planned` that the user wants and that passes verification, or nothing; then `planned` is what was written.
/// The run comes back by which it can be undone, if anything was written.
pub(super) fn write(
    arguments: &ScanArguments,
    planned: &mut Planned,
    choice: &mut Choice,
    lock: Lock,
    keyboard: &Keyboard,
) -> Result<Option<String>, Refusal> {
    let allow = Allow { dirty: arguments.allow_dirty, no_vcs: arguments.allow_no_vcs };
    let mut transaction = Transaction::begin(lock, &planned.plan.changes, allow)?;
    if arguments.interactive {
        let unheard = |it| Refusal::Failed(format!("the answers cannot be heard: {it}"));
        let fixes =
            interactive::ask(arguments, &planned.plan, choice, keyboard).map_err(unheard)?;
        choice.fixes = fixes.ok_or(Refusal::Interrupted)?;
        let Planned { workspace, rows, plan, .. } = planned;
        let taken_back = plan.taken_back.clone();
        *plan = plan::plan_again(workspace, rows, choice, plan, taken_back);
        let progress = Progress::start(&arguments.output);
        let mut session = Session { workspace, rows, choice };
        let chosen = std::mem::take(plan);
        *plan = verify::in_memory(&mut session, chosen, choice.settings.verify(), &progress);
    }
    let Planned { request, workspace, rows, plan } = planned;
    if choice.settings.verify() != Verify::Cargo {
        transaction.write(&plan.changes)?;
        return transaction.finish();
    }
    let mut session = Session { workspace, rows, choice };
    let output = &arguments.output;
    match verify::by_cargo(&mut session, plan.clone(), &mut transaction, request, output) {
        Ok(verified) => {
            *plan = verified;
            transaction.finish()
        }
        Err(refusal) => {
            transaction.restore()?;
            Err(refusal)
        }
    }
}
