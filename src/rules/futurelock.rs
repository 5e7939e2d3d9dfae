//! A future that is alive and not polled, and may be next in the queue for what somebody waits for.

use crate::{
    facts::futurelock::Futurelock,
    finding::Note,
    fix::{hand_over, join, lend_task},
    rules::{Pass, step},
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for lock in pass.body.futurelocks(pass.locks) {
        report(pass, lock);
    }
}

fn report(pass: &mut Pass<'_, '_>, lock: Futurelock) {
    let Futurelock { resource, future, .. } = &lock;
    let message = format!(
        "waits for `{resource}` while `{future}`, which may hold it or be the next to get it, is not polled"
    );
    let given = lock.hand_over.as_ref().and_then(|it| hand_over::give(pass.around, it));
    let dropped = lock.dropped.as_ref().and_then(|it| hand_over::drop_first(pass.around, it));
    let joined = lock.both.as_ref().and_then(|it| {
        let futures = it.futures.each_ref().map(String::as_str);
        join::join(pass.around, pass.body, &futures, &it.statements).ok()
    });
    let task = lock.task.as_ref().map_err(String::clone);
    let task = task.and_then(|it| lend_task::spawn(pass.around, pass.body, it));
    let finding = pass.report(lock.at.clone(), message);
    finding.because.extend(lock.wanted_by.iter().filter_map(step));
    finding.because.push(Note::at(
        lock.lent_at.clone(),
        format!(
            "`{future}` is lent here, so it lives on when {}, and only this line polls it",
            lock.when
        ),
    ));
    finding.because.extend(lock.held_by.iter().filter_map(step));
    match (joined.or(given).or(dropped), task) {
        (None, Err(why)) => finding.because.push(Note::new(format!(
            "drop it before, wait for both with `join!`, or let it run as a task of its own and lend the handle: {why}"
        ))),
        (first, second) => {
            finding.fixes.extend(first);
            finding.fixes.extend(second);
        }
    }
}
