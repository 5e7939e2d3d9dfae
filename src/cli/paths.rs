//! The files and folders that the user named.

use std::path::{Path, PathBuf};

use crate::{cli::output, finding::FilePath, workspace::Workspace};

/// `paths` as they are on disk, links followed.
pub(super) fn resolve(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let resolve = |it: &PathBuf| {
        it.canonicalize().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => format!("`{}` does not exist", it.display()),
            _ => format!("`{}` cannot be read: {error}", it.display()),
        })
    };
    paths.iter().map(resolve).collect()
}

/// Where to look for the project: where the first of `paths` is, or else here.
pub(super) fn start(paths: &[PathBuf]) -> Result<PathBuf, String> {
    match paths.first() {
        Some(first) => Ok(first.clone()),
        None => {
            std::env::current_dir().map_err(|it| format!("the current folder cannot be read: {it}"))
        }
    }
}

/// What leads from the folder of the repository to `root`, for tools that count paths from there: nothing, or folders
/// with a `/` behind each.
pub(super) fn below_repository(root: &Path) -> String {
    let repository = root.ancestors().find(|it| it.join(".git").exists());
    let below = repository.map(|it| FilePath::below(it, root).to_string());
    below.filter(|it| !it.is_empty()).map(|it| it + "/").unwrap_or_default()
}

/// Refuses what would silently report nothing; `path` is resolved.
pub(super) fn check(path: &Path, workspace: &Workspace) -> Result<(), String> {
    let members = workspace.packages().iter().map(|it| workspace.disk_path(&it.manifest));
    let folders = members.filter_map(|it| it.parent()?.canonicalize().ok());
    let mut folders = folders.chain(workspace.root().canonicalize());
    if !folders.any(|it| path.starts_with(it)) {
        return Err(format!(
            "`{}` is outside the workspace `{}`",
            path.display(),
            workspace.root().display()
        ));
    }
    if path.is_dir() {
        let mut files = workspace.files().map(|(file, _)| workspace.disk_path(file));
        let root = workspace.root().display();
        return match files.any(|it| it.canonicalize().is_ok_and(|it| it.starts_with(path))) {
            true => Ok(()),
            false => Err(format!("`{}` holds no source file of `{root}`", path.display())),
        };
    }
    let unreadable = |error| format!("`{}` cannot be read: {error}", path.display());
    let bytes = std::fs::read(path).map_err(unreadable)?;
    if std::str::from_utf8(&bytes).is_err() {
        return Err(format!("`{}` is not UTF-8", path.display()));
    }
    let file = FilePath::below(workspace.root(), path);
    if workspace.text(&file).is_none() {
        return Err(format!("`{file}` is no source file of the workspace"));
    }
    if let Some(reason) = workspace.kept_out(&file) {
        output::note(&format!("note: `{file}` is left alone: {reason}\n"));
    }
    Ok(())
}
