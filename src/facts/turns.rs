//! What becomes of the turns of a loop: which of its branches go on to the next one, and which variables outlive them.

use std::collections::BTreeSet;

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId, Statement};

use crate::facts::{
    body::BodyFacts,
    selects::{Branch, Select},
};

impl BodyFacts<'_> {
    /// The variables that each turn of a loop makes anew.
    pub(super) fn variables_of_loop(&self, loop_: ExprId) -> BTreeSet<BindingId> {
        let mut made = BTreeSet::new();
        self.walk(loop_, &mut |it| made.extend(self.own_bindings(it)));
        made
    }

    /// Whether the loop around a `select!` may come back to it after one of the other branches was done.
    pub(super) fn comes_back_after_another(&self, select: &Select, branch: &Branch) -> bool {
        let Some(loop_) = select.turns else { return false };
        let is_unclear = self.ends_behind(select.whole, loop_);
        select.others(branch).any(|it| {
            let comes_back = !self.always_leaves(it.handler, loop_);
            comes_back
                && (!is_unclear
                    || self.may_continue(it.handler, loop_)
                    || self.goes_on_with(select, it, loop_))
        })
    }

    /// Whether a `continue` stands in it that begins the next turn of this loop at once.
    fn may_continue(&self, expr: ExprId, loop_: ExprId) -> bool {
        let mut continues = false;
        self.walk(expr, &mut |it| {
            let Expr::Continue { label } = &self.body[it] else { return };
            let around = self.ancestors(it).skip(1).take_while(|it| *it != loop_);
            let mut inner = around.filter(|it| matches!(self.body[*it], Expr::Loop { .. }));
            continues |= match (label, &self.body[loop_]) {
                (None, _) => inner.next().is_none(),
                (Some(named), Expr::Loop { label, .. }) => *label == Some(*named),
                _ => false,
            };
        });
        continues
    }

    /// Whether the loop may come back after this branch itself was done.
    pub(super) fn comes_back_after(&self, select: &Select, branch: &Branch) -> bool {
        let Some(loop_) = select.turns else { return false };
        !self.always_leaves(branch.handler, loop_)
    }

    /// Whether what comes behind an expression may leave the loop: then nobody knows whether it comes back.
    pub(super) fn ends_behind(&self, expr: ExprId, loop_: ExprId) -> bool {
        self.is_followed_by(expr, loop_, |it| self.may_leave(it, loop_))
    }

    /// Whether what comes behind an expression leaves the loop, whatever happens: it is done once.
    pub(super) fn always_ends_behind(&self, expr: ExprId, loop_: ExprId) -> bool {
        self.is_followed_by(expr, loop_, |it| self.always_leaves(it, loop_))
    }

    /// Whether something like this comes behind an expression in a turn of a loop.
    fn is_followed_by(&self, expr: ExprId, loop_: ExprId, is_it: impl Fn(ExprId) -> bool) -> bool {
        let mut child = expr;
        while let Some(parent) = self.parents.get(child).copied().filter(|it| *it != loop_) {
            let behind: Vec<ExprId> = match &self.body[parent] {
                Expr::Block { statements, tail, .. } => {
                    let all = statements.iter().flat_map(parts_of).chain(*tail);
                    all.skip_while(|it| *it != child).skip(1).collect()
                }
                Expr::Match { expr, arms } if *expr == child => {
                    arms.iter().map(|it| it.expr).collect()
                }
                Expr::If { condition, then_branch, else_branch } if *condition == child => {
                    std::iter::once(*then_branch).chain(*else_branch).collect()
                }
                _ => Vec::new(),
            };
            if behind.into_iter().any(&is_it) {
                return true;
            }
            child = parent;
        }
        false
    }

    /// Whether a `break` or `return` stands in it that is no `?`.
    pub(super) fn may_leave(&self, expr: ExprId, loop_: ExprId) -> bool {
        let mut leaves = false;
        self.walk(expr, &mut |it| {
            let is_way_out = match &self.body[it] {
                Expr::Return { .. } => !self.is_of_question_mark(it),
                Expr::Break { .. } => self.leaves_with(it, loop_),
                _ => false,
            };
            leaves |= is_way_out;
        });
        leaves
    }

    /// Whether this never goes on to the next turn: it ends the loop, or the function, whatever happens in it.
    pub(super) fn always_leaves(&self, expr: ExprId, loop_: ExprId) -> bool {
        let leaves = |it: ExprId| self.always_leaves(it, loop_);
        match &self.body[expr] {
            Expr::Return { .. } => true,
            Expr::Break { .. } => self.leaves_with(expr, loop_),
            Expr::Block { statements, tail, .. } => {
                let of_statement = |it: &Statement| match it {
                    Statement::Let { initializer: Some(it), .. }
                    | Statement::Expr { expr: it, .. } => leaves(*it),
                    Statement::Let { .. } | Statement::Item(_) => false,
                };
                statements.iter().any(of_statement) || tail.is_some_and(leaves)
            }
            Expr::If { condition, then_branch, else_branch } => {
                leaves(*condition) || (leaves(*then_branch) && else_branch.is_some_and(leaves))
            }
            Expr::Match { expr: head, arms } => {
                leaves(*head) || (!arms.is_empty() && arms.iter().all(|it| leaves(it.expr)))
            }
            Expr::Continue { .. } | Expr::Loop { .. } => false,
            // `panic!()`, `exit()`
            Expr::Call { .. } | Expr::MethodCall { .. } => self.infer.expr_ty(expr).is_never(),
            _ => false,
        }
    }

    /// Whether a `break` is one out of this loop, or one around it.
    pub(super) fn leaves_with(&self, break_: ExprId, loop_: ExprId) -> bool {
        let Expr::Break { label, .. } = &self.body[break_] else { return false };
        let around = self.ancestors(break_).skip(1).take_while(|it| *it != loop_);
        let mut inner = around.clone().filter(|it| matches!(self.body[*it], Expr::Loop { .. }));
        match label {
            None => inner.next().is_none(),
            // A label names a loop or a block; one between here and there stays inside.
            Some(label) => {
                let mut own = around;
                !own.any(|it| match &self.body[it] {
                    Expr::Loop { label: Some(it), .. } | Expr::Block { label: Some(it), .. } => {
                        it == label
                    }
                    _ => false,
                })
            }
        }
    }

    /// `return` as a `?` writes it.
    pub(super) fn is_of_question_mark(&self, expr: ExprId) -> bool {
        self.ancestors(expr).take(3).any(|it| self.is_question_mark(it))
    }
}

/// What a statement evaluates: of a `let`, what stands behind `else`, too.
pub(super) fn parts_of(statement: &Statement) -> impl Iterator<Item = ExprId> {
    let (value, otherwise) = match statement {
        Statement::Let { initializer, else_branch, .. } => (*initializer, *else_branch),
        Statement::Expr { expr, .. } => (Some(*expr), None),
        Statement::Item(_) => (None, None),
    };
    value.into_iter().chain(otherwise)
}
