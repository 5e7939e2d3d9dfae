//! A future that loses something each time that it is given up and made anew.

use crate::{
    facts::{losses::Loss, timeouts::Timeout},
    finding::Note,
    fix::lend,
    rules::{
        Pass,
        lost::{lost, weigh},
    },
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for timeout in pass.body.timeouts() {
        if let Some(loss) = pass.losses.of_timeout(pass.body, &timeout) {
            report(pass, &timeout, loss);
        }
    }
}

fn report(pass: &mut Pass<'_, '_>, timeout: &Timeout, loss: Loss) {
    let fix = lend::to_timeout(pass.around, pass.body, timeout);
    let finding = pass.report(timeout.future_at.clone(), lost(&loss, &timeout.when));
    weigh(finding, &loss);
    finding.because.extend(loss.way);
    let dropped =
        format!("`{}` drops the future then, and the next turn makes another one", timeout.name);
    finding.because.push(Note::at(timeout.at.clone(), dropped));
    finding.because.extend(loss.keeping.map(Note::new));
    match fix {
        Ok(fix) => finding.fixes.push(fix),
        Err(reason) => finding.because.push(reason),
    }
}
