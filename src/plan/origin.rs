//! Where a place in an edited text was in the text as it was read.

use std::collections::HashMap;

use ra_ap_ide_db::text_edit::{TextRange, TextSize};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::{
    finding::{FilePath, Place},
    workspace::Texts,
};

/// Maps places of the texts of `now` back to those of `original`.
pub(super) struct Origins<'a> {
    original: &'a Texts,
    now: &'a Texts,
    kept: HashMap<FilePath, Vec<Kept>>,
}

/// A stretch that is the same in both texts.
struct Kept {
    now: usize,
    original: usize,
    length: usize,
}

impl<'a> Origins<'a> {
    pub fn new(original: &'a Texts, now: &'a Texts) -> Origins<'a> {
        Origins { original, now, kept: HashMap::new() }
    }

    /// None for code that an edit wrote.
    pub fn of(&mut self, place: &Place) -> Option<Place> {
        let (original, now) = (self.original.get(&place.file)?, self.now.get(&place.file)?);
        if original == now {
            return Some(place.clone());
        }
        let kept = self.kept.entry(place.file.clone()).or_insert_with(|| kept(original, now));
        let moved = |offset: TextSize| {
            let offset = usize::from(offset);
            let around = kept.iter().find(|it| (it.now..it.now + it.length).contains(&offset))?;
            TextSize::try_from(around.original + (offset - around.now)).ok()
        };
        let start = moved(place.range.start())?;
        // What follows the last kept byte may have changed, so it is that byte that is looked for.
        let one = TextSize::new(1);
        let end = match place.range.is_empty() {
            true => start,
            false => moved(place.range.end() - one)? + one,
        };
        (start <= end).then(|| Place::new(place.file.clone(), TextRange::new(start, end)))
    }
}

/// Line by line, and character by character where lines differ.
fn kept(original: &str, now: &str) -> Vec<Kept> {
    let lines = |it| str::split_inclusive(it, '\n').collect::<Vec<_>>();
    let (original, now) = (lines(original), lines(now));
    let mut kept = Vec::new();
    let mut at = Kept { now: 0, original: 0, length: 0 };
    for op in capture_diff_slices(Algorithm::Myers, &original, &now) {
        let (before, after) = (original[op.old_range()].concat(), now[op.new_range()].concat());
        match op {
            DiffOp::Equal { .. } => kept.push(Kept { length: after.len(), ..at }),
            _ => kept.extend(kept_characters(&at, &before, &after)),
        }
        at.original += before.len();
        at.now += after.len();
    }
    kept
}

fn kept_characters(at: &Kept, original: &str, now: &str) -> Vec<Kept> {
    let characters = |it: &str| it.chars().collect::<Vec<_>>();
    let (original, now) = (characters(original), characters(now));
    let bytes = |it: &[char]| it.iter().map(|it| it.len_utf8()).sum::<usize>();
    let same =
        capture_diff_slices(Algorithm::Myers, &original, &now).into_iter().filter_map(|op| {
            let DiffOp::Equal { old_index, new_index, len } = op else { return None };
            Some(Kept {
                original: at.original + bytes(&original[..old_index]),
                now: at.now + bytes(&now[..new_index]),
                length: bytes(&now[new_index..new_index + len]),
            })
        });
    same.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::tests::inputs;

    #[test]
    fn places_are_found_again() {
        let file = FilePath::new("a.rs");
        let before = "use a::b;\n\nfn f() {\n    b(\"ä\"); c();\n    c();\n}\n";
        let after = "\nfn f() {\n    new();\n    x::b(\"ä\").await; c();\n    c();\n}\n";
        let texts = |it: &str| Texts::from([(file.clone(), it.to_owned())]);
        let (original, now) = (texts(before), texts(after));
        let mut origins = Origins::new(&original, &now);
        let place = |start: usize, length: usize| {
            let start = TextSize::try_from(start).unwrap();
            Place::new(file.clone(), TextRange::at(start, TextSize::try_from(length).unwrap()))
        };
        let starts =
            |text: &str| -> Vec<usize> { text.match_indices("c();").map(|it| it.0).collect() };
        for (now, then) in starts(after).into_iter().zip(starts(before)) {
            assert_eq!(origins.of(&place(now, 3)), Some(place(then, 3)));
        }
        assert_eq!(origins.of(&place(after.find("new").unwrap(), 5)), None);
    }
    /// A text of lines that are all different, and what an edit of whole lines makes of it: of each new line, which old
    /// one it is.
    fn lines() -> impl Strategy<Value = (usize, Vec<Option<usize>>)> {
        (1..30usize).prop_flat_map(|count| {
            let line = prop_oneof![4 => Just(true), 1 => Just(false)];
            let kept = prop::collection::vec(line, count);
            let new = prop::collection::vec(0..3usize, count + 1);
            (Just(count), kept, new).prop_map(|(count, kept, new)| {
                let mut lines = vec![None; new[0].saturating_sub(1)];
                for (at, is_kept) in kept.into_iter().enumerate() {
                    lines.extend(is_kept.then_some(Some(at)));
                    lines.extend(vec![None; new[at + 1].saturating_sub(1)]);
                }
                (count, lines)
            })
        })
    }

    proptest! {
        #![proptest_config(inputs(300))]

        #[test]
        fn lines_that_stay_are_found((count, lines) in lines()) {
            let old = |at: usize| format!("    call_{at}_é();\n");
            let original: String = (0..count).map(old).collect();
            let new = |(at, line): (usize, &Option<usize>)| match line {
                Some(line) => old(*line),
                None => format!("    new_{at};\n"),
            };
            let now: String = lines.iter().enumerate().map(new).collect();
            let file = FilePath::new("a.rs");
            let texts = |it: &str| Texts::from([(file.clone(), it.to_owned())]);
            let (before, after) = (texts(&original), texts(&now));
            let mut origins = Origins::new(&before, &after);
            let size = |it| TextSize::try_from(it).unwrap();
            let mut start = 0;
            for (at, line) in lines.iter().enumerate() {
                let text = new((at, line));
                if let Some(line) = line {
                    // The call on this line, without its indentation and its break.
                    let length = size(text.trim().len());
                    let place = Place::new(file.clone(), TextRange::at(size(start + 4), length));
                    let then: usize = (0..*line).map(|it| old(it).len()).sum();
                    let expected = Place::new(file.clone(), TextRange::at(size(then + 4), length));
                    prop_assert_eq!(origins.of(&place), Some(expected));
                }
                start += text.len();
            }
        }

        #[test]
        fn a_place_is_found_at_the_same_characters(
            original in "[ab\n é]{0,40}",
            now in "[ab\n é]{1,40}",
            from: prop::sample::Index,
            length in 1..8usize,
        ) {
            let file = FilePath::new("a.rs");
            let texts = |it: &str| Texts::from([(file.clone(), it.to_owned())]);
            let (before, after) = (texts(&original), texts(&now));
            let starts: Vec<usize> = now.char_indices().map(|it| it.0).collect();
            let from = from.index(starts.len());
            let start = starts[from];
            let end = starts.get(from + length).copied().unwrap_or(now.len());
            let size = |it| TextSize::try_from(it).unwrap();
            let place = Place::new(file.clone(), TextRange::new(size(start), size(end)));
            let found = Origins::new(&before, &after).of(&place);
            if let Some(found) = found {
                let (old, new) = (&original[found.range], &now[start..end]);
                prop_assert_eq!(old.chars().next(), new.chars().next());
                prop_assert_eq!(old.chars().last(), new.chars().last());
            }
            if original == now {
                prop_assert_eq!(Origins::new(&before, &after).of(&place), Some(place));
            }
        }
    }
}
