//! From many fixes to one new text a file: each fix whole, or not in this round.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::TextEdit;

use crate::{
    finding::{FilePath, Fix, Want},
    plan::features::Feature,
};

/// The fixes of one round that fit each other.
#[derive(Default)]
pub(super) struct Merged {
    pub edits: BTreeMap<FilePath, TextEdit>,
    pub features: BTreeSet<Feature>,
}

impl Merged {
    /// Takes `fix` in, unless it overlaps with what is there already: then it waits for the next round.
    pub fn add(&mut self, fix: &Fix) -> bool {
        let mut edits = Vec::new();
        for (file, edit) in &fix.edits {
            let mut merged = self.edits.get(file).cloned().unwrap_or_default();
            if merged.union(edit.clone()).is_err() {
                return false;
            }
            edits.push((file.clone(), merged));
        }
        self.edits.extend(edits);
        for want in &fix.wants {
            let Want::Feature(want, code) = want;
            self.features.insert((want.clone(), *code));
        }
        true
    }
}
