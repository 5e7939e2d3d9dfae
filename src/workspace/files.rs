//! The texts of a project and of all that it depends on, read once.

use std::path::Path;

use ra_ap_base_db::SourceRoot;
use ra_ap_load_cargo::{ProjectFolders, SourceRootConfig};
use ra_ap_paths::AbsPath;
use ra_ap_project_model::ProjectWorkspace;
use ra_ap_vfs::{
    FileId, Vfs, VfsPath,
    file_set::FileSet,
    loader::{Config, Entry, Handle, LoadingProgress, Message},
};
use ra_ap_vfs_notify::NotifyHandle;

/// Files as they are on disk, each with a number.
pub(super) struct Files {
    vfs: Vfs,
    loader: NotifyHandle,
    messages: crossbeam_channel::Receiver<Message>,
}

impl Files {
    pub fn new() -> Files {
        let (sender, messages) = crossbeam_channel::unbounded();
        Files { vfs: Vfs::default(), loader: NotifyHandle::spawn(sender), messages }
    }

    /// Reads one file now: the root of a crate.
    pub fn load(&mut self, path: &AbsPath) -> Option<FileId> {
        let contents = self.loader.load_sync(path);
        let path = VfsPath::from(path.to_path_buf());
        self.vfs.set_file_contents(path.clone(), contents);
        self.vfs.file_id(&path).map(|it| it.0)
    }

    /// Reads the Rust files of every package, and says which file belongs to which of them.
    pub fn load_all(&mut self, project: &ProjectWorkspace) -> SourceRootConfig {
        let mut folders = ProjectFolders::new(std::slice::from_ref(project), &[], None);
        for entry in &mut folders.load {
            if let Entry::Directories(it) = entry {
                it.extensions = vec!["rs".to_owned()];
            }
        }
        self.loader.set_config(Config { load: folders.load, watch: Vec::new(), version: 0 });
        for message in &self.messages {
            match message {
                Message::Progress { n_done: LoadingProgress::Finished, .. } => break,
                Message::Progress { .. } => {}
                Message::Loaded { files } | Message::Changed { files } => {
                    for (path, contents) in files {
                        self.vfs.set_file_contents(path.into(), contents);
                    }
                }
            }
        }
        folders.source_root_config
    }

    pub fn id(&self, path: &AbsPath) -> Option<FileId> {
        self.vfs.file_id(&VfsPath::from(path.to_path_buf())).map(|it| it.0)
    }

    /// What was read, for the database: an error is a file that is not UTF-8.
    pub fn take(&mut self) -> Vec<(FileId, Result<String, ()>)> {
        let changes = self.vfs.take_changes();
        let read = changes.into_values().filter_map(|it| match it.change {
            ra_ap_vfs::Change::Create(bytes, _) | ra_ap_vfs::Change::Modify(bytes, _) => {
                Some((it.file_id, String::from_utf8(bytes).map_err(drop)))
            }
            ra_ap_vfs::Change::Delete => None,
        });
        read.collect()
    }

    pub fn vfs(&self) -> &Vfs {
        &self.vfs
    }
}

/// The files by package; all those of the user's own lie in one root, since a `#[path]` may reach from one into another.
pub(super) fn roots(config: &SourceRootConfig, vfs: &Vfs) -> Vec<SourceRoot> {
    let (libraries, own): (Vec<_>, Vec<_>) =
        config.partition(vfs).into_iter().partition(|it| it.is_library);
    let mut files = FileSet::default();
    for root in own {
        for (id, path) in root.iter().filter_map(|it| Some((it, root.path_for_file(&it)?))) {
            files.insert(id, path.clone());
        }
    }
    let mut roots = vec![SourceRoot::new_local(files)];
    roots.extend(libraries);
    roots
}

/// Nearly half of the standard library is SIMD intrinsics, which no async code waits for.
pub(super) fn is_worthless(path: &VfsPath) -> bool {
    let path = path.as_path().map(AsRef::<Path>::as_ref);
    path.is_some_and(|it| it.ends_with("stdarch/crates/core_arch/src/mod.rs"))
}
