//! From a manifest to a database that knows what the project's code means.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    path::Path,
};

use ra_ap_hir_expand::{change::ChangeWithProcMacros, proc_macro::ProcMacrosBuilder};
use ra_ap_ide_db::RootDatabase;
use ra_ap_vfs::{FileId, VfsPath};

use crate::{
    config::ProjectRequest,
    finding::FilePath,
    workspace::{
        LoadError, Texts, Workspace,
        cache::Cache,
        comments,
        described::{self, Described},
        edit_limits, expand,
        files::{self, Files},
        graph, layout, lock, metadata,
        outline::Outline,
        packages, prime, shipped_rows, std_sources,
        toolchain::Toolchain,
        unreadable, views,
    },
};

pub(super) fn load(
    request: &ProjectRequest,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Workspace, LoadError> {
    let manifest = layout::find_manifest(request)?;
    let folder = manifest.parent().unwrap_or(Path::new("/"));
    let toolchain = Toolchain::find(folder)?;
    let described = match described::is_description(&manifest) {
        true => Some(Described::for_request(&manifest, request)?),
        false => None,
    };
    let std_sources = std_sources::find(
        request.std_sources.as_deref(),
        described.as_ref().and_then(Described::std_sources),
        &toolchain,
    )?;
    let project = match &described {
        Some(it) => {
            progress("asking rustc about the target");
            metadata::take(&it.project(&toolchain)?, request, &toolchain, &std_sources)?
        }
        None => {
            progress("asking cargo about the project");
            metadata::query(&manifest, request, &toolchain, &std_sources)?
        }
    };
    let cargo = metadata::cargo_workspace(&project);

    progress("reading the sources");
    let mut files = Files::new();
    let (graph, _) = project.to_crate_graph(&mut |it| files.load(it), &Default::default());
    let shared = graph::shared(&project);
    let (mut graph, ids) = graph::without_internals(&graph, &shared);
    let source_roots = files.load_all(&project);
    let outline = match (cargo, &described) {
        (_, Some(it)) => it.outline(),
        (Some(it), None) => Outline::of_cargo(it),
        (None, None) => return Err(LoadError::Other("this is not a Cargo project".to_owned())),
    };
    let Outline { root, .. } = &outline;
    unreadable::refuse_roots(&outline, &files)?;
    let members = Members::of(&outline, &files);
    let texts_of_files: HashMap<FileId, Result<String, ()>> = files.take().into_iter().collect();
    let differs =
        |it: &FileId| matches!(texts_of_files.get(it), Some(Ok(text)) if differs_in_tests(text));
    let views = views::views(&shared, &outline, &files, &mut graph, &|package| {
        let own = members.paths.iter().filter(|it| it.1.is_in(&members.folders[package]));
        own.into_iter().any(|(id, _)| differs(id))
    });

    let mut builder = ProcMacrosBuilder::default();
    for id in ids.values().copied().filter(|it| graph[*it].basic.is_proc_macro) {
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
    let left_out = views::left_out(&outline, &files);
    progress("resolving names and implementations");
    let crates: Vec<_> = targets.iter().map(|it| it.krate).collect();
    prime::prime(&db, &crates);

    let packages = match (cargo, &described) {
        (Some(cargo), None) => {
            texts.extend(packages::manifests(root, cargo));
            packages::read(cargo, &members.manifests, &texts)?
        }
        (_, Some(it)) => {
            texts.extend([it.text()]);
            it.packages()
        }
        (None, None) => Vec::new(),
    };
    let cache = Cache::new(&db, &|it| files.vfs().file_path(it).clone());
    let mut workspace = Workspace {
        cache,
        shipped_rows: cargo.map(shipped_rows::read).unwrap_or_default(),
        kept_out: edit_limits::kept_out(root, &texts, &members.folders),
        ids: members.paths.iter().map(|(id, path)| (path.clone(), *id)).collect(),
        paths: members.paths,
        root: outline.root,
        is_described: described.is_some(),
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

/// What belongs to the members: their files and their manifests.
struct Members {
    paths: HashMap<FileId, FilePath>,
    /// By package, in the order of [`packages::read`].
    manifests: Vec<FilePath>,
    folders: Vec<FilePath>,
}

impl Members {
    fn of(outline: &Outline, files: &Files) -> Members {
        let Outline { root, others, .. } = outline;
        let manifests: Vec<FilePath> =
            outline.members.iter().map(|it| it.manifest.clone()).collect();
        let folders: Vec<FilePath> = manifests.iter().map(FilePath::folder).collect();
        let paths = files
            .vfs()
            .iter()
            .filter_map(|(id, path)| Some((id, member_path(root, path)?)))
            .filter(|(_, path)| {
                let nearest = |folders: &[FilePath]| {
                    let around = folders.iter().filter(|it| path.is_in(it));
                    around.map(|it| it.as_str().len()).max()
                };
                nearest(&folders).is_some_and(|it| Some(it) > nearest(others))
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
