//! The check behind every rule that is a table of blocking items: none of them on a thread that drives tasks.

use crate::{
    facts::{
        body::{Form, Mention},
        runs_on::Thread,
    },
    finding::{Fix, Note},
    fix::{chain, pool, twin},
    knowledge::Wait,
    rules::Pass,
};

pub(super) fn check(pass: &mut Pass<'_, '_>, waits: &[Wait]) {
    let body = pass.body;
    for mention in &body.mentions {
        let Some(wait) = mention.row.blocks.filter(|it| waits.contains(it)) else { continue };
        if !stands_in_the_way(pass, mention) {
            continue;
        }
        let written = body.place_of(mention.expr);
        let Some(at) = written.or_else(|| body.macro_call_place(mention.expr)) else { continue };
        let it = mention.row.said();
        let message = match (wait, mention.thread) {
            (Wait::Future, _) => {
                format!("{it} waits for a future on the thread that should drive it")
            }
            _ if mention.row.panics => format!("{it} panics on a thread that drives tasks"),
            (Wait::Compute, Thread::Driver) => {
                format!("{it} keeps the thread busy that drives this task")
            }
            (Wait::Compute, _) => format!("{it} keeps the runtime worker busy"),
            (_, Thread::Driver) => format!("{it} blocks the thread that drives this task"),
            _ => format!("{it} blocks the runtime worker"),
        };
        let fix = cure(pass, mention);
        let finding = pass.report(at, message);
        finding.because.extend(mention.row.note.as_deref().map(Note::new));
        match fix {
            Ok(fix) => finding.fixes.push(fix),
            Err(reasons) => finding.because.extend(reasons),
        }
    }
}

/// The best there is: the asynchronous twin, and where there is none, a thread that may block.
fn cure(pass: &Pass<'_, '_>, mention: &Mention) -> Result<Fix, Vec<Note>> {
    let (around, body) = (pass.around, pass.body);
    if mention.row.instead.is_some() {
        return twin::await_twin(around, body, mention);
    }
    let twin = match &mention.row.chain {
        Some(chain) => chain::begin_with_twin(around, body, mention, chain),
        None => Err(Vec::new()),
    };
    // A future may need the very thread that it is called on, and the cure for a sleep is no other thread.
    if matches!(mention.row.blocks, Some(Wait::Future | Wait::Timer)) {
        return twin.map_err(|_| vec![Note::new("it has no asynchronous twin of the same shape")]);
    }
    twin.or_else(|mut reasons| {
        pool::move_to_pool(around, body, mention).map_err(|more| {
            reasons.extend(more);
            reasons
        })
    })
}

fn stands_in_the_way(pass: &Pass<'_, '_>, mention: &Mention) -> bool {
    if mention.form == Form::Named || pass.body.has_asked(mention) {
        return false;
    }
    let row = &mention.row;
    match mention.thread {
        Thread::Worker => true,
        // Before anything else runs there is nothing to hold up: a configuration may be read in peace.
        Thread::Driver => {
            row.panics
                || matches!(row.blocks, Some(Wait::Timer | Wait::Future))
                || pass.body.spawns_before(mention)
        }
        Thread::MayBlock | Thread::Caller | Thread::Unknown => false,
    }
}
