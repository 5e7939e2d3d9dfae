//! What `cancel-debug` has written, once nobody needs it any more.

use crate::{fix::cancel_debug, rules::Pass};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for (at, name) in pass.body.wrappers() {
        let fix = cancel_debug::unwrap(pass.around, &pass.target.root);
        let message = format!("`{name}` is wrapped to log when it is dropped before it is done");
        let finding = pass.report(at, message);
        match fix {
            Ok(fix) => finding.fixes.push(fix),
            Err(why) => finding.because.push(why),
        }
    }
}
