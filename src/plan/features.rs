//! Cargo features that fixes ask for, as edits of manifests and of the lock file.

use std::collections::{BTreeSet, HashMap};

use crate::{
    finding::{DependencyKind, FeatureWant, FilePath, Fix, Want},
    plan::manifest,
    workspace::{Texts, Workspace},
};

/// A feature, and whose code needs it.
pub(super) type Feature = (FeatureWant, DependencyKind);

/// Which features can be had, as far as was asked. Cargo answers, and takes its time.
#[derive(Default)]
pub(super) struct Features {
    answers: HashMap<Feature, Result<(), String>>,
}

impl Features {
    /// Whether every feature that `fix` wants can be had.
    pub fn possible(&mut self, workspace: &Workspace, fix: &Fix) -> Result<(), String> {
        for want in &fix.wants {
            let Want::Feature(want, code) = want;
            let feature = (want.clone(), *code);
            let answer = self.answers.entry(feature.clone());
            let ask = || edits(workspace, &BTreeSet::from([feature])).map(drop);
            answer.or_insert_with(ask).clone()?;
        }
        Ok(())
    }
}

/// The manifests with the features turned on, and the lock file that fits them; nothing when they are on already.
pub(super) fn edits(workspace: &Workspace, wants: &BTreeSet<Feature>) -> Result<Texts, String> {
    let mut edited = Texts::new();
    for (want, code) in wants {
        let file = &want.manifest;
        let text = edited.get(file).map(String::as_str).or_else(|| workspace.text(file));
        let text = text.ok_or_else(|| format!("`{file}` cannot be read"))?;
        let text = manifest::turn_on(text, &BTreeSet::from([want.clone()]), *code)?;
        edited.insert(file.clone(), text);
    }
    edited.retain(|file, text| workspace.text(file) != Some(text.as_str()));
    if edited.is_empty() {
        return Ok(edited);
    }
    let lock = FilePath::new("Cargo.lock");
    if let Some(text) = workspace.fitting_lock(&edited)?
        && workspace.text(&lock) != Some(text.as_str())
    {
        edited.insert(lock, text);
    }
    Ok(edited)
}
