//! Runtimes that are built without a part that is needed in them.

use crate::{facts::disabled_drivers::DisabledDriver, finding::Note, fix::turn_on, rules::Pass};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for it in pass.body.disabled_drivers(pass.foreign) {
        let fix = turn_on::everything(pass.around, &it);
        let finding = pass.report(it.at.clone(), message(&it));
        finding.because.push(Note::perhaps_at(it.polled, "this runs it"));
        finding.because.extend(it.need.way);
        finding.fixes.extend(fix);
    }
}

fn message(it: &DisabledDriver) -> String {
    format!("{} needs {}, and this runtime is built without it", it.need.row.said(), it.part)
}
