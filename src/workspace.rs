//! A Cargo workspace as a database and files. The only reader of disk and of `cargo`.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use ra_ap_base_db::Crate;
use ra_ap_hir_expand::change::ChangeWithProcMacros;
use ra_ap_ide_db::RootDatabase;
use ra_ap_vfs::FileId;

use crate::{
    config::ProjectRequest,
    finding::{DependencyKind, FilePath},
    knowledge::CrateRows,
};

mod branches;
pub mod cache;
mod comments;
pub mod configuration;
mod conversions;
mod described;
mod edit_limits;
mod expand;
mod files;
mod graph;
pub mod layout;
mod load;
pub mod lock;
pub mod manifest;
mod metadata;
mod outline;
mod packages;
mod prime;
mod projection;
mod shipped_rows;
mod std_sources;
pub mod toolchain;
mod unreadable;
mod views;

/// A member of the workspace.
#[derive(Clone, Debug)]
pub struct Package {
    pub name: String,
    /// As cargo names it in its messages.
    pub id: String,
    pub edition: String,
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

/// Build scripts and procedural macros are not analysed: they run where there is no async code yet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TargetKind {
    Lib,
    Bin,
    Example,
    Test,
    Bench,
}

impl TargetKind {
    /// As cargo calls it.
    pub fn name(self) -> &'static str {
        match self {
            TargetKind::Lib => "lib",
            TargetKind::Bin => "bin",
            TargetKind::Example => "example",
            TargetKind::Test => "test",
            TargetKind::Bench => "bench",
        }
    }
}

/// One crate to analyse: a target of a member, as cargo would build it.
#[derive(Clone, Debug)]
pub struct Target {
    pub name: String,
    pub kind: TargetKind,
    /// An index into the packages of the workspace.
    pub package: usize,
    /// The file of the crate's root module.
    pub root: FilePath,
    pub krate: Crate,
    /// Whether `cfg(test)` holds in this view of the target. Where it matters there are two views.
    pub cfg_test: bool,
}

/// Whether somebody else wants the database, and all that is asked of it has to end. What has panicked before and is asked
/// for again ends in the same way, and is no such wish.
pub fn is_cancellation(panic: &(dyn Any + Send)) -> bool {
    let cancelled = panic.downcast_ref::<salsa::Cancelled>();
    cancelled.is_some_and(|it| !matches!(it, salsa::Cancelled::PropagatedPanic))
}

/// The texts of the files that findings and edits speak of.
pub type Texts = BTreeMap<FilePath, String>;

/// A loaded workspace: the files as the user wrote them, and a database that knows what they mean.
pub struct Workspace {
    root: PathBuf,
    is_described: bool,
    db: RootDatabase,
    packages: Vec<Package>,
    targets: Vec<Target>,
    left_out: Vec<String>,
    texts: Texts,
    ids: BTreeMap<FilePath, FileId>,
    paths: HashMap<FileId, FilePath>,
    kept_out: BTreeMap<FilePath, &'static str>,
    cargo: lock::Cargo,
    cache: cache::Cache,
    shipped_rows: shipped_rows::ShippedRows,
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
        request: &ProjectRequest,
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Workspace, LoadError> {
        load::load(request, progress)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether cargo builds it. It does not know what a `rust-project.json` describes.
    pub fn is_built_by_cargo(&self) -> bool {
        !self.is_described
    }

    /// Where a file of the project is on disk.
    pub fn disk_path(&self, file: &FilePath) -> PathBuf {
        self.root.join(file.as_str())
    }

    /// The file itself, where `file` is a link to it.
    pub fn behind_links(&self, file: &FilePath) -> FilePath {
        match (self.root.canonicalize(), self.disk_path(file).canonicalize()) {
            (Ok(root), Ok(path)) => FilePath::below(&root, &path),
            // A file that is gone has no other name.
            _ => file.clone(),
        }
    }

    pub fn db(&self) -> &RootDatabase {
        &self.db
    }

    /// Lets `work` ask the database. Whoever interrupts that ends it, and not only the question that it asks just then.
    pub fn attached<T>(&self, work: impl FnOnce() -> T) -> T {
        salsa::attach(&self.db, || ra_ap_hir::attach_db(&self.db, work))
    }

    /// What an earlier look has found out of a function of a dependency, by these rows.
    pub fn kept(&self, krate: Crate, rows: &str, function: &str) -> Option<cache::Kept> {
        self.cache.get(krate, rows, function)
    }

    pub fn keep(&self, krate: Crate, rows: &str, function: String, kept: cache::Kept) {
        self.cache.set(krate, rows, function, kept);
    }

    /// Which functions of dependencies may wait, by their words and these rows; `find` is asked once.
    pub fn words(&self, rows: &str, find: impl FnOnce() -> cache::Words) -> Arc<cache::Words> {
        self.cache.words(rows, find)
    }

    /// Writes to the user's cache what has been found out of functions of dependencies.
    pub fn write_cache(&self) {
        self.cache.write();
    }

    /// What dependencies say in their manifests of their own functions.
    pub fn shipped_rows(&self) -> &[CrateRows] {
        &self.shipped_rows.rows
    }

    /// What is wrong with that, one sentence each.
    pub fn wrong_rows(&self) -> &[String] {
        &self.shipped_rows.wrong
    }

    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Whether a library of the workspace has this name in paths.
    pub fn has_library(&self, krate: &str) -> bool {
        let libraries = self.targets.iter().filter(|it| it.kind == TargetKind::Lib);
        libraries.into_iter().any(|it| it.name.replace('-', "_") == krate)
    }

    /// The target that cargo would name when it speaks of `file`: one that compiles it, for its users where there is one.
    pub fn target_of(&self, file: &FilePath) -> Option<&Target> {
        self.targets_of(file).into_iter().min_by_key(|it| it.cfg_test)
    }

    /// The targets that compile `file`.
    pub fn targets_of(&self, file: &FilePath) -> Vec<&Target> {
        let Some(id) = self.ids.get(file) else { return Vec::new() };
        let sema = ra_ap_hir::Semantics::new(&self.db);
        let modules = sema.file_to_module_defs(*id);
        let crates: Vec<Crate> = modules.map(|it| it.krate(&self.db).into()).collect();
        self.targets.iter().filter(|it| crates.contains(&it.krate)).collect()
    }

    /// The targets of the members that cannot be analysed as things are, each with the reason.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The Rust files of the members.
    pub fn files(&self) -> impl Iterator<Item = (&FilePath, FileId)> {
        self.ids.iter().map(|(path, id)| (path, *id))
    }

    pub fn file_path(&self, id: FileId) -> Option<&FilePath> {
        self.paths.get(&id)
    }

    /// The text of a Rust file, a manifest or the lock file, as it is now: edited in memory, if it was.
    pub fn text(&self, file: &FilePath) -> Option<&str> {
        self.texts.get(file).map(String::as_str)
    }

    /// All texts: of Rust files, manifests and the lock file.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Why a file is neither reported on nor edited, if so: it is generated, ignored by git, somebody else's.
    pub fn kept_out(&self, file: &FilePath) -> Option<&'static str> {
        self.kept_out.get(file).copied()
    }

    /// The lock file that fits once the manifests in `edited` are written, besides those that are edited in memory
    /// already; None when the project keeps none.
    pub fn fitting_lock(&self, edited: &Texts) -> Result<Option<String>, String> {
        let members: Vec<PathBuf> =
            self.packages.iter().map(|it| self.disk_path(&it.manifest)).collect();
        let now = self.texts.iter().filter(|it| !it.0.as_str().ends_with(".rs"));
        let edited =
            now.chain(edited).map(|(file, text)| (self.disk_path(file), text.clone())).collect();
        lock::fitting_lock(&self.root.join("Cargo.toml"), &members, &edited, &self.cargo)
    }

    /// Edits files in memory.
    pub fn set_texts(&mut self, texts: Texts) {
        let mut change = ChangeWithProcMacros::default();
        for (path, text) in texts {
            if let Some(id) = self.ids.get(&path) {
                change.change_file(*id, Some(load::for_database(&text).into_owned()));
            }
            self.texts.insert(path, text);
        }
        self.db.apply_change(change);
    }
}
