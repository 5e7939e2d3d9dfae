//! The run itself: load, plan, then print or write.

use crate::{
    apply::{Refusal, lock::Lock, verify::Session},
    cli::{
        Outcome,
        arguments::ScanArguments,
        checker::{Beside, End},
        choosing::{self, Asked},
        hints, interactive,
        keyboard::Keyboard,
        load::{self, StdSources},
        output, paths,
        progress::Progress,
        reports, undo, verify,
        write::{self, Prepared},
    },
    config::{Choice, ProjectRequest},
    finding::Finding,
    knowledge::{self, CrateRows},
    plan::{self, Plan},
    report::{
        Mode, coverage, patch,
        summary::{self, Commands},
    },
    workspace::Workspace,
};

pub(super) fn scan(
    arguments: &ScanArguments,
    program: &str,
    commands: &Commands,
    keyboard: &Keyboard,
) -> Result<Outcome, String> {
    reports::check(arguments)?;
    interactive::check(arguments)?;
    let mut beside = Beside::start(arguments)?;
    let outcome = scan_here(arguments, program, commands, keyboard, &mut beside);
    // Whatever went wrong here, the other one is heard to its end.
    let end = beside.end();
    Ok(end.with(outcome?))
}

fn scan_here(
    arguments: &ScanArguments,
    program: &str,
    commands: &Commands,
    keyboard: &Keyboard,
    beside: &mut Beside,
) -> Result<Outcome, String> {
    let mut asked = choosing::ask(arguments)?;
    asked.choice.settings.warnings.iter().for_each(|it| output::warning(it));
    let (mut planned, lock) = planned(arguments, &asked)?;
    let plan = &planned.plan;
    if !arguments.output.quiet {
        output::note(&coverage::render(&plan.coverage));
        choosing::note(&arguments.scope, &asked).iter().for_each(|it| output::note(it));
        if arguments.output.verbose {
            output::note(&coverage::unresolved(&plan.coverage));
        }
    }
    coverage::warnings(&plan.coverage).for_each(output::warning);
    coverage::errors(&plan.coverage).for_each(|it| output::error(&it));
    let mode = arguments.mode();
    let mut written = None;
    if let (Mode::Apply, Some(lock)) = (mode, lock) {
        written = match write::write(arguments, &mut planned, &mut asked.choice, lock, keyboard) {
            Ok(it) => it,
            Err(interrupted @ Refusal::Interrupted) => {
                output::note(&format!("{interrupted}\n"));
                return Ok(Outcome::Interrupted);
            }
            Err(refusal) => {
                let Planned { plan, workspace, .. } = &planned;
                reports::print(arguments, plan, Mode::DryRun, workspace, true)?;
                return Err(refusal.to_string());
            }
        };
    }
    let Planned { workspace, mut plan, .. } = planned;
    plan.run.clone_from(&written);
    // What was written is told of, whatever becomes of the report.
    let others_succeed = beside.end() == End::Clean;
    let reported = reports::print(arguments, &plan, mode, &workspace, others_succeed);
    summary::taken_back(&plan).for_each(|it| output::error(&it));
    if !arguments.output.quiet {
        let mut commands = commands.clone();
        commands.apply_unsafe.take_if(|_| asked.choice.settings.take_unsafe_fixes());
        if written.is_some() && !arguments.allow_dirty {
            hints::over_what_was_written(&mut commands);
        }
        end(arguments, &plan, &workspace, &commands);
        written.iter().for_each(|it| output::note(&undo::hint(program, it)));
    }
    reported?;
    let mut outcome = outcome(mode, &plan, &asked.choice);
    if arguments.exit_non_zero_on_fix && written.is_some() && outcome == Outcome::Clean {
        outcome = Outcome::Found;
    }
    // Two gigabytes in small pieces: the end of the process gives them back at once.
    std::mem::forget(workspace);
    Ok(outcome)
}

/// What there is to do, and all that it takes to find it out once more.
pub(super) struct Planned {
    pub(super) request: ProjectRequest,
    pub(super) workspace: Workspace,
    pub(super) rows: Vec<CrateRows>,
    pub(super) plan: Plan,
}

/// What there is to do, and the right to write it where that is wanted.
fn planned(arguments: &ScanArguments, asked: &Asked) -> Result<(Planned, Option<Lock>), String> {
    let progress = Progress::start(arguments.output.quiet, arguments.output.verbose);
    let std_sources = StdSources::of(&arguments.project);
    let (mut workspace, lock) = loop {
        let workspace = load::load(&asked.request, std_sources, &progress)?;
        for path in &asked.choice.scope.paths {
            progress.pause(|| paths::check(path, &workspace))?;
        }
        // Before the long part: somebody else may be writing.
        match progress.pause(|| write::prepare(arguments, workspace.root()))? {
            Prepared::Ready(lock) => break (workspace, lock),
            Prepared::PutBack => (),
        }
    };
    progress.say("looking for traps");
    let mut rows = knowledge::shipped().map_err(|it| it.join("; "))?;
    rows.extend(workspace.shipped_rows().iter().cloned());
    rows.extend(asked.choice.settings.knowledge().cloned());
    let choice = &asked.choice;
    let mut plan = plan::plan(&mut workspace, &rows, choice);
    workspace.write_cache();
    if arguments.mode() != Mode::Check {
        let verify = verify::mode(choice, &workspace);
        let mut session = Session { workspace: &mut workspace, rows: &rows, choice };
        plan = verify::in_memory(&mut session, plan, verify, &progress);
    }
    Ok((Planned { request: asked.request.clone(), workspace, rows, plan }, lock))
}

fn end(arguments: &ScanArguments, plan: &Plan, workspace: &Workspace, commands: &Commands) {
    let mode = arguments.mode();
    if mode == Mode::DryRun
        && let Some(folder) = patch::folder(plan, workspace.root())
    {
        output::note(&format!("The patch is to be applied in `{folder}` of the workspace root.\n"));
    }
    if arguments.output.verbose && mode != Mode::Check {
        output::note(&summary::repairs(plan));
    }
    output::note(&summary::render(plan, mode, commands));
}

fn outcome(mode: Mode, plan: &Plan, choice: &Choice) -> Outcome {
    let found = |findings: &[Finding]| findings.iter().any(|it| choice.fails_on(it));
    let changes = plan.changes.iter().any(|it| it.before != it.after);
    let found = match mode {
        Mode::Check => found(&plan.findings),
        Mode::DryRun => changes || found(&plan.remaining),
        Mode::Apply => found(&plan.remaining),
    };
    match found {
        _ if !plan.coverage.internal_errors.is_empty() => Outcome::Broken,
        _ if !plan.taken_back.is_empty() => Outcome::TakenBack,
        true => Outcome::Found,
        false => Outcome::Clean,
    }
}
