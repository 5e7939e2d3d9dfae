//! What a `select!` does when none of its branches is left.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    facts::{body::BodyFacts, selects::Select, surroundings::Surroundings},
    finding::{Applicability, Fix},
    fix::{edits, lines::line_end},
};

/// Ends the loop around it then, where it has a line of its own for each branch.
pub fn leave_loop(around: &Surroundings<'_>, body: &BodyFacts<'_>, select: &Select) -> Option<Fix> {
    if !body.is_statement_of_plain_loop(select) {
        return None;
    }
    let text = around.workspace.text(&select.at.file)?;
    let last = select.branches.iter().max_by_key(|it| it.at.range.start())?;
    let (start, end) =
        (usize::from(last.pattern.range.start()), usize::from(select.at.range.end()));
    let line = text[..start].rfind('\n').map_or(0, |it| it + 1);
    let indent = &text[line..start];
    // The bracket that ends the call stands on a line of its own.
    let closing = text[..end].rfind('\n').map(|it| it + 1)?;
    let is_alone = text[closing..end].trim() == "}";
    if !indent.trim().is_empty() || !is_alone || closing <= start {
        return None;
    }
    let before = text[..closing].trim_end();
    let needs_comma = !before.ends_with([',', '}']);
    let at = |offset: usize| {
        let offset = ra_ap_syntax::TextSize::try_from(offset).ok()?;
        Some(ra_ap_syntax::TextRange::empty(offset))
    };
    // A comment may stand behind the last branch.
    if before.len() < start
        || text[before.len()..closing].contains("//")
        || has_comment(&text[usize::from(last.at.range.end())..closing], needs_comma)
    {
        return None;
    }
    let mut all = vec![(at(closing)?, format!("{indent}else => break,{}", line_end(text)))];
    if needs_comma {
        all.insert(0, (at(before.len())?, ",".to_owned()));
    }
    let edit = edits::joined(all)?;
    Some(Fix {
        title: "End the loop then".to_owned(),
        applicability: Applicability::Unsafe,
        doubt: Some("a loop that ends in silence may be as unexpected as a panic".to_owned()),
        edits: BTreeMap::from([(select.at.file.clone(), edit)]),
        wants: BTreeSet::new(),
    })
}

/// Whether a comma would have to be put behind code that a comment follows on its line.
fn has_comment(behind: &str, needs_comma: bool) -> bool {
    needs_comma && behind.lines().last().is_some_and(|it| it.contains("//"))
}
