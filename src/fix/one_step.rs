//! Changes that are made after an `.await`, together with those that follow it.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::{TextEdit, TextRange};

use crate::{
    facts::one_step::OneStep,
    finding::{Applicability, Fix},
    fix::lines::{indentation, line_end},
};

/// Moves the first changes behind the `.await`.
pub fn after_await(name: &str, step: &OneStep, text: &str) -> Fix {
    let mut doubts = vec!["what others do meanwhile comes before the first change then"];
    if step.may_end {
        doubts.push("the first change is not made any more when the function ends on the way");
    }
    let mut edit = TextEdit::builder();
    edit.delete(TextRange::new(step.changes.start(), step.gap.end()));
    let line = format!("{}{}", line_end(text), indentation(text, step.to));
    edit.insert(step.to, format!("{}{line}", &text[step.changes]));
    Fix {
        title: format!("Change all of `{name}` after the `.await`"),
        applicability: Applicability::Unsafe,
        doubt: Some(doubts.join("; ")),
        edits: BTreeMap::from([(step.file.clone(), edit.finish())]),
        wants: BTreeSet::new(),
    }
}
