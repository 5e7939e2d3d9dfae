//! A lock for which async code may wait long, since somebody waits for something else while he holds it.

use crate::{
    facts::locks::slow_holders::{SlowHolder, needs_others},
    finding::Note,
    knowledge::Wait,
    rules::{Pass, lock_deadlock, steps},
};

/// So many places say enough.
const MOST_PLACES: usize = 3;

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    let holders = pass.locks.slow_holders(pass.body, pass.effects);
    for it in holders.iter().filter(|it| !needs_others(it.wait)) {
        report(pass, it, "this blocks a thread that should drive tasks, for as long");
    }
}

/// Tells of the guard, and of those who wait for the lock, of which each `waits` says.
pub(super) fn report(pass: &mut Pass<'_, '_>, holder: &SlowHolder, waits: &'static str) {
    let SlowHolder { lock, what, .. } = holder;
    let goes_on = if holder.wait == Wait::Compute { "works" } else { "waits" };
    let message = format!(
        "`{lock}` is held while {what} {goes_on}, and async code waits for `{lock}` by blocking its thread"
    );
    let finding = pass.report(holder.at.clone(), message);
    finding.because.push(lock_deadlock::taken_by(&holder.held));
    finding.because.extend(steps(&holder.way));
    let others = holder.others.iter().take(MOST_PLACES);
    finding.because.extend(others.map(|it| Note::at(it.clone(), waits)));
    lock_deadlock::let_go_before(finding, &holder.held, &holder.section);
}
