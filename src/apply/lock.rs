//! One run at a time writes to a workspace.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::apply::{Refusal, journal, state};

/// The right to write to a workspace. The system takes it back when the process dies.
pub struct Lock {
    pub(super) state: PathBuf,
    /// With links followed.
    pub(super) root: PathBuf,
    file: File,
}

/// Takes the lock of the workspace at `root` for a run that writes; refuses when another run has it, and when an
/// earlier one did not end.
pub fn take(state: &Path, root: &Path) -> Result<Lock, Refusal> {
    let lock = take_to_undo(state, root)?;
    match journal::unfinished(&lock.state, &lock.root) {
        Some(run) => Err(Refusal::Unfinished { run: run.id }),
        None => Ok(lock),
    }
}

/// Takes the lock for a run that puts back what an earlier one left.
pub(super) fn take_to_undo(state: &Path, root: &Path) -> Result<Lock, Refusal> {
    let root = canonical(root);
    let file = open(state, &root).map_err(|it| unusable(state, &it))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { state: state.to_owned(), root, file }),
        Err(TryLockError::WouldBlock) => Err(Refusal::Busy),
        Err(TryLockError::Error(error)) => Err(unusable(state, &error)),
    }
}

/// The sentence for a state folder that cannot be written.
pub(super) fn unusable(state: &Path, error: &io::Error) -> Refusal {
    Refusal::Unfit(vec![format!(
        "the journal in `{}` cannot be written: {error}; `{}` names another folder for it",
        state.display(),
        state::VARIABLE
    )])
}

/// A folder that is gone keeps the name it had.
pub(super) fn canonical(root: &Path) -> PathBuf {
    root.canonicalize().unwrap_or_else(|_| root.to_owned())
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing it is not enough: a process that is just being started holds a copy for a moment.
        let _ = self.file.unlock();
    }
}

/// The file stays when the lock is given back: taking it away could split a lock in two.
fn open(state: &Path, root: &Path) -> io::Result<File> {
    let folder = state.join("locks");
    state::make_private(&folder)?;
    fs::OpenOptions::new().create(true).append(true).open(folder.join(name(root)))
}

/// The name of the folder for people, and a hash of the whole path (FNV-1a) to tell folders of one name apart.
fn name(root: &Path) -> String {
    let bytes = root.as_os_str().as_encoded_bytes();
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let folder = root.file_name().unwrap_or_default().to_string_lossy();
    let folder: String = folder.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("{folder}-{hash:016x}")
}
