//! A copy of what a guard leads to, in place of the guard.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::TextEdit;

use crate::{
    facts::read_later::ReadOnly,
    finding::{Applicability, Fix},
};

/// Puts the copy into the variable that held the guard.
pub fn copy(name: &str, read: &ReadOnly) -> Fix {
    let mut edit = TextEdit::builder();
    match read.is_copy {
        true => edit.insert(read.initializer.start(), "*".to_owned()),
        false => edit.insert(read.initializer.end(), ".clone()".to_owned()),
    }
    read.derefs.iter().for_each(|it| edit.replace(*it, name.to_owned()));
    Fix {
        title: format!("Copy what `{name}` leads to, and let go of the lock"),
        applicability: Applicability::Unsafe,
        doubt: Some(format!(
            "`{name}` is a copy then, which may be out of date by the time it is used"
        )),
        edits: BTreeMap::from([(read.file.clone(), edit.finish())]),
        wants: BTreeSet::new(),
    }
}
