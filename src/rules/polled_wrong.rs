//! A future that is polled after it is done, or that does not live from one poll to the next.

use crate::{finding::Note, fix::once, rules::Pass};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for it in pass.body.polled_again() {
        let fix = it.once.as_ref().map(|once| once::guard(pass.around, &it, once));
        let name = &it.name;
        let message = match it.passed_over {
            false => format!("`{name}` is polled again in the turn after it is done, and panics"),
            true => format!(
                "`{name}` is polled again in the turn after it is done, and panics, where what it gave did not fit the pattern"
            ),
        };
        let finding = pass.report(it.at.clone(), message);
        finding.because.push(Note::at(it.handler.clone(), "the loop goes on behind this"));
        match fix {
            Ok(Some(fix)) => finding.fixes.push(fix),
            Ok(None) => {}
            Err(why) => finding.because.push(Note::new(format!(
                "a condition that leaves the branch out from then on is not enough: {why}"
            ))),
        }
    }
    for it in pass.body.made_in_poll() {
        let message = format!(
            "{} is made anew by each `poll` and dropped at its end, so it loses its turn each time, and wakes nobody",
            it.row.said()
        );
        let finding = pass.report(it.at, message);
        finding.because.push(Note::new(
            "a future that waits for several polls is kept in the value that is polled, boxed and pinned",
        ));
    }
}
