//! The check behind every rule that is a table of blocking items: none of them on a thread that drives tasks.

use crate::{
    facts::{
        body::{Form, Mention},
        runs_on::Thread,
    },
    finding::Note,
    fix::twin,
    knowledge::Wait,
    rules::Pass,
};

pub(super) fn check(pass: &mut Pass<'_, '_>, wait: Wait) {
    let body = pass.body;
    for mention in body.mentions.iter().filter(|it| it.row.blocks == Some(wait)) {
        if !stands_in_the_way(pass, mention) {
            continue;
        }
        let written = body.place_of(mention.expr);
        let Some(at) = written.or_else(|| body.macro_call_place(mention.expr)) else { continue };
        let path = &mention.row.path;
        let message = match (wait, mention.thread) {
            (Wait::Future, _) => {
                format!("`{path}` waits for a future on the thread that should drive it")
            }
            (_, Thread::Driver) => format!("`{path}` blocks the thread that drives this task"),
            _ => format!("`{path}` blocks the runtime worker"),
        };
        let fix = twin::await_twin(pass.around, body, mention);
        let finding = pass.report(at, message);
        finding.because.extend(mention.row.note.as_deref().map(Note::new));
        match fix {
            Ok(fix) => finding.fixes.push(fix),
            Err(reasons) => finding.because.extend(reasons),
        }
    }
}

fn stands_in_the_way(pass: &Pass<'_, '_>, mention: &Mention) -> bool {
    if mention.form == Form::Named {
        return false;
    }
    match mention.thread {
        Thread::Worker => true,
        // Before anything else runs there is nothing to hold up: a configuration may be read in peace.
        Thread::Driver => {
            mention.row.blocks != Some(Wait::Disk) || pass.body.spawns_before(mention)
        }
        Thread::MayBlock | Thread::Caller | Thread::Unknown => false,
    }
}
