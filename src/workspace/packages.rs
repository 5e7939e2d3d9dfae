//! The members of a workspace and what their manifests say.

use std::{collections::HashMap, path::Path};

use ra_ap_project_model::{CargoWorkspace, Package as CargoPackage};

use crate::{
    finding::FilePath,
    workspace::{
        LoadError, Package, Texts,
        manifest::{Chosen, Line, Manifest},
    },
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

/// The members with their dependencies, as their manifests in `texts` name them and as cargo chose them.
pub(super) fn read(
    cargo: &CargoWorkspace,
    manifests: &[FilePath],
    texts: &Texts,
) -> Result<Vec<Package>, LoadError> {
    let parse = |file: &FilePath| {
        let text = texts.get(file).map(String::as_str).unwrap_or_default();
        Manifest::parse(file, text).map_err(LoadError::Other)
    };
    let root = parse(&FilePath::new("Cargo.toml"))?;
    let packages = members(cargo).zip(manifests).map(|(member, manifest)| {
        let chosen = chosen(cargo, member);
        let active = cargo[member].active_features.iter().cloned().collect();
        let find = |it: &Line| chosen.get(&it.key.replace('-', "_"));
        Ok(Package {
            name: cargo[member].name.clone(),
            id: cargo[member].id.repr.clone(),
            edition: cargo[member].edition.to_string(),
            manifest: manifest.clone(),
            dependencies: parse(manifest)?.dependencies(&root, &active, &find),
        })
    });
    packages.collect()
}

/// What cargo chose for the dependencies of a package, by their names in code.
fn chosen(cargo: &CargoWorkspace, member: CargoPackage) -> HashMap<String, Chosen> {
    let chosen = |it: CargoPackage| {
        let features = &cargo[it].features;
        Chosen {
            version: cargo[it].version.to_string(),
            features: features.iter().map(|(name, on)| (name.clone(), on.clone())).collect(),
        }
    };
    // A dependency is called by its library's name, unless it is renamed; both stand for the same line.
    let names = cargo[member].dependencies.iter().flat_map(|it| {
        let package = cargo[it.pkg].name.replace('-', "_");
        [(it.name.clone(), it.pkg), (package, it.pkg)]
    });
    names.map(|(name, package)| (name, chosen(package))).collect()
}
