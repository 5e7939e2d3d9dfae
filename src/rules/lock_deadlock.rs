//! A lock that whoever holds it waits for.

use crate::{
    facts::locks::{slow_holders::needs_others, waits::Conflict},
    finding::Severity,
    knowledge::{Guard, takes::Surely},
    rules::{Pass, held, step},
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for conflict in pass.body.lock_conflicts(pass.locks) {
        taken_again(pass, &conflict);
    }
    let holders = pass.locks.slow_holders(pass.body, pass.effects);
    for it in holders.iter().filter(|it| needs_others(it.wait)) {
        let waits =
            "this blocks a thread that should drive tasks, and perhaps the one that is waited for";
        held::while_slow(pass, it, waits);
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
    finding.because.push(held::taken_by(&conflict.held));
    finding.because.extend(conflict.way.iter().filter_map(step));
    held::let_go_before(finding, &conflict.held, &section);
}
