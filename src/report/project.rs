//! What the formats that tools read say of a project besides its findings.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use crate::{
    finding::{FilePath, Finding},
    page::Page,
    workspace::{Target, Workspace},
};

#[derive(Clone, Default, Debug)]
pub struct Project {
    /// The folder of the workspace.
    pub root: PathBuf,
    /// What leads from the folder of the repository to the root: nothing, or folders with a `/` behind each.
    pub below_repository: String,
    /// The page of every rule.
    pub pages: Vec<Page>,
}

/// A target as cargo's messages describe it.
#[derive(Clone, Debug)]
pub struct CargoTarget {
    pub package_id: String,
    pub manifest: PathBuf,
    pub name: String,
    pub kind: &'static str,
    pub edition: String,
    /// The file of its root module.
    pub root: PathBuf,
}

impl Project {
    pub(super) fn page(&self, rule: &str) -> Option<&Page> {
        self.pages.iter().find(|it| it.name == rule)
    }
}

/// What compiles each file that has `findings`.
pub fn targets(workspace: &Workspace, findings: &[Finding]) -> BTreeMap<FilePath, CargoTarget> {
    let files: BTreeSet<&FilePath> = findings.iter().map(|it| &it.at.file).collect();
    let files = files.into_iter();
    files.filter_map(|it| Some((it.clone(), cargo_target(workspace, it)?))).collect()
}

/// A target of the package that cargo calls `id`.
pub fn target_of_package(workspace: &Workspace, id: &str) -> Option<CargoTarget> {
    let targets = workspace.targets().iter();
    let mut of_package = targets.filter(|it| workspace.packages()[it.package].id == id);
    of_package.next().map(|it| described(workspace, it))
}

fn cargo_target(workspace: &Workspace, file: &FilePath) -> Option<CargoTarget> {
    workspace.target_of(file).map(|it| described(workspace, it))
}

fn described(workspace: &Workspace, target: &Target) -> CargoTarget {
    let package = &workspace.packages()[target.package];
    CargoTarget {
        package_id: package.id.clone(),
        manifest: workspace.disk_path(&package.manifest),
        name: target.name.clone(),
        kind: target.kind.name(),
        edition: package.edition.clone(),
        root: workspace.disk_path(&target.root),
    }
}

/// Where the page of `rule` can be read; nothing as long as the package names no repository.
pub fn url(rule: &str) -> Option<String> {
    let (repository, version) = (env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"));
    let repository = repository.trim_end_matches('/');
    (!repository.is_empty()).then(|| format!("{repository}/blob/v{version}/rules/{rule}.md"))
}
