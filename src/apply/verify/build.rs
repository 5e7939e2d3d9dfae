//! The errors of `cargo check` with what is planned, compared with those without.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    apply::{
        Refusal,
        transaction::Transaction,
        verify::{
            cargo::{self, Request, Seen},
            packages,
            problem::{Problem, new_problems},
        },
    },
    config::ProjectRequest,
    finding::FilePath,
    plan::{Change, Plan},
    workspace::{TargetKind, Workspace},
};

/// So often cargo is asked once more when it has not looked at what was written.
const AGAIN: usize = 2;
/// Some file systems tell times no finer.
const TICK_OF_FILES: Duration = Duration::from_millis(1100);

/// The user's own project, built with what is planned.
pub struct Build<'a> {
    transaction: &'a mut Transaction,
    project: &'a ProjectRequest,
    progress: &'a (dyn Fn(&str) + Sync),
    /// What is built: by index.
    packages: BTreeSet<usize>,
    /// What the check says of the original texts; asked for when something is wrong with the new ones.
    before: Option<Seen>,
    /// The files that were written since the last check.
    rewritten: BTreeSet<FilePath>,
}

impl<'a> Build<'a> {
    pub fn new(
        transaction: &'a mut Transaction,
        project: &'a ProjectRequest,
        progress: &'a (dyn Fn(&str) + Sync),
    ) -> Build<'a> {
        let (packages, rewritten) = (BTreeSet::new(), BTreeSet::new());
        Build { transaction, project, progress, packages, before: None, rewritten }
    }

    /// Writes `plan` and says what is wrong with it and was not wrong before. The files hold `plan` when nothing is.
    pub fn check(&mut self, plan: &Plan, workspace: &Workspace) -> Result<Vec<Problem>, Refusal> {
        self.write(&plan.changes)?;
        let affected = packages::affected(plan, workspace);
        if affected.is_empty() {
            return Ok(Vec::new());
        }
        if !affected.is_subset(&self.packages) {
            self.packages.extend(affected);
            self.before = None;
        }
        let after = self.look(workspace)?;
        if after.errors.is_empty() && after.failures.is_empty() {
            return Ok(Vec::new());
        }
        let before = match self.before.take() {
            Some(it) => it,
            None => {
                self.write(&[])?;
                self.look(workspace)?
            }
        };
        let mut problems = new_problems(&before.errors, after.errors);
        let failures = new_problems(&before.failures, after.failures);
        if let (Some(failure), true) = (before.failures.first(), failures.is_empty()) {
            let reached = |it: &usize| after.reached.contains(&workspace.packages()[*it].id);
            if !packages::changed(plan, workspace).iter().all(reached) {
                return Err(Refusal::Unverified(failure.message.clone()));
            }
        }
        problems.extend(failures);
        self.before = Some(before);
        if problems.is_empty() {
            self.write(&plan.changes)?;
        }
        Ok(problems)
    }

    /// How many errors there were before, as far as anybody asked. Each may hide others.
    pub fn old_errors(&self) -> usize {
        self.before.as_ref().map_or(0, |it| it.errors.len())
    }

    fn write(&mut self, changes: &[Change]) -> Result<(), Refusal> {
        self.rewritten.extend(self.transaction.write(changes)?);
        Ok(())
    }

    /// Cargo knows by their times whether files have changed. Whoever else builds at that moment, in a copy of the
    /// project that shares its target folder or in a folder whose times are coarse, can make it repeat what it said of
    /// other texts. So they are written once more, and it is asked again.
    fn look(&mut self, workspace: &Workspace) -> Result<Seen, Refusal> {
        for again in 0..AGAIN {
            let seen = self.look_once(workspace)?;
            if !has_missed(&seen, &self.rewritten, workspace) {
                self.rewritten.clear();
                return Ok(seen);
            }
            if again > 0 {
                std::thread::sleep(TICK_OF_FILES);
            }
            self.transaction.write_again()?;
        }
        self.rewritten.clear();
        self.look_once(workspace)
    }

    fn look_once(&self, workspace: &Workspace) -> Result<Seen, Refusal> {
        let request = Request::new(self.project, workspace, &self.packages);
        let is_enough = || self.transaction.is_interrupted();
        let seen = cargo::check(&request, &is_enough, self.progress);
        // Cargo ends in its own way then.
        if self.transaction.is_interrupted() {
            return Err(Refusal::Interrupted);
        }
        seen.map_err(Refusal::Unverified)
    }
}

/// Whether cargo took a target for unchanged that one of these files is a part of.
fn has_missed(seen: &Seen, rewritten: &BTreeSet<FilePath>, workspace: &Workspace) -> bool {
    let mut targets = rewritten.iter().flat_map(|it| workspace.targets_of(it));
    targets.any(|it| {
        let for_tests = it.cfg_test || matches!(it.kind, TargetKind::Test | TargetKind::Bench);
        seen.unchanged.contains(&(it.root.clone(), for_tests))
    })
}
