//! A future that a `select!` gets for good.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::{TextRange, TextSize};

use crate::{
    facts::{
        futurelock::{Change, DropFirst, HandOver},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix},
    fix::{edits, handler, lines::line_end},
};

/// Gives the future away instead of lending it, so that it is dropped before anything else is awaited.
pub fn give(around: &Surroundings<'_>, hand_over: &HandOver) -> Option<Fix> {
    let HandOver { to, lent, name, .. } = hand_over;
    let text = around.workspace.text(&lent.file)?;
    let mut all = vec![(lent.range, name.clone())];
    for (place, change) in &hand_over.changes {
        if place.file != lent.file {
            return None;
        }
        all.push(match change {
            Change::Name => (place.range, name.clone()),
            Change::Inside => (place.range, inside(&text[place.range])?.to_owned()),
            Change::Gone => (line(text, place.range)?, String::new()),
        });
    }
    Some(Fix {
        title: format!("Give `{name}` to {to}, which drops it before it goes on"),
        applicability: Applicability::Unsafe,
        doubt: Some(format!("`{name}` ends there when it is not the first to be done")),
        edits: BTreeMap::from([(lent.file.clone(), edits::joined(all)?)]),
        wants: BTreeSet::new(),
    })
}

/// Drops the future first in the handler that waits.
pub fn drop_first(around: &Surroundings<'_>, it: &DropFirst) -> Option<Fix> {
    let text = around.text(&it.handler)?;
    let name = &it.name;
    let mut all = handler::begin(text, it.handler.range, &format!("drop({name});"));
    if let Some((place, change)) = &it.boxed {
        all.push(match change {
            Change::Inside => (place.range, format!("Box::pin({})", inside(&text[place.range])?)),
            Change::Gone => {
                let line = line(text, place.range)?;
                let end = line.end() - TextSize::of(line_end(text));
                let statement = TextRange::new(place.range.start(), end);
                (statement, format!("let mut {name} = Box::pin({name});"))
            }
            Change::Name => return None,
        });
    }
    Some(Fix {
        title: format!("Drop `{name}` first"),
        applicability: Applicability::Unsafe,
        doubt: Some(format!("`{name}` ends there, and what it has begun stays half done")),
        edits: BTreeMap::from([(it.handler.file.clone(), edits::joined(all)?)]),
        wants: BTreeSet::new(),
    })
}

/// What stands in the brackets of a macro call.
pub(super) fn inside(call: &str) -> Option<&str> {
    let (_, inside) = call.split_once('!')?;
    let inside = inside.trim().strip_prefix('(')?.strip_suffix(')')?.trim();
    Some(inside.strip_suffix(',').unwrap_or(inside))
}

/// The whole line of a macro call that stands there alone.
pub(super) fn line(text: &str, range: TextRange) -> Option<TextRange> {
    let start = text[..usize::from(range.start())].rfind('\n').map_or(0, |it| it + 1);
    let end = text[usize::from(range.end())..].find('\n')? + usize::from(range.end()) + 1;
    let call = text[start..end].trim();
    let is_alone = call.strip_suffix(';').is_some_and(|it| it.trim_end() == &text[range]);
    let size = |it: usize| TextSize::try_from(it).ok();
    is_alone.then(|| Some(TextRange::new(size(start)?, size(end)?)))?
}
