//! A future that is made once, before a loop, and lent to each turn of it.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::TextRange;

use crate::{
    facts::{
        body::BodyFacts,
        lent::LentBefore,
        selects::{Branch, Select},
        surroundings::Surroundings,
        timeouts::Timeout,
    },
    finding::{Applicability, Fix, Note, Place},
    fix::{edits, handler, lines::line_end},
};

/// Makes the future of a branch before the loop, and lends it to the `select!`; or says why that is not possible.
pub fn before_loop(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    select: &Select,
    branch: &Branch,
) -> Result<Fix, Note> {
    lend(around, body.lent_before_loop(select, branch), &branch.at)
}

/// The same for a future that waits until its time is up.
pub fn to_timeout(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    timeout: &Timeout,
) -> Result<Fix, Note> {
    lend(around, body.lent_to_timeout(timeout), &timeout.future_at)
}

fn lend(
    around: &Surroundings<'_>,
    lent: Result<LentBefore, &'static str>,
    at: &Place,
) -> Result<Fix, Note> {
    let by_hand = |why: &str| {
        Note::new(format!(
            "{why}; what lives on may be kept outside the loop, or the work run as a task of its own"
        ))
    };
    let lent = lent.map_err(by_hand)?;
    let text = around.workspace.text(&at.file).ok_or_else(|| by_hand("its file is not there"))?;
    let start = usize::from(lent.loop_.start());
    let line = text[..start].rfind('\n').map_or(0, |it| it + 1);
    let indent = &text[line..start];
    if !indent.trim().is_empty() {
        return Err(by_hand("the loop is a part of something else"));
    }
    let (name, future) = (&lent.name, &text[at.range]);
    let made = format!("let mut {name} = std::pin::pin!({future});{}{indent}", line_end(text));
    let before = TextRange::empty(lent.loop_.start());
    let mut all = vec![(before, made), (at.range, format!("&mut {name}"))];
    let mut title = "Make the future before the loop, and lend it".to_owned();
    let mut doubt =
        "it goes on where it was in the next turn, and no longer begins anew".to_owned();
    if let Some(it) = &lent.made_anew_in {
        all.extend(handler::begin(text, it.range, &format!("{name}.set({future});")));
        title.push_str("; when it is done, make the next one");
        doubt.push_str("; the next one is there as soon as it is done");
    }
    let edit = edits::joined(all).ok_or_else(|| by_hand("it stands in its own way"))?;
    Ok(Fix {
        title,
        applicability: Applicability::Unsafe,
        doubt: Some(doubt),
        edits: BTreeMap::from([(at.file.clone(), edit)]),
        wants: BTreeSet::new(),
    })
}
