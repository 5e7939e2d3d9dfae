//! A future that nobody polls is awaited where it is made.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::TextEdit;

use crate::{
    facts::{
        alive::{Alive, Matter},
        body::BodyFacts,
        unpolled::Unpolled,
    },
    finding::{Applicability, Fix, Note},
};

/// Writes an `.await` behind it, or says why not.
pub fn await_it(body: &BodyFacts<'_>, unpolled: &Unpolled) -> Result<Fix, Vec<Note>> {
    let alive = body.alive_while_polled(unpolled).map_err(|it| vec![Note::new(it)])?;
    let (blocking, doubtful): (Vec<Alive>, Vec<Alive>) =
        alive.into_iter().partition(|it| it.matter >= Matter::UnknownType);
    if !blocking.is_empty() {
        return Err(blocking.iter().map(Alive::note).collect());
    }
    let mut doubts = vec!["what it does has not been done so far".to_owned()];
    doubts.extend(doubtful.iter().map(|it| it.note().text));
    let edit = TextEdit::insert(unpolled.at.range.end(), ".await".to_owned());
    Ok(Fix {
        title: "Await the future".to_owned(),
        applicability: Applicability::Unsafe,
        doubt: Some(doubts.join("; ")),
        edits: BTreeMap::from([(unpolled.at.file.clone(), edit)]),
        wants: BTreeSet::new(),
    })
}
