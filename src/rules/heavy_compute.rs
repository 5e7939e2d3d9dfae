//! What computes for long: calls that always do, and, only as a remark, what shows that it may.

use crate::{
    facts::{
        body::{Form, Mention},
        long_loops::{Length, LongLoop},
        runs_on::Thread,
    },
    finding::{Note, Severity},
    fix::{give_way, pool},
    knowledge::Wait,
    rules::{Pass, blocking_call},
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    blocking_call::check(pass, &[Wait::Compute]);
    let body = pass.body;
    let by_size = |it: &&Mention| it.row.by_size && it.row.blocks.is_none();
    for mention in body.mentions.iter().filter(by_size) {
        whole_buffer(pass, mention);
    }
    for it in body.long_loops() {
        long_loop(pass, &it);
    }
}

fn whole_buffer(pass: &mut Pass<'_, '_>, mention: &Mention) {
    let body = pass.body;
    if !body.keeps_others_waiting(mention) || mention.form == Form::Named {
        return;
    }
    let Some(at) = body.place_to_show(mention.expr) else { return };
    let sketch = pool::sketch(pass.around, body, mention);
    let message = format!(
        "{} {}, the longer the more it is given",
        mention.row.said(),
        keeps_busy(mention.thread)
    );
    let finding = pass.report(at, message);
    finding.severity = Severity::Info;
    finding.because.push(Note::new(
        "a megabyte takes milliseconds; that of which there is only a little stays as it is",
    ));
    finding.fixes.extend(sketch);
}

fn long_loop(pass: &mut Pass<'_, '_>, it: &LongLoop) {
    let busy = keeps_busy(it.thread);
    let message = match it.length {
        Length::Turns(turns) => format!("this loop of {turns} turns {busy} to its end"),
        Length::Nested => {
            format!("this loop, with another one in each of its turns, {busy} to its end")
        }
    };
    let sketch = give_way::sketch(pass.around, pass.body, it);
    let finding = pass.report(it.at.clone(), message);
    finding.severity = Severity::Info;
    finding.because.push(Note::new(
        "it could run on a thread that may block, or give way now and then, if it takes more than some microseconds",
    ));
    finding.fixes.extend(sketch);
}

fn keeps_busy(thread: Thread) -> &'static str {
    match thread {
        Thread::Driver => "keeps the thread busy that drives this task",
        _ => "keeps the runtime worker busy",
    }
}
