//! Which asynchronous runtime drives a target, and where the cures of that runtime are right.

use std::collections::BTreeSet;

use ra_ap_hir_def::HasModule;

use crate::{
    facts::{
        body::{BodyFacts, Form},
        runs_on::Thread,
    },
    finding::{DependencyKind, FilePath},
    knowledge::{Lends, resolve::Known, runtimes::KnownRuntime},
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
    /// The manifest names another crate in its place, which hands on some of its items.
    pub lent: Option<Lent>,
}

/// What another crate hands on of a runtime.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lent {
    /// Where, behind the name of that crate.
    below: String,
    items: Vec<String>,
}

impl Driver {
    fn new(name: &str, dependency: &Dependency) -> Driver {
        Driver {
            name: name.to_owned(),
            key: dependency.key.clone(),
            kind: dependency.kind,
            conditional: conditional(dependency),
            features: dependency.features.clone(),
            version: dependency.version.clone(),
            lent: None,
        }
    }

    fn lent(lends: &Lends, dependency: &Dependency) -> Driver {
        let lent = Lent { below: lends.below.clone(), items: lends.items.clone() };
        // Features and versions are those of the other crate.
        let features = BTreeSet::new();
        Driver {
            lent: Some(lent),
            features,
            version: None,
            ..Driver::new(&lends.runtime, dependency)
        }
    }

    /// The name in paths.
    pub fn root(&self) -> String {
        let name = self.key.replace('-', "_");
        match &self.lent {
            Some(it) if !it.below.is_empty() => format!("{name}::{}", it.below),
            _ => name,
        }
    }

    /// Whether an item of the runtime can be named here.
    pub fn has(&self, path: &str) -> bool {
        self.lent.as_ref().is_none_or(|it| it.items.iter().any(|it| it == path))
    }
}

pub fn runtime(workspace: &Workspace, known: &Known, target: &Target) -> Runtime {
    let lenders: Vec<_> = lenders(workspace, known, target).collect();
    let mut drivers: Vec<Driver> = Vec::new();
    for (dependency, runtime) in named(workspace, known, target) {
        let is_lent = lenders.iter().any(|it| it.1.runtime == runtime.name);
        if !is_lent && !runtime.drives(&dependency.features) {
            continue;
        }
        match drivers.iter_mut().find(|it| it.name == runtime.name) {
            // Named twice, once plainly: the plain one is always there.
            Some(it) => {
                it.features.extend(dependency.features.iter().cloned());
                it.conditional &= conditional(dependency);
                it.kind = it.kind.min(dependency.kind);
            }
            None => drivers.push(Driver::new(&runtime.name, dependency)),
        }
    }
    for (dependency, lends) in lenders {
        if !drivers.iter().any(|it| it.name == lends.runtime) {
            drivers.push(Driver::lent(lends, dependency));
        }
    }
    match drivers.len() {
        0 => Runtime::Unknown,
        1 => Runtime::One(drivers.remove(0)),
        _ => Runtime::Several(drivers.into_iter().map(|it| it.name).collect()),
    }
}

/// What drives a body, where that is not known of its target: a function that calls a runtime runs on that one.
pub fn of_body(
    workspace: &Workspace,
    known: &Known,
    target: &Target,
    of_target: &Runtime,
    body: &BodyFacts<'_>,
) -> Runtime {
    if let Runtime::One(_) = of_target {
        return of_target.clone();
    }
    let names: BTreeSet<&str> = body.runtimes_called().map(|it| it.name.as_str()).collect();
    let drivers = named(workspace, known, target).filter(|it| names.contains(it.1.name.as_str()));
    let mut drivers = drivers.map(|(dependency, it)| Driver::new(&it.name, dependency));
    match (names.len(), drivers.next()) {
        (1, Some(it)) => Runtime::One(it),
        _ => of_target.clone(),
    }
}

impl BodyFacts<'_> {
    /// Whether it is certain that no task moves to another thread, since the runtime has one for each core.
    pub fn stays_on_its_core(&self, runtime: &Runtime) -> bool {
        let Runtime::One(driver) = runtime else { return false };
        self.runtime_of(driver).is_some_and(|it| it.thread_per_core)
    }

    /// How the manifest names a runtime, if it always does, for the target that this body is a part of.
    pub fn driver_named(&self, runtime: &str) -> Option<Driver> {
        let krate = self.krate();
        let target = self.workspace.targets().iter().find(|it| it.krate == krate)?;
        let mut all = named(self.workspace, self.known, target);
        let (dependency, runtime) = all.find(|it| it.1.name == runtime && !conditional(it.0))?;
        Some(Driver::new(&runtime.name, dependency))
    }

    /// The runtimes without which calls in the asynchronous code of this body would do nothing.
    fn runtimes_called(&self) -> impl Iterator<Item = &KnownRuntime> {
        let is_call = |thread| matches!(thread, Thread::Worker | Thread::Driver);
        let calls =
            self.uses.iter().filter(move |it| it.form != Form::Named && is_call(it.context.thread));
        calls.filter_map(|it| {
            let module = ra_ap_hir::Module::from(it.function.module(self.db));
            let runtime = self.known.runtime(it.function.krate(self.db))?;
            let path = module.path_to_root(self.db);
            let names = path.iter().rev().filter_map(|it| it.name(self.db));
            let names: Vec<String> = names.map(|it| it.as_str().to_owned()).collect();
            runtime.drives_in(&names.join("::")).then_some(runtime)
        })
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

/// The runtimes that the manifest names for this target.
fn named<'a>(
    workspace: &'a Workspace,
    known: &'a Known,
    target: &'a Target,
) -> impl Iterator<Item = (&'a Dependency, &'a KnownRuntime)> {
    let crates = crates(workspace, target);
    crates.filter_map(|(dependency, krate)| Some((dependency, known.runtime(krate)?)))
}

/// The crates that bring a runtime along.
fn lenders<'a>(
    workspace: &'a Workspace,
    known: &'a Known,
    target: &'a Target,
) -> impl Iterator<Item = (&'a Dependency, &'a Lends)> {
    let crates = crates(workspace, target);
    crates.filter_map(|(dependency, krate)| Some((dependency, known.lends(krate)?)))
}

/// The dependencies that code of this target may name.
fn crates<'a>(
    workspace: &'a Workspace,
    target: &'a Target,
) -> impl Iterator<Item = (&'a Dependency, ra_ap_base_db::Crate)> {
    let package = &workspace.packages()[target.package];
    let below = &target.krate.data(workspace.db()).dependencies;
    package.dependencies.iter().filter(|it| serves(it, target)).filter_map(move |dependency| {
        let root = dependency.key.replace('-', "_");
        let found = below.iter().find(|it| it.name.symbol().as_str() == root)?;
        Some((dependency, found.crate_id))
    })
}
