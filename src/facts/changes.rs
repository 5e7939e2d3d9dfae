//! Whether a new `.await` would split two changes that so far happened together.
//!
//! A future can be dropped at each `.await`. Between two of them it runs whole or not at all; a new one in the middle
//! is a new place where it may stop for good. That matters when state which outlives the future is changed on both
//! sides of it, and the code has no way out there yet.

use ra_ap_hir_def::{
    hir::{BinaryOp, BindingId, Expr, ExprId, PatId, UnaryOp},
    type_ref::Mutability,
};
use ra_ap_hir_ty::{Adjust, AutoBorrow, next_solver::TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::body::{BodyFacts, Mention},
    finding::Note,
};

impl BodyFacts<'_> {
    /// The changes before and after, when an `.await` here would come between them.
    pub fn split_changes(&self, mention: &Mention) -> Option<[Note; 2]> {
        if self.is_way_out(mention.expr) {
            return None;
        }
        let (before, after) = self.stretch(mention);
        let changes = |exprs: &[ExprId]| exprs.iter().copied().find(|it| self.is_change(*it));
        // What is started goes on when the future is dropped, so a change of its own can only be the first one.
        let own = mention.row.changes.then_some(mention.expr);
        let (first, second) = (changes(&before).or(own)?, changes(&after)?);
        let note = |expr: ExprId, text: &str| Note::perhaps_at(self.place_of(expr), text);
        Some([
            note(first, "this change outlives the future"),
            note(second, "so does this one, and so far nothing could come between them"),
        ])
    }

    /// `call()?` may already end the function here.
    fn is_way_out(&self, expr: ExprId) -> bool {
        let Some(call) = self.parents.get(expr) else { return false };
        let Some(match_) = self.parents.get(*call) else { return false };
        self.is_question_mark(*call) && self.is_question_mark(*match_)
    }

    /// What is evaluated between the awaits around this place, before it and after it.
    fn stretch(&self, mention: &Mention) -> (Vec<ExprId>, Vec<ExprId>) {
        let here = |it: &&(ExprId, Option<ExprId>)| it.1 == mention.awaits_in;
        let is_await = |it: &ExprId| matches!(self.body[*it], Expr::Await { .. });
        let split = mention.position.min(self.sequence.len());
        let before: Vec<ExprId> = self.sequence[..split]
            .iter()
            .rev()
            .filter(here)
            .map(|it| it.0)
            .take_while(|it| !is_await(it))
            .collect();
        let after: Vec<ExprId> = self.sequence[split..]
            .iter()
            .filter(here)
            .map(|it| it.0)
            .filter(|it| *it != mention.expr)
            .take_while(|it| !is_await(it))
            .collect();
        match self.loop_without_await(mention) {
            // The next turn comes before the next await.
            Some(turn) => (
                before.iter().chain(&turn).copied().collect(),
                after.iter().chain(&turn).copied().collect(),
            ),
            None => (before, after),
        }
    }

    /// All that the outermost loop around this place does, as far out as no loop awaits anything.
    fn loop_without_await(&self, mention: &Mention) -> Option<Vec<ExprId>> {
        let mut expr = mention.expr;
        let mut outermost = None;
        while let Some(parent) = self.parents.get(expr).copied() {
            if Some(parent) == mention.awaits_in {
                break;
            }
            if matches!(self.body[parent], Expr::Loop { .. }) {
                let mut inside = Vec::new();
                self.walk(parent, &mut |it| inside.push(it));
                if inside.iter().any(|it| matches!(self.body[*it], Expr::Await { .. })) {
                    break;
                }
                outermost = Some(inside);
            }
            expr = parent;
        }
        outermost
    }

    fn is_change(&self, expr: ExprId) -> bool {
        let rows = self.mentions.iter().filter(|it| it.expr == expr && it.row.changes);
        if rows.count() > 0 {
            return match &self.body[expr] {
                Expr::MethodCall { receiver, .. } => self.outlives(*receiver),
                _ => true,
            };
        }
        match &self.body[expr] {
            Expr::Assignment { target, .. } => self.assigns(*target),
            Expr::BinaryOp { lhs, op: Some(BinaryOp::Assignment { .. }), .. } => {
                self.outlives(*lhs)
            }
            Expr::Ref { expr, mutability: Mutability::Mut, .. } => self.outlives(*expr),
            _ => {
                let adjustments = self.infer.expr_adjustment(expr).unwrap_or_default();
                adjustments.iter().any(|it| borrows_mutably(&it.kind)) && self.outlives(expr)
            }
        }
    }

    fn assigns(&self, target: PatId) -> bool {
        let mut outlives = false;
        self.body.walk_exprs_in_pat(target, |it| outlives |= self.outlives(it));
        outlives
    }

    /// Whether this place is still there when the future is gone.
    fn outlives(&self, place: ExprId) -> bool {
        match &self.body[place] {
            Expr::Path(_) => match self.local(place) {
                // Through a reference or a guard one reaches what belongs to somebody else.
                Some(local) => self.lends(local),
                None => true,
            },
            Expr::Field { expr, .. } => self.outlives(*expr),
            Expr::Index { base, .. } => self.outlives(*base),
            Expr::UnaryOp { expr, op: UnaryOp::Deref } => {
                self.outlives(*expr) || self.reaches_out(*expr)
            }
            // A value made on the spot is gone with the statement, unless it is a way to reach something else.
            _ => {
                let adjustments = self.infer.expr_adjustment(place).unwrap_or_default();
                let derefs = adjustments.iter().any(|it| matches!(it.kind, Adjust::Deref(_)));
                derefs && self.reaches_out(place)
            }
        }
    }

    /// Whether a value was got from something that outlives the future: `self.state.lock().unwrap()`.
    fn reaches_out(&self, value: ExprId) -> bool {
        match &self.body[value] {
            Expr::MethodCall { receiver, .. } => {
                self.outlives(*receiver) || self.reaches_out(*receiver)
            }
            Expr::Call { args, .. } => {
                args.is_empty() || args.iter().any(|it| self.outlives(*it) || self.reaches_out(*it))
            }
            // `lock()?`
            Expr::Match { expr, .. } => self.reaches_out(*expr),
            Expr::Ref { expr, .. } => self.outlives(*expr) || self.reaches_out(*expr),
            _ => false,
        }
    }

    fn lends(&self, local: BindingId) -> bool {
        let type_ = self.infer.binding_ty(local);
        match type_.kind() {
            TyKind::Ref(..) | TyKind::RawPtr(..) => true,
            TyKind::Adt(adt, _) => {
                let row = self.known.type_(adt.def_id());
                row.is_some_and(|it| it.guard.is_some() || it.shared)
            }
            _ => false,
        }
    }
}

fn borrows_mutably(step: &Adjust) -> bool {
    match step {
        Adjust::Borrow(AutoBorrow::Ref(kind)) => {
            ra_ap_rustc_type_ir::Mutability::from(*kind).is_mut()
        }
        _ => false,
    }
}
