//! What a project is made of, whoever builds it: its packages, their targets, and where they lie.

use std::path::{Path, PathBuf};

use ra_ap_paths::AbsPathBuf;
use ra_ap_project_model::{
    CargoWorkspace, Package as CargoPackage, TargetData, TargetKind as CargoTargetKind,
};

use crate::{
    finding::FilePath,
    workspace::{TargetKind, packages},
};

pub(super) struct Outline {
    pub root: PathBuf,
    pub members: Vec<Member>,
    /// The folders of packages that are no members. A member's folder may hold some.
    pub others: Vec<FilePath>,
}

pub(super) struct Member {
    /// The file that says how it is built.
    pub manifest: FilePath,
    pub targets: Vec<MemberTarget>,
    /// The libraries that its tests may name.
    pub seen_by_tests: Vec<Library>,
}

pub(super) struct MemberTarget {
    pub name: String,
    /// None for build scripts and procedural macros, which are not analysed.
    pub kind: Option<TargetKind>,
    pub root: AbsPathBuf,
    /// The features without which it is not built, and which are off.
    pub missing_features: Vec<String>,
}

/// A library, and what it is called where it is used.
pub(super) struct Library {
    pub called: String,
    pub name: String,
    pub root: AbsPathBuf,
}

impl Outline {
    pub fn of_cargo(cargo: &CargoWorkspace) -> Outline {
        let root: PathBuf = cargo.workspace_root().to_path_buf().into();
        let manifest =
            |it: CargoPackage| FilePath::below(&root, AsRef::<Path>::as_ref(&cargo[it].manifest));
        let others = cargo.packages().filter(|it| !cargo[*it].is_member);
        let others = others.map(|it| manifest(it).folder()).collect();
        let member = |it: CargoPackage| Member {
            manifest: manifest(it),
            targets: cargo[it].targets.iter().map(|of| target(cargo, it, &cargo[*of])).collect(),
            seen_by_tests: seen_by_tests(cargo, it),
        };
        let members = packages::members(cargo).map(member).collect();
        Outline { root, members, others }
    }
}

fn target(cargo: &CargoWorkspace, package: CargoPackage, it: &TargetData) -> MemberTarget {
    let active = &cargo[package].active_features;
    let missing = it.required_features.iter().filter(|it| !active.contains(it));
    MemberTarget {
        name: it.name.clone(),
        kind: kind(it.kind),
        root: it.root.clone(),
        missing_features: missing.cloned().collect(),
    }
}

fn kind(kind: CargoTargetKind) -> Option<TargetKind> {
    Some(match kind {
        CargoTargetKind::Lib { is_proc_macro: false } => TargetKind::Lib,
        CargoTargetKind::Bin => TargetKind::Bin,
        CargoTargetKind::Example => TargetKind::Example,
        CargoTargetKind::Test => TargetKind::Test,
        CargoTargetKind::Bench => TargetKind::Bench,
        // They run where there is no async code yet, and what they depend on is often large.
        CargoTargetKind::Lib { is_proc_macro: true }
        | CargoTargetKind::BuildScript
        | CargoTargetKind::Other => return None,
    })
}

fn seen_by_tests(cargo: &CargoWorkspace, package: CargoPackage) -> Vec<Library> {
    let dependencies = cargo[package].dependencies.iter();
    let libraries = dependencies.filter_map(|it| {
        let mut targets = cargo[it.pkg].targets.iter().map(|it| &cargo[*it]);
        let library = targets.find(|it| matches!(it.kind, CargoTargetKind::Lib { .. }))?;
        let (name, root) = (library.name.clone(), library.root.clone());
        Some(Library { called: it.name.clone(), name, root })
    });
    libraries.collect()
}
