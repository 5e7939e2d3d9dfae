//! Whether a `select!` may run out of branches.

use ra_ap_hir_def::{
    AdtId, HasModule, Lookup,
    hir::{BindingId, ClosureKind, CoroutineSource, Expr, ExprId, Pat, Statement},
    src::HasSource,
};
use ra_ap_hir_ty::{Adjust, next_solver::TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{AstNode, Edition, SourceFile, ast};

use crate::facts::{
    body::BodyFacts,
    selects::{Branch, Select},
};

impl BodyFacts<'_> {
    /// Whether every branch has a pattern that what comes need not fit.
    pub fn may_all_be_disabled(&self, select: &Select) -> bool {
        select.branches.iter().all(|it| self.may_be_disabled(it))
    }

    pub(super) fn may_be_disabled(&self, branch: &Branch) -> bool {
        !self.is_never_over(branch.future) && self.may_be_passed_over(branch)
    }

    /// Whether what a branch gives need not fit its pattern.
    pub(super) fn may_be_passed_over(&self, branch: &Branch) -> bool {
        let text = self.workspace.text(&branch.pattern.file);
        let pattern = text.and_then(|it| it.get(std::ops::Range::from(branch.pattern.range)));
        pattern.and_then(parse).is_some_and(|it| is_one_of_several(&it))
    }

    /// Whether what is received here cannot end: by its row, or since a sender of the same channel stays where the
    /// receiver is.
    fn is_never_over(&self, future: ExprId) -> bool {
        if self.row_of_call(future).is_some_and(|it| it.endless) {
            return true;
        }
        let Expr::MethodCall { receiver, .. } = self.body[future] else { return false };
        let sender = self.local(receiver).and_then(|it| self.sender_beside(it));
        sender.is_some_and(|it| self.stays_beside(it, future)) || self.has_sender_beside(receiver)
    }

    /// Whether the struct whose field this receiver is has the sender of such a channel, too.
    fn has_sender_beside(&self, receiver: ExprId) -> bool {
        let Expr::Field { expr: owner, .. } = self.body[receiver] else { return false };
        let owner = self.infer.type_of_expr_with_adjust(owner);
        let owner = owner.unwrap_or_else(|| self.infer.expr_ty(receiver)).strip_references();
        let TyKind::Adt(owner, args) = owner.kind() else { return false };
        let TyKind::Adt(own, of) = self.infer.expr_ty(receiver).kind() else { return false };
        let module = |it: AdtId| it.module(self.db);
        self.field_types(owner.def_id(), args).into_iter().any(|it| match it.kind() {
            TyKind::Adt(other, sent) => {
                let (other, own) = (other.def_id(), own.def_id());
                other != own && module(other) == module(own) && sent == of
            }
            _ => false,
        })
    }

    /// The `sender` of `let (sender, receiver) = channel();`.
    fn sender_beside(&self, receiver: BindingId) -> Option<BindingId> {
        self.body.pats().find_map(|(_, pattern)| match pattern {
            Pat::Tuple { args, ellipsis: None } => match **args {
                [first, second] => match (&self.body[first], &self.body[second]) {
                    (Pat::Bind { id: sender, .. }, Pat::Bind { id, .. }) if *id == receiver => {
                        Some(*sender)
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        })
    }

    /// Whether a value is there as long as the async body that `expr` stands in: it is a variable of it, or of what makes
    /// it and is named in it, too; and all that ever happens to it is to be lent.
    fn stays_beside(&self, variable: BindingId, expr: ExprId) -> bool {
        let here = self.closure_around(expr);
        let owner = self.body.binding_owner(variable);
        let is_captured = || here.is_some_and(|it| self.closure_around(it) == owner);
        if owner != here && !is_captured() {
            return false;
        }
        let mentions = self.body.exprs().map(|it| it.0);
        let mentions: Vec<ExprId> =
            mentions.filter(|it| self.local(*it) == Some(variable)).collect();
        let is_here = |it: &ExprId| self.closure_around(*it) == here;
        mentions.iter().any(is_here)
            && mentions.iter().all(|it| {
                self.is_lent_there(*it) && (is_here(it) || self.closure_around(*it) == owner)
            })
    }

    /// Whether this place is lent, and not given away: `&it`, `it.call()` of a method that borrows it.
    fn is_lent_there(&self, place: ExprId) -> bool {
        self.parents.get(place).is_some_and(|parent| match &self.body[*parent] {
            Expr::Ref { .. } => true,
            Expr::MethodCall { receiver, .. } => {
                let steps = self.infer.expr_adjustment(place).unwrap_or_default();
                *receiver == place && steps.iter().any(|it| matches!(it.kind, Adjust::Borrow(_)))
            }
            _ => false,
        })
    }

    /// The closure or async body around an expression.
    pub(super) fn closure_around(&self, expr: ExprId) -> Option<ExprId> {
        let is_closure = |it: &ExprId| matches!(self.body[*it], Expr::Closure { .. });
        self.ancestors(expr).skip(1).find(is_closure)
    }

    /// Whether it stands by itself in a loop whose value nobody asks for, so that a `break` can end it.
    pub fn is_statement_of_plain_loop(&self, select: &Select) -> bool {
        let Some(loop_) = select.turns else { return false };
        let Expr::Loop { body, .. } = self.body[loop_] else { return false };
        let is_here = match &self.body[body] {
            Expr::Block { statements, tail, .. } => {
                let is_it = |it: &Statement| matches!(it, Statement::Expr { expr, .. } if *expr == select.whole);
                *tail == Some(select.whole) || statements.iter().any(is_it)
            }
            _ => false,
        };
        is_here && (self.infer.expr_ty(loop_).is_unit() || self.ends_function_with_nothing(loop_))
    }

    /// Whether this comes last in a function that returns nothing.
    fn ends_function_with_nothing(&self, expr: ExprId) -> bool {
        let mut child = expr;
        while let Some(parent) = self.parents.get(child).copied() {
            let is_last = match &self.body[parent] {
                Expr::Block { tail, .. } => *tail == Some(child),
                Expr::Closure { closure_kind: ClosureKind::Coroutine { source, .. }, .. } => {
                    *source == CoroutineSource::Fn
                }
                _ => false,
            };
            if !is_last {
                return false;
            }
            child = parent;
        }
        let source = self.function.lookup(self.db).source(self.db);
        source.value.ret_type().is_none()
    }
}

fn parse(pattern: &str) -> Option<ast::Pat> {
    let text = format!("fn f() {{ let {pattern} = x; }}");
    let file = SourceFile::parse(&text, Edition::CURRENT).tree();
    file.syntax().descendants().find_map(ast::LetStmt::cast)?.pat()
}

/// `Some(..)`, `Ok(..)`, a literal: a variant that is known to have others beside it.
fn is_one_of_several(pattern: &ast::Pat) -> bool {
    let is_variant = |path: Option<ast::Path>| {
        let name = path.and_then(|it| it.segment()?.name_ref());
        name.is_some_and(|it| matches!(it.text(), "Some" | "None" | "Ok" | "Err"))
    };
    match pattern {
        ast::Pat::LiteralPat(_) => true,
        ast::Pat::TupleStructPat(it) => is_variant(it.path()),
        ast::Pat::PathPat(it) => is_variant(it.path()),
        ast::Pat::IdentPat(it) => it.syntax().text() == "None",
        ast::Pat::TuplePat(it) => it.fields().any(|it| is_one_of_several(&it)),
        ast::Pat::ParenPat(it) => it.pat().is_some_and(|it| is_one_of_several(&it)),
        _ => false,
    }
}
