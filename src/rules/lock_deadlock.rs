//! A lock that whoever holds it waits for.

use crate::{
    facts::locks::{
        HeldLock,
        waits::{Conflict, Why},
    },
    finding::{Note, Severity},
    fix::narrow,
    knowledge::{Guard, takes::Surely},
    rules::{Pass, step},
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for conflict in pass.body.lock_conflicts(pass.locks) {
        report(pass, &conflict);
    }
}

fn report(pass: &mut Pass<'_, '_>, conflict: &Conflict) {
    let name = &conflict.lock;
    let message = match (&conflict.why, conflict.held.kind) {
        (Why::TakenAgain { surely: Surely::WhenOneWaits, .. }, _) => format!(
            "`{name}` is read here already, and both wait for ever when somebody waits to write in between"
        ),
        (Why::TakenAgain { .. }, Guard::Context) => {
            format!("`{name}` is borrowed here already, so this panics")
        }
        (Why::TakenAgain { .. }, _) => {
            format!("`{name}` is held here already, so this waits for ever")
        }
        (Why::Waits { what, .. }, _) => format!(
            "`{name}` is held while {what} waits, and async code waits for `{name}` by blocking its thread"
        ),
    };
    let section = pass.body.section_before(&conflict.held, conflict.call);
    let finding = pass.report(conflict.at.clone(), message);
    if let Why::TakenAgain { surely: Surely::WhenOneWaits, .. } = conflict.why {
        finding.severity = finding.severity.min(Severity::Warn);
    }
    finding.because.push(Note::at(conflict.held.at.clone(), taken_by(&conflict.held)));
    match &conflict.why {
        Why::TakenAgain { way, .. } => {
            finding.because.extend(way.iter().filter_map(step));
        }
        Why::Waits { others, .. } => {
            let waits = "this blocks a thread that should drive tasks, and perhaps the one that is waited for";
            finding.because.extend(others.iter().map(|it| Note::at(it.clone(), waits)));
        }
    }
    match section {
        Ok(section) => {
            let guard = conflict.held.name.as_deref().unwrap_or("guard");
            finding.fixes.extend(narrow::in_block(guard, &section));
        }
        Err(reason) => finding.because.push(Note::new(reason)),
    }
}

fn taken_by(held: &HeldLock) -> String {
    match &held.name {
        Some(it) => format!("`{it}` holds it since here"),
        None => "it is held since here, to the end of the statement".to_owned(),
    }
}
