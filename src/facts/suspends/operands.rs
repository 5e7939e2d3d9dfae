//! Places in memory, and the values that are read from them or put into temporaries.

use ra_ap_hir_def::{
    hir::{Array, Expr, ExprId, UnaryOp},
    resolver::ValueNs,
    type_ref::Mutability,
};
use ra_ap_hir_ty::{Adjust, Adjustment, AutoBorrow, next_solver::TyKind};
use ra_ap_rustc_type_ir::{
    UintTy,
    inherent::{AdtDef, IntoKind},
};

use crate::facts::suspends::{
    builder::{Builder, Named, Spot},
    graph::{LocalId, Made, Op},
};

impl<'db> Builder<'_, 'db> {
    /// The value of an expression in a temporary of the innermost scope; none for a constant.
    pub fn operand(&mut self, expr: ExprId) -> Option<LocalId> {
        match self.is_constant(expr) {
            true => None,
            false => Some(self.temporary(expr, self.top())),
        }
    }

    pub fn operands(&mut self, exprs: &[ExprId]) -> Vec<LocalId> {
        exprs.iter().filter_map(|it| self.operand(*it)).collect()
    }

    pub fn temporary(&mut self, expr: ExprId, scope: usize) -> LocalId {
        let local = self.local(Made::Temporary(expr), self.adjusted_type(expr));
        self.keep(local, scope);
        self.put(local, expr);
        self.drop_in(scope, local);
        local
    }

    fn is_constant(&self, expr: ExprId) -> bool {
        if !self.adjustments(expr).is_empty() {
            return false;
        }
        match &self.body[expr] {
            Expr::Literal(_) | Expr::Const(_) => true,
            Expr::Path(_) => matches!(self.named(expr), Named::Other),
            _ => false,
        }
    }

    /// The operand of an operator that the language itself defines: it is not borrowed, whatever inference says.
    pub fn plain_operand(&mut self, expr: ExprId) -> Option<LocalId> {
        let borrowed = self.adjustments(expr).iter().any(|it| matches!(it.kind, Adjust::Borrow(_)));
        if !borrowed {
            return self.operand(expr);
        }
        if matches!(self.body[expr], Expr::Literal(_)) {
            return None;
        }
        let local = self.local(Made::Temporary(expr), self.infer.expr_ty(expr));
        self.keep(local, self.top());
        self.put_adjusted(local, expr, 0);
        Some(local)
    }

    /// The place that an expression names, or the temporary that its value goes into.
    pub fn place(&mut self, expr: ExprId) -> Spot {
        self.adjusted_place(expr, self.adjustments(expr).len())
    }

    /// ... before it is borrowed.
    pub fn plain_place(&mut self, expr: ExprId) -> Spot {
        let steps = self.adjustments(expr);
        let borrow = steps.iter().position(|it| matches!(it.kind, Adjust::Borrow(_)));
        self.adjusted_place(expr, borrow.unwrap_or(steps.len()))
    }

    /// The place after the first `steps` adjustments.
    pub fn adjusted_place(&mut self, expr: ExprId, steps: usize) -> Spot {
        let Some(last) = steps.checked_sub(1) else { return self.bare_place(expr) };
        let adjustment = &self.adjustments(expr)[last];
        match adjustment.kind {
            Adjust::Deref(None) => Spot::behind(self.adjusted_place(expr, last).local),
            Adjust::Deref(Some(_)) => {
                let spot = self.adjusted_place(expr, last);
                self.call_on(spot, Vec::new())
            }
            _ => {
                let scope = self.temporaries;
                let local = self.local(Made::Temporary(expr), adjustment.target.as_ref());
                self.keep(local, scope);
                self.put_adjusted(local, expr, steps);
                self.drop_in(scope, local);
                Spot::whole(local)
            }
        }
    }

    /// `Deref::deref(&place)` and `Index::index(&place, index)`: a pointer that comes out of a call.
    fn call_on(&mut self, spot: Spot, with: Vec<LocalId>) -> Spot {
        let pointer = self.local(Made::Hidden, self.pointer_type());
        self.keep(pointer, self.temporaries);
        let mut op = Op { into: Some(pointer), moves: with, ..Op::default() };
        self.borrow(&mut op, &spot);
        self.call(op);
        Spot::behind(Some(pointer))
    }

    fn bare_place(&mut self, expr: ExprId) -> Spot {
        match &self.body[expr] {
            Expr::Path(_) => match self.named(expr) {
                Named::Local(it) => match self.variables.get(&it) {
                    Some(local) => return Spot::whole(*local),
                    None => return Spot::default(),
                },
                Named::Static => return Spot::default(),
                Named::Other => {}
            },
            Expr::Field { expr: owner, .. } => {
                let index = self.field_index(expr);
                return self.place(*owner).field(index);
            }
            Expr::Index { base, index } => return self.indexed(expr, *base, *index),
            Expr::UnaryOp { expr: pointer, op: UnaryOp::Deref } => {
                return match self.infer.method_resolution(expr) {
                    Some(_) => self.overloaded(*pointer, None),
                    None => Spot::behind(self.place(*pointer).local),
                };
            }
            _ => {}
        }
        let extended = self.extended.take();
        let scope = extended.unwrap_or(self.temporaries);
        let local = self.local(Made::Temporary(expr), self.infer.expr_ty(expr));
        self.keep(local, scope);
        // In `let (a, b) = &make();` what is borrowed lives as long as the reference.
        self.extended = extended.filter(|_| self.is_extending(expr));
        self.put_adjusted(local, expr, 0);
        self.extended = None;
        self.drop_in(scope, local);
        Spot::whole(local)
    }

    fn indexed(&mut self, expr: ExprId, base: ExprId, index: ExprId) -> Spot {
        if !self.is_slice_by_number(base, index) && self.infer.method_resolution(expr).is_some() {
            return self.overloaded(base, Some(index));
        }
        let spot = self.plain_place(base);
        let index = self.operand(index);
        self.uses(index);
        self.may_panic();
        spot.field(0)
    }

    fn is_slice_by_number(&self, base: ExprId, index: ExprId) -> bool {
        let steps = self.adjustments(base);
        let borrow = steps.iter().position(|it| matches!(it.kind, Adjust::Borrow(_)));
        let type_ = match borrow.unwrap_or(steps.len()).checked_sub(1) {
            Some(last) => steps[last].target.as_ref(),
            None => self.infer.expr_ty(base),
        };
        matches!(type_.kind(), TyKind::Array(..) | TyKind::Slice(_))
            && matches!(self.infer.expr_ty(index).kind(), TyKind::Uint(UintTy::Usize))
    }

    /// `*value` or `value[index]` by a trait of the value's type.
    fn overloaded(&mut self, base: ExprId, index: Option<ExprId>) -> Spot {
        let is_borrow = |it: &Adjustment| matches!(it.kind, Adjust::Borrow(_));
        if !self.adjustments(base).iter().any(is_borrow) {
            let spot = self.place(base);
            let index = index.and_then(|it| self.operand(it));
            return self.call_on(spot, index.into_iter().collect());
        }
        let pointer = self.local(Made::Hidden, self.pointer_type());
        self.push_scope();
        let base = self.operand(base);
        let index = index.and_then(|it| self.operand(it));
        self.keep(pointer, self.temporaries);
        let moves = base.into_iter().chain(index).collect();
        self.call(Op { into: Some(pointer), moves, ..Op::default() });
        self.pop_scope();
        Spot::behind(Some(pointer))
    }

    fn field_index(&self, expr: ExprId) -> u32 {
        let by_name = || match &self.body[expr] {
            Expr::Field { name, .. } => name.as_tuple_index().unwrap_or_default() as u32,
            _ => 0,
        };
        match self.infer.field_resolution(expr) {
            Some(it) => {
                it.either(|field| field.local_id.into_raw().into_u32(), |field| field.index)
            }
            None => by_name(),
        }
    }

    /// Borrows a place; through a pointer only the pointer is used.
    pub fn borrow(&mut self, op: &mut Op, spot: &Spot) {
        match (spot.local, &spot.fields) {
            (Some(local), Some(_)) => op.borrows.push(local),
            (Some(local), None) => op.uses.push(local),
            (None, _) => {}
        }
    }

    /// Copies or moves the value of this type out of a place.
    pub fn consume(&mut self, op: &mut Op, spot: &Spot, type_: ra_ap_hir_ty::next_solver::Ty<'db>) {
        let Some(local) = spot.local else { return };
        match &spot.fields {
            Some(fields) if !self.is_copy(type_) => match fields.is_empty() {
                true => op.moves.push(local),
                false => op.parts.push((local, fields.clone())),
            },
            _ => op.uses.push(local),
        }
    }

    /// Whether a shared borrow of this needs no temporary, because the compiler makes a static of it.
    pub fn is_promoted(&self, expr: ExprId) -> bool {
        let overloads = |it: &Adjustment| matches!(it.kind, Adjust::Deref(Some(_)));
        if self.adjustments(expr).iter().any(overloads) {
            return false;
        }
        let drops_nothing = || self.is_free_of_drop(self.infer.expr_ty(expr));
        // What other variants hold does not matter here.
        let builds_nothing_to_drop = || match self.infer.expr_ty(expr).kind() {
            TyKind::Adt(adt, _) => adt.destructor(self.facts.glue().context.interner).is_none(),
            _ => false,
        };
        match &self.body[expr] {
            Expr::Literal(_) | Expr::Const(_) => true,
            Expr::Path(_) if self.is_constant_of_no_fields(expr) => builds_nothing_to_drop(),
            Expr::Path(_) => matches!(self.named(expr), Named::Other) && drops_nothing(),
            Expr::Array(Array::ElementList { elements }) => {
                elements.iter().all(|it| self.is_promoted(*it))
            }
            Expr::Array(Array::Repeat { initializer, .. }) => self.is_promoted(*initializer),
            Expr::Tuple { exprs } => exprs.iter().all(|it| self.is_promoted(*it)),
            Expr::Ref { expr, mutability: Mutability::Shared, .. } => self.is_promoted(*expr),
            Expr::UnaryOp { expr, op } => *op != UnaryOp::Deref && self.is_promoted(*expr),
            Expr::Cast { expr, .. } => self.is_promoted(*expr),
            Expr::Call { callee, args } => {
                self.facts.is_constructor(*callee)
                    && args.iter().all(|it| self.is_promoted(*it))
                    && builds_nothing_to_drop()
            }
            _ => false,
        }
    }

    /// A variant or a struct that is written without fields.
    fn is_constant_of_no_fields(&self, expr: ExprId) -> bool {
        let Expr::Path(path) = &self.body[expr] else { return false };
        let hygiene = self.body.expr_path_hygiene(expr);
        let resolver = self.facts.resolver_at(expr);
        let named = resolver.resolve_path_in_value_ns_fully(self.facts.db, path, hygiene);
        matches!(named, Some(ValueNs::EnumVariantId(_) | ValueNs::StructId(_)))
            || self.infer.variant_resolution_for_expr(expr).is_some()
    }

    /// Whether an adjustment is a shared borrow.
    pub fn is_shared_borrow(adjust: &Adjust) -> bool {
        match adjust {
            Adjust::Borrow(AutoBorrow::Ref(kind)) => {
                !ra_ap_rustc_type_ir::Mutability::from(*kind).is_mut()
            }
            _ => false,
        }
    }
}
