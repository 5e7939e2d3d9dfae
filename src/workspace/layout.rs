//! Which packages a workspace has, and where: what there is to know before anything is analysed.

use std::path::{Path, PathBuf};

use crate::{
    config::ProjectRequest,
    finding::FilePath,
    workspace::{LoadError, load, metadata, toolchain::Toolchain},
};

/// The members of a workspace.
#[derive(Clone, Debug)]
pub struct Layout {
    pub root: PathBuf,
    pub members: Vec<Member>,
}

#[derive(Clone, Debug)]
pub struct Member {
    /// As cargo names it in its messages.
    pub id: String,
    pub name: String,
    pub version: String,
    /// Seen from the workspace root.
    pub folder: FilePath,
    /// Whether cargo means it when nothing is said of packages.
    pub is_default: bool,
}

impl Layout {
    /// Asks cargo, which reads the manifests of the members and nothing else.
    pub fn find(request: &ProjectRequest) -> Result<Layout, LoadError> {
        let manifest = load::find_manifest(request)?;
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
