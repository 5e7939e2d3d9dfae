//! A lock that whoever holds it waits for.

use crate::{
    facts::{
        locks::{HeldLock, slow_holders::needs_others, waits::Conflict},
        narrow::Section,
    },
    finding::{Finding, Note, Severity},
    fix::narrow,
    knowledge::{Guard, takes::Surely},
    rules::{Pass, blocking_lock, step},
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for conflict in pass.body.lock_conflicts(pass.locks) {
        taken_again(pass, &conflict);
    }
    let holders = pass.locks.slow_holders(pass.body, pass.effects);
    for it in holders.iter().filter(|it| needs_others(it.wait)) {
        let waits =
            "this blocks a thread that should drive tasks, and perhaps the one that is waited for";
        blocking_lock::report(pass, it, waits);
    }
}

fn taken_again(pass: &mut Pass<'_, '_>, conflict: &Conflict) {
    let name = &conflict.lock;
    let message = match (conflict.surely, conflict.held.kind) {
        (Surely::WhenOneWaits, _) => format!(
            "`{name}` is read here already, and both wait for ever when somebody waits to write in between"
        ),
        (Surely::Always, Guard::Context) => {
            format!("`{name}` is borrowed here already, so this panics")
        }
        (Surely::Always, _) => format!("`{name}` is held here already, so this waits for ever"),
    };
    let section = pass.body.section_before(&conflict.held, conflict.call);
    let finding = pass.report(conflict.at.clone(), message);
    if conflict.surely == Surely::WhenOneWaits {
        finding.severity = finding.severity.min(Severity::Warn);
    }
    finding.because.push(taken_by(&conflict.held));
    finding.because.extend(conflict.way.iter().filter_map(step));
    let_go_before(finding, &conflict.held, &section);
}

pub(super) fn taken_by(held: &HeldLock) -> Note {
    let text = match &held.name {
        Some(it) => format!("`{it}` holds it since here"),
        None => "it is held since here, to the end of the statement".to_owned(),
    };
    Note::at(held.at.clone(), text)
}

/// Offers to let go of the lock where it is needed no more, or says why not.
pub(super) fn let_go_before(
    finding: &mut Finding,
    held: &HeldLock,
    section: &Result<Section, &'static str>,
) {
    match section {
        Ok(section) => {
            let guard = held.name.as_deref().unwrap_or("guard");
            finding.fixes.extend(narrow::in_block(guard, section));
        }
        Err(reason) => finding.because.push(Note::new(*reason)),
    }
}
