//! Which packages a workspace has, and where: what there is to know before anything is analysed.

use std::path::{Path, PathBuf};

use crate::{
    config::ProjectRequest,
    finding::FilePath,
    workspace::{
        LoadError,
        described::{self, Described},
        metadata,
        toolchain::Toolchain,
    },
};

/// The members of a workspace.
#[derive(Clone, Debug)]
pub struct Layout {
    pub root: PathBuf,
    pub members: Vec<Member>,
}

#[derive(Clone, Debug)]
pub struct Member {
    /// As whoever builds it names it in messages.
    pub id: String,
    pub name: String,
    pub version: String,
    /// Seen from the workspace root.
    pub folder: FilePath,
    /// Whether cargo means it when nothing is said of packages.
    pub is_default: bool,
}

impl Layout {
    /// Asks cargo, which reads the manifests of the members and nothing else, or whatever else describes the project.
    pub fn find(request: &ProjectRequest) -> Result<Layout, LoadError> {
        let manifest = find_manifest(request)?;
        if described::is_description(&manifest) {
            let described = Described::read(&manifest)?;
            let root = described.folder().to_owned();
            return Ok(Layout { members: described.members(), root });
        }
        let toolchain = Toolchain::find(manifest.parent().unwrap_or(Path::new("/")))?;
        let found = metadata::members(&manifest, request, &toolchain)?;
        let root = found.workspace_root;
        let at_root = manifest == root.join("Cargo.toml");
        let members = found.packages.into_iter().map(|it| Member {
            is_default: match at_root {
                true => found.workspace_default_members.contains(&it.id),
                false => it.manifest_path == manifest,
            },
            folder: FilePath::below(&root, it.manifest_path.parent().unwrap_or(&root)),
            id: it.id,
            name: it.name,
            version: it.version,
        });
        Ok(Layout { members: members.collect(), root })
    }
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
    nearest_manifest(&start).ok_or_else(|| {
        LoadError::Other(format!(
            "there is no `Cargo.toml` and no `{}` in `{}` or in a folder above it",
            described::NAMES[0],
            start.display()
        ))
    })
}

/// What says how the code at `path` is built: cargo's manifest, or else a description, in the nearest folder with one.
pub fn nearest_manifest(path: &Path) -> Option<PathBuf> {
    let names = ["Cargo.toml"].into_iter().chain(described::NAMES);
    let mut all = path.ancestors().flat_map(|it| names.clone().map(|name| it.join(name)));
    all.find(|it| it.is_file())
}
