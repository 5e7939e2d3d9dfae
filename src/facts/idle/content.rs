//! What the futures in a stream are.

use ra_ap_hir_def::{
    FunctionId,
    hir::{ClosureKind, Expr, ExprId},
};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::{AliasTyKind, inherent::IntoKind};

use super::DEEPEST;
use crate::facts::body::{BodyFacts, function_of};

/// A future in a stream, by what makes it.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    /// An expression of this body.
    Made(ExprId),
    /// A function that is called somewhere else.
    By(FunctionId),
}

impl<'db> BodyFacts<'db> {
    /// The futures that a stream of this type holds, as far as they are in sight.
    pub(in crate::facts) fn content(&self, holder: Ty<'db>) -> Vec<Content> {
        let mut found = Vec::new();
        if let TyKind::Adt(_, args) = holder.kind() {
            args.types().for_each(|it| self.add_content(it, 0, &mut found));
        }
        found.extend(self.pushed(holder).into_iter().map(Content::Made));
        found
    }

    fn add_content(&self, type_: Ty<'db>, depth: usize, found: &mut Vec<Content>) {
        if depth > DEEPEST {
            return;
        }
        match type_.kind() {
            TyKind::Closure(..) => {
                let body = self.closure_of(type_).and_then(|it| self.value_of_closure(it));
                found.extend(
                    body.filter(|it| self.is_future(self.infer.expr_ty(*it))).map(Content::Made),
                );
            }
            TyKind::Coroutine(..) => found.extend(self.closure_of(type_).map(Content::Made)),
            TyKind::FnDef(..) => {
                found.extend(function_of(type_).filter(|it| self.is_lazy(*it)).map(Content::By));
            }
            TyKind::Alias(alias) => {
                if let AliasTyKind::Opaque { def_id } = alias.kind {
                    found.extend(self.async_code_behind(def_id.0).map(Content::By));
                }
            }
            TyKind::Ref(_, it, _) => self.add_content(it, depth + 1, found),
            TyKind::Adt(_, args) => {
                args.types().for_each(|it| self.add_content(it, depth + 1, found));
            }
            _ => {}
        }
    }

    /// The closure or async block of this body that has this type.
    fn closure_of(&self, type_: Ty<'db>) -> Option<ExprId> {
        let mut closures = self.body.exprs().filter(|it| matches!(it.1, Expr::Closure { .. }));
        closures.find(|it| self.infer.expr_ty(it.0) == type_).map(|it| it.0)
    }

    /// What a closure gives back, without the blocks around it.
    pub(crate) fn value_of_closure(&self, closure: ExprId) -> Option<ExprId> {
        match &self.body[closure] {
            Expr::Closure { body, closure_kind: ClosureKind::Closure, .. } => {
                Some(self.tail(*body))
            }
            _ => None,
        }
    }

    fn tail(&self, expr: ExprId) -> ExprId {
        match &self.body[expr] {
            Expr::Block { tail: Some(it), .. } => self.tail(*it),
            _ => expr,
        }
    }

    /// The futures that are put into a stream of this type one by one.
    fn pushed(&self, holder: Ty<'db>) -> Vec<ExprId> {
        let calls = self.body.exprs().filter_map(|it| match it.1 {
            Expr::MethodCall { receiver, args, .. } => match args[..] {
                [one] if self.infer.expr_ty(*receiver).strip_references() == holder => Some(one),
                _ => None,
            },
            _ => None,
        });
        let pushed = calls.filter(|it| self.is_future(self.infer.expr_ty(*it)));
        pushed.map(|it| self.tail(self.without_wrapping(it))).collect()
    }

    /// Whether a future in a stream has to be polled to get on, and more than once.
    pub(super) fn works(&self, content: &Content) -> bool {
        match content {
            Content::Made(it) => self.works_on(*it, 0),
            Content::By(it) => self.is_work_of(*it, 0),
        }
    }
}
