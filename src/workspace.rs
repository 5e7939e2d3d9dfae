//! A Cargo workspace as a database and files. With the cache to come, the only reader of disk and of `cargo`.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_base_db::Crate;

use crate::finding::FilePath;

pub mod lock;
pub mod manifest;

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

/// A loaded workspace: the files as the user wrote them, and a database that knows what they mean.
pub struct Workspace {
    db: ra_ap_ide_db::RootDatabase,
}

/// Why a workspace could not be loaded: one sentence each.
#[derive(Debug)]
pub enum LoadError {
    /// The sources of `std` are nowhere to be found; `command` gets them.
    NoStdSources { command: String },
    /// What, where, and what to do.
    Other(String),
}

impl Workspace {
    /// Loads the project that `request` names. Runs `cargo metadata`, none of the project's code, and writes nothing.
    /// `progress` is told what is going on, in a few words.
    pub fn load(
        _request: &crate::config::ProjectRequest,
        _progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Workspace, LoadError> {
        Err(LoadError::Other("not yet".to_owned()))
    }

    pub fn root(&self) -> &std::path::Path {
        std::path::Path::new("")
    }

    /// Where a file of the project is on disk.
    pub fn disk_path(&self, file: &FilePath) -> std::path::PathBuf {
        self.root().join(file.as_str())
    }

    pub fn db(&self) -> &ra_ap_ide_db::RootDatabase {
        &self.db
    }

    pub fn packages(&self) -> &[Package] {
        &[]
    }

    pub fn targets(&self) -> &[Target] {
        &[]
    }

    /// The Rust files of the members.
    pub fn files(&self) -> impl Iterator<Item = (&FilePath, ra_ap_vfs::FileId)> {
        std::iter::empty()
    }

    pub fn file_path(&self, _: ra_ap_vfs::FileId) -> Option<&FilePath> {
        None
    }

    /// The text of a Rust file, a manifest or the lock file, as it is now: edited in memory, if it was.
    pub fn text(&self, _: &FilePath) -> Option<&str> {
        None
    }
}
