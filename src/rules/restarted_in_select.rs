//! Something that begins to wait anew in each turn of a `select!` loop, and so misses what it waits for.

use crate::{finding::Note, fix::lend, rules::Pass};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for select in pass.body.selects() {
        for branch in &select.branches {
            let Some(restarted) = pass.body.restarted(select, branch) else { continue };
            let message = match restarted.at_once {
                true => format!(
                    "{} is made anew in each turn of the loop, and is done at once each time",
                    restarted.row.said()
                ),
                false => format!(
                    "{} is made anew in each turn of the loop, and hears of nothing while another branch is at work",
                    restarted.row.said()
                ),
            };
            let fix = match restarted.at_once {
                false => Some(lend::before_loop(pass.around, pass.body, select, branch)),
                true => None,
            };
            let finding = pass.report(restarted.at.clone(), message);
            let note = |it: crate::finding::Place| Note::at(it, "in the meantime this is awaited");
            finding.because.extend(restarted.meanwhile.map(note));
            finding.because.extend(restarted.row.keeping.clone().map(Note::new));
            match fix {
                Some(Ok(fix)) => finding.fixes.push(fix),
                Some(Err(reason)) => finding.because.push(reason),
                None => {}
            }
        }
    }
}
