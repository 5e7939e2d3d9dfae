//! A future that may be dropped before it is done, without a word.

use crate::{finding::Note, fix::cancel_debug, rules::Pass};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for it in pass.body.unlogged(pass.losses) {
        let fix = it.wrapping.and_then(|it| cancel_debug::wrap(pass.around, &it));
        let message = format!("nobody hears of it when `{}` is dropped before it is done", it.name);
        let finding = pass.report(it.at, message);
        finding.because.extend(it.dropped_by);
        match fix {
            Ok(fix) => finding.fixes.push(fix),
            Err(why) => {
                finding.because.push(Note::new(format!("it cannot be wrapped here: {why}")));
            }
        }
    }
}
