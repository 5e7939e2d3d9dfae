//! Async bodies that work until nobody needs them any more: none of several may wait for another.

use ra_ap_hir_def::{
    VariantId,
    hir::{Expr, ExprId, LoopSource, PatId},
};

use crate::facts::body::BodyFacts;

impl BodyFacts<'_> {
    /// Whether an async body has a loop that ends only with an error, when it is told to, or when nobody can send it
    /// anything more.
    pub(super) fn has_endless_loop(&self, coroutine: ExprId) -> bool {
        let is_endless = |it: &ExprId| match self.body[*it] {
            Expr::Loop { source: LoopSource::Loop, .. } => !self.ends_well(*it),
            Expr::Loop { source: LoopSource::While, body, .. } => {
                self.is_while_sent(body) && !self.ends_well(*it)
            }
            _ => false,
        };
        let loops = self.body.exprs().map(|it| it.0);
        loops.filter(is_endless).any(|it| self.coroutine_around(it) == Some(coroutine))
    }

    /// Whether something in a loop leaves it when its work is done.
    fn ends_well(&self, loop_: ExprId) -> bool {
        let mut ends = false;
        self.walk(loop_, &mut |it| {
            let leaves = match &self.body[it] {
                Expr::Break { .. } if self.is_of_while(it) => false,
                Expr::Break { .. } => self.leaves_with(it, loop_),
                Expr::Return { .. } => {
                    !self.is_of_question_mark(it)
                        && self.closure_around(it) == self.closure_around(loop_)
                }
                _ => false,
            };
            ends |= leaves && !self.is_after_error(it, loop_) && !self.is_told_to_end(it, loop_);
        });
        ends
    }

    /// Whether this is what `while` itself leaves with.
    fn is_of_while(&self, break_: ExprId) -> bool {
        let mut around = self.ancestors(break_).skip(1);
        let (Some(if_), Some(loop_)) = (around.next(), around.next()) else { return false };
        let is_else =
            matches!(&self.body[if_], Expr::If { else_branch, .. } if *else_branch == Some(break_));
        is_else
            && matches!(&self.body[loop_], Expr::Loop { body, source: LoopSource::While, .. } if *body == if_)
    }

    /// Whether something stands in an arm for an error, or for a channel that is closed.
    fn is_after_error(&self, expr: ExprId, loop_: ExprId) -> bool {
        let mut child = expr;
        for it in self.ancestors(expr).skip(1).take_while(|it| *it != loop_) {
            if let Expr::Match { expr: head, arms } = &self.body[it]
                && let Some(arm) = arms.iter().find(|arm| arm.expr == child)
            {
                let is_closed = || self.is_pattern_of(arm.pat, "None") && self.is_sent(*head);
                if self.is_pattern_of(arm.pat, "Err") || is_closed() {
                    return true;
                }
            }
            if let Expr::If { condition, then_branch, .. } = self.body[it]
                && let Expr::Let { pat, .. } = self.body[condition]
                && then_branch == child
                && self.is_pattern_of(pat, "Err")
            {
                return true;
            }
            child = it;
        }
        false
    }

    /// Whether something stands in the handler of a branch of a `select!` whose value nobody looks at: a call to end.
    fn is_told_to_end(&self, expr: ExprId, loop_: ExprId) -> bool {
        let selects = self.selects().iter().filter(|it| it.turns == Some(loop_));
        let mut branches = selects.flat_map(|it| &it.branches);
        branches.any(|it| {
            let text = self.workspace.text(&it.pattern.file);
            let pattern = text.and_then(|text| text.get(std::ops::Range::from(it.pattern.range)));
            pattern.is_some_and(|it| it.trim().starts_with('_')) && self.is_inside(expr, it.handler)
        })
    }

    fn is_pattern_of(&self, pattern: PatId, name: &str) -> bool {
        match self.infer.variant_resolution_for_pat(pattern) {
            Some(VariantId::EnumVariantId(it)) => self.is_named(it, name),
            _ => false,
        }
    }

    /// `while let Some(..) = messages.recv().await`, by what it does in each turn.
    fn is_while_sent(&self, body: ExprId) -> bool {
        let Expr::If { condition, .. } = self.body[body] else { return false };
        matches!(self.body[condition], Expr::Let { expr, .. } if self.is_sent(expr))
    }

    /// Whether this waits for a message of the program itself.
    fn is_sent(&self, awaited: ExprId) -> bool {
        let Expr::Await { expr } = self.body[awaited] else { return false };
        self.is_from_within(expr)
    }
}
