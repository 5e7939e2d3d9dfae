//! Who would give up waiting for a piece of code, and cannot while that holds the thread: a timeout, another branch.

use std::sync::Arc;

use ra_ap_hir_def::hir::{Expr, ExprId};

use crate::{
    facts::body::{BodyFacts, Form, Mention},
    finding::Place,
    knowledge::{FutureRuns, Row},
};

/// What gives up waiting for a future.
pub struct GivesUp {
    pub row: Arc<Row>,
    pub at: Option<Place>,
}

impl BodyFacts<'_> {
    /// What gives up waiting for the asynchronous code that this stands in.
    pub fn given_up_by(&self, mention: &Mention) -> Option<GivesUp> {
        let mut inner = mention.awaits_in?;
        loop {
            if let Some(row) = self.branch_of(inner) {
                return Some(GivesUp { row: Arc::clone(row), at: self.macro_call_place(inner) });
            }
            let outer = *self.parents.get(inner)?;
            let rows = self.mentions.iter().filter(|it| it.expr == outer && it.form != Form::Named);
            for Mention { row, .. } in rows {
                if row.cancels {
                    return Some(GivesUp { row: Arc::clone(row), at: self.place_to_show(outer) });
                }
                // A task of its own waits for nobody, but it can be aborted.
                if matches!(row.future, Some(FutureRuns::Spawned | FutureRuns::Local)) {
                    return self.aborted(outer);
                }
            }
            inner = outer;
        }
    }

    /// The macro that gives up waiting, when an async block is written in one of its branches.
    fn branch_of(&self, block: ExprId) -> Option<&Arc<Row>> {
        match &self.body[block] {
            Expr::Closure { .. } => self.cancelling_macro(block),
            _ => None,
        }
    }

    /// `let task = spawn(..); .. task.abort()`
    fn aborted(&self, task: ExprId) -> Option<GivesUp> {
        let variable = self.variable_given(task)?;
        let is_of_task = |it: &&Mention| match &self.body[it.expr] {
            Expr::MethodCall { receiver, .. } => self.local(*receiver) == Some(variable),
            _ => false,
        };
        let abort = self.mentions.iter().filter(|it| it.row.aborts).find(is_of_task)?;
        Some(GivesUp { row: Arc::clone(&abort.row), at: self.place_to_show(abort.expr) })
    }
}
