//! The errors of `cargo check` with what is planned, compared with those without.

use std::collections::BTreeSet;

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
    plan::{Change, Plan},
    workspace::Workspace,
};

/// The user's own project, built with what is planned.
pub struct Build<'a> {
    transaction: &'a mut Transaction,
    project: &'a ProjectRequest,
    progress: &'a (dyn Fn(&str) + Sync),
    /// What is built: by index.
    packages: BTreeSet<usize>,
    /// What the check says of the original texts; asked for when something is wrong with the new ones.
    before: Option<Seen>,
}

impl<'a> Build<'a> {
    pub fn new(
        transaction: &'a mut Transaction,
        project: &'a ProjectRequest,
        progress: &'a (dyn Fn(&str) + Sync),
    ) -> Build<'a> {
        Build { transaction, project, progress, packages: BTreeSet::new(), before: None }
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
        self.transaction.write(changes)
    }

    fn look(&self, workspace: &Workspace) -> Result<Seen, Refusal> {
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
