//! The targets of the members, each as it is built.

use ra_ap_base_db::{
    CrateBuilderId, CrateDisplayName, CrateGraphBuilder, CrateName, DependencyBuilder, all_crates,
};
use ra_ap_cfg::CfgAtom;
use ra_ap_ide_db::RootDatabase;
use ra_ap_intern::Symbol;
use ra_ap_vfs::FileId;

use crate::{
    finding::FilePath,
    workspace::{
        Target, TargetKind,
        files::Files,
        graph::{self, Shared},
        outline::{Member, Outline},
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

/// Each target as it is built: a library or a program that is other code in its tests is there twice, once for its users
/// and once for its tests.
pub(super) fn views(
    shared: &Shared,
    outline: &Outline,
    files: &Files,
    graph: &mut CrateGraphBuilder,
    differs_in_tests: &dyn Fn(usize) -> bool,
) -> Vec<View> {
    let mut views = Vec::new();
    for (index, member) in outline.members.iter().enumerate() {
        for target in &member.targets {
            // [`left_out`] speaks of these.
            if !target.missing_features.is_empty() {
                continue;
            }
            let Some(kind) = target.kind else { continue };
            let Some(root) = files.id(&target.root) else { continue };
            let Some(krate) = crate_of(graph, root, &target.name) else { continue };
            let file = FilePath::below(&outline.root, target.root.as_ref());
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
                    add_test_view(graph, krate, member, files, shared);
                    views.push(view(true));
                }
                TargetKind::Lib | TargetKind::Bin if differs_in_tests(index) => {
                    views.push(view(false));
                    add_test_view(graph, krate, member, files, shared);
                    views.push(view(true));
                }
                _ => views.push(view(false)),
            }
        }
    }
    views
}

/// The targets that have no view, each with the reason.
pub(super) fn left_out(outline: &Outline, files: &Files) -> Vec<String> {
    let mut left_out = Vec::new();
    for target in outline.members.iter().flat_map(|it| &it.targets) {
        let Some(kind) = target.kind else { continue };
        let reason = if !target.missing_features.is_empty() {
            format!("it needs `--features {}`", target.missing_features.join(","))
        } else if files.id(&target.root).is_none() {
            let file = FilePath::below(&outline.root, target.root.as_ref());
            format!("there is no `{file}`")
        } else {
            continue;
        };
        left_out.push(format!("{} `{}` ({reason})", kind.name(), target.name));
    }
    left_out
}

/// A second crate from the same file, in which `cfg(test)` holds and the dependencies for tests are there.
fn add_test_view(
    graph: &mut CrateGraphBuilder,
    original: CrateBuilderId,
    member: &Member,
    files: &Files,
    shared: &Shared,
) {
    let (mut krate, mut dependencies) = graph::copy_of(graph, original);
    let for_tests = member.seen_by_tests.iter().filter_map(|it| {
        let name = CrateName::new(&it.called).ok()?;
        Some(DependencyBuilder::new(name, crate_of(graph, files.id(&it.root)?, &it.name)?))
    });
    for dependency in for_tests.collect::<Vec<_>>() {
        if !dependencies.iter().any(|it| it.name == dependency.name) {
            dependencies.push(dependency);
        }
    }
    krate.cfg_options.insert_atom(Symbol::intern("test"));
    let view = krate.add_to(graph, shared);
    for dependency in dependencies {
        // Nothing depends on the view, so there is no cycle to refuse.
        let _ = graph.add_dep(view, dependency);
    }
}

/// The crate with this root; of those that are built for users and for tests, the one for users.
fn crate_of(graph: &CrateGraphBuilder, root: FileId, name: &str) -> Option<CrateBuilderId> {
    let test = CfgAtom::Flag(Symbol::intern("test"));
    let crates = graph.iter().filter(|it| {
        let krate = &graph[*it];
        krate.basic.root_file_id == root && is_called(krate.extra.display_name.as_ref(), name)
    });
    crates.min_by_key(|it| graph[*it].cfg_options.check_atom(&test))
}

fn is_called(display_name: Option<&CrateDisplayName>, name: &str) -> bool {
    display_name.is_none_or(|it| it.canonical_name().as_str() == name)
}

/// The targets behind the views, in the database.
pub(super) fn targets(db: &RootDatabase, views: &[View]) -> Vec<Target> {
    let test = CfgAtom::Flag(Symbol::intern("test"));
    let crates = all_crates(db);
    let krate = |view: &View| {
        crates.iter().copied().find(|it| {
            it.data(db).root_file_id == view.root
                && it.cfg_options(db).check_atom(&test) == view.cfg_test
                && is_called(it.extra_data(db).display_name.as_ref(), &view.name)
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
