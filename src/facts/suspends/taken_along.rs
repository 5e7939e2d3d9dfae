//! What a closure takes along of a variable since the edition of 2021, where inference goes by the rules before it.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId, UnaryOp};
use ra_ap_hir_ty::{Adjust, next_solver::TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::facts::suspends::builder::{Builder, Named};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TakenAlong {
    All,
    /// It is a reference, and borrowed is what that leads to.
    WhatItPointsTo,
}

impl Builder<'_, '_> {
    /// None where it is a part of the variable, or cannot be told.
    pub fn taken_along(
        &self,
        closure: ExprId,
        variable: BindingId,
        by_reference: bool,
    ) -> Option<TakenAlong> {
        let mut uses = Vec::new();
        self.add_uses(closure, variable, by_reference, &mut uses);
        let all: Vec<TakenAlong> = uses.into_iter().collect::<Option<_>>()?;
        match all.contains(&TakenAlong::All) {
            true => Some(TakenAlong::All),
            false => Some(TakenAlong::WhatItPointsTo).filter(|_| self.is_thin_reference(variable)),
        }
    }

    fn add_uses(
        &self,
        expr: ExprId,
        variable: BindingId,
        by_reference: bool,
        uses: &mut Vec<Option<TakenAlong>>,
    ) {
        if matches!(self.named(expr), Named::Local(it) if it == variable) {
            uses.push(self.use_of(expr, by_reference));
        }
        self.body.walk_child_exprs(expr, |it| self.add_uses(it, variable, by_reference, uses));
    }

    fn use_of(&self, expr: ExprId, by_reference: bool) -> Option<TakenAlong> {
        let around = self.facts.parents.get(expr).map(|it| &self.body[*it]);
        let is_explicit = matches!(around, Some(Expr::UnaryOp { op: UnaryOp::Deref, .. }));
        let steps = self.adjustments(expr);
        let is_implied = steps.first().is_some_and(|it| matches!(it.kind, Adjust::Deref(None)));
        match around {
            Some(Expr::Field { .. } | Expr::Match { .. } | Expr::Let { .. }) if !is_implied => None,
            // A closure that owns what it takes along has the reference itself.
            _ if (is_explicit || is_implied) && by_reference => Some(TakenAlong::WhatItPointsTo),
            _ => Some(TakenAlong::All),
        }
    }

    /// Otherwise the closure has a pointer of another size.
    fn is_thin_reference(&self, variable: BindingId) -> bool {
        match self.infer.binding_ty(variable).kind() {
            TyKind::Ref(_, target, _) => {
                !matches!(target.kind(), TyKind::Str | TyKind::Slice(_) | TyKind::Dynamic(..))
            }
            _ => false,
        }
    }
}
