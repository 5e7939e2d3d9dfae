//! A statement that comes before another one, which waits for something else.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::TextRange;

use crate::{
    facts::{
        left_behind::{Earlier, WrittenLate},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix},
    fix::{
        edits,
        in_place::lines,
        lines::{indentation, line_end},
    },
};

/// Writes it as soon as it is there.
pub fn write(
    around: &Surroundings<'_>,
    late: &WrittenLate,
    it: &Earlier,
) -> Result<Fix, &'static str> {
    let text = around.text(&late.at).ok_or("its file is not in sight")?;
    let gone = lines(text, it.statement).ok_or("it does not stand on lines of its own")?;
    let mut moved = String::new();
    let mut from = it.statement.start();
    let mut copied = it.copied.clone();
    copied.sort_by_key(|it| it.start());
    for place in copied {
        moved.push_str(&text[TextRange::new(from, place.end())]);
        moved.push_str(".clone()");
        from = place.end();
    }
    moved.push_str(&text[TextRange::new(from, it.statement.end())]);
    let line = format!("{}{}", line_end(text), indentation(text, it.before.start()));
    let mut all = vec![
        (TextRange::empty(it.before.start()), format!("{moved}{line}")),
        (gone, String::new()),
    ];
    all.extend(it.plain.iter().cloned());
    Ok(Fix {
        title: format!("Write `{}` before anything else is awaited", late.name),
        applicability: Applicability::Unsafe,
        doubt: Some("others see it before the code in between has run".to_owned()),
        edits: BTreeMap::from([(
            late.at.file.clone(),
            edits::joined(all).ok_or("it stands in its own way")?,
        )]),
        wants: BTreeSet::new(),
    })
}
