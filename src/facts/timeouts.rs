//! Futures that may be given up when their time is up, in a loop that goes on then.

use ra_ap_hir_def::hir::{Expr, ExprId, MatchArm, Pat, PatId, Statement};

use crate::{
    facts::body::{BodyFacts, Form},
    finding::Place,
    knowledge::{Row, cancel::Cancel},
};

/// One call that waits for a future, and not for ever.
pub struct Timeout {
    pub at: Place,
    /// What it calls itself.
    pub name: String,
    /// When it drops the future.
    pub when: String,
    /// The future, as it is written.
    pub future_at: Place,
    pub(crate) future: ExprId,
    /// The loop around it, which goes on when the time is up.
    pub(crate) turns: ExprId,
    /// Whether the loop always ends when the future is done.
    pub(crate) ends_when_done: bool,
    /// What is done whenever it is done, where that is one piece of code.
    pub(crate) done_at: Option<Place>,
}

/// What becomes of a loop.
pub(super) struct GoesOn {
    /// Of an `Err`, ...
    pub when_given_up: bool,
    /// ... and of an `Ok`.
    pub when_done: bool,
}

impl BodyFacts<'_> {
    /// Every such call after which its loop comes back to it, when the time was up.
    pub fn timeouts(&self) -> Vec<Timeout> {
        let calls = self.mentions.iter().filter(|it| {
            it.row.cancels
                && it.row.cancel == Some(Cancel::AsGiven)
                && matches!(it.form, Form::Call | Form::Method)
        });
        let timeout = |call: ExprId, row: &Row| {
            let turns = self.loop_around(call)?;
            let awaited = *self.parents.get(call)?;
            let Expr::Await { .. } = self.body[awaited] else { return None };
            let future = self.given_future(call)?;
            let goes_on = self.goes_on(awaited, turns)?;
            goes_on.when_given_up.then_some(())?;
            Some(Timeout {
                at: self.place_of(call)?,
                name: row.path.clone(),
                when: row.dropped_when().to_owned(),
                future_at: self.place_of(future)?,
                future,
                turns,
                ends_when_done: !goes_on.when_done,
                done_at: self
                    .code_when_done(awaited)
                    .and_then(|it| self.place_of(it).or_else(|| self.macro_call_place(it))),
            })
        };
        calls.filter_map(|it| timeout(it.expr, &it.row)).collect()
    }

    /// The future that such a call is handed: the last one, or what becomes one.
    pub(super) fn given_future(&self, call: ExprId) -> Option<ExprId> {
        let values = self.values_of(call);
        let is_future = |it: &ExprId| self.is_future(self.infer.expr_ty(*it));
        values.iter().rev().copied().find(is_future).or(values.last().copied())
    }

    /// What becomes of the loop with the two results. None where that is not clear.
    pub(super) fn goes_on(&self, awaited: ExprId, loop_: ExprId) -> Option<GoesOn> {
        let parent = *self.parents.get(awaited)?;
        let goes_on = |it: ExprId| !self.always_leaves(it, loop_);
        let (whole, found) = match &self.body[parent] {
            Expr::Block { .. } => (
                awaited,
                GoesOn { when_given_up: self.is_taken_as_it_is(awaited), when_done: true },
            ),
            Expr::Match { expr, arms } if *expr == awaited && !self.is_question_mark(parent) => {
                let any = |is_it: &dyn Fn(PatId) -> bool| {
                    let mut arms = arms.iter().filter(|it: &&MatchArm| is_it(it.pat));
                    arms.any(|it| goes_on(it.expr))
                };
                let when_given_up = any(&|it| !self.is_only(it, "Ok"));
                (parent, GoesOn { when_given_up, when_done: any(&|it| !self.is_only(it, "Err")) })
            }
            Expr::Let { pat, .. } => {
                let around = *self.parents.get(parent)?;
                let Expr::If { condition, then_branch, else_branch } = &self.body[around] else {
                    return None;
                };
                if *condition != parent {
                    return None;
                }
                let then = goes_on(*then_branch);
                let otherwise = else_branch.is_none_or(goes_on);
                let found = match (self.is_only(*pat, "Ok"), self.is_only(*pat, "Err")) {
                    (true, _) => GoesOn { when_given_up: otherwise, when_done: then || otherwise },
                    (_, true) => GoesOn { when_given_up: then || otherwise, when_done: otherwise },
                    _ => return None,
                };
                (around, found)
            }
            _ => return None,
        };
        (!self.ends_behind(whole, loop_)).then_some(found)
    }

    /// The arm of a `match`, or the block behind `if let`, that takes every `Ok`, and nothing else.
    fn code_when_done(&self, awaited: ExprId) -> Option<ExprId> {
        let parent = *self.parents.get(awaited)?;
        let takes_all = |pattern: PatId| match &self.body[pattern] {
            Pat::TupleStruct { args, .. } => {
                let is_any = |it: &PatId| {
                    matches!(self.body[*it], Pat::Wild | Pat::Bind { subpat: None, .. })
                };
                self.is_only(pattern, "Ok") && args.iter().all(is_any)
            }
            _ => false,
        };
        match &self.body[parent] {
            Expr::Match { expr, arms } if *expr == awaited => {
                let mut others = arms.iter().filter(|it| !self.is_only(it.pat, "Err"));
                let own = others.next().filter(|_| others.next().is_none())?;
                (own.guard.is_none() && takes_all(own.pat)).then_some(own.expr)
            }
            Expr::Let { pat, .. } if takes_all(*pat) => {
                match self.body[*self.parents.get(parent)?] {
                    Expr::If { condition, then_branch, .. } if condition == parent => {
                        Some(then_branch)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether the code goes on with any value: it is a statement, or a `let` takes it, whatever it is.
    pub(super) fn is_taken_as_it_is(&self, value: ExprId) -> bool {
        match self.let_giving(value) {
            Some(Statement::Let { else_branch, .. }) => else_branch.is_none(),
            _ => {
                let parent = self.parents.get(value).map(|it| &self.body[*it]);
                matches!(parent, Some(Expr::Block { tail, .. }) if *tail != Some(value))
            }
        }
    }

    /// `Ok(..)`, or whatever the name is.
    pub(super) fn is_only(&self, pattern: PatId, name: &str) -> bool {
        match &self.body[pattern] {
            Pat::TupleStruct { path, .. } => {
                path.segments().last().is_some_and(|it| it.name.as_str() == name)
            }
            Pat::Or(all) => all.iter().all(|it| self.is_only(*it, name)),
            _ => false,
        }
    }
}
