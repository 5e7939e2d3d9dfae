//! A future that loses something each time that another branch of its `select!` is done first.

use crate::{
    facts::{
        losses::Loss,
        selects::{Branch, Select},
    },
    finding::Note,
    fix::{kept_outside, lend},
    rules::{
        Pass,
        lost::{lost, weigh},
    },
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
    let kept = pass.body.kept_outside(select, branch);
    let kept = kept.map(|it| it.map(|it| kept_outside::keep(pass.around, &it)));
    let fix = lend::before_loop(pass.around, pass.body, select, branch);
    let finding = pass.report(branch.at.clone(), lost(&loss, "another branch is done first"));
    weigh(finding, &loss);
    finding.because.extend(loss.way);
    finding.because.push(Note::at(
        select.at.clone(),
        "each turn of the loop makes a new future for this branch, and drops the old one",
    ));
    finding.because.extend(loss.keeping.map(Note::new));
    match kept {
        Some(Ok(fix)) => finding.fixes.extend(fix),
        Some(Err(why)) => finding.because.push(Note::new(format!("it is not done here: {why}"))),
        None => {}
    }
    match fix {
        Ok(fix) => finding.fixes.push(fix),
        Err(reason) => finding.because.push(reason),
    }
}
