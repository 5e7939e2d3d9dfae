//! What the files were before a run wrote to them, kept where it outlives the run.
//!
//! A run has a folder, `runs/RUN`: `run.toml` says what is what, `0.before` is the text of the first file,
//! `0.after-1` and so on are the texts that the run was about to give it. Plain files, so that a person finds an old
//! text with nothing but a file manager; TOML around them, as people edit it and as the rules have it too.
//! A folder without `run.toml` is one whose run had not written anything yet. A file `unfinished` is there for as long
//! as the run could leave files half done: its end is marked by taking it away, which needs no room on the disk.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::apply::{lock::Lock, state, write};

/// The form of `run.toml`.
const FORMAT: u32 = 1;
const RECORD: &str = "run.toml";
const UNFINISHED: &str = "unfinished";
/// So many finished runs of one workspace can be undone ..
const KEPT_RUNS: usize = 20;
/// .. for so long.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// A folder without a record that is older belongs to no run that is starting.
const STARTED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// A run that wrote, or was about to.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: String,
    /// The root of the workspace, with links followed.
    pub root: PathBuf,
    pub time: SystemTime,
    /// Nobody came to mark its end.
    pub unfinished: bool,
    /// What it wrote to, as its user knows the files.
    pub files: Vec<String>,
    pub(super) folder: PathBuf,
}

/// A file of a run.
#[derive(Clone, Debug)]
pub(super) struct Saved {
    pub(super) entry: Entry,
    pub(super) before: String,
    /// Every text that the run gave it or was about to, in order.
    pub(super) written: Vec<String>,
}

#[derive(Clone, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Entry {
    /// As the user knows it.
    pub(super) name: String,
    /// With links followed.
    pub(super) path: PathBuf,
    /// The permission bits, where the system has them.
    pub(super) mode: Option<u32>,
    /// Whether other names of the same file see what is written to it.
    pub(super) hard_linked: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Record {
    format: u32,
    /// Of the program that wrote it.
    version: String,
    root: PathBuf,
    /// Nanoseconds since 1970: runs of one second have an order too.
    time: u64,
    #[serde(rename = "file")]
    files: Vec<Entry>,
}

/// The journal of the run at hand.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) id: String,
    folder: PathBuf,
    record: Record,
    pub(super) files: Vec<Saved>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.root.fmt(f)
    }
}

impl Journal {
    /// Opens a journal that says nothing yet.
    pub(super) fn open(lock: &Lock) -> io::Result<Journal> {
        let runs = lock.state.join("runs");
        state::make_private(&runs)?;
        prune(&lock.state);
        let now = SystemTime::now();
        let (id, folder) = claim(&runs, now)?;
        write_all(&folder.join(UNFINISHED), b"")?;
        write::sync_folder(&runs);
        let time = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let time = u64::try_from(time).unwrap_or_default();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let record =
            Record { format: FORMAT, version, root: lock.root.clone(), time, files: Vec::new() };
        Ok(Journal { id, folder, record, files: Vec::new() })
    }

    /// Notes files as they are. When this returns, the notes outlive a crash.
    pub(super) fn note(&mut self, files: Vec<Saved>) -> io::Result<()> {
        for (index, file) in (self.files.len()..).zip(&files) {
            write_all(&self.folder.join(format!("{index}.before")), file.before.as_bytes())?;
        }
        write::sync_folder(&self.folder);
        self.record.files.extend(files.iter().map(|it| it.entry.clone()));
        self.files.extend(files);
        let text = toml::to_string(&self.record).map_err(io::Error::other)?;
        let mut temp = NamedTempFile::new_in(&self.folder)?;
        temp.write_all(text.as_bytes())?;
        temp.as_file().sync_all()?;
        temp.persist(self.folder.join(RECORD)).map_err(|it| it.error)?;
        write::sync_folder(&self.folder);
        Ok(())
    }

    /// Notes the text that a file is about to get.
    pub(super) fn note_text(&mut self, index: usize, text: &str) -> io::Result<()> {
        let Some(file) = self.files.get_mut(index) else { return Ok(()) };
        if file.written.last().is_none_or(|it| it != text) {
            let name = format!("{index}.after-{}", file.written.len() + 1);
            write_all(&self.folder.join(name), text.as_bytes())?;
            write::sync_folder(&self.folder);
            file.written.push(text.to_owned());
        }
        Ok(())
    }

    /// Marks the end of the run.
    pub(super) fn finish(&self) -> io::Result<()> {
        fs::remove_file(self.folder.join(UNFINISHED))?;
        write::sync_folder(&self.folder);
        Ok(())
    }

    pub(super) fn discard(&self) {
        discard(&self.folder);
    }
}

impl Run {
    fn read(folder: &Path) -> Option<Run> {
        let text = fs::read_to_string(folder.join(RECORD)).ok()?;
        let record: Record = toml::from_str(&text).ok()?;
        Some(Run {
            id: folder.file_name()?.to_str()?.to_owned(),
            root: record.root,
            time: UNIX_EPOCH + Duration::from_nanos(record.time),
            unfinished: folder.join(UNFINISHED).exists(),
            files: record.files.into_iter().map(|it| it.name).collect(),
            folder: folder.to_owned(),
        })
    }

    /// The texts. Where the run ended early some that it was about to write are cut short, which harms nobody.
    pub(super) fn saved(&self) -> io::Result<Vec<Saved>> {
        let text = fs::read_to_string(self.folder.join(RECORD))?;
        let record: Record = toml::from_str(&text).map_err(io::Error::other)?;
        let saved = |(index, entry): (usize, Entry)| {
            let before = fs::read_to_string(self.before(index))?;
            let after = |number: usize| {
                let bytes = fs::read(self.folder.join(format!("{index}.after-{number}"))).ok()?;
                Some(String::from_utf8_lossy(&bytes).into_owned())
            };
            Ok(Saved { entry, before, written: (1..).map_while(after).collect() })
        };
        record.files.into_iter().enumerate().map(saved).collect()
    }

    /// Where the text of a file from before the run is.
    pub(super) fn before(&self, index: usize) -> PathBuf {
        self.folder.join(format!("{index}.before"))
    }

    /// Says that files may be half done from now on.
    pub(super) fn reopen(&self) -> io::Result<()> {
        write_all(&self.folder.join(UNFINISHED), b"")?;
        write::sync_folder(&self.folder);
        Ok(())
    }

    pub(super) fn discard(&self) {
        discard(&self.folder);
    }
}

/// All runs that can be undone, the newest first.
pub fn runs(state: &Path) -> Vec<Run> {
    let folders = fs::read_dir(state.join("runs")).into_iter().flatten().flatten();
    let mut runs: Vec<Run> = folders.filter_map(|it| Run::read(&it.path())).collect();
    runs.sort_by(|a, b| (b.time, &b.id).cmp(&(a.time, &a.id)));
    runs
}

/// A run in the workspace at `root` that did not end, or has not ended yet.
pub(super) fn unfinished(state: &Path, root: &Path) -> Option<Run> {
    runs(state).into_iter().find(|it| it.unfinished && it.root == root)
}

/// A name for a run that is short enough to type, and its folder.
fn claim(runs: &Path, now: SystemTime) -> io::Result<(String, PathBuf)> {
    let mut number = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    loop {
        let digit = |place| char::from_digit((number / 36_u128.pow(place) % 36) as u32, 36);
        let id: String = (0..6).filter_map(digit).collect();
        let folder = runs.join(&id);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            result => return result.map(|()| (id, folder)),
        }
    }
}

fn write_all(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Forgets a run: first its record, so that no half of it is ever taken for a whole.
fn discard(folder: &Path) {
    let _ = fs::remove_file(folder.join(RECORD));
    let _ = fs::remove_dir_all(folder);
}

/// Forgets what nobody will ask for any more. A run that did not end is never forgotten here.
fn prune(state: &Path) {
    let now = SystemTime::now();
    let older = |time: SystemTime, age| now.duration_since(time).is_ok_and(|it| it > age);
    let runs = runs(state);
    for (index, run) in runs.iter().enumerate().filter(|it| !it.1.unfinished) {
        let newer = runs[..index].iter().filter(|it| it.root == run.root).count();
        if newer >= KEPT_RUNS || older(run.time, KEPT_FOR) {
            run.discard();
        }
    }
    for entry in fs::read_dir(state.join("runs")).into_iter().flatten().flatten() {
        let started = entry.metadata().and_then(|it| it.modified());
        if !entry.path().join(RECORD).exists() && started.is_ok_and(|it| older(it, STARTED_FOR)) {
            discard(&entry.path());
        }
    }
}
