//! A lock, a borrow or a span that is held while its task is suspended.

use crate::{
    facts::{held::HeldGuard, names},
    finding::{Fix, Note, Severity},
    fix::{carry, hoist, lock, narrow, read_later},
    knowledge::Guard,
    rules::{MOST_PLACES, Pass},
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for guard in pass.body.held_guards() {
        if pass.locks.is_only_tried(pass.body, &guard) {
            continue;
        }
        let type_ = names::with_article(guard.row.name());
        let what = match (&guard.name, guard.wrapped) {
            (Some(name), false) => format!("`{name}`, {type_},"),
            (Some(name), true) => format!("`{name}`, with {type_} in it,"),
            (None, _) => type_,
        };
        let message = format!("{what} is held across an `.await`");
        let reasons = reasons(&guard);
        let fix = cure(pass, &guard);
        let finding = pass.report(guard.at.clone(), message);
        // Who waits for it keeps other threads waiting, not the one that goes on with this task.
        if guard.kind == Guard::Context || (guard.alone && guard.rival.is_none()) {
            finding.severity = finding.severity.min(Severity::Warn);
        }
        finding.because.extend(reasons);
        match fix {
            Ok(fix) => finding.fixes.extend(fix),
            Err(reasons) => finding.because.extend(reasons),
        }
    }
}

/// A shorter life for the guard, or a lock for which tasks wait; or why neither can be had.
fn cure<'db>(pass: &Pass<'_, 'db>, guard: &HeldGuard<'db>) -> Result<Option<Fix>, Vec<Note>> {
    let mut reasons = match shorter_life(pass, guard) {
        Ok(Some(it)) => return Ok(Some(it)),
        Ok(None) => Vec::new(),
        Err(it) => vec![Note::new(it)],
    };
    let Some(lock) = pass.body.lock_type(guard) else { return Err(reasons) };
    let uses = pass.locks.uses(pass.body, &lock);
    let fix = uses.as_ref().as_ref().map_err(|it| lock::stays(it.clone()));
    match fix.and_then(|it| lock::make_asynchronous(pass.around, pass.body, &lock, it)) {
        Ok(fix) => Ok(Some(fix)),
        Err(other) => {
            reasons.push(other);
            Err(reasons)
        }
    }
}

fn shorter_life<'db>(
    pass: &Pass<'_, 'db>,
    guard: &HeldGuard<'db>,
) -> Result<Option<Fix>, &'static str> {
    if let Some(rest) = pass.body.rest(guard)? {
        return Ok(carry::with_future(pass.around, pass.body, &rest));
    }
    let Some(name) = &guard.name else {
        let hoisted = pass.body.hoisted(guard)?;
        let text = pass.around.text(&guard.at).unwrap_or_default();
        return Ok(hoist::before(&hoisted, text));
    };
    match (pass.body.section(guard), pass.body.read_only(guard)) {
        (Ok(section), _) => Ok(narrow::in_block(name, &section)),
        (Err(_), Some(read)) => Ok(Some(read_later::copy(name, &read))),
        (Err(reason), None) => Err(reason),
    }
}

fn reasons(guard: &HeldGuard<'_>) -> Vec<Note> {
    let places = guard.suspended_at.iter().take(MOST_PLACES).cloned();
    let places = places.map(|it| Note::at(it, "the task may be suspended here, and holds it"));
    let consequence = guard.row.note.as_deref().unwrap_or(match (guard.kind, guard.alone) {
        (Guard::Context, _) => "whatever runs on this thread in the meantime runs inside it",
        (_, true) => "whoever needs it in the meantime blocks a thread until this task goes on",
        _ => {
            "whoever needs it in the meantime blocks a thread; where that is the thread that should go on with this \
             task, nothing ever does"
        }
    });
    let rival = guard.rival.iter().map(|it| {
        Note::at(
            it.clone(),
            "another branch takes the same lock on the same thread: neither goes on",
        )
    });
    let rival: Vec<Note> = rival.collect();
    places.chain(rival).chain([Note::new(consequence)]).collect()
}
