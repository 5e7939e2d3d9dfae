//! Rounds in memory until nothing changes: what `--dry-run` prints is what `--apply` writes.

use crate::{
    config::{Choice, Remedy},
    finding::{Applicability, Coverage, FilePath, Finding, Fix, Place},
    knowledge::CrateRows,
    plan::planner::Planner,
    workspace::{Texts, Workspace},
};

mod asked;
mod features;
mod imports;
mod kept;
pub mod look;
pub mod manifest;
mod merge;
mod origin;
mod planner;
mod seen;
mod sights;
mod suppressed;
mod tidy;
mod traces;
pub mod watch;

/// All that one run found, and all that it would write.
#[derive(Clone, Default, Debug)]
pub struct Plan {
    /// What was found in the files as they are, in order of place. Positions are those of the original text.
    pub findings: Vec<Finding>,
    /// What was repaired: indices into `findings` with the fix that was taken.
    pub repairs: Vec<Repair>,
    /// Where they are, in the same order.
    pub traces: Vec<Trace>,
    /// What is still found after the repairs. Positions are those of the new text.
    pub remaining: Vec<Finding>,
    /// What was found in the files as they are, and left alone because a comment says so.
    pub suppressed_before: Vec<Finding>,
    /// What is found after the repairs too, and left alone because a comment says so, or an attribute for clippy.
    pub suppressed: Vec<Finding>,
    /// How findings are repaired.
    pub remedy: Remedy,
    /// Every file that changes, in order of path; manifests and the lock file among them.
    pub changes: Vec<Change>,
    /// Fixes that were wanted and not taken, each with the reason in words.
    pub skipped: Vec<Skipped>,
    /// Fixes that were planned before, and are not any more because a check of their result failed.
    pub taken_back: Vec<TakenBack>,
    /// The original texts of the files that findings and changes speak of.
    pub texts: Texts,
    pub coverage: Coverage,
    /// The run by which what was written can be undone.
    pub run: Option<String>,
}

/// A fix that was taken.
#[derive(Clone, Debug)]
pub struct Repair {
    /// The finding, as it stood in the round in which it was repaired. `round` 0 speaks of the original text.
    pub finding: Finding,
    pub title: String,
    pub applicability: Applicability,
    /// Whether it is a fix, or a comment that suppresses the finding.
    pub remedy: Remedy,
    pub round: usize,
}

impl Repair {
    /// The fix that was taken, of those of the finding.
    pub fn fix(&self) -> Option<&Fix> {
        self.finding.fixes.iter().find(|it| it.title == self.title)
    }
}

/// Where a repair is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// Its finding, in the original text. None for code that an earlier round wrote.
    pub at: Option<Place>,
    /// What it wrote, in the new text.
    pub wrote: Vec<Place>,
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

/// A fix that is wrong where it stands: the code with it in it has an error that it has not without.
#[derive(Clone, Debug)]
pub struct TakenBack {
    pub finding: Finding,
    /// Where it is in the original text. None for code that an earlier round wrote.
    pub at: Option<Place>,
    pub title: String,
    /// The error in one line.
    pub error: String,
    /// The error as the one who found it shows it.
    pub rendered: String,
}

/// Plans what `choice` asks for. The texts in `workspace` are those of the last round when this returns.
pub fn plan(workspace: &mut Workspace, rows: &[CrateRows], choice: &Choice) -> Plan {
    Planner::new(workspace, rows, choice).run()
}

/// Plans once more what `choice` asks for now, without the fixes in `taken_back`, and without any for the findings in
/// `left_out`. The texts in `workspace` are those that `plan` led to; those that it started from are where this starts.
pub fn plan_again(
    workspace: &mut Workspace,
    rows: &[CrateRows],
    choice: &Choice,
    plan: &Plan,
    taken_back: Vec<TakenBack>,
    left_out: &[TakenBack],
) -> Plan {
    let before = plan.changes.iter().map(|it| (it.file.clone(), it.before.clone())).collect();
    workspace.set_texts(before);
    Planner::new(workspace, rows, choice).without(taken_back, left_out).run()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::test_runner::{Config, RngSeed};

    /// That many inputs, the same in each run; with `ASYNC_FIX_HEAVY=1` a hundred times as many, others each time.
    pub(crate) fn inputs(count: u32) -> Config {
        let heavy = std::env::var_os("ASYNC_FIX_HEAVY").is_some();
        Config {
            cases: if heavy { count * 100 } else { count },
            rng_seed: if heavy { RngSeed::Random } else { RngSeed::Fixed(7) },
            failure_persistence: None,
            ..Config::default()
        }
    }
}
