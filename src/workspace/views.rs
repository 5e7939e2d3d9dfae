//! The targets of the members, each as cargo would build it.

use std::{collections::HashMap, path::Path};

use ra_ap_base_db::{CrateBuilderId, CrateGraphBuilder, DependencyBuilder, all_crates};
use ra_ap_ide_db::RootDatabase;
use ra_ap_intern::Symbol;
use ra_ap_project_model::{CargoWorkspace, TargetData, TargetKind as CargoTargetKind};
use ra_ap_vfs::FileId;

use crate::{
    finding::FilePath,
    workspace::{
        Target, TargetKind,
        files::Files,
        graph::{self, Shared},
        packages,
    },
};

/// A target, before the database has a number for its crate.
pub(super) struct View {
    name: String,
    kind: TargetKind,
    package: usize,
    root: FileId,
    /// The same file, by its path.
    file: FilePath,
    cfg_test: bool,
}

/// Each target as cargo would build it: a library or a program that is other code in its tests is there twice, once for
/// its users and once for its tests.
pub(super) fn views(
    shared: &Shared,
    cargo: &CargoWorkspace,
    files: &Files,
    graph: &mut CrateGraphBuilder,
    differs_in_tests: &dyn Fn(usize) -> bool,
) -> Vec<View> {
    let libraries: HashMap<_, _> = cargo
        .packages()
        .flat_map(|it| cargo[it].targets.iter().map(move |target| (it, &cargo[*target])))
        .filter(|(_, it)| matches!(it.kind, CargoTargetKind::Lib { .. }))
        .filter_map(|(package, it)| {
            Some((package, crate_of(graph, files.id(&it.root)?, &it.name)?))
        })
        .collect();
    let mut views = Vec::new();
    for (index, package) in packages::members(cargo).enumerate() {
        for target in cargo[package].targets.iter().map(|it| &cargo[*it]) {
            // [`left_out`] speaks of these.
            if missing_features(cargo, package, target).next().is_some() {
                continue;
            }
            let Some(kind) = target_kind(target.kind) else { continue };
            let Some(root) = files.id(&target.root) else { continue };
            let Some(krate) = crate_of(graph, root, &target.name) else { continue };
            let file = FilePath::below(cargo.workspace_root().as_ref(), target.root.as_ref());
            let view = |cfg_test| View {
                name: target.name.clone(),
                kind,
                package: index,
                root,
                file: file.clone(),
                cfg_test,
            };
            match kind {
                TargetKind::Test | TargetKind::Bench => {
                    add_test_view(graph, krate, cargo, package, &libraries, shared);
                    views.push(view(true));
                }
                TargetKind::Lib | TargetKind::Bin if differs_in_tests(index) => {
                    views.push(view(false));
                    add_test_view(graph, krate, cargo, package, &libraries, shared);
                    views.push(view(true));
                }
                _ => views.push(view(false)),
            }
        }
    }
    views
}

/// The targets that have no view, each with the reason.
pub(super) fn left_out(root: &Path, cargo: &CargoWorkspace, files: &Files) -> Vec<String> {
    let mut left_out = Vec::new();
    for package in packages::members(cargo) {
        for target in cargo[package].targets.iter().map(|it| &cargo[*it]) {
            let Some(kind) = target_kind(target.kind) else { continue };
            let missing: Vec<&str> = missing_features(cargo, package, target).collect();
            let reason = if !missing.is_empty() {
                format!("it needs `--features {}`", missing.join(","))
            } else if files.id(&target.root).is_none() {
                let file = FilePath::below(root, target.root.as_ref());
                format!("there is no `{file}`")
            } else {
                continue;
            };
            left_out.push(format!("{} `{}` ({reason})", kind.name(), target.name));
        }
    }
    left_out
}

/// The features without which cargo does not build the target, and which are off.
fn missing_features<'a>(
    cargo: &'a CargoWorkspace,
    package: ra_ap_project_model::Package,
    target: &'a TargetData,
) -> impl Iterator<Item = &'a str> {
    let active = &cargo[package].active_features;
    target.required_features.iter().filter(|it| !active.contains(it)).map(String::as_str)
}

/// A second crate from the same file, in which `cfg(test)` holds and the dependencies for tests are there.
fn add_test_view(
    graph: &mut CrateGraphBuilder,
    original: CrateBuilderId,
    cargo: &CargoWorkspace,
    package: ra_ap_project_model::Package,
    libraries: &HashMap<ra_ap_project_model::Package, CrateBuilderId>,
    shared: &Shared,
) {
    let (mut krate, dependencies) = graph::copy_of(graph, original);
    krate.cfg_options.insert_atom(Symbol::intern("test"));
    let view = krate.add_to(graph, shared);
    let for_tests = cargo[package].dependencies.iter().filter_map(|it| {
        let name = ra_ap_base_db::CrateName::new(&it.name).ok()?;
        Some(DependencyBuilder::new(name, *libraries.get(&it.pkg)?))
    });
    let mut dependencies = dependencies;
    for dependency in for_tests {
        if !dependencies.iter().any(|it| it.name == dependency.name) {
            dependencies.push(dependency);
        }
    }
    for dependency in dependencies {
        // Nothing depends on the view, so there is no cycle to refuse.
        let _ = graph.add_dep(view, dependency);
    }
}

fn crate_of(graph: &CrateGraphBuilder, root: FileId, name: &str) -> Option<CrateBuilderId> {
    graph.iter().find(|it| {
        let krate = &graph[*it];
        let display_name = krate.extra.display_name.as_ref();
        krate.basic.root_file_id == root
            && display_name.is_some_and(|it| it.canonical_name().as_str() == name)
    })
}

fn target_kind(kind: CargoTargetKind) -> Option<TargetKind> {
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

/// The targets behind the views, in the database.
pub(super) fn targets(db: &RootDatabase, views: &[View]) -> Vec<Target> {
    let test = ra_ap_cfg::CfgAtom::Flag(Symbol::intern("test"));
    let crates = all_crates(db);
    let krate = |view: &View| {
        crates.iter().copied().find(|it| {
            let name = it.extra_data(db).display_name.as_ref();
            it.data(db).root_file_id == view.root
                && it.cfg_options(db).check_atom(&test) == view.cfg_test
                && name.is_some_and(|it| it.canonical_name().as_str() == view.name)
        })
    };
    views
        .iter()
        .filter_map(|view| {
            Some(Target {
                name: view.name.clone(),
                kind: view.kind,
                package: view.package,
                root: view.file.clone(),
                krate: krate(view)?,
                cfg_test: view.cfg_test,
            })
        })
        .collect()
}
