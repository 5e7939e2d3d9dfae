//! Futures and tasks without a limit to how many run at once.

use crate::{
    facts::{
        counts::Count,
        fan_out::{FanOut, Limit, TaskEach},
    },
    finding::{Note, Severity},
    fix::limit,
    knowledge::counts::Zero,
    rules::Pass,
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for it in pass.body.fan_outs() {
        fan_out(pass, &it);
    }
    for it in pass.body.tasks_for_each() {
        task_each(pass, &it);
    }
}

fn fan_out(pass: &mut Pass<'_, '_>, it: &FanOut) {
    let name = it.row.name();
    let items = match &it.source {
        Some(source) => format!("futures of `{source}`"),
        None => "futures".to_owned(),
    };
    let message = match it.limit {
        Limit::Nothing(Zero::Panics) => format!("`{name}` panics when it has room for nothing"),
        Limit::Nothing(_) => format!("`{name}` that runs nothing at once waits for ever"),
        Limit::Number(number) => {
            format!("a limit of {number} is none: `{name}` runs all {items} at once")
        }
        Limit::None | Limit::Unsaid => {
            format!("nothing limits how many {items} `{name}` runs at once")
        }
        Limit::Length => {
            format!("what is as long as the input is no limit: `{name}` runs all {items} at once")
        }
    };
    let fix = pass.limit.and_then(|most| {
        limit::by_name(pass.around, pass.body, it, most)
            .or_else(|| limit::as_stream(pass.around, pass.body, it, most))
    });
    let finding = pass.report(it.at.clone(), message);
    finding.severity = match it.limit {
        Limit::Nothing(_) => Severity::Error,
        Limit::Number(_) => finding.severity,
        _ if it.count.is_large() => finding.severity,
        _ => finding.severity.min(Severity::Info),
    };
    finding.because.extend(evidence(&it.count));
    if it.limit != Limit::Nothing(Zero::Panics) {
        finding.fixes.extend(fix);
    }
}

fn task_each(pass: &mut Pass<'_, '_>, it: &TaskEach) {
    let message = format!(
        "nothing limits how many tasks run at once: one for each that {} brings",
        it.brings
    );
    let finding = pass.report(it.at.clone(), message);
    if matches!(it.count, Count::OpenEnded(_)) {
        finding.severity = finding.severity.min(Severity::Info);
    }
    finding.because.push(Note::at(it.from.clone(), "this goes on when a task has begun"));
    finding.because.extend(evidence(&it.count));
    finding.because.push(Note::new(
        "a permit of a `Semaphore` that is acquired before the task is started, and moved into it, is a limit; a server may refuse work with `try_acquire_owned`",
    ));
}

fn evidence(count: &Count) -> Option<Note> {
    let text = match count {
        Count::AtMost(it) => format!("there are {it} of them"),
        Count::OpenEnded(it) => format!("`{it}` goes on as long as something comes in"),
        Count::Unknown => "how many there are is not in sight".to_owned(),
    };
    Some(Note::new(text))
}
