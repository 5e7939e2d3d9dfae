//! What rules about locks say of who holds them, and how they let go.

use crate::{
    facts::{
        locks::{HeldLock, slow_holders::SlowHolder},
        narrow::Section,
    },
    finding::{Finding, Note},
    fix::narrow,
    knowledge::Wait,
    rules::{MOST_PLACES, Pass, steps},
};

/// Tells of the guard, and of those who wait for the lock, of which each `waits` says.
pub(super) fn while_slow(pass: &mut Pass<'_, '_>, holder: &SlowHolder, waits: &'static str) {
    let SlowHolder { lock, what, .. } = holder;
    let goes_on = if holder.wait == Wait::Compute { "works" } else { "waits" };
    let message = format!(
        "`{lock}` is held while {what} {goes_on}, and async code waits for `{lock}` by blocking its thread"
    );
    let finding = pass.report(holder.at.clone(), message);
    finding.because.push(taken_by(&holder.held));
    finding.because.extend(steps(&holder.way));
    let others = holder.others.iter().take(MOST_PLACES);
    finding.because.extend(others.map(|it| Note::at(it.clone(), waits)));
    let_go_before(finding, &holder.held, &holder.section);
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
