//! Futures and tasks without a limit to how many run at once.

use crate::{
    facts::{
        channels::PiledUp,
        counts::Count,
        fan_out::{FanOut, Limit},
        item_work::{Deed, ItemWork},
        task_each::{Started, TaskEach},
    },
    finding::{Fix, Note, Severity},
    fix::{bounded, limit, permit},
    knowledge::counts::Zero,
    rules::{Pass, steps},
};

const A_PERMIT: &str = "a permit of a `Semaphore` that is acquired before the task is started, and moved into it, is a limit; a server may refuse work with `try_acquire_owned`";

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for it in pass.body.unlimited() {
        let work = pass.body.work_of(pass.effects, &it.futures);
        // What waits for the pool is told of by `runaway-blocking-pool`.
        if work.uses_pool.is_none() || matches!(it.limit, Limit::Nothing(_)) {
            fan_out(pass, &it, &work);
        }
    }
    for it in pass.body.crawls() {
        let message = format!(
            "nothing limits how many tasks run at once: each of `{}` starts more of its kind",
            it.function
        );
        let finding = pass.report(it.at, message);
        finding.because.push(Note::at(it.again, "this starts as many again, and so on"));
        finding.because.push(Note::new(
            "a permit limits them that each task takes for its own work, and gives back before it waits for others",
        ));
    }
    for it in pass.body.piled_up() {
        piled_up(pass, &it);
    }
    for it in pass.body.tasks_for_each() {
        let work = pass.body.work_of(pass.effects, &it.futures);
        // How many wait is for the program itself to say, as long as they take nothing that runs out.
        let is_limited = it.from_within && takes_little(&work);
        let uses_pool = work.uses_pool.is_some() && work.permit.is_none();
        if !uses_pool && !is_limited && it.started != Started::OnPool {
            task_each(pass, &it, &work);
        }
    }
}

fn piled_up(pass: &mut Pass<'_, '_>, it: &PiledUp) {
    let most = pass.limit.ok_or_else(|| "no limit is known".to_owned());
    let fix = most.and_then(|most| bounded::channel(pass.around, pass.body, it, most));
    let message = "nothing limits how many messages wait in this channel";
    let finding = pass.report(it.at.clone(), message.to_owned());
    let text = format!("{} goes on as long as something comes in", it.brings);
    finding.because.push(Note::at(it.from.clone(), text));
    finding.because.push(Note::at(it.sent_at.clone(), "this never waits"));
    let slow =
        "with each message this is awaited, which may take longer than the next one takes to come";
    finding.because.push(Note::perhaps_at(it.slow_at.clone(), slow));
    match fix {
        Ok(fix) => finding.fixes.push(fix),
        Err(why) => {
            finding.because.push(Note::new(format!("a limit is to be written by hand: {why}")))
        }
    }
}

fn fan_out(pass: &mut Pass<'_, '_>, it: &FanOut, work: &ItemWork) {
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
        Limit::Given | Limit::One => return,
    };
    let is_certain = matches!(it.limit, Limit::Nothing(_) | Limit::Number(_));
    if !is_certain && is_harmless(&it.count, work) {
        return;
    }
    let fix = at_most(pass, it);
    let finding = pass.report(it.at.clone(), message);
    finding.severity = match it.limit {
        Limit::Nothing(_) => Severity::Error,
        _ if is_certain || it.count.is_large() => finding.severity,
        _ => finding.severity.min(Severity::Info),
    };
    finding.because.push(evidence(&it.count));
    finding.because.extend(does_each(work));
    if it.limit != Limit::Nothing(Zero::Panics) {
        finding.fixes.extend(fix);
    }
}

/// What puts a limit there.
pub(super) fn at_most(pass: &Pass<'_, '_>, it: &FanOut) -> Option<Fix> {
    let most = pass.limit?;
    limit::by_name(pass.around, pass.body, it, most)
        .or_else(|| limit::as_stream(pass.around, pass.body, it, most))
}

/// Whether nobody can see how many there are, nor that so many of them take something that runs out; or each is needed
/// all the time.
fn is_harmless(count: &Count, work: &ItemWork) -> bool {
    is_needed(count, work) || !count.is_large() && takes_little(work)
}

/// Whether none of them takes something that runs out, or only so many at once do.
fn takes_little(work: &ItemWork) -> bool {
    work.opens.is_none() || work.permit.is_some()
}

/// Where else in the loop tasks are started.
pub(super) fn other_starts(it: &TaskEach) -> impl Iterator<Item = Note> {
    it.others.iter().map(|it| Note::at(it.at.clone(), "and here, for others of them"))
}

/// Whether each of them goes on all the time, and nobody can see that there are many.
pub(super) fn is_needed(count: &Count, work: &ItemWork) -> bool {
    !count.is_large() && work.works_on
}

/// What each of them does that makes it worse.
fn does_each(work: &ItemWork) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut add = |deed: &Option<Deed>, text: &str| {
        let Some(deed) = deed else { return };
        notes.push(Note::new(format!("{text}: {}", deed.shown())));
        notes.extend(steps(&deed.way));
    };
    add(&work.opens, "each of them takes a socket, a file or a process");
    add(
        &work.own_client,
        "each of them makes a client of its own; one that all share keeps its connections for the next",
    );
    add(
        &work.permit,
        "each of them waits for a permit, so that few work at once; but all that wait are there, and keep their memory",
    );
    add(&work.logs, "each of them writes to a stream that one thread has at a time");
    notes
}

fn task_each(pass: &mut Pass<'_, '_>, it: &TaskEach, work: &ItemWork) {
    if is_harmless(&it.count, work) {
        return;
    }
    let what = match &it.started {
        Started::Future(name) => format!("futures the `{name}` runs"),
        _ => "tasks run".to_owned(),
    };
    let message =
        format!("nothing limits how many {what} at once: one for each that {} brings", it.brings);
    let fix = each_with_permit(pass, it);
    let is_served = matches!(it.count, Count::OpenEnded(_)) && !it.from_within;
    let refuse = pass.limit.filter(|_| is_served && it.started == Started::Task);
    let refuse = refuse.and_then(|most| permit::or_refuse(pass.around, pass.body, it, most));
    let of_server = is_served.then(|| limits_of_server(pass)).flatten();
    let finding = pass.report(it.first.at.clone(), message);
    if !matches!(it.count, Count::AtMost(_)) {
        finding.severity = finding.severity.min(Severity::Info);
    }
    finding.because.push(Note::at(it.from.clone(), "this goes on when a task has begun"));
    finding.because.extend(other_starts(it));
    finding.because.push(evidence(&it.count));
    finding.because.extend(does_each(work));
    finding.because.extend(of_server);
    match fix {
        Ok(fix) => finding.fixes.extend([Some(fix), refuse].into_iter().flatten()),
        Err(why) => {
            finding.because.push(Note::new(format!("no permit can be written: {why}")));
            let by_hand = match it.started {
                Started::Future(_) => {
                    "where there are so many, take one out before the next one is put in"
                }
                _ => A_PERMIT,
            };
            finding.because.push(Note::new(by_hand));
        }
    }
}

/// What a library that is there has for a server as a whole.
fn limits_of_server(pass: &Pass<'_, '_>) -> Option<Note> {
    let row = pass.body.known.rows().find(|it| it.limits && it.note.is_some())?;
    Some(Note::new(format!("{} {}", row.said(), row.note.as_ref()?)))
}

/// What makes the loop wait until fewer are running.
pub(super) fn each_with_permit(pass: &Pass<'_, '_>, it: &TaskEach) -> Result<Fix, String> {
    let most = pass.limit.ok_or("no limit is known")?;
    permit::before_each(pass.around, pass.body, it, most)
}

pub(super) fn evidence(count: &Count) -> Note {
    Note::new(match count {
        Count::AtMost(it) => format!("there are {it} of them"),
        Count::OpenEnded(it) => format!("`{it}` goes on as long as something comes in"),
        Count::Chosen => "somebody has said how many".to_owned(),
        Count::Unknown => "how many there are is not in sight".to_owned(),
    })
}
