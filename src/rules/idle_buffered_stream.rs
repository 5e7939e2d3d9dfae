//! A stream that has begun several futures, and a wait for something else while they are not polled.

use crate::{
    facts::idle::Idle,
    finding::{Note, Severity},
    fix::{at_once, spawn_items},
    rules::{Pass, step},
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for idle in pass.body.idle_streams(pass.locks) {
        report(pass, &idle);
    }
}

fn report(pass: &mut Pass<'_, '_>, idle: &Idle) {
    let stream = &idle.stream;
    let message = match &idle.shared {
        Some(it) => format!(
            "waits for `{}` while the futures of `{stream}`, which may hold it or be the next to get it, are not polled",
            it.resource
        ),
        None => format!("the futures of `{stream}` stand still while this is awaited"),
    };
    let tasks = pass.body.as_tasks(idle);
    let tasks = tasks.and_then(|it| spawn_items::spawn(pass.around, pass.body, &it));
    let at_once = pass.body.at_once(idle).map_err(str::to_owned);
    let at_once = at_once.and_then(|it| at_once::fix(pass.around, &it));
    let finding = pass.report(idle.at.clone(), message);
    if let Some(it) = &idle.shared {
        finding.because.extend(it.wanted_by.iter().filter_map(step));
        finding.because.extend(it.held_by.iter().filter_map(step));
    } else {
        finding.severity = finding.severity.min(Severity::Warn);
    }
    let polled = "they run while this is awaited, and at no other time";
    finding.because.push(Note::at(idle.polled_at.clone(), polled));
    match (tasks, at_once) {
        (Err(first), Err(second)) => {
            finding.because.push(Note::new(format!("they cannot be made tasks: {first}")));
            finding.because.push(Note::new(format!(
                "what is done with each item cannot be made a part of its future: {second}"
            )));
            finding.because.push(Note::new(
                "a task of its own for each future, or one that takes the items and sends them on, runs meanwhile",
            ));
        }
        (first, second) => {
            finding.fixes.extend(first);
            finding.fixes.extend(second);
        }
    }
}
