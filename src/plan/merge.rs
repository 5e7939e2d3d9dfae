//! From many fixes to one new text a file: each fix whole, or not in this round.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::{Indel, TextEdit};

use crate::{
    finding::{FilePath, Fix, Want},
    plan::features::Feature,
};

/// The fixes of one round that fit each other.
#[derive(Default)]
pub(super) struct Merged {
    taken: Vec<BTreeMap<FilePath, TextEdit>>,
    indels: BTreeMap<FilePath, Vec<Indel>>,
    pub features: BTreeSet<Feature>,
}

impl Merged {
    /// Takes `fix` in, unless it touches what another one edits: then it waits for the next round. What comes of those
    /// that were taken does not depend on their order.
    pub fn add(&mut self, fix: &Fix) -> bool {
        // Two findings that one edit repairs.
        if self.taken.iter().any(|it| same(it, &fix.edits)) {
            self.want(fix);
            return true;
        }
        let mut new: Vec<(&FilePath, &Indel)> = Vec::new();
        for (file, edit) in &fix.edits {
            let there = self.indels.get(file).map_or(&[][..], Vec::as_slice);
            if edit.iter().any(|it| there.iter().any(|other| touch(it, other))) {
                return false;
            }
            let is_new = |it: &&Indel| !there.contains(it);
            new.extend(edit.iter().filter(is_new).map(|it| (file, it)));
        }
        for (file, indel) in new {
            self.indels.entry(file.clone()).or_default().push(indel.clone());
        }
        self.taken.push(fix.edits.clone());
        self.want(fix);
        true
    }

    fn want(&mut self, fix: &Fix) {
        for want in &fix.wants {
            let Want::Feature(want, code) = want;
            self.features.insert((want.clone(), *code));
        }
    }

    /// All edits, one for each file.
    pub fn edits(&self) -> BTreeMap<FilePath, TextEdit> {
        let edit = |indels: &Vec<Indel>| {
            let mut edit = TextEdit::builder();
            indels.iter().for_each(|it| edit.indel(it.clone()));
            edit.finish()
        };
        self.indels.iter().map(|(file, indels)| (file.clone(), edit(indels))).collect()
    }
}

fn same(a: &BTreeMap<FilePath, TextEdit>, b: &BTreeMap<FilePath, TextEdit>) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && a.1.iter().eq(b.1.iter()))
}

/// Whether one edit would be in the way of the other. Of two insertions in one place nobody knows which comes first, nor
/// whether what is inserted at an end of something that is replaced is meant to stand inside or outside of what takes
/// its place.
fn touch(a: &Indel, b: &Indel) -> bool {
    if a == b && !a.delete.is_empty() {
        return false;
    }
    let (a, b) = (a.delete, b.delete);
    match (a.is_empty(), b.is_empty()) {
        (true, true) => a.start() == b.start(),
        (true, false) => b.contains_inclusive(a.start()),
        (false, true) => a.contains_inclusive(b.start()),
        (false, false) => a.start() < b.end() && b.start() < a.end(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use ra_ap_ide_db::text_edit::{TextRange, TextSize};

    use super::*;
    use crate::{finding::Applicability, plan::tests::inputs};

    const TEXT: &str = "async fn f() { a(b(c)).d(); e }";

    fn file() -> FilePath {
        FilePath::new("a.rs")
    }

    /// Edits that do not touch each other, as one fix has them.
    fn fixes() -> impl Strategy<Value = Vec<Fix>> {
        let indel = (0..=TEXT.len(), 0..4usize, "[xy]{0,2}");
        let fix = prop::collection::vec(indel, 1..4).prop_map(|indels| {
            let mut edit = TextEdit::builder();
            let mut end = None;
            let mut indels = indels;
            indels.sort();
            for (start, length, insert) in indels {
                // The builder joins what adjoins, and that is another edit.
                if end.is_some_and(|end| start <= end) {
                    continue;
                }
                let last = (start + length).min(TEXT.len());
                let size = |it| TextSize::try_from(it).unwrap();
                edit.replace(TextRange::new(size(start), size(last)), insert);
                end = Some(last);
            }
            Fix {
                title: String::new(),
                applicability: Applicability::Safe,
                doubt: None,
                edits: BTreeMap::from([(file(), edit.finish())]),
                wants: BTreeSet::new(),
            }
        });
        prop::collection::vec(fix, 1..6)
    }

    fn after(merged: &Merged) -> String {
        let mut text = TEXT.to_owned();
        if let Some(edit) = merged.edits().get(&file()) {
            edit.apply(&mut text);
        }
        text
    }

    /// The same by hand: every edit of every fix once, from the end of the text to its start.
    fn by_hand(fixes: &[&Fix]) -> String {
        let mut taken: Vec<&Fix> = Vec::new();
        for fix in fixes {
            if !taken.iter().any(|it| same(&it.edits, &fix.edits)) {
                taken.push(fix);
            }
        }
        let mut indels: Vec<&Indel> =
            taken.iter().flat_map(|it| it.edits[&file()].iter()).collect();
        indels.sort_by_key(|it| (it.delete.start(), it.delete.end()));
        indels.dedup();
        let mut text = TEXT.to_owned();
        for indel in indels.iter().rev() {
            text.replace_range(
                usize::from(indel.delete.start())..usize::from(indel.delete.end()),
                &indel.insert,
            );
        }
        text
    }

    proptest! {
        #![proptest_config(inputs(2000))]

        #[test]
        fn a_fix_is_taken_whole_or_not_at_all(fixes in fixes()) {
            let mut merged = Merged::default();
            let taken: Vec<&Fix> = fixes.iter().filter(|it| merged.add(it)).collect();
            prop_assert!(!taken.is_empty());
            prop_assert_eq!(after(&merged), by_hand(&taken));
        }

        #[test]
        fn the_order_of_fixes_that_fit_does_not_matter(fixes in fixes(), seed in any::<prop::sample::Index>()) {
            let mut merged = Merged::default();
            let mut taken: Vec<&Fix> = fixes.iter().filter(|it| merged.add(it)).collect();
            let at = seed.index(taken.len());
            taken.rotate_left(at);
            if at % 2 == 1 {
                taken.reverse();
            }
            let mut again = Merged::default();
            for fix in taken {
                prop_assert!(again.add(fix));
            }
            prop_assert_eq!(after(&merged), after(&again));
        }

        #[test]
        fn what_is_left_out_would_touch_what_was_taken(fixes in fixes()) {
            let mut merged = Merged::default();
            for fix in &fixes {
                let before = after(&merged);
                if !merged.add(fix) {
                    prop_assert_eq!(before, after(&merged));
                    let edit = &fix.edits[&file()];
                    let there = &merged.indels[&file()];
                    let near = |it: &Indel, other: &Indel| it.delete.intersect(other.delete).is_some();
                    let touches = edit.iter().any(|it| there.iter().any(|other| near(it, other)));
                    prop_assert!(touches);
                }
            }
        }
    }

    #[test]
    fn two_insertions_in_one_place_do_not_share_a_round() {
        let fix = |text: &str| Fix {
            title: String::new(),
            applicability: Applicability::Safe,
            doubt: None,
            edits: BTreeMap::from([(file(), TextEdit::insert(TextSize::new(3), text.to_owned()))]),
            wants: BTreeSet::new(),
        };
        let mut merged = Merged::default();
        assert!(merged.add(&fix("a")) && !merged.add(&fix("b")));
        // The very same edit is there already.
        assert!(merged.add(&fix("a")));
        assert_eq!(after(&merged), TEXT.replacen("asy", "asya", 1));
    }
}
