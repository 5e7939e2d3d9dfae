//! Whether what is planned is right, before anything is written and after.

use crate::{
    apply::{
        Refusal,
        transaction::Transaction,
        verify::{Session, build::Build, memory::InMemory, settle},
    },
    cli::{arguments::OutputArguments, output, progress::Progress},
    config::{Choice, ProjectRequest, values::Verify},
    facts::errors::Depth,
    plan::Plan,
    workspace::Workspace,
};

/// How fixes in `workspace` are made sure of. Cargo has nothing to say of what it does not build.
pub(super) fn mode(choice: &Choice, workspace: &Workspace) -> Verify {
    match choice.settings.verify() {
        Verify::Cargo if !workspace.is_built_by_cargo() => Verify::Analysis,
        it => it,
    }
}

/// Leaves out of `plan` what does not pass the checks that need no build.
pub(super) fn in_memory(
    session: &mut Session<'_>,
    plan: Plan,
    verify: Verify,
    progress: &Progress,
) -> Plan {
    let depth = match verify {
        Verify::None => return plan,
        Verify::Syntax | Verify::Cargo => Depth::Syntax,
        Verify::Analysis => Depth::Meaning,
    };
    progress.say("verifying the fixes");
    let mut checks = InMemory::new(depth);
    let Ok(plan) = settle(session, plan, &mut |plan, workspace| checks.check(plan, workspace));
    plan
}

/// Writes what cargo has nothing against of `plan`.
pub(super) fn by_cargo(
    session: &mut Session<'_>,
    plan: Plan,
    transaction: &mut Transaction,
    project: &ProjectRequest,
    arguments: &OutputArguments,
) -> Result<Plan, Refusal> {
    let progress = Progress::start(arguments.quiet, arguments.verbose);
    let say = |it: &str| progress.say(it);
    let mut build = Build::new(transaction, project, &say);
    let plan = settle(session, plan, &mut |plan, workspace| build.check(plan, workspace))?;
    let old_errors = build.old_errors();
    drop(progress);
    if old_errors > 0 && !arguments.quiet {
        let errors = match old_errors {
            1 => "1 error that was there before; what it hides".to_owned(),
            it => format!("{it} errors that were there before; what they hide"),
        };
        output::note(&format!("note: `cargo check` finds {errors} is not verified\n"));
    }
    Ok(plan)
}
