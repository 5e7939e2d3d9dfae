//! From a manifest to a database that knows what the project's code means.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use ra_ap_hir_expand::{change::ChangeWithProcMacros, proc_macro::ProcMacrosBuilder};
use ra_ap_ide_db::RootDatabase;
use ra_ap_project_model::CargoWorkspace;
use ra_ap_vfs::{FileId, VfsPath};

use crate::{
    config::ProjectRequest,
    finding::FilePath,
    workspace::{
        LoadError, Texts, Workspace,
        cache::Cache,
        comments, edit_limits, expand,
        files::{self, Files},
        graph, lock, metadata, packages, prime, shipped_rows, std_sources,
        toolchain::Toolchain,
        unreadable, views,
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
    let (graph, proc_macros) =
        project.to_crate_graph(&mut |it| files.load(it), &Default::default());
    let shared = graph::shared(&project);
    let (mut graph, ids) = graph::without_internals(&graph, &shared);
    let source_roots = files.load_all(&project);
    unreadable::refuse_roots(&root, cargo, &files)?;
    let members = Members::of(&root, cargo, &files);
    let texts_of_files: HashMap<FileId, Result<String, ()>> = files.take().into_iter().collect();
    let differs =
        |it: &FileId| matches!(texts_of_files.get(it), Some(Ok(text)) if differs_in_tests(text));
    let views = views::views(&shared, cargo, &files, &mut graph, &|package| {
        let own = members.paths.iter().filter(|it| it.1.is_in(&members.folders[package]));
        own.into_iter().any(|(id, _)| differs(id))
    });

    let mut builder = ProcMacrosBuilder::default();
    for id in proc_macros.keys().filter_map(|it| ids.get(it).copied()) {
        let name = graph[id].extra.display_name.as_ref().map(|it| it.crate_name().to_string());
        builder.insert(id, Ok(expand::helpers_of(&name.unwrap_or_default())));
    }
    let mut change = ChangeWithProcMacros::default();
    let mut texts = Texts::new();
    let mut not_utf8 = HashSet::new();
    for (id, text) in texts_of_files {
        if text.is_err() {
            not_utf8.insert(id);
        }
        let text = text.unwrap_or_default();
        let path = members.paths.get(&id);
        let needed = match path {
            Some(_) => for_database(&text).into_owned(),
            None if files::is_worthless(files.vfs().file_path(id)) => String::new(),
            None => comments::without_comments(&for_database(&text)),
        };
        change.change_file(id, Some(needed));
        if let Some(path) = path {
            texts.insert(path.clone(), text);
        }
    }
    change.set_roots(files::roots(&source_roots, files.vfs()));
    change.set_crate_graph(graph);
    change.set_proc_macros(builder);
    let mut db = RootDatabase::new(None);
    // Those without an expander here leave what they stand on as it is written.
    db.enable_proc_attr_macros();
    db.apply_change(change);

    let targets = views::targets(&db, &views);
    let left_out = views::left_out(&root, cargo, &files);
    progress("resolving names and implementations");
    let crates: Vec<_> = targets.iter().map(|it| it.krate).collect();
    prime::prime(&db, &crates);

    texts.extend(packages::manifests(&root, cargo));
    let packages = packages::read(cargo, &members.manifests, &texts)?;
    let cache = Cache::new(&db, &|it| files.vfs().file_path(it).clone());
    let mut workspace = Workspace {
        cache,
        shipped_rows: shipped_rows::read(cargo),
        kept_out: edit_limits::kept_out(&root, &texts, &members.folders),
        ids: members.paths.iter().map(|(id, path)| (path.clone(), *id)).collect(),
        paths: members.paths,
        root,
        db,
        packages,
        targets,
        left_out,
        texts,
        cargo: lock::Cargo {
            cargo: toolchain.cargo(),
            rustc: toolchain.rustc,
            platform: request.target.clone(),
        },
    };
    unreadable::refuse_modules(&workspace, &not_utf8)?;
    workspace.kept_out.retain(|it, _| workspace.texts.contains_key(it));
    Ok(workspace)
}

/// The manifest that was asked for, or the nearest one upwards.
pub(super) fn find_manifest(request: &ProjectRequest) -> Result<PathBuf, LoadError> {
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

/// Whether what users get is other code than what tests get. Code that tests get on top changes nothing.
fn differs_in_tests(text: &str) -> bool {
    ["not(test)", "cfg!(test)", "cfg_attr(test"].iter().any(|it| text.contains(it))
}

/// The parser knows no byte order mark. Spaces in its place keep every position.
pub(super) fn for_database(text: &str) -> Cow<'_, str> {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Cow::Owned(format!("   {rest}")),
        None => Cow::Borrowed(text),
    }
}
