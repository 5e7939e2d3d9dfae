//! A large array that a task keeps while it is suspended.

use crate::{
    facts::large_locals::LargeLocal,
    finding::Note,
    fix::{narrow, on_heap},
    rules::{MOST_PLACES, Pass},
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for local in pass.large_futures.locals_in(pass.body) {
        let least = if local.exact { "" } else { "at least " };
        let message = format!(
            "`{}` has {least}{} bytes, and the future keeps all of it across an `.await`",
            local.name, local.bytes
        );
        let shorter = local.section.as_ref().ok().and_then(|it| narrow::plain(&local.name, it));
        let elsewhere = local.on_heap.as_ref().ok();
        let elsewhere = elsewhere.and_then(|it| on_heap::vec(pass.around, &local.name, it));
        let reasons = reasons(&local);
        let finding = pass.report(local.at.clone(), message);
        finding.because.extend(reasons);
        finding.fixes.extend(shorter);
        finding.fixes.extend(elsewhere);
        if finding.fixes.is_empty()
            && let Err(why) = local.on_heap
        {
            finding.because.push(Note::new(format!("it is no `Vec` by an edit alone: {why}")));
        }
    }
}

fn reasons(local: &LargeLocal) -> Vec<Note> {
    let places = local.suspended_at.iter().take(MOST_PLACES).cloned();
    let mut notes: Vec<Note> = places
        .map(|it| Note::at(it, "the task may be suspended here, and its future has room for it"))
        .collect();
    if local.in_loop && local.on_heap.is_ok() {
        notes.push(Note::new(format!(
            "on the heap, each turn of the loop asks for {} bytes of memory and gives them back",
            local.bytes
        )));
    }
    notes
}
