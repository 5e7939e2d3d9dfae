//! A lock, a borrow or a span that is held while its task is suspended.

use crate::{
    facts::held::HeldGuard,
    finding::{Note, Severity},
    fix::narrow,
    knowledge::Guard,
    rules::Pass,
};

/// So many places say enough.
const MOST_PLACES: usize = 3;

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for guard in pass.body.held_guards() {
        let type_ = guard.row.name();
        let what = match (&guard.name, guard.wrapped) {
            (Some(name), false) => format!("`{name}`, a `{type_}`,"),
            (Some(name), true) => format!("`{name}`, with a `{type_}` in it,"),
            (None, _) => format!("a `{type_}`"),
        };
        let message = format!("{what} is held across an `.await`");
        let reasons = reasons(&guard);
        let section = pass.body.section(&guard);
        let finding = pass.report(guard.at.clone(), message);
        if guard.kind == Guard::Context {
            finding.severity = finding.severity.min(Severity::Warn);
        }
        finding.because.extend(reasons);
        let name = guard.name.as_deref().unwrap_or("guard");
        match section {
            Ok(section) => finding.fixes.extend(narrow::in_block(name, &section)),
            Err(reason) => finding.because.push(Note::new(reason)),
        }
    }
}

fn reasons(guard: &HeldGuard<'_>) -> Vec<Note> {
    let places = guard.suspended_at.iter().take(MOST_PLACES).cloned();
    let places = places.map(|it| Note::at(it, "the task may be suspended here, and holds it"));
    let consequence = guard.row.note.as_deref().unwrap_or(match guard.kind {
        Guard::Context => "whatever runs on this thread in the meantime runs inside it",
        _ => {
            "whoever needs it in the meantime blocks a thread; where that is the thread that should go on with this \
             task, nothing ever does"
        }
    });
    places.chain([Note::new(consequence)]).collect()
}
