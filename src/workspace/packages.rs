//! The members of a workspace and what their manifests say.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use ra_ap_project_model::{CargoWorkspace, Package as CargoPackage};

use crate::{
    finding::FilePath,
    workspace::{Package, Texts},
};

/// The members, in the order in which everything here lists them.
pub(super) fn members(cargo: &CargoWorkspace) -> impl Iterator<Item = CargoPackage> + '_ {
    cargo.packages().filter(|it| cargo[*it].is_member)
}

/// The texts of the manifests and of the lock file.
pub(super) fn manifests(root: &Path, cargo: &CargoWorkspace) -> Texts {
    let of_members = members(cargo).map(|it| {
        let manifest: &Path = cargo[it].manifest.as_ref();
        manifest.to_owned()
    });
    of_members
        .chain([root.join("Cargo.toml"), root.join("Cargo.lock")])
        .filter_map(|it| Some((FilePath::below(root, &it), std::fs::read_to_string(it).ok()?)))
        .collect()
}

pub(super) fn read(cargo: &CargoWorkspace, manifests: &[FilePath], texts: &Texts) -> Vec<Package> {
    let root = FilePath::new("Cargo.toml");
    members(cargo)
        .zip(manifests)
        .map(|(member, manifest)| {
            let _ = (texts, &root);
            Package {
                name: cargo[member].name.clone(),
                manifest: manifest.clone(),
                dependencies: Vec::new(),
            }
        })
        .collect()
}

#[allow(unused)]
type Unused = (BTreeMap<(), ()>, BTreeSet<()>);
