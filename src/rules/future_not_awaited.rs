//! A future that is dropped before anybody polls it.

use crate::{
    facts::unpolled::{Dropped, Unpolled},
    finding::Note,
    fix::await_it::await_it,
    rules::Pass,
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for unpolled in pass.body.unpolled() {
        let fix = await_it(pass.body, &unpolled);
        let finding = pass.report(unpolled.at.clone(), message(&unpolled));
        if let Dropped::Unused(name) = &unpolled.dropped {
            finding.because.push(Note::new(format!("nobody uses `{name}`")));
        }
        match fix {
            Ok(fix) => finding.fixes.push(fix),
            Err(reasons) => finding.because.extend(reasons),
        }
    }
}

fn message(unpolled: &Unpolled) -> String {
    match (&unpolled.inside, &unpolled.callee) {
        (Some(container), _) => format!(
            "the futures in this `{container}` are dropped before they have run, and do nothing"
        ),
        (None, Some(callee)) => {
            format!("the future of `{callee}` is dropped before it has run, and does nothing")
        }
        (None, None) => "this future is dropped before it has run, and does nothing".to_owned(),
    }
}
