//! From a manifest to a database that knows what the project's code means.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
};

use ra_ap_base_db::{
    CrateBuilderId, CrateGraphBuilder, CrateWorkspaceData, DependencyBuilder, all_crates,
};
use ra_ap_hir_expand::{change::ChangeWithProcMacros, proc_macro::ProcMacrosBuilder};
use ra_ap_ide_db::RootDatabase;
use ra_ap_intern::Symbol;
use ra_ap_project_model::{CargoWorkspace, ProjectWorkspace, TargetKind as CargoTargetKind};
use ra_ap_vfs::{FileId, VfsPath};

use crate::{
    config::ProjectRequest,
    finding::FilePath,
    workspace::{
        LoadError, Target, TargetKind, Texts, Workspace, edit_limits, expand,
        files::{self, Files},
        lock, metadata, packages, prime, std_sources,
        toolchain::Toolchain,
    },
};

pub(super) fn load(
    request: &ProjectRequest,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Workspace, LoadError> {
    let manifest = find_manifest(request)?;
    let folder = manifest.parent().unwrap_or(Path::new("/"));
    let toolchain = Toolchain::find(folder)?;
    let std_sources = std_sources::find(request.std_sources.as_deref(), &toolchain)?;
    progress("asking cargo about the project");
    let project = metadata::query(&manifest, request, &toolchain, &std_sources)?;
    let cargo = metadata::cargo_workspace(&project)?;
    let root: PathBuf = cargo.workspace_root().to_path_buf().into();

    progress("reading the sources");
    let mut files = Files::new();
    let (mut graph, proc_macros) =
        project.to_crate_graph(&mut |it| files.load(it), &Default::default());
    let source_roots = files.load_all(&project);
    let members = Members::of(&root, cargo, &files);
    let texts_of_files: HashMap<FileId, Result<String, ()>> = files.take().into_iter().collect();
    let mentions_test =
        |it: &FileId| matches!(texts_of_files.get(it), Some(Ok(text)) if text.contains("test"));
    let views = views(&project, cargo, &files, &mut graph, &|package| {
        members
            .paths
            .iter()
            .any(|(id, path)| path.is_in(&members.folders[package]) && mentions_test(id))
    });

    let mut builder = ProcMacrosBuilder::default();
    for id in proc_macros.into_keys() {
        let name = graph[id].extra.display_name.as_ref().map(|it| it.crate_name().to_string());
        builder.insert(id, Ok(expand::helpers_of(&name.unwrap_or_default())));
    }
    let mut change = ChangeWithProcMacros::default();
    let mut texts = Texts::new();
    let mut unreadable = HashSet::new();
    for (id, text) in texts_of_files {
        if text.is_err() {
            unreadable.insert(id);
        }
        let text = text.unwrap_or_default();
        let worthless = files::is_worthless(files.vfs().file_path(id));
        change.change_file(id, Some(if worthless { String::new() } else { for_database(&text) }));
        if let Some(path) = members.paths.get(&id) {
            texts.insert(path.clone(), text);
        }
    }
    change.set_roots(source_roots.partition(files.vfs()));
    change.set_crate_graph(graph);
    change.set_proc_macros(builder);
    let mut db = RootDatabase::new(None);
    // Those without an expander here leave what they stand on as it is written.
    db.enable_proc_attr_macros();
    db.apply_change(change);

    let targets = targets(&db, &views);
    progress("resolving names and implementations");
    let crates: Vec<_> = targets.iter().map(|it| it.krate).collect();
    prime::prime(&db, &crates);

    texts.extend(packages::manifests(&root, cargo));
    let packages = packages::read(cargo, &members.manifests, &texts)?;
    let mut workspace = Workspace {
        kept_out: edit_limits::kept_out(&root, &texts, &members.folders),
        ids: members.paths.iter().map(|(id, path)| (path.clone(), *id)).collect(),
        paths: members.paths,
        root,
        db,
        packages,
        targets,
        texts,
        cargo: lock::Cargo {
            cargo: toolchain.cargo(),
            rustc: toolchain.rustc,
            platform: request.target.clone(),
        },
    };
    refuse_unreadable(&workspace, &unreadable)?;
    workspace.kept_out.retain(|it, _| workspace.texts.contains_key(it));
    Ok(workspace)
}

/// The manifest that was asked for, or the nearest one upwards.
fn find_manifest(request: &ProjectRequest) -> Result<PathBuf, LoadError> {
    if let Some(manifest) = &request.manifest_path {
        return manifest.canonicalize().map_err(|it| {
            LoadError::Other(format!("the manifest `{}` cannot be read: {it}", manifest.display()))
        });
    }
    let start = request.start.canonicalize().map_err(|it| {
        LoadError::Other(format!("`{}` cannot be read: {it}", request.start.display()))
    })?;
    let found = start.ancestors().map(|it| it.join("Cargo.toml")).find(|it| it.is_file());
    found.ok_or_else(|| {
        LoadError::Other(format!(
            "there is no `Cargo.toml` in `{}` or in a folder above it",
            start.display()
        ))
    })
}

/// What belongs to the members: their files and their manifests.
struct Members {
    paths: HashMap<FileId, FilePath>,
    /// By package, in the order of [`packages::read`].
    manifests: Vec<FilePath>,
    folders: Vec<FilePath>,
}

impl Members {
    fn of(root: &Path, cargo: &CargoWorkspace, files: &Files) -> Members {
        let manifests: Vec<FilePath> = packages::members(cargo)
            .map(|it| FilePath::below(root, AsRef::<Path>::as_ref(&cargo[it].manifest)))
            .collect();
        let folders: Vec<FilePath> = manifests.iter().map(FilePath::folder).collect();
        // A member's folder may hold packages that are none of the workspace's, such as examples of their own.
        let others: Vec<FilePath> = cargo
            .packages()
            .filter(|it| !cargo[*it].is_member)
            .map(|it| FilePath::below(root, AsRef::<Path>::as_ref(&cargo[it].manifest)).folder())
            .collect();
        let paths = files
            .vfs()
            .iter()
            .filter_map(|(id, path)| Some((id, member_path(root, path)?)))
            .filter(|(_, path)| {
                let nearest = |folders: &[FilePath]| {
                    let around = folders.iter().filter(|it| path.is_in(it));
                    around.map(|it| it.as_str().len()).max()
                };
                nearest(&folders).is_some_and(|it| Some(it) > nearest(&others))
            })
            .collect();
        Members { paths, manifests, folders }
    }
}

fn member_path(root: &Path, path: &VfsPath) -> Option<FilePath> {
    let path: &Path = path.as_path()?.as_ref();
    path.extension().is_some_and(|it| it == "rs").then(|| FilePath::below(root, path))
}

/// What all crates of a project have in common.
type Shared = triomphe::Arc<CrateWorkspaceData>;

/// A target, before the database has a number for its crate.
struct View {
    name: String,
    kind: TargetKind,
    package: usize,
    root: FileId,
    cfg_test: bool,
}

/// Each target as cargo would build it: a library or a program whose package speaks of tests is there twice, once for
/// its users and once for its tests.
fn views(
    project: &ProjectWorkspace,
    cargo: &CargoWorkspace,
    files: &Files,
    graph: &mut CrateGraphBuilder,
    has_tests: &dyn Fn(usize) -> bool,
) -> Vec<View> {
    let libraries: HashMap<_, _> = cargo
        .packages()
        .flat_map(|it| cargo[it].targets.iter().map(move |target| (it, &cargo[*target])))
        .filter(|(_, it)| matches!(it.kind, CargoTargetKind::Lib { .. }))
        .filter_map(|(package, it)| {
            Some((package, crate_of(graph, files.id(&it.root)?, &it.name)?))
        })
        .collect();
    let (target, toolchain) = (project.target.clone(), project.toolchain.clone());
    let shared = Shared::new(CrateWorkspaceData { target, toolchain });
    let mut views = Vec::new();
    for (index, package) in packages::members(cargo).enumerate() {
        for target in cargo[package].targets.iter().map(|it| &cargo[*it]) {
            let features = &cargo[package].active_features;
            if !target.required_features.iter().all(|it| features.contains(it)) {
                continue;
            }
            let Some(kind) = target_kind(target.kind) else { continue };
            let Some(root) = files.id(&target.root) else { continue };
            let Some(krate) = crate_of(graph, root, &target.name) else { continue };
            let view =
                |cfg_test| View { name: target.name.clone(), kind, package: index, root, cfg_test };
            match kind {
                TargetKind::Test | TargetKind::Bench => {
                    add_test_view(graph, krate, cargo, package, &libraries, &shared);
                    views.push(view(true));
                }
                TargetKind::Lib | TargetKind::Bin if has_tests(index) => {
                    views.push(view(false));
                    add_test_view(graph, krate, cargo, package, &libraries, &shared);
                    views.push(view(true));
                }
                _ => views.push(view(false)),
            }
        }
    }
    views
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
    let data = &graph[original];
    let (basic, extra) = (data.basic.clone(), data.extra.clone());
    let (mut cfg_options, env) = (data.cfg_options.clone(), data.env.clone());
    cfg_options.insert_atom(Symbol::intern("test"));
    let view = graph.add_crate_root(
        basic.root_file_id,
        basic.edition,
        extra.display_name,
        extra.version,
        cfg_options,
        extra.potential_cfg_options,
        env,
        basic.origin,
        Vec::new(),
        basic.is_proc_macro,
        basic.proc_macro_cwd,
        Shared::clone(shared),
    );
    let for_tests = cargo[package].dependencies.iter().filter_map(|it| {
        let name = ra_ap_base_db::CrateName::new(&it.name).ok()?;
        Some(DependencyBuilder::new(name, *libraries.get(&it.pkg)?))
    });
    let mut dependencies = basic.dependencies;
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
        CargoTargetKind::Lib { is_proc_macro: true } => TargetKind::ProcMacro,
        CargoTargetKind::Lib { is_proc_macro: false } => TargetKind::Lib,
        CargoTargetKind::Bin => TargetKind::Bin,
        CargoTargetKind::Example => TargetKind::Example,
        CargoTargetKind::Test => TargetKind::Test,
        CargoTargetKind::Bench => TargetKind::Bench,
        CargoTargetKind::BuildScript => TargetKind::BuildScript,
        CargoTargetKind::Other => return None,
    })
}

fn targets(db: &RootDatabase, views: &[View]) -> Vec<Target> {
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
                krate: krate(view)?,
                cfg_test: view.cfg_test,
            })
        })
        .collect()
}

/// The parser knows no byte order mark. Spaces in its place keep every position.
pub(super) fn for_database(text: &str) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => format!("   {rest}"),
        None => text.to_owned(),
    }
}

/// A file that no module names may hold what it likes.
fn refuse_unreadable(workspace: &Workspace, unreadable: &HashSet<FileId>) -> Result<(), LoadError> {
    let sema = ra_ap_hir::Semantics::new(&workspace.db);
    let mut bad: BTreeMap<&FilePath, FileId> =
        unreadable.iter().filter_map(|it| Some((workspace.paths.get(it)?, *it))).collect();
    bad.retain(|_, id| sema.file_to_module_defs(*id).next().is_some());
    match bad.keys().next() {
        Some(path) => {
            Err(LoadError::Other(format!("`{path}` is not UTF-8: rustc does not read it either")))
        }
        None => Ok(()),
    }
}
