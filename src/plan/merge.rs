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

/// Whether one edit would be in the way of the other. Of two insertions in one place nobody knows which comes first.
fn touch(a: &Indel, b: &Indel) -> bool {
    if a == b && !a.delete.is_empty() {
        return false;
    }
    let (a, b) = (a.delete, b.delete);
    match (a.is_empty(), b.is_empty()) {
        (true, true) => a.start() == b.start(),
        (true, false) => b.start() < a.start() && a.start() < b.end(),
        (false, true) => a.start() < b.start() && b.start() < a.end(),
        (false, false) => a.start() < b.end() && b.start() < a.end(),
    }
}
