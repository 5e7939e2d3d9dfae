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
    /// Whether every feature that `fix` wants can be had. `locked_by` is the flag that forbids to turn one on.
    pub fn possible(
        &mut self,
        workspace: &Workspace,
        fix: &Fix,
        locked_by: Option<&str>,
    ) -> Result<(), String> {
        for want in &fix.wants {
            let Want::Feature(want, code) = want;
            let feature = (want.clone(), *code);
            let answer = self.answers.entry(feature.clone());
            answer.or_insert_with(|| ask(workspace, feature, locked_by)).clone()?;
        }
        Ok(())
    }
}

fn ask(workspace: &Workspace, feature: Feature, locked_by: Option<&str>) -> Result<(), String> {
    let FeatureWant { manifest, dependency, feature: name } = &feature.0;
    let refusal = locked_by.map(|flag| {
        format!("it needs the feature `{name}` of `{dependency}` turned on in `{manifest}`, and `{flag}` forbids it")
    });
    let wants = BTreeSet::from([feature]);
    match refusal {
        Some(refusal) if !manifests(workspace, &wants)?.is_empty() => Err(refusal),
        Some(_) => Ok(()),
        None => edits(workspace, &wants).map(drop),
    }
}

/// The manifests with the features turned on, and the lock file that fits them; nothing when they are on already.
pub(super) fn edits(workspace: &Workspace, wants: &BTreeSet<Feature>) -> Result<Texts, String> {
    let mut edited = manifests(workspace, wants)?;
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

/// The manifests that have to change, with the features turned on.
fn manifests(workspace: &Workspace, wants: &BTreeSet<Feature>) -> Result<Texts, String> {
    let mut edited = Texts::new();
    for (want, code) in wants {
        let file = &want.manifest;
        if !workspace.is_built_by_cargo() {
            let FeatureWant { dependency, feature, .. } = want;
            return Err(format!(
                "it needs the feature `{feature}` of `{dependency}`: turn it on where that is built, by hand"
            ));
        }
        let text = edited.get(file).map(String::as_str).or_else(|| workspace.text(file));
        let text = text.ok_or_else(|| format!("`{file}` cannot be read"))?;
        let text = manifest::turn_on(text, &BTreeSet::from([want.clone()]), *code)?;
        edited.insert(file.clone(), text);
    }
    edited.retain(|file, text| workspace.text(file) != Some(text.as_str()));
    Ok(edited)
}
