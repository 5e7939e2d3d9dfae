//! A turn for others, in the middle of a long loop.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::TextEdit;

use crate::{
    facts::{
        body::BodyFacts,
        long_loops::{Length, LongLoop},
        runtime::Runtime,
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix},
    fix::{
        lines::{indentation, line_end, step},
        path,
    },
};

/// Of so many quick turns one lets others go on.
const QUICK_TURNS: u32 = 10_000;

/// Awaits the runtime's own way to let others have their turn, at the start of each turn of the loop, or of some.
pub fn sketch(around: &Surroundings<'_>, body: &BodyFacts<'_>, it: &LongLoop) -> Option<Fix> {
    let Runtime::One(driver) = &around.runtime else { return None };
    let function = body.runtime_of(driver)?.yields.as_deref().filter(|it| driver.has(it))?;
    let room = it.sketch.as_ref()?;
    let function = path::shortest(body, room.expr, &driver.root(), function);
    let text = around.text(&it.at)?;
    let step = step(text, it.at.range.start());
    let line = format!("{}{}{step}", line_end(text), indentation(text, it.at.range.start()));
    let statement = match it.length {
        Length::Nested => format!("{line}{function}().await;"),
        Length::Turns(_) => {
            let counter = room.counter.as_deref()?;
            format!(
                "{line}if {counter} % {QUICK_TURNS} == 0 {{{line}{step}{function}().await;{line}}}"
            )
        }
    };
    let mut edit = TextEdit::builder();
    edit.insert(room.at, statement);
    Some(Fix {
        title: "Let others have their turn in between".to_owned(),
        applicability: Applicability::Manual,
        doubt: Some("how often that should be, only you know".to_owned()),
        edits: BTreeMap::from([(it.at.file.clone(), edit.finish())]),
        wants: BTreeSet::new(),
    })
}
