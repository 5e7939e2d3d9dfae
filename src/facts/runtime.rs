//! Which asynchronous runtime drives a target, and where the cures of that runtime are right.

use std::collections::BTreeSet;

use crate::{
    finding::{DependencyKind, FilePath},
    knowledge::resolve::Known,
    workspace::{Dependency, Target, TargetKind, Workspace},
};

/// What drives the async code of a target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Runtime {
    /// One runtime, named directly in the manifest.
    One(Driver),
    /// More than one: what runs on which is not known.
    Several(BTreeSet<String>),
    /// None that the manifest names.
    Unknown,
}

/// The runtime of a target, as its manifest names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Driver {
    /// The runtime.
    pub name: String,
    /// The key in the manifest, which is also the first segment of paths.
    pub key: String,
    pub kind: DependencyKind,
    /// Only there with a feature, or on some targets.
    pub conditional: bool,
    pub features: BTreeSet<String>,
    pub version: Option<String>,
}

impl Driver {
    /// The name in paths.
    pub fn root(&self) -> String {
        self.key.replace('-', "_")
    }
}

pub fn runtime(workspace: &Workspace, known: &Known, target: &Target) -> Runtime {
    let package = &workspace.packages()[target.package];
    let mut drivers: Vec<Driver> = Vec::new();
    for dependency in package.dependencies.iter().filter(|it| serves(it, target)) {
        let Some(name) = runtime_name(workspace, known, target, dependency) else { continue };
        match drivers.iter_mut().find(|it| it.name == name) {
            // Named twice, once plainly: the plain one is always there.
            Some(it) => {
                it.features.extend(dependency.features.iter().cloned());
                it.conditional &= conditional(dependency);
                it.kind = it.kind.min(dependency.kind);
            }
            None => drivers.push(Driver {
                name,
                key: dependency.key.clone(),
                kind: dependency.kind,
                conditional: conditional(dependency),
                features: dependency.features.clone(),
                version: dependency.version.clone(),
            }),
        }
    }
    match drivers.len() {
        0 => Runtime::Unknown,
        1 => Runtime::One(drivers.remove(0)),
        _ => Runtime::Several(drivers.into_iter().map(|it| it.name).collect()),
    }
}

/// A file that builds a runtime and does not turn on its timers. Where that happens elsewhere, it is doubted all the
/// same: a doubt needs no proof.
pub fn without_timers(workspace: &Workspace, known: &Known) -> Option<FilePath> {
    let mut files = workspace.files().map(|(path, _)| path);
    let without = |path: &&FilePath| {
        let text = workspace.text(path).unwrap_or_default();
        known.all_runtimes().any(|it| it.is_built_without_timers(text))
    };
    files.find(without).cloned()
}

fn conditional(dependency: &Dependency) -> bool {
    dependency.optional || dependency.target_specific
}

/// Whether code of this target may name this dependency.
fn serves(dependency: &Dependency, target: &Target) -> bool {
    match (dependency.kind, target.kind) {
        (DependencyKind::Build, _) => false,
        (DependencyKind::Normal, _) => true,
        (DependencyKind::Dev, kind) => {
            matches!(kind, TargetKind::Test | TargetKind::Bench | TargetKind::Example)
        }
    }
}

/// The runtime that this dependency is, when it drives the code that names it.
fn runtime_name(
    workspace: &Workspace,
    known: &Known,
    target: &Target,
    dependency: &Dependency,
) -> Option<String> {
    let root = dependency.key.replace('-', "_");
    let dependencies = &target.krate.data(workspace.db()).dependencies;
    let krate = dependencies.iter().find(|it| it.name.symbol().as_str() == root)?.crate_id;
    let runtime = known.runtime(krate)?;
    runtime.drives(&dependency.features).then(|| runtime.name.clone())
}
