//! Gives files the text back that they had before a run.

use std::{
    fs::{self, Permissions},
    io::{self, ErrorKind},
    path::PathBuf,
};

use crate::apply::{
    journal::{Entry, Saved},
    write,
};

/// What stands in a file of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Found {
    Before,
    /// What the run wrote.
    Written,
    /// Somebody else's text, which must not be lost.
    Other,
    Gone,
}

/// Looks at a file of a run that ended.
pub(super) fn look(saved: &Saved) -> Found {
    match fs::read(&saved.entry.path) {
        Err(_) => Found::Gone,
        Ok(bytes) if bytes == saved.before.as_bytes() => Found::Before,
        Ok(bytes) => match saved.written.last() {
            Some(it) if bytes == it.as_bytes() => Found::Written,
            _ => Found::Other,
        },
    }
}

/// Looks at a file of a run that may have been cut off in the middle of a write.
pub(super) fn look_closely(saved: &Saved) -> Found {
    match fs::read(&saved.entry.path) {
        Err(_) => Found::Gone,
        Ok(bytes) if bytes == saved.before.as_bytes() => Found::Before,
        Ok(bytes) if is_mixed(&bytes, saved) => Found::Written,
        Ok(_) => Found::Other,
    }
}

/// Whether each byte is one that a text of the run has in this place: that is what a write in place leaves.
fn is_mixed(bytes: &[u8], saved: &Saved) -> bool {
    let texts: Vec<&[u8]> =
        [&saved.before].into_iter().chain(&saved.written).map(|it| it.as_bytes()).collect();
    bytes.iter().enumerate().all(|(at, byte)| texts.iter().any(|it| it.get(at) == Some(byte)))
}

/// Puts the old texts back where something else stands, and says where that failed.
pub(super) fn restore<'a>(
    run: &str,
    files: impl Iterator<Item = (usize, &'a Saved)>,
) -> Vec<PathBuf> {
    let mut stuck = Vec::new();
    for (index, saved) in files {
        let temporary = temporary(run, index);
        // A run that was killed leaves it behind.
        let _ = fs::remove_file(saved.entry.path.with_file_name(&temporary));
        let done = match look_closely(saved) {
            Found::Before => restore_mode(&saved.entry),
            Found::Written => put_back(saved, &temporary),
            Found::Other | Found::Gone => Err(ErrorKind::Other.into()),
        };
        if done.is_err() {
            stuck.push(saved.entry.path.clone());
        }
    }
    stuck
}

/// The name of the file that a new text waits in.
pub(super) fn temporary(run: &str, index: usize) -> String {
    format!(".async-fix-{run}-{index}")
}

fn put_back(saved: &Saved, temporary: &str) -> io::Result<()> {
    let Entry { path, .. } = &saved.entry;
    let permissions = permissions(&saved.entry)?;
    let staged = write::stage(path, &saved.before, &permissions, temporary);
    match staged.and_then(write::Staged::commit) {
        // On a full disk there is still the room that the file itself takes.
        Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            write::overwrite(path, &saved.before)?;
            restore_mode(&saved.entry)
        }
        result => result,
    }
}

fn restore_mode(entry: &Entry) -> io::Result<()> {
    let wanted = permissions(entry)?;
    match fs::metadata(&entry.path)?.permissions() == wanted {
        true => Ok(()),
        false => fs::set_permissions(&entry.path, wanted),
    }
}

/// Those of before, as far as the system has them.
#[cfg(unix)]
fn permissions(entry: &Entry) -> io::Result<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let mut now = fs::metadata(&entry.path)?.permissions();
    if let Some(mode) = entry.mode {
        // The kind of the file stands in the same number.
        now.set_mode(now.mode() & !0o7777 | mode);
    }
    Ok(now)
}

#[cfg(not(unix))]
fn permissions(entry: &Entry) -> io::Result<Permissions> {
    fs::metadata(&entry.path).map(|it| it.permissions())
}

/// The permission bits of a file.
#[cfg(unix)]
pub(super) fn mode(metadata: &fs::Metadata) -> Option<u32> {
    Some(std::os::unix::fs::MetadataExt::mode(metadata) & 0o7777)
}

#[cfg(not(unix))]
pub(super) fn mode(_: &fs::Metadata) -> Option<u32> {
    None
}
