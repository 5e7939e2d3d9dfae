//! A future that is lent to a timeout, and lives on when its time is up.

use ra_ap_hir_def::hir::{Expr, ExprId};

use crate::{
    facts::{
        body::{BodyFacts, Form},
        futurelock::Futurelock,
        locks::taken::TakenLocks,
    },
    knowledge::cancel::Cancel,
};

impl<'db> BodyFacts<'db> {
    pub(super) fn locked_behind_timeouts(&self, locks: &TakenLocks<'db>) -> Vec<Futurelock> {
        let calls = self.mentions.iter().filter(|it| {
            it.row.cancels
                && it.row.cancel == Some(Cancel::AsGiven)
                && matches!(it.form, Form::Call | Form::Method)
        });
        let mut found = Vec::new();
        for mention in calls {
            let lent = self.given_future(mention.expr);
            let lent = lent.filter(|it| self.is_reference(self.infer.expr_ty(*it)));
            let awaited = self.parents.get(mention.expr).copied();
            let awaited = awaited.filter(|it| matches!(self.body[*it], Expr::Await { .. }));
            let (Some(lent), Some(awaited)) = (lent, awaited) else { continue };
            let (Some(at), Some(held)) = (self.place_of(lent), self.held(locks, lent)) else {
                continue;
            };
            let is_once = self.loop_around(awaited).is_none();
            let code = self.code_when_up(awaited);
            for wait in code.iter().flat_map(|it| self.waits_without(it, &held.names)) {
                let Some(lock) = self.futurelock(locks, &held, &at, wait) else { continue };
                let to = format!("`{}`", mention.row.name());
                let hand_over = || self.hand_over(to, lent, &at, held.variable);
                found.push(Futurelock {
                    when: mention.row.dropped_when().to_owned(),
                    hand_over: is_once.then(hand_over).flatten(),
                    ..lock
                });
            }
        }
        found
    }

    /// What is done when the time is up, in its order, for each way that the code takes then. None where that is not
    /// clear.
    fn code_when_up(&self, awaited: ExprId) -> Vec<Vec<ExprId>> {
        let Some(parent) = self.parents.get(awaited).copied() else { return Vec::new() };
        let (whole, ways) = match &self.body[parent] {
            Expr::Match { expr, arms } if *expr == awaited && !self.is_question_mark(parent) => {
                let others = arms.iter().filter(|it| !self.is_only(it.pat, "Ok"));
                (parent, others.map(|it| Some(it.expr)).collect())
            }
            Expr::Let { pat, .. } => match self.when_condition(parent) {
                Some((whole, _, otherwise)) if self.is_only(*pat, "Ok") => (whole, vec![otherwise]),
                Some((whole, then, _)) if self.is_only(*pat, "Err") => (whole, vec![Some(then)]),
                _ => return Vec::new(),
            },
            Expr::MethodCall { method_name, .. } => {
                match (method_name.as_str(), self.when_condition(parent)) {
                    ("is_err", Some((whole, then, _))) => (whole, vec![Some(then)]),
                    ("is_ok", Some((whole, _, otherwise))) => (whole, vec![otherwise]),
                    _ => return Vec::new(),
                }
            }
            Expr::Block { .. } if self.let_giving(awaited).is_none() => (awaited, vec![None]),
            _ => return Vec::new(),
        };
        let end = self.loop_around(whole).unwrap_or(self.body.root_expr());
        let way = |first: Option<ExprId>| match first {
            Some(it) if self.always_leaves(it, end) => vec![it],
            _ => first.into_iter().chain(self.code_behind(whole)).collect(),
        };
        ways.into_iter().map(way).filter(|it: &Vec<ExprId>| !it.is_empty()).collect()
    }

    /// The `if` of which this is the whole condition, and its two blocks.
    fn when_condition(&self, expr: ExprId) -> Option<(ExprId, ExprId, Option<ExprId>)> {
        let whole = *self.parents.get(expr)?;
        match self.body[whole] {
            Expr::If { condition, then_branch, else_branch } if condition == expr => {
                Some((whole, then_branch, else_branch))
            }
            _ => None,
        }
    }
}
