//! A runtime with all its parts.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::TextRange;

use crate::{
    facts::{disabled_drivers::DisabledDriver, surroundings::Surroundings},
    finding::{Applicability, Fix},
    fix::edits,
};

/// Says it to the builder, on a line of its own where its last call has one.
pub fn everything(around: &Surroundings<'_>, it: &DisabledDriver) -> Option<Fix> {
    let whole = it.whole.as_ref()?;
    let between = it.before_build?;
    let space = &around.text(&it.at)?[between];
    let space = if space.trim().is_empty() { space } else { "" };
    let call = (TextRange::empty(between.start()), format!("{space}.{whole}()"));
    Some(Fix {
        title: "Build the runtime with all its parts".to_owned(),
        applicability: Applicability::Safe,
        doubt: None,
        edits: BTreeMap::from([(it.at.file.clone(), edits::joined(vec![call])?)]),
        wants: BTreeSet::new(),
    })
}
