//! Takes a run back, as long as nobody has changed its files since.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::apply::{
    Refusal,
    interrupt::PutOff,
    journal::{self, Run, Saved},
    lock,
    restore::{self, Found},
};

/// Why a run was not taken back.
#[derive(Debug)]
pub enum Kept {
    /// No run of this name, or none at all of this workspace.
    Unknown(String),
    /// One sentence.
    Unreadable(String),
    /// Files that somebody has changed, or taken away, since. Nothing was written.
    Changed {
        run: String,
        unfinished: bool,
        files: Vec<Changed>,
    },
    Refused(Refusal),
}

/// A file that is not as the run left it.
#[derive(Debug)]
pub struct Changed {
    file: String,
    /// Where its text from before the run is.
    before: PathBuf,
    is_gone: bool,
}

/// The run called `id`; without a name, the newest one of the workspace around `folder`.
pub fn find(state: &Path, id: Option<&str>, folder: &Path) -> Result<Run, Kept> {
    let folder = lock::canonical(folder);
    let mut runs = journal::runs(state).into_iter();
    let found = match id {
        Some(id) => runs.find(|it| it.id == id),
        None => runs.find(|it| folder.starts_with(&it.root)),
    };
    found.ok_or_else(|| {
        Kept::Unknown(match id {
            Some(id) => {
                format!("there is no run `{id}` to undo; `async-fix undo --list` lists them all")
            }
            None => format!(
                "no run wrote to the workspace around `{}`; `async-fix undo --list` lists them all",
                folder.display()
            ),
        })
    })
}

/// Gives the files of `run` the text and the mode that they had before it, and forgets the run. The number of files
/// that changed comes back.
pub fn undo(state: &Path, run: &Run) -> Result<usize, Kept> {
    let unreadable = |it| Kept::Unreadable(format!("run `{}` cannot be read back: {it}", run.id));
    let refused = |it| Kept::Refused(lock::unusable(state, &it));
    let _lock = lock::take_to_undo(state, &run.root).map_err(Kept::Refused)?;
    // Taking half a run back is no better than leaving it: this goes to its end.
    let _signals = PutOff::start().map_err(refused)?;
    let files = run.saved().map_err(unreadable)?;
    let look = if run.unfinished { restore::look_closely } else { restore::look };
    let found: Vec<Found> = files.iter().map(look).collect();
    let changed = changed(run, files.iter().zip(&found));
    if !changed.is_empty() {
        let (id, unfinished) = (run.id.clone(), run.unfinished);
        return Err(Kept::Changed { run: id, unfinished, files: changed });
    }
    run.reopen().map_err(refused)?;
    let stuck = restore::restore(&run.id, files.iter().enumerate());
    if stuck.is_empty() {
        run.discard();
        return Ok(found.iter().filter(|it| **it == Found::Written).count());
    }
    let problem = "not all files could be put back".to_owned();
    Err(Kept::Refused(Refusal::Stuck { problem, stuck, run: run.id.clone() }))
}

fn changed<'a>(run: &Run, files: impl Iterator<Item = (&'a Saved, &'a Found)>) -> Vec<Changed> {
    let changed = |(index, (saved, found)): (usize, (&Saved, &Found))| match found {
        Found::Before | Found::Written => None,
        Found::Other | Found::Gone => Some(Changed {
            file: saved.entry.name.clone(),
            before: run.before(index),
            is_gone: *found == Found::Gone,
        }),
    };
    files.enumerate().filter_map(changed).collect()
}

/// A run in the workspace at `root` that was cut off; nothing while it still goes on.
pub fn cut_off(state: &Path, root: &Path) -> Option<Run> {
    let root = lock::canonical(root);
    let run = journal::unfinished(state, &root)?;
    lock::take_to_undo(state, &root).is_ok().then_some(run)
}

/// Forgets `run`, whose files stay as they are.
pub fn forget(state: &Path, run: &Run) -> Result<(), Refusal> {
    // One that is still going on needs its notes.
    let _lock = match run.unfinished {
        true => Some(lock::take_to_undo(state, &run.root)?),
        false => None,
    };
    run.discard();
    Ok(())
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kept::Unknown(sentence) | Kept::Unreadable(sentence) => f.write_str(sentence),
            Kept::Refused(refusal) => refusal.fmt(f),
            Kept::Changed { run, unfinished, files } => {
                write!(
                    f,
                    "nothing was undone, because these files are not as run `{run}` left them"
                )?;
                for Changed { file, before, is_gone } in files {
                    let what = if *is_gone { "gone" } else { "changed since" };
                    write!(f, "\n  {file} ({what}; its old text is `{}`)", before.display())?;
                }
                match unfinished {
                    true => write!(
                        f,
                        "\nMake them what you want, then `async-fix clean {run}` forgets the run and leaves all files as they are."
                    ),
                    false => Ok(()),
                }
            }
        }
    }
}
