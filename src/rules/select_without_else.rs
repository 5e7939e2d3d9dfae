//! A `select!` that panics once none of its branches can be waited for any more.

use crate::{finding::Note, fix::otherwise, rules::Pass};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for select in pass.body.selects() {
        if !select.row.needs_else || select.has_else || !pass.body.may_all_be_disabled(select) {
            continue;
        }
        let fix = otherwise::leave_loop(pass.around, pass.body, select);
        let message = "when what comes fits the pattern of no branch, nothing is left to wait for, and this panics";
        let finding = pass.report(select.at.clone(), message.to_owned());
        finding.because.extend(
            select.branches.iter().map(|it| {
                Note::at(it.pattern.clone(), "what does not fit this disables the branch")
            }),
        );
        finding.fixes.extend(fix);
    }
}
