//! The check behind every rule that is a table of blocking items: none of them on a thread that drives tasks.

use crate::{
    facts::{
        body::{Form, Mention},
        effects::{BlockingCall, Step},
        runs_on::Thread,
        runtime::Runtime,
    },
    finding::{Fix, Note, Severity},
    fix::{chain, helper, migrate, pool, twin},
    knowledge::Wait,
    rules::{Pass, steps},
};

/// What is worse where each core has its thread.
const NOBODY_ELSE: &str = "no other thread takes over the tasks that wait here";

pub(super) fn check(pass: &mut Pass<'_, '_>, waits: &[Wait]) {
    let body = pass.body;
    for mention in &body.mentions {
        let is_asked_for = mention.row.blocks.is_some_and(|it| waits.contains(&it));
        if !is_asked_for || !stands_in_the_way(pass, mention) {
            continue;
        }
        let Some(at) = body.place_to_show(mention.expr) else { continue };
        let message = format!("{} {}", mention.row.said(), what_happens(mention));
        let fix = cure(pass, mention).or_else(|reasons| in_place(pass, mention, reasons));
        let sketch = fix.is_err().then(|| sketch(pass, mention)).flatten();
        let helpless = cannot_be_stopped(pass, mention);
        let alone = mention.row.blocks == Some(Wait::Compute)
            && pass.body.stays_on_its_core(&pass.around.runtime);
        let finding = pass.report(at, message);
        if alone {
            finding.severity = finding.severity.max(Severity::Error);
            finding.because.push(Note::new(NOBODY_ELSE));
        }
        finding.because.extend(mention.row.note.as_deref().map(Note::new));
        finding.because.extend(helpless);
        match fix {
            Ok(fix) => finding.fixes.push(fix),
            Err(reasons) => {
                finding.because.extend(reasons);
                finding.fixes.extend(sketch);
            }
        }
    }
    let waits = |it: &&BlockingCall| waits.contains(&it.effect.wait);
    for call in pass.calls.iter().filter(waits) {
        through_helper(pass, call);
    }
}

/// Reports a call of a function that waits through what it calls.
fn through_helper(pass: &mut Pass<'_, '_>, call: &BlockingCall) {
    let (around, body, mention, calls) = (pass.around, pass.body, &call.mention, pass.calls);
    let before_others = mention.thread == Thread::Driver && !body.spawns_before(mention);
    if before_others && call.effect.wait != Wait::Future {
        return;
    }
    let Some(at) = body.place_to_show(mention.expr) else { return };
    let (callee, what) = (&call.callee, what_happens(mention));
    let to_pool = || pool::move_to_pool(around, body, mention);
    let fixes = match call.effect.wait {
        Wait::Future => Err(Vec::new()),
        _ if call.effect.chain.iter().any(|it| !it.own) => to_pool().map(|it| vec![it]),
        _ => match helper::make_async(around, body, mention) {
            Ok(fix) => Ok([fix].into_iter().chain(to_pool().ok()).collect()),
            Err(reasons) => {
                let both = |more| [reasons, more].concat();
                to_pool().map(|it| vec![it]).map_err(both)
            }
        },
    };
    let fixes = fixes.or_else(|reasons| in_place(pass, mention, reasons).map(|it| vec![it]));
    let sketch = fixes.is_err().then(|| sketch(pass, mention)).flatten();
    let chain = &call.effect.chain;
    let helpless = cannot_be_stopped(pass, mention);
    let finding = pass.report(at, format!("`{callee}` {what}: {}", way(chain)));
    let same_call = calls.iter().filter(|it| it.mention.expr == mention.expr);
    let others: Vec<Note> = same_call
        .filter(|it| it.behind > call.behind && it.effect.wait != Wait::Future)
        .map(|it| Note::new(format!("it comes to call {} as well", it.effect.row.said())))
        .collect();
    finding.because.extend(steps(chain));
    // A future that is waited for here can stop all for ever, which is told beside everything else.
    finding.behind = (call.effect.wait != Wait::Future).then_some(call.behind);
    finding.because.extend(others);
    let stays = fixes.as_ref().is_err_and(|it| !it.is_empty());
    finding.because.extend(helpless);
    finding.because.extend(function_to_mend(chain, stays));
    match fixes {
        Ok(fixes) => finding.fixes.extend(fixes),
        Err(reasons) => {
            finding.because.extend(reasons);
            finding.fixes.extend(sketch);
        }
    }
}

/// Whoever counts on giving up here is wrong to.
fn cannot_be_stopped(pass: &Pass<'_, '_>, mention: &Mention) -> Option<Note> {
    let gives_up = pass.body.given_up_by(mention)?;
    let text = format!(
        "{} cannot stop it: that takes an `.await`, and what runs on a thread that may block goes on as well",
        gives_up.row.said()
    );
    Some(match gives_up.at {
        Some(at) => Note::at(at, text),
        None => Note::new(text),
    })
}

fn what_happens(mention: &Mention) -> &'static str {
    match (mention.row.blocks, mention.thread) {
        (Some(Wait::Future), _) => "waits for a future on the thread that should drive it",
        _ if mention.row.panics => "panics on a thread that drives tasks",
        (Some(Wait::Compute), Thread::Driver) => "keeps the thread busy that drives this task",
        (Some(Wait::Compute), _) => "keeps the runtime worker busy",
        (_, Thread::Driver) => "blocks the thread that drives this task",
        _ => "blocks the runtime worker",
    }
}

/// `it calls a, which calls b`; the notes tell a long way link by link.
fn way(chain: &[Step]) -> String {
    match chain {
        [] => "a comment says so".to_owned(),
        [first] => format!("it calls `{}`", first.callee),
        [first, second] => format!("it calls `{}`, which calls `{}`", first.callee, second.callee),
        [first, .., last] => {
            format!("it calls `{}`, which comes to call `{}`", first.callee, last.callee)
        }
    }
}

/// The last function on the way that is the user's to change. Why it `stays` as it is has its own notes.
fn function_to_mend(chain: &[Step], stays: bool) -> Option<Note> {
    let last = chain.iter().rfind(|it| it.own)?;
    let hint = if stays { "" } else { ": it could be asynchronous" };
    Some(Note::new(format!("`{}` is the function to mend{hint}", last.caller)))
}

/// The best there is: the asynchronous twin, and where there is none, a thread that may block.
fn cure(pass: &Pass<'_, '_>, mention: &Mention) -> Result<Fix, Vec<Note>> {
    let (around, body) = (pass.around, pass.body);
    let is_bound = matches!(mention.row.blocks, Some(Wait::Future | Wait::Timer));
    if mention.row.instead.is_some() {
        let twin = twin::await_twin(around, body, mention);
        let is_lent = matches!(&around.runtime, Runtime::One(it) if it.lent.is_some());
        return match !is_bound && (is_lent || pool::is_of_another_runtime(around, body)) {
            // There are twins of some functions only, and a pool for the rest.
            true => twin.or_else(|reasons| elsewhere(pass, mention, reasons)),
            false => twin,
        };
    }
    let twin = match &mention.row.chain {
        Some(chain) => chain::begin_with_twin(around, body, mention, chain),
        None => Err(Vec::new()),
    };
    // A future may need the very thread that it is called on, and the cure for a sleep is no other thread.
    if is_bound {
        return twin.map_err(|_| vec![Note::new("it has no asynchronous twin of the same shape")]);
    }
    let own = |mut reasons: Vec<Note>| match body.deals_with_twin(mention) {
        true => migrate::migrate(around, body, mention).map_err(|more| {
            reasons.extend(more);
            reasons
        }),
        false => Err(reasons),
    };
    twin.or_else(own).or_else(|reasons| elsewhere(pass, mention, reasons))
}

/// The call on a thread that may block. `reasons` are why nothing better is done.
fn elsewhere(
    pass: &Pass<'_, '_>,
    mention: &Mention,
    mut reasons: Vec<Note>,
) -> Result<Fix, Vec<Note>> {
    pool::move_to_pool(pass.around, pass.body, mention).map_err(|more| {
        reasons.extend(more);
        reasons
    })
}

/// A start for whoever changes it by hand.
fn sketch(pass: &Pass<'_, '_>, mention: &Mention) -> Option<Fix> {
    match mention.row.blocks {
        Some(Wait::Future | Wait::Timer) | None => None,
        Some(_) => pool::sketch(pass.around, pass.body, mention),
    }
}

/// Where nothing can be awaited or taken along, the runtime may be told; it is no cure for what needs this very thread.
fn in_place(pass: &Pass<'_, '_>, mention: &Mention, reasons: Vec<Note>) -> Result<Fix, Vec<Note>> {
    match mention.row.blocks {
        Some(Wait::Future | Wait::Timer) | None => Err(reasons),
        Some(_) => pool::block_in_place(pass.around, pass.body, mention).map_err(|_| reasons),
    }
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
