//! Where what each repair wrote is now, however many rounds ago it was written.

use std::collections::BTreeMap;

use ra_ap_ide_db::text_edit::{TextEdit, TextRange, TextSize};

use crate::{
    finding::{FilePath, Fix, Place},
    plan::{Trace, origin::Origins},
    workspace::Texts,
};

/// Brings `traces` from the texts before `edits` to those after it, and adds one for each of `fixes`, which are in
/// `edits`. `edited` are the texts right after the edits, `now` those that lost some imports on top.
pub(super) fn follow(
    traces: &mut Vec<Trace>,
    fixes: &[(Option<Place>, Option<&Fix>)],
    edits: &BTreeMap<FilePath, TextEdit>,
    edited: &Texts,
    now: &Texts,
) {
    for place in traces.iter_mut().flat_map(|it| &mut it.wrote) {
        if let Some(edit) = edits.get(&place.file) {
            let (start, end) = (place.range.start(), place.range.end());
            place.range = TextRange::new(moved(edit, start).0, moved(edit, end).1);
        }
    }
    traces.extend(fixes.iter().map(|(at, fix)| Trace {
        at: at.clone(),
        wrote: fix.map(|it| wrote(it, edits)).unwrap_or_default(),
    }));
    let mut tidied = Origins::new(now, edited);
    for place in traces.iter_mut().flat_map(|it| &mut it.wrote) {
        if edits.contains_key(&place.file)
            && let Some(it) = tidied.of(place)
        {
            *place = it;
        }
    }
}

/// Where the texts of `fix` are once `edits` is applied.
fn wrote(fix: &Fix, edits: &BTreeMap<FilePath, TextEdit>) -> Vec<Place> {
    let mut places = Vec::new();
    for (file, edit) in &fix.edits {
        let Some(whole) = edits.get(file) else { continue };
        for indel in edit {
            let start = shifted(whole, indel.delete.start());
            let range = TextRange::at(start, TextSize::of(&indel.insert));
            places.push(Place::new(file.clone(), range));
        }
    }
    places
}

/// Where a text that was inserted at `offset` starts.
fn shifted(edit: &TextEdit, offset: TextSize) -> TextSize {
    let before =
        edit.iter().take_while(|it| it.delete.end() <= offset && it.delete.start() < offset);
    before.fold(offset, |at, it| at + TextSize::of(&it.insert) - it.delete.len())
}

/// The first and the last place that `offset` may have come to: they differ where the text around it was replaced.
fn moved(edit: &TextEdit, offset: TextSize) -> (TextSize, TextSize) {
    let at = shifted(edit, offset);
    match edit.iter().find(|it| it.delete.start() <= offset && offset <= it.delete.end()) {
        Some(it) if it.delete.end() > offset || it.delete.is_empty() => {
            let start = shifted(edit, it.delete.start());
            (start, start + TextSize::of(&it.insert))
        }
        _ => (at, at),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{finding::Applicability, plan::merge::Merged};

    fn fix(text: &str, replaced: &[(&str, &str)]) -> Fix {
        let mut builder = TextEdit::builder();
        for (old, new) in replaced {
            let start = TextSize::new(text.find(old).unwrap() as u32);
            builder.replace(TextRange::at(start, TextSize::of(*old)), (*new).to_owned());
        }
        Fix {
            title: String::new(),
            applicability: Applicability::Safe,
            doubt: None,
            edits: BTreeMap::from([(FilePath::new("a.rs"), builder.finish())]),
            wants: BTreeSet::new(),
        }
    }

    /// Applies `fixes` at once, loses `import`, and says what the text is then.
    fn round(traces: &mut Vec<Trace>, text: &str, fixes: &[Fix], import: &str) -> String {
        let mut merged = Merged::default();
        assert!(fixes.iter().all(|it| merged.add(it)));
        let mut edited = text.to_owned();
        let edits = merged.edits();
        edits[&FilePath::new("a.rs")].apply(&mut edited);
        let now = edited.replace(import, "");
        let texts = |it: &str| Texts::from([(FilePath::new("a.rs"), it.to_owned())]);
        let fixes: Vec<_> = fixes.iter().map(|it| (None, Some(it))).collect();
        follow(traces, &fixes, &edits, &texts(&edited), &texts(&now));
        now
    }

    fn texts<'t>(traces: &[Trace], text: &'t str) -> Vec<Vec<&'t str>> {
        let of = |it: &Trace| it.wrote.iter().map(|it| &text[it.range]).collect();
        traces.iter().map(of).collect()
    }

    #[test]
    fn what_was_written_is_found_after_later_rounds() {
        let mut traces = Vec::new();
        let text = "use x;\nfn f() {\n    one(1);\n    two(2);\n    three(3);\n}\n";
        let first = [fix(text, &[("two", "a::two_and_a_half"), ("2)", "2).await")])];
        let text = round(&mut traces, text, &first, "");
        let second = [
            fix(&text, &[("one", "b::one"), ("1)", "1).await")]),
            fix(&text, &[("three(3)", "c::three(3).await")]),
            fix(&text, &[("half", "third")]),
        ];
        let text = round(&mut traces, &text, &second, "use x;\n");
        assert_eq!(
            texts(&traces, &text),
            [
                vec!["a::two_and_a_third", "2).await"],
                vec!["b::one", "1).await"],
                vec!["c::three(3).await"],
                vec!["third"],
            ]
        );
    }
}
