//! An asynchronous lock where one for threads would do.

use crate::{
    finding::Note,
    rules::{MOST_PLACES, Pass},
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for lock in pass.locks.short(pass.body) {
        let message = format!(
            "nobody holds `{}` across an `.await`: a `std::sync::{}` is enough here",
            lock.name, lock.kind
        );
        let finding = pass.report(lock.at, message);
        let places = lock.taken_at.into_iter().take(MOST_PLACES);
        finding
            .because
            .extend(places.map(|it| Note::at(it, "it is let go before the next `.await`")));
        finding.because.push(Note::new(
            "waiting for it as a task costs more than such a short wait; keep it where a holder computes for long",
        ));
    }
}
