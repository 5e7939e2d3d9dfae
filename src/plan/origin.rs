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
    use super::*;

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
}
