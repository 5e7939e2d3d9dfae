//! How long the wait for a future may be.

use ra_ap_hir_def::{
    FunctionId,
    hir::{ClosureKind, Expr, ExprId},
    signatures::FunctionSignature,
};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::{AliasTyKind, inherent::IntoKind};

use crate::{
    facts::{
        body::{BodyFacts, Entered},
        place,
    },
    knowledge::cancel::Cancel,
};

/// Nobody follows a longer chain of calls.
const DEEPEST: usize = 5;

impl<'db> BodyFacts<'db> {
    /// Whether this future may wait for something far away: the network, a timer, another task. Whoever waits for a lock or
    /// for room in a channel waits for other tasks of the program, and most often not for long.
    pub(in crate::facts) fn takes_long(&self, future: ExprId) -> bool {
        self.is_long(future, 0)
    }

    fn is_long(&self, future: ExprId, depth: usize) -> bool {
        if depth > DEEPEST {
            return false;
        }
        match &self.body[future] {
            Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, .. } => {
                self.awaits_in(future).into_iter().any(|it| self.is_long(it, depth + 1))
            }
            Expr::Path(_) => match self.local(future).and_then(|it| self.plain_value_of(it)) {
                Some(it) => self.is_long(it, depth + 1),
                None => self.is_known(self.infer.expr_ty(future)),
            },
            Expr::Ref { expr, .. } => self.is_long(*expr, depth + 1),
            Expr::Call { .. } | Expr::MethodCall { .. } => self.is_long_call(future, depth),
            _ => false,
        }
    }

    fn is_long_call(&self, call: ExprId, depth: usize) -> bool {
        if let Some(row) = self.row_of_call(call) {
            let waits_for_tasks = row.waits_in_turn().is_some()
                || row.cancel == Some(Cancel::LosesArgument)
                || row.at_once;
            if waits_for_tasks {
                return false;
            }
            if row.cancel == Some(Cancel::AsGiven) {
                return self.values_of(call).into_iter().any(|it| self.is_long(it, depth + 1));
            }
        }
        let type_ = self.infer.expr_ty(call);
        if !self.is_known(type_) || self.is_there(type_) {
            return false;
        }
        let called = self.uses.iter().find(|it| it.expr == call);
        called.is_none_or(|it| self.is_long_function(it.function, depth))
    }

    fn is_long_function(&self, function: FunctionId, depth: usize) -> bool {
        let is_own = place::file_of(self.workspace, function).is_some();
        if !is_own || !FunctionSignature::of(self.db, function).is_async() {
            return true;
        }
        let body = BodyFacts::new(self.workspace, self.known, function, Entered::Called);
        let Some(coroutine) = body.own_coroutine() else { return true };
        body.awaits_in(coroutine).into_iter().any(|it| body.is_long(it, depth + 1))
    }

    /// Whether a future has to be polled more than once to get done: it awaits several things, or something that does. What
    /// waits for one thing that happens without it gets on by itself.
    pub(super) fn works_on(&self, future: ExprId, depth: usize) -> bool {
        if depth > DEEPEST {
            return false;
        }
        match &self.body[future] {
            Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, .. } => {
                self.is_work_in(future, depth)
            }
            Expr::Path(_) => {
                let made = self.local(future).and_then(|it| self.plain_value_of(it));
                made.is_some_and(|it| self.works_on(it, depth + 1))
            }
            Expr::Call { .. } | Expr::MethodCall { .. } => {
                let wraps =
                    self.row_of_call(future).is_some_and(|it| it.cancel == Some(Cancel::AsGiven));
                if wraps {
                    return self
                        .values_of(future)
                        .into_iter()
                        .any(|it| self.works_on(it, depth + 1));
                }
                let called = self.uses.iter().find(|it| it.expr == future);
                called.is_some_and(|it| {
                    match FunctionSignature::of(self.db, it.function).is_async() {
                        true => self.is_work_of(it.function, depth),
                        false => self.is_work(self.infer.expr_ty(future)),
                    }
                })
            }
            _ => false,
        }
    }

    /// The same of what an async function does.
    pub(super) fn is_work_of(&self, function: FunctionId, depth: usize) -> bool {
        if place::file_of(self.workspace, function).is_none() {
            return true;
        }
        let body = BodyFacts::new(self.workspace, self.known, function, Entered::Called);
        let Some(coroutine) = body.own_coroutine() else { return false };
        body.is_work_in(coroutine, depth)
    }

    fn is_work_in(&self, coroutine: ExprId, depth: usize) -> bool {
        let awaited: Vec<ExprId> = self.awaits_in(coroutine);
        let counts = awaited.iter().filter(|it| !self.is_at_once(**it));
        match counts.copied().collect::<Vec<_>>()[..] {
            [] => false,
            [one] => self.loop_around(one).is_some() || self.works_on(one, depth + 1),
            _ => true,
        }
    }

    /// What an async body awaits itself.
    pub(in crate::facts) fn awaits_in(&self, coroutine: ExprId) -> Vec<ExprId> {
        let awaited = self.sequence.iter().filter_map(|(expr, around)| match self.body[*expr] {
            Expr::Await { expr } if self.is_awaited_in(coroutine, *around) => Some(expr),
            _ => None,
        });
        awaited.collect()
    }

    fn is_at_once(&self, future: ExprId) -> bool {
        self.row_of_call(future).is_some_and(|it| it.at_once)
            || self.is_there(self.infer.expr_ty(future))
    }

    /// A future that is done when it is made.
    fn is_there(&self, type_: Ty<'db>) -> bool {
        match type_.kind() {
            TyKind::Adt(adt, _) => self.known.type_(adt.def_id()).is_some_and(|it| it.at_once),
            _ => false,
        }
    }

    fn is_known(&self, type_: Ty<'db>) -> bool {
        !matches!(type_.kind(), TyKind::Error(_) | TyKind::Infer(_))
    }

    /// Whether code hides behind this type that runs when it is polled.
    fn is_work(&self, type_: Ty<'db>) -> bool {
        match type_.kind() {
            TyKind::Coroutine(..) => true,
            TyKind::Alias(alias) => matches!(alias.kind, AliasTyKind::Opaque { .. }),
            TyKind::Adt(adt, args) => {
                let pins = self.known.type_(adt.def_id()).is_some_and(|it| it.pins);
                pins && args.types().any(|it| self.is_boxed_future(it))
            }
            _ => false,
        }
    }
}
