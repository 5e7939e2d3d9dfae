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
        question, scan::Planned, undo as restore, verify,
    },
    config::{Choice, values::Verify},
    plan,
    report::Mode,
};

/// What a run found when it was about to begin.
pub(super) enum Prepared {
    /// With the right to write to the workspace, when that is what the run is for.
    Ready(Option<Lock>),
    /// Files are as they were before a run that was cut off. What was read of them is old.
    PutBack,
}

/// Offers to put back what a run that was cut off has left in the workspace at `root`, where somebody is there to
/// answer. A run that is to write does not start otherwise; others only tell of it.
pub(super) fn prepare(arguments: &ScanArguments, root: &Path) -> Result<Prepared, String> {
    let writes = arguments.mode() == Mode::Apply;
    if (writes || !arguments.output.quiet)
        && let Ok(state) = state::folder()
        && let Some(run) = undo::cut_off(&state, root)
    {
        if question::is_possible() && question::ask(&restore::offer(&run)) {
            restore::put_back(&state, &run)?;
            return Ok(Prepared::PutBack);
        }
        if !writes {
            output::note(&format!("note: {}\n", Refusal::Unfinished { run: run.id }));
        }
    }
    let lock = || lock::take(&state::folder()?, root).map_err(|it| it.to_string());
    Ok(Prepared::Ready(if writes { Some(lock()?) } else { None }))
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
        *plan = plan::plan_again(workspace, rows, choice, plan, taken_back, &[]);
        let progress = Progress::start(arguments.output.quiet, arguments.output.verbose);
        let verify = verify::mode(choice, workspace);
        let mut session = Session { workspace, rows, choice };
        let chosen = std::mem::take(plan);
        *plan = verify::in_memory(&mut session, chosen, verify, &progress);
    }
    let Planned { request, workspace, rows, plan } = planned;
    if verify::mode(choice, workspace) != Verify::Cargo {
        if choice.settings.verify() == Verify::Cargo && !arguments.output.quiet {
            output::note(
                "note: cargo does not build this project, so the fixes are verified by analysis alone\n",
            );
        }
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
