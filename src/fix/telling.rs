//! A lock that tells of changes which were left half done.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::TextEdit;

use crate::{
    facts::locks::telling::Telling,
    finding::{Applicability, Fix},
};

/// Names another lock where this one is declared: only a sketch, since whoever locks it has to say what happens then.
pub fn instead(telling: &Telling) -> Fix {
    let name = telling.instead.rsplit("::").next().unwrap_or_default();
    let edit = TextEdit::replace(telling.at.range, telling.instead.clone());
    Fix {
        title: format!("Make it a `{name}`, which tells whoever comes next"),
        applicability: Applicability::Manual,
        doubt: Some(
            "how it is made, and what is done when it tells of a change that was left half done, is for you to say"
                .to_owned(),
        ),
        edits: BTreeMap::from([(telling.at.file.clone(), edit)]),
        wants: BTreeSet::new(),
    }
}
