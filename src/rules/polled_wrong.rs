//! A future that is polled after it is done, or that does not live from one poll to the next.

use crate::{
    facts::{losses::Loss, until_error::Sibling},
    finding::{Note, Severity},
    fix::once,
    rules::{
        Pass,
        lost::{lost, weigh},
    },
};

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
    for sibling in pass.body.siblings() {
        if let Some(loss) = pass.losses.of_sibling(pass.body, &sibling) {
            report_sibling(pass, sibling, loss);
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

fn report_sibling(pass: &mut Pass<'_, '_>, sibling: Sibling, loss: Loss) {
    let finding = pass.report(sibling.future_at, lost(&loss, "another one fails first"));
    finding.severity = Severity::Warn;
    weigh(finding, &loss);
    finding.because.extend(loss.way);
    let dropped = format!(
        "`{}` drops the future when another one gives an error, and the next turn makes it anew",
        sibling.name
    );
    finding.because.push(Note::at(sibling.at, dropped));
    finding.because.push(Note::at(sibling.other_at, "this may give one"));
    finding.because.extend(loss.keeping.map(Note::new));
    finding.because.push(Note::new(
        "what awaits all of them to their ends, and looks at the errors behind, loses nothing",
    ));
}
