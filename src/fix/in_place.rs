//! Something that is borrowed where it is, and not taken out for a time.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::{TextRange, TextSize};

use crate::{
    facts::{left_behind::Borrowed, surroundings::Surroundings},
    finding::{Applicability, Fix},
    fix::edits,
};

/// Borrows it, and takes out the statement that puts it back.
pub fn borrow(around: &Surroundings<'_>, it: &Borrowed) -> Result<Fix, &'static str> {
    let text = around.workspace.text(&it.file).ok_or("its file is not in sight")?;
    let name = &it.name;
    let mut all = vec![(it.method.0, it.method.1.clone())];
    if text[it.pattern] != **name {
        all.push((it.pattern, name.clone()));
    }
    all.extend(it.lent.iter().map(|it| (*it, name.clone())));
    all.push((lines(text, it.back).ok_or("it does not stand on lines of its own")?, String::new()));
    Ok(Fix {
        title: format!("Borrow `{name}` in its place"),
        applicability: Applicability::Unsafe,
        doubt: Some(format!(
            "`{name}` is there then, too, when the function ends on the way, and perhaps it should not be"
        )),
        edits: BTreeMap::from([(
            it.file.clone(),
            edits::joined(all).ok_or("it stands in its own way")?,
        )]),
        wants: BTreeSet::new(),
    })
}

/// The whole lines of a statement, where nothing else stands on them.
pub(super) fn lines(text: &str, statement: TextRange) -> Option<TextRange> {
    let (start, end) = (usize::from(statement.start()), usize::from(statement.end()));
    let from = text[..start].rfind('\n').map_or(0, |it| it + 1);
    let to = text[end..].find('\n').map_or(text.len(), |it| end + it + 1);
    let is_alone = text[from..start].trim().is_empty() && text[end..to].trim().is_empty();
    let size = |it: usize| TextSize::try_from(it).ok();
    is_alone.then(|| Some(TextRange::new(size(from)?, size(to)?)))?
}
