//! Writes a plan: either every file is written, or the tree is as it was.

use std::{fmt, path::PathBuf};

pub mod guard;
pub mod interrupt;
pub mod journal;
pub mod lock;
mod restore;
pub mod state;
pub mod transaction;
pub mod undo;
pub mod verify;
mod write;

/// What the user allows to be overwritten, apart from what version control has.
#[derive(Clone, Copy, Default, Debug)]
pub struct Allow {
    /// Files with unstaged changes and untracked files.
    pub dirty: bool,
    /// Files outside version control.
    pub no_vcs: bool,
}

/// Why nothing was written, or why what was written was taken back.
#[derive(Debug)]
pub enum Refusal {
    /// Version control could not give these files back.
    Guard(guard::Unsaved),
    /// One sentence each.
    Unfit(Vec<String>),
    /// Another run writes to this workspace.
    Busy,
    /// An earlier run was cut off and may have left files half done.
    Unfinished { run: String },
    /// One sentence. All files are as they were.
    Failed(String),
    /// `stuck` are files that were written and could not be put back; undoing `run` tries again.
    Stuck { problem: String, stuck: Vec<PathBuf>, run: String },
    /// Why cargo cannot say whether what was written is right. All files are as they were.
    Unverified(String),
    /// The user asked the program to end. All files are as they were.
    Interrupted,
}

impl Refusal {
    /// What went wrong, without what became of the files.
    fn problem(&self) -> String {
        match self {
            Refusal::Unfit(problems) => problems.join("; "),
            Refusal::Failed(problem)
            | Refusal::Unverified(problem)
            | Refusal::Stuck { problem, .. } => problem.clone(),
            Refusal::Interrupted => "interrupted".to_owned(),
            Refusal::Guard(_) | Refusal::Busy | Refusal::Unfinished { .. } => self.to_string(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Guard(unsaved) => unsaved.fmt(f),
            Refusal::Unfit(_) => write!(f, "{}; nothing was written", self.problem()),
            Refusal::Busy => f.write_str(
                "another run of async-fix is writing to this workspace; try again when it is done",
            ),
            Refusal::Unfinished { run } => write!(
                f,
                "an earlier run was cut off while it wrote; `async-fix undo {run}` puts its files back as they were"
            ),
            Refusal::Unverified(problem) => write!(
                f,
                "cargo cannot build this, with the fixes or without, so nothing shows that they are right: {problem}; \
                 all files are as they were; `--verify analysis` needs no build"
            ),
            Refusal::Failed(_) | Refusal::Interrupted => {
                write!(f, "{}; all files are as they were", self.problem())
            }
            Refusal::Stuck { problem, stuck, run } => {
                let stuck: Vec<_> = stuck.iter().map(|it| format!("`{}`", it.display())).collect();
                let stuck = stuck.join(", ");
                write!(
                    f,
                    "{problem}; these could not be put back: {stuck}; `async-fix undo {run}` tries again"
                )
            }
        }
    }
}
