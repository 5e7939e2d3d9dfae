//! A future that loses something each time that another branch of its `select!` is done first.

use crate::{
    facts::{
        losses::Loss,
        selects::{Branch, Select},
    },
    finding::Note,
    fix::lend,
    rules::{Pass, lost::lost},
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for select in pass.body.selects() {
        for branch in &select.branches {
            if let Some(loss) = pass.losses.of_branch(pass.body, select, branch) {
                report(pass, select, branch, loss);
            }
        }
    }
}

fn report(pass: &mut Pass<'_, '_>, select: &Select, branch: &Branch, loss: Loss) {
    let fix = lend::before_loop(pass.around, pass.body, select, branch);
    let finding = pass.report(branch.at.clone(), lost(&loss, "another branch is done first"));
    finding.because.extend(loss.way);
    finding.because.push(Note::at(
        select.at.clone(),
        "each turn of the loop makes a new future for this branch, and drops the old one",
    ));
    finding.because.extend(loss.keeping.map(Note::new));
    match fix {
        Ok(fix) => finding.fixes.push(fix),
        Err(reason) => finding.because.push(reason),
    }
}
