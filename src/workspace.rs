//! A Cargo workspace as a database and files. With the cache to come, the only reader of disk and of `cargo`.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_base_db::Crate;

use crate::finding::FilePath;

/// A member of the workspace.
#[derive(Clone, Debug)]
pub struct Package {
    pub name: String,
    pub manifest: FilePath,
    /// What the manifest names, after inheritance from the workspace.
    pub dependencies: Vec<Dependency>,
}

/// One line of a dependency table.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The key in the manifest, which is also the name in paths (with `-` as `_`): the new name where it is renamed.
    pub key: String,
    /// The package it stands for.
    pub package: String,
    pub kind: DependencyKind,
    pub optional: bool,
    /// Under `[target.'cfg(..)'.dependencies]`.
    pub target_specific: bool,
    /// `workspace = true`: features may also be asked for in the workspace's own table.
    pub inherited: bool,
    /// Features that this line turns on in the dependency, followed through the dependency's own feature table.
    /// Other members may turn on more: that is luck, not a declaration.
    pub features: BTreeSet<String>,
    /// The version that the lock file chose, when it is known.
    pub version: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DependencyKind {
    Normal,
    Dev,
    Build,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TargetKind {
    Lib,
    ProcMacro,
    Bin,
    Example,
    Test,
    Bench,
    BuildScript,
}

/// One crate to analyse: a target of a member, as cargo would build it.
#[derive(Clone, Debug)]
pub struct Target {
    pub name: String,
    pub kind: TargetKind,
    /// An index into the packages of the workspace.
    pub package: usize,
    pub krate: Crate,
    /// Whether `cfg(test)` holds in this view of the target. Where it matters there are two views.
    pub cfg_test: bool,
}

/// The texts of the files that findings and edits speak of.
pub type Texts = BTreeMap<FilePath, String>;
