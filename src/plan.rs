//! Rounds in memory until nothing changes: what `--dry-run` prints is what `--apply` writes.

use crate::{
    config::{Choice, Remedy},
    finding::{Applicability, Coverage, FilePath, Finding, Place},
    knowledge::CrateRows,
    plan::planner::Planner,
    workspace::{Texts, Workspace},
};

mod features;
mod imports;
pub mod look;
pub mod manifest;
mod merge;
mod origin;
mod planner;
mod suppressed;

/// All that one run found, and all that it would write.
#[derive(Clone, Default, Debug)]
pub struct Plan {
    /// What was found in the files as they are, in order of place. Positions are those of the original text.
    pub findings: Vec<Finding>,
    /// What was repaired: indices into `findings` with the fix that was taken.
    pub repairs: Vec<Repair>,
    /// What is still found after the repairs. Positions are those of the new text.
    pub remaining: Vec<Finding>,
    /// What was found in the files as they are, and left alone because a comment says so.
    pub suppressed_before: Vec<Finding>,
    /// What is found after the repairs too, and left alone because a comment says so.
    pub suppressed: Vec<Finding>,
    /// How findings are repaired.
    pub remedy: Remedy,
    /// Every file that changes, in order of path; manifests and the lock file among them.
    pub changes: Vec<Change>,
    /// Fixes that were wanted and not taken, each with the reason in words.
    pub skipped: Vec<Skipped>,
    /// The original texts of the files that findings and changes speak of.
    pub texts: Texts,
    pub coverage: Coverage,
}

/// A fix that was taken.
#[derive(Clone, Debug)]
pub struct Repair {
    /// The finding, as it stood in the round in which it was repaired. `round` 0 speaks of the original text.
    pub finding: Finding,
    pub title: String,
    pub applicability: Applicability,
    pub round: usize,
}

/// A file, before and after.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    pub file: FilePath,
    /// What is written, where `file` is a link to it.
    pub real: FilePath,
    pub before: String,
    pub after: String,
}

/// A fix that was not taken.
#[derive(Clone, Debug)]
pub struct Skipped {
    pub finding: Finding,
    /// Where it is in the original text. None for code that an earlier round wrote.
    pub at: Option<Place>,
    pub title: String,
    pub reason: String,
}

/// Plans what `choice` asks for. The texts in `workspace` are those of the last round when this returns.
pub fn plan(workspace: &mut Workspace, rows: &[CrateRows], choice: &Choice) -> Plan {
    Planner::new(workspace, rows, choice).run()
}

/// Plans once more, from the texts that `plan` started from, what `choice` asks for now.
pub fn plan_again(
    workspace: &mut Workspace,
    rows: &[CrateRows],
    choice: &Choice,
    plan: &Plan,
) -> Plan {
    let before = plan.changes.iter().map(|it| (it.file.clone(), it.before.clone())).collect();
    workspace.set_texts(before);
    Planner::new(workspace, rows, choice).run()
}
