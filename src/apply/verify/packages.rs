//! Which packages can notice what a plan changes.

use std::collections::BTreeSet;

use crate::{
    finding::FilePath,
    plan::{Change, Plan},
    workspace::{Package, Workspace},
};

/// The packages whose files change, and the members that depend on them: by index.
pub(super) fn affected(plan: &Plan, workspace: &Workspace) -> BTreeSet<usize> {
    let packages = workspace.packages();
    let mut affected = changed(plan, workspace);
    let is_changed = |it: &&Change| it.before != it.after;
    let orphans =
        plan.changes.iter().filter(is_changed).filter(|it| owner(packages, &it.file).is_none());
    // A file that `#[path]` reaches, or the manifest of the whole workspace. The lock file follows a manifest.
    if orphans.into_iter().any(|it| it.file.as_str() != "Cargo.lock") {
        affected.extend(0..packages.len());
    }
    loop {
        let names: BTreeSet<&str> = affected.iter().map(|it| packages[*it].name.as_str()).collect();
        let uses =
            |it: &Package| it.dependencies.iter().any(|it| names.contains(it.package.as_str()));
        let users: Vec<usize> = (0..packages.len())
            .filter(|it| !affected.contains(it) && uses(&packages[*it]))
            .collect();
        if users.is_empty() {
            return affected;
        }
        affected.extend(users);
    }
}

/// The packages whose files change: by index.
pub(super) fn changed(plan: &Plan, workspace: &Workspace) -> BTreeSet<usize> {
    let changes = plan.changes.iter().filter(|it| it.before != it.after);
    changes.filter_map(|it| owner(workspace.packages(), &it.file)).collect()
}

/// The package whose folder is the nearest around `file`.
fn owner(packages: &[Package], file: &FilePath) -> Option<usize> {
    let around = packages.iter().enumerate().filter(|it| file.is_in(&it.1.manifest.folder()));
    around.max_by_key(|it| it.1.manifest.as_str().len()).map(|it| it.0)
}

/// How `cargo -p` takes an id: older ones know no `path+`, and wrote ids in another form.
pub(super) fn specification(package: &Package) -> String {
    match package.id.split_once(' ') {
        Some((name, rest)) => {
            let version = rest.split(' ').next().unwrap_or_default();
            format!("{name}:{version}")
        }
        None => package.id.trim_start_matches("path+").to_owned(),
    }
}
