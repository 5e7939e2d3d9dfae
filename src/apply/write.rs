//! One file, replaced as a whole.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// A new text that is on disk beside the file it will replace.
pub(super) struct Staged {
    path: PathBuf,
    text: NamedTempFile,
    way: Way,
}

/// How the new text gets there.
enum Way {
    /// In one step.
    Rename,
    /// Byte by byte, because other names of the same file would keep the old text.
    InPlace,
}

/// Writes `text` beside `path`, which has no links in it.
pub(super) fn stage(path: &Path, text: &str) -> io::Result<Staged> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let metadata = fs::metadata(path)?;
    let mut temp = tempfile::Builder::new().prefix(".async-fix-").tempfile_in(folder)?;
    temp.write_all(text.as_bytes())?;
    keep_owner(&temp, &metadata);
    // After the owner, whose change clears some of the bits.
    temp.as_file().set_permissions(metadata.permissions())?;
    temp.as_file().sync_all()?;
    let way = if has_other_names(&metadata) { Way::InPlace } else { Way::Rename };
    Ok(Staged { path: path.to_owned(), text: temp, way })
}

impl Staged {
    pub(super) fn commit(self) -> io::Result<()> {
        match self.way {
            Way::Rename => {
                self.text.persist(&self.path).map_err(|it| it.error)?;
                sync_folder(&self.path);
                Ok(())
            }
            Way::InPlace => {
                let text = fs::read(self.text.path())?;
                let mut file =
                    fs::OpenOptions::new().write(true).truncate(true).open(&self.path)?;
                file.write_all(&text)?;
                file.sync_all()
            }
        }
    }
}

#[cfg(unix)]
fn has_other_names(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &fs::Metadata) -> bool {
    false
}

/// Only root can, and only root needs to.
#[cfg(unix)]
fn keep_owner(temp: &NamedTempFile, metadata: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let _ = fchown(temp.as_file(), Some(metadata.uid()), Some(metadata.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &NamedTempFile, _: &fs::Metadata) {}

/// Makes the new name last through a crash, where folders can be synced.
fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent()
        && let Ok(folder) = fs::File::open(folder)
    {
        let _ = folder.sync_all();
    }
}
