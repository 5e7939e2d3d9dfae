//! Values: each expression, as the steps that put its value somewhere.

use ra_ap_hir::Name;
use ra_ap_hir_def::{
    AdtId, VariantId,
    hir::{ArithOp, Array, BinaryOp, Expr, ExprId, Pat, PatId, RecordSpread, UnaryOp},
    type_ref::Mutability,
};
use ra_ap_hir_ty::{
    Adjust,
    closure_analysis::ProjectionKind,
    next_solver::{Ty, TyKind},
};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_span::Edition;

use crate::facts::suspends::{
    builder::{Builder, Named, Spot},
    graph::{Contents, LocalId, Made, Op, Step},
    taken_along::TakenAlong,
};

impl<'db> Builder<'_, 'db> {
    /// Puts the value of an expression into a local.
    pub fn put(&mut self, into: LocalId, expr: ExprId) {
        self.put_adjusted(into, expr, self.adjustments(expr).len());
    }

    /// ... after the first `steps` adjustments.
    pub fn put_adjusted(&mut self, into: LocalId, expr: ExprId, steps: usize) {
        let Some(last) = steps.checked_sub(1) else {
            self.push_scope();
            self.put_bare(into, expr);
            return self.pop_scope();
        };
        let adjustment = &self.adjustments(expr)[last];
        match &adjustment.kind {
            Adjust::NeverToAny | Adjust::Pointer(_) => self.put_converted(into, expr, last),
            Adjust::Deref(_) => {
                let spot = self.adjusted_place(expr, steps);
                self.put_from(into, &spot, adjustment.target.as_ref());
                self.empty_taken();
            }
            Adjust::Borrow(_) => {
                if last == 0 && Self::is_shared_borrow(&adjustment.kind) && self.is_promoted(expr) {
                    return self.assign(into);
                }
                let spot = self.adjusted_place(expr, last);
                self.put_borrow(into, &spot);
            }
        }
    }

    fn put_converted(&mut self, into: LocalId, expr: ExprId, last: usize) {
        let scope = self.push_scope();
        let type_ = match last.checked_sub(1) {
            Some(it) => self.adjustments(expr)[it].target.as_ref(),
            None => self.infer.expr_ty(expr),
        };
        let local = self.local(Made::Temporary(expr), type_);
        self.keep(local, scope);
        self.put_adjusted(local, expr, last);
        self.drop_in(scope, local);
        self.run(Op { into: Some(into), moves: vec![local], ..Op::default() });
        self.pop_scope();
    }

    pub fn put_from(&mut self, into: LocalId, spot: &Spot, type_: Ty<'db>) {
        let mut op = Op { into: Some(into), result: Contents::OfOperands, ..Op::default() };
        // What comes through a pointer may be anything.
        if spot.fields.is_none() {
            op.result = Contents::Anything;
        }
        self.consume(&mut op, spot, type_);
        let owner = op.parts.first().map(|it| it.0).filter(|_| self.holds_guard(type_));
        self.run(op);
        self.taken.extend(owner);
    }

    /// The guards went along with the parts that were taken.
    pub fn empty_taken(&mut self) {
        for local in std::mem::take(&mut self.taken) {
            self.emptied(Some(local));
        }
    }

    fn put_borrow(&mut self, into: LocalId, spot: &Spot) {
        let mut op = Op::into(into);
        self.borrow(&mut op, spot);
        self.run(op);
    }

    pub fn emptied(&mut self, local: Option<LocalId>) {
        if let Some(local) = local {
            self.step(Step::Emptied(local));
        }
    }

    pub fn holds_guard(&self, type_: Ty<'db>) -> bool {
        self.facts.owned_guard_in(type_).is_some()
    }

    fn put_bare(&mut self, into: LocalId, expr: ExprId) {
        let body = self.body;
        match &body[expr] {
            Expr::Path(_) if matches!(self.named(expr), Named::Other) => {
                self.assign(into);
                // `None`, or another constant: nothing has been locked for it.
                self.emptied(Some(into));
            }
            Expr::Path(_)
            | Expr::Field { .. }
            | Expr::Index { .. }
            | Expr::UnaryOp { op: UnaryOp::Deref, .. } => {
                let spot = self.adjusted_place(expr, 0);
                self.put_from(into, &spot, self.infer.expr_ty(expr));
                self.empty_taken();
            }
            Expr::Call { callee, args } => self.put_call(into, expr, *callee, args),
            Expr::MethodCall { receiver, args, .. } => {
                let receiver_operand = self.operand(*receiver);
                let moves = receiver_operand.into_iter().chain(self.operands(args)).collect();
                self.call(Op { into: Some(into), moves, code: Some(expr), ..Op::default() });
                self.taken_out(expr, *receiver);
                self.end_if_never(expr);
            }
            Expr::RecordLit { fields, spread, .. } => {
                let values: Vec<ExprId> = fields.iter().map(|it| it.expr).collect();
                let moves = self.operands(&values);
                let mut op =
                    Op { into: Some(into), moves, result: Contents::OfOperands, ..Op::default() };
                if let RecordSpread::Expr(rest) = spread {
                    let spot = self.place(*rest);
                    let is_given = |it: &Name| fields.iter().any(|field| field.name == *it);
                    for (index, type_) in self.fields_besides(self.infer.expr_ty(*rest), is_given) {
                        self.consume(&mut op, &spot.clone().field(index), type_);
                    }
                }
                self.run(op);
            }
            Expr::Tuple { exprs } | Expr::Array(Array::ElementList { elements: exprs }) => {
                let moves = self.operands(exprs);
                self.put_built(into, moves);
            }
            Expr::Array(Array::Repeat { initializer: it, .. }) | Expr::Cast { expr: it, .. } => {
                let moves = self.operand(*it).into_iter().collect();
                self.put_built(into, moves);
            }
            Expr::Ref { expr: it, mutability, .. } => {
                let is_static = *mutability == Mutability::Shared
                    && self.adjustments(*it).is_empty()
                    && self.is_promoted(*it);
                if is_static {
                    return self.assign(into);
                }
                let spot = self.place(*it);
                self.put_borrow(into, &spot);
            }
            Expr::UnaryOp { expr: it, op } => {
                let moves = self.operand(*it).into_iter().collect();
                if *op == UnaryOp::Neg && matches!(self.infer.expr_ty(*it).kind(), TyKind::Int(_)) {
                    self.may_panic();
                }
                let op = Op { into: Some(into), moves, ..Op::default() };
                match self.infer.method_resolution(expr) {
                    Some(_) => self.call(op),
                    None => self.run(op),
                }
            }
            Expr::BinaryOp { lhs, rhs, op: Some(BinaryOp::LogicOp(op)) } => {
                self.put_logic(into, *lhs, *rhs, *op);
            }
            Expr::BinaryOp { lhs, rhs, op } => self.put_operator(into, expr, *lhs, *rhs, op),
            Expr::Assignment { target, value } => {
                self.assignment(expr, *target, *value);
                self.assign(into);
            }
            Expr::Closure { .. } => self.put_closure(into, expr),
            Expr::Await { expr: future } => self.put_awaited(into, expr, *future),
            _ => self.put_controlled(into, expr),
        }
    }

    /// The fields of a struct but for some, each with its type.
    fn fields_besides(
        &self,
        type_: Ty<'db>,
        is_given: impl Fn(&Name) -> bool,
    ) -> Vec<(u32, Ty<'db>)> {
        let TyKind::Adt(adt, args) = type_.kind() else { return Vec::new() };
        let AdtId::StructId(id) = adt.def_id() else { return Vec::new() };
        let named = VariantId::from(id).fields(self.facts.db).fields();
        let types = self.facts.fields_of(id.into(), args);
        let all = named.iter().zip(types).enumerate();
        let left = all.filter(|it| !is_given(&it.1.0.1.name));
        left.map(|(index, (_, type_))| (index as u32, type_)).collect()
    }

    fn put_built(&mut self, into: LocalId, moves: Vec<LocalId>) {
        self.run(Op { into: Some(into), moves, result: Contents::OfOperands, ..Op::default() });
    }

    fn put_call(&mut self, into: LocalId, expr: ExprId, callee: ExprId, args: &[ExprId]) {
        let callee_operand = self.operand(callee);
        let moves: Vec<LocalId> = callee_operand.into_iter().chain(self.operands(args)).collect();
        if self.facts.is_constructor(callee) {
            return self.put_built(into, moves);
        }
        self.call(Op { into: Some(into), moves, code: Some(expr), ..Op::default() });
        if let [first, ..] = args {
            let value = match &self.body[*first] {
                Expr::Ref { expr, .. } => *expr,
                _ => *first,
            };
            self.taken_out(expr, value);
        }
        self.end_if_never(expr);
    }

    /// `option.take()`: what was in the variable is in the result now.
    fn taken_out(&mut self, call: ExprId, from: ExprId) {
        let row = match &self.body[call] {
            Expr::MethodCall { .. } => {
                let method = self.infer.method_resolution(call).map(|it| it.0);
                method.and_then(|it| self.facts.known.function(self.facts.db, it))
            }
            Expr::Call { callee, .. } => {
                crate::facts::body::function_of(self.infer.expr_ty(*callee))
                    .and_then(|it| self.facts.known.function(self.facts.db, it))
            }
            _ => None,
        };
        if row.is_some_and(|it| it.empties)
            && let Named::Local(it) = self.named(from)
            // What a guard leads to may be taken as well, and the guard stays what it is.
            && self.infer.binding_ty(it) == self.infer.expr_ty(call)
        {
            self.emptied(self.variables.get(&it).copied());
        }
    }

    pub fn end_if_never(&mut self, expr: ExprId) {
        if self.infer.expr_ty(expr).is_never() {
            self.dead_end();
        }
    }

    fn put_operator(
        &mut self,
        into: LocalId,
        expr: ExprId,
        lhs: ExprId,
        rhs: ExprId,
        op: &Option<BinaryOp>,
    ) {
        let by_trait = self.infer.method_resolution(expr).is_some() && !self.are_numbers(lhs, rhs);
        let assigns = matches!(op, Some(BinaryOp::Assignment { .. }));
        if by_trait {
            let lhs = self.operand(lhs);
            let moves = lhs.into_iter().chain(self.operand(rhs)).collect();
            return self.call(Op { into: Some(into), moves, code: Some(expr), ..Op::default() });
        }
        if assigns {
            let value = self.operand(rhs);
            let spot = self.plain_place(lhs);
            self.checks(lhs, op);
            let uses = spot.local.into_iter().collect();
            let moves = value.into_iter().collect();
            self.run(Op { uses, moves, code: Some(expr), ..Op::default() });
            return self.assign(into);
        }
        let operands = [lhs, rhs].map(|it| self.plain_operand(it));
        let moves = operands.into_iter().flatten().collect();
        self.checks(lhs, op);
        self.run(Op { into: Some(into), moves, ..Op::default() });
    }

    /// Arithmetic with integers panics where they are too small for what comes of it, in a build with debug assertions.
    fn checks(&mut self, lhs: ExprId, op: &Option<BinaryOp>) {
        let (Some(BinaryOp::ArithOp(op)) | Some(BinaryOp::Assignment { op: Some(op) })) = op else {
            return;
        };
        let is_bitwise = matches!(op, ArithOp::BitAnd | ArithOp::BitOr | ArithOp::BitXor);
        let type_ = self.infer.expr_ty(lhs);
        if !is_bitwise && matches!(type_.kind(), TyKind::Int(_) | TyKind::Uint(_)) {
            self.may_panic();
        }
    }

    fn are_numbers(&self, lhs: ExprId, rhs: ExprId) -> bool {
        [lhs, rhs].into_iter().all(|it| {
            let type_ = self.infer.expr_ty(it);
            !matches!(type_.kind(), TyKind::Ref(..))
                && (type_.is_numeric() || type_.is_bool() || type_.is_char())
        })
    }

    fn assignment(&mut self, expr: ExprId, target: PatId, value: ExprId) {
        let value = self.operand(value);
        let Pat::Expr(place) = self.body[target] else {
            let spot = value.map(Spot::whole).unwrap_or_default();
            return self.bind(&spot, target, self.top());
        };
        let spot = self.place(place);
        let moves: Vec<LocalId> = value.into_iter().collect();
        let code = Some(expr);
        let op = Op { moves, result: Contents::OfOperands, code, ..Op::default() };
        match (spot.as_whole(), spot.local, spot.fields) {
            (Some(local), ..) => {
                let needs_drop = self.graph.locals[local].needs_drop;
                if needs_drop {
                    self.step(Step::Drop { local, cleanup: None });
                }
                self.run(Op { into: Some(local), ..op });
                // Where the old value's destructor panics, the new one is put in its place before anything else ends.
                if needs_drop {
                    self.may_panic();
                }
            }
            (None, Some(local), Some(fields)) => {
                // The old value of the field is dropped first, which borrows the whole.
                if !self.is_free_of_drop(self.infer.expr_ty(place)) {
                    self.call(Op { borrows: vec![local], ..Op::default() });
                }
                self.run(Op { into_part: Some((local, fields)), ..op });
            }
            (None, Some(local), None) => self.run(Op { uses: vec![local], ..op }),
            (None, None, _) => self.run(op),
        }
    }

    fn put_closure(&mut self, into: LocalId, closure: ExprId) {
        // Since 2021 closures take along parts of variables: what counts is where the closure is written, and inference
        // goes by the crate.
        let editions =
            [self.facts.edition_of(closure), self.facts.krate().data(self.facts.db).edition];
        let is_newer = editions.map(|it| it >= Edition::Edition2021) == [true, false];
        let mut op = Op { into: Some(into), result: Contents::OfOperands, ..Op::default() };
        let data = self.infer.closures_data.get(&closure);
        for capture in data.iter().flat_map(|it| it.min_captures.values()).flatten() {
            let Some(local) = self.variables.get(&capture.captured_local()).copied() else {
                continue;
            };
            let mut spot = Spot::whole(local);
            for step in &capture.place.projections {
                spot = match step.kind {
                    ProjectionKind::Field { field_idx, .. } => spot.field(field_idx),
                    ProjectionKind::Deref => Spot::behind(spot.local),
                    _ => spot,
                };
            }
            if is_newer {
                let variable = capture.captured_local();
                match self.taken_along(closure, variable, capture.is_by_ref()) {
                    Some(TakenAlong::All) => {}
                    Some(TakenAlong::WhatItPointsTo) => spot = Spot::behind(Some(local)),
                    None => _ = self.graph.gap.get_or_insert(closure),
                }
            }
            match capture.is_by_ref() {
                true => self.borrow(&mut op, &spot),
                false => self.consume(&mut op, &spot, capture.place.ty()),
            }
        }
        self.run(op);
    }
}
