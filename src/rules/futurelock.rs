//! A future that is alive and not polled, and may be next in the queue for what somebody waits for.

use crate::{
    facts::futurelock::Futurelock,
    finding::Note,
    fix::hand_over,
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
    let fix = lock.hand_over.as_ref().and_then(|it| hand_over::to_select(pass.around, it));
    let finding = pass.report(lock.at.clone(), message);
    finding.because.extend(lock.wanted_by.iter().filter_map(step));
    finding.because.push(Note::at(
        lock.lent_at.clone(),
        format!("`{future}` is lent here, so it lives on when another branch is done, and only this line polls it"),
    ));
    finding.because.extend(lock.held_by.iter().filter_map(step));
    match fix {
        Some(fix) => finding.fixes.push(fix),
        None => finding.because.push(Note::new(
            "a task of its own is polled whatever is awaited here: `tokio::spawn` it and lend the handle; or drop it \
             before, or wait for both with `join!`",
        )),
    }
}
