//! A runtime that async code made for itself, taken out with the waiting in it.

use std::collections::BTreeMap;

use crate::{
    facts::{body::BodyFacts, own_runtime::OwnRuntime, surroundings::Surroundings},
    finding::{Fix, Note},
    fix::{edits, template::Template},
};

/// The fix for all that waits in the runtime, when `fix` is that for one.
pub(super) fn without(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    template: &Template,
    runtime: OwnRuntime,
    fix: Fix,
) -> Result<Fix, Vec<Note>> {
    let file = runtime.made.file.clone();
    let text = around.text(&runtime.made).ok_or_else(Vec::new)?;
    let mut edits = vec![(runtime.made.range, String::new())];
    for wait in &runtime.waits {
        let unclear = || vec![Note::new("not all that waits in this runtime can be awaited")];
        let parts = body.call_parts(wait).filter(|it| it.at.file == file).ok_or_else(unclear)?;
        let edit = template.edit(text, &parts, None).ok_or_else(unclear)?;
        edits.extend(edit.into_iter().map(|it| (it.delete, it.insert)));
    }
    let edit = edits::joined(edits).ok_or_else(Vec::new)?;
    let title = "Await the future instead, in the runtime that is there already".to_owned();
    Ok(Fix { title, edits: BTreeMap::from([(file, edit)]), ..fix })
}
