//! A branch of a `select!` that is left out once its future is done.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::TextRange;

use crate::{
    facts::{
        polled_wrong::{Once, PolledAgain},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix},
    fix::{edits, handler, lines::line_end},
};

/// Gives the branch a condition, which its handler ends.
pub fn guard(around: &Surroundings<'_>, polled: &PolledAgain, once: &Once) -> Option<Fix> {
    let text = around.text(&polled.at)?;
    let flag = &once.flag;
    let start = usize::from(once.loop_.start());
    let line = text[..start].rfind('\n').map_or(0, |it| it + 1);
    let indent = &text[line..start];
    if !indent.trim().is_empty() {
        return None;
    }
    let mut all = vec![
        (
            TextRange::empty(once.loop_.start()),
            format!("let mut {flag} = false;{}{indent}", line_end(text)),
        ),
        (TextRange::empty(once.guard), format!(", if !{flag}")),
    ];
    all.extend(handler::begin(text, once.handler, &format!("{flag} = true;")));
    Some(Fix {
        title: "Leave the branch out once it is done".to_owned(),
        applicability: Applicability::Unsafe,
        doubt: Some("a loop that was to end with a panic goes on".to_owned()),
        edits: BTreeMap::from([(polled.at.file.clone(), edits::joined(all)?)]),
        wants: BTreeSet::new(),
    })
}
