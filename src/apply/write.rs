//! One file, replaced as a whole.

use std::{
    fs::{self, Permissions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use tempfile::NamedTempFile;

/// A new text that is ready to take the place of the old one.
pub(super) struct Staged {
    path: PathBuf,
    permissions: Permissions,
    way: Way,
}

/// How the new text gets there.
enum Way {
    /// In one step: it is on disk, beside the old one.
    Rename(NamedTempFile),
    /// Byte by byte, because other names of the same file would keep the old text.
    InPlace(String),
}

/// Makes `text` ready for `path`, which has no links in it. `temporary` is the name of a file beside it that is free.
pub(super) fn stage(
    path: &Path,
    text: &str,
    permissions: &Permissions,
    temporary: &str,
) -> io::Result<Staged> {
    let metadata = fs::metadata(path)?;
    let way = match has_other_names(&metadata) {
        true => Way::InPlace(text.to_owned()),
        false => {
            let folder = path.parent().unwrap_or(Path::new("/"));
            let mut builder = tempfile::Builder::new();
            let mut temp = builder.prefix(temporary).rand_bytes(0).tempfile_in(folder)?;
            temp.write_all(text.as_bytes())?;
            keep_owner(&temp, &metadata);
            // After the owner, whose change clears some of the bits.
            temp.as_file().set_permissions(permissions.clone())?;
            temp.as_file().sync_all()?;
            Way::Rename(temp)
        }
    };
    Ok(Staged { path: path.to_owned(), permissions: permissions.clone(), way })
}

impl Staged {
    pub(super) fn commit(self) -> io::Result<()> {
        match self.way {
            Way::Rename(temp) => {
                let file = temp.persist(&self.path).map_err(|it| it.error)?;
                be_newer(&file);
                if let Some(folder) = self.path.parent() {
                    sync_folder(folder);
                }
                Ok(())
            }
            Way::InPlace(text) => {
                overwrite(&self.path, &text)?;
                fs::set_permissions(&self.path, self.permissions)
            }
        }
    }
}

/// The text was written before it got here. A build that read the old one in between must not take itself for newer.
fn be_newer(file: &fs::File) {
    let now = SystemTime::now();
    if file.metadata().and_then(|it| it.modified()).is_ok_and(|it| it < now) {
        let _ = file.set_modified(now);
    }
}

/// Writes over the bytes of the old text. Every byte is an old or a new one whenever this stops.
pub(super) fn overwrite(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    let old_length = file.metadata()?.len();
    let common = text.len().min(usize::try_from(old_length).unwrap_or(usize::MAX));
    let (head, tail) = text.as_bytes().split_at(common);
    // What lies behind the old end comes first: if there is no room for it, the old text is still whole.
    if !tail.is_empty()
        && let Err(error) = append(&mut file, old_length, tail)
    {
        let _ = file.set_len(old_length);
        return Err(error);
    }
    file.seek(SeekFrom::Start(0))?;
    file.write_all(head)?;
    file.set_len(text.len() as u64)?;
    file.sync_all()
}

fn append(file: &mut fs::File, end: u64, tail: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(end))?;
    file.write_all(tail)?;
    file.sync_all()
}

#[cfg(unix)]
pub(super) fn has_other_names(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) > 1
}

#[cfg(not(unix))]
pub(super) fn has_other_names(_: &fs::Metadata) -> bool {
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

/// Makes new names last through a crash, where folders can be synced.
pub(super) fn sync_folder(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}
