//! Files that the project's code names and that cannot be read: rustc stops there too.

use std::{collections::HashSet, fs, path::Path};

use ra_ap_hir::crate_def_map;
use ra_ap_hir_def::nameres::diagnostics::DefDiagnosticKind;
use ra_ap_vfs::FileId;

use crate::{
    finding::FilePath,
    workspace::{LoadError, Workspace, files::Files, outline::Outline},
};

/// Refuses a target whose first file is there and cannot be read.
pub(super) fn refuse_roots(outline: &Outline, files: &Files) -> Result<(), LoadError> {
    let targets = outline.members.iter().flat_map(|it| &it.targets);
    for target in targets.filter(|it| files.id(&it.root).is_none()) {
        refuse(&outline.root, target.root.as_ref())?;
    }
    Ok(())
}

/// Refuses files that modules name. A file that no module names may hold what it likes.
pub(super) fn refuse_modules(
    workspace: &Workspace,
    not_utf8: &HashSet<FileId>,
) -> Result<(), LoadError> {
    let sema = ra_ap_hir::Semantics::new(&workspace.db);
    let named = workspace
        .ids
        .iter()
        .find(|(_, id)| not_utf8.contains(id) && sema.file_to_module_defs(**id).next().is_some());
    if let Some((path, _)) = named {
        let sentence = format!("`{path}` is not UTF-8: rustc does not read it either");
        return Err(LoadError::Other(sentence));
    }
    for target in &workspace.targets {
        for diagnostic in crate_def_map(&workspace.db, target.krate).diagnostics() {
            let DefDiagnosticKind::UnresolvedModule { ast, candidates } = &diagnostic.kind else {
                continue;
            };
            let file = ast.file_id.original_file_respecting_includes(&workspace.db);
            let Some(file) = workspace.file_path(file.file_id(&workspace.db)) else { continue };
            let folder = workspace.disk_path(&file.folder());
            for candidate in candidates {
                refuse(&workspace.root, &folder.join(candidate))?;
            }
        }
    }
    Ok(())
}

/// What is not there at all is no reason to stop: it is said that nobody saw it.
fn refuse(root: &Path, path: &Path) -> Result<(), LoadError> {
    let is_there = fs::symlink_metadata(path).is_ok();
    match fs::read(path) {
        Err(error) if is_there => {
            let file = FilePath::below(root, path);
            Err(LoadError::Other(format!("`{file}` cannot be read: {error}")))
        }
        _ => Ok(()),
    }
}
