//! A future in a box.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::TextEdit;
use ra_ap_syntax::TextRange;

use crate::{
    facts::made_futures::Boxing,
    finding::{Applicability, Fix},
    fix::edits,
};

/// Writes the box where the future is made, or says why that cannot be.
pub fn pin(boxing: &Result<Boxing, &'static str>) -> Result<Fix, &'static str> {
    let (file, edit) = match boxing {
        Err(why) => return Err(*why),
        Ok(Boxing::InPlaceOf(it)) => {
            (it.file.clone(), TextEdit::replace(it.range, "Box::pin".to_owned()))
        }
        Ok(Boxing::Around(it)) => {
            let (start, end) =
                (TextRange::empty(it.range.start()), TextRange::empty(it.range.end()));
            let around = vec![(start, "Box::pin(".to_owned()), (end, ")".to_owned())];
            (it.file.clone(), edits::joined(around).ok_or("it has no text of its own")?)
        }
    };
    Ok(Fix {
        title: "Put the future in a box".to_owned(),
        applicability: Applicability::Safe,
        doubt: None,
        edits: BTreeMap::from([(file, edit)]),
        wants: BTreeSet::new(),
    })
}
