//! Calls that can be moved elsewhere as a whole.

use ra_ap_hir_def::{
    hir::{Expr, ExprId},
    signatures::{FnFlags, FunctionSignature},
};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{
    AstNode, TextRange, TextSize,
    ast::{self, HasArgList},
};

use crate::{
    facts::body::{BodyFacts, Mention, function_of},
    finding::Place,
};

impl BodyFacts<'_> {
    /// The mention as if the call were all of `expr`.
    pub fn mention_around(&self, mention: &Mention, expr: ExprId) -> Mention {
        let position = self.sequence.iter().position(|it| it.0 == expr);
        Mention { expr, position: position.unwrap_or(mention.position), ..mention.clone() }
    }

    /// The mention, as it would be at an expression elsewhere in this function.
    pub fn mention_at(&self, mention: &Mention, expr: ExprId) -> Mention {
        Mention { awaits_in: self.awaits_at(expr), ..self.mention_around(mention, expr) }
    }

    /// The calls around this one that wait too, from the outside, and the call itself.
    pub fn waits_around(&self, mention: &Mention) -> Vec<ExprId> {
        let mut found = vec![mention.expr];
        let mut child = mention.expr;
        while let Some(parent) = self.parents.get(child).copied() {
            if Some(parent) == mention.awaits_in || matches!(self.body[parent], Expr::Block { .. })
            {
                break;
            }
            let waits =
                |it: &Mention| it.expr == parent && it.row.blocks.is_some() && it.row.movable;
            if self.mentions.iter().any(waits) {
                found.push(parent);
            }
            child = parent;
        }
        found.reverse();
        found
    }

    /// Where an expression is written, once and in one piece.
    pub fn written(&self, expr: ExprId) -> Option<Place> {
        let file = self.syntax(expr)?.file_id;
        let at = self.place_of(expr)?;
        self.is_written_once(&at, file).then_some(at)
    }

    /// The `(` of `function()`, where the name of the function alone stands for a closure that calls it.
    pub fn bracket_of_nothing(&self, expr: ExprId) -> Option<TextRange> {
        let Expr::Call { callee, args } = &self.body[expr] else { return None };
        let function = function_of(self.infer.expr_ty(*callee)).filter(|_| args.is_empty())?;
        // Of a variable it would be a borrow or a move, and an unsafe function is no closure.
        let is_unsafe = FunctionSignature::of(self.db, function).flags.contains(FnFlags::UNSAFE);
        if is_unsafe || self.is_local(*callee) {
            return None;
        }
        let call = ast::CallExpr::cast(self.syntax(expr)?.value.syntax().clone())?;
        let brackets = call.arg_list().filter(|it| it.syntax().text() == "()")?;
        let brackets = self.place(self.syntax(expr)?.file_id, brackets.syntax())?.range;
        Some(TextRange::at(brackets.start(), TextSize::of('(')))
    }

    /// Whether `?` may follow what may have panicked: it stands before another `?`, whose error can say so.
    pub fn error_takes_panics(&self, expr: ExprId, mention: &Mention) -> bool {
        let is_tried = self.parents.get(expr).is_some_and(|it| self.is_question_mark(*it));
        let coroutine = mention.awaits_in.map(|it| &self.body[it]);
        let Some(Expr::Closure { body, .. }) = coroutine.filter(|_| is_tried) else { return false };
        self.is_broad_error(*body)
    }

    /// Whether `?` may follow what the operating system may refuse: it stands in no closure, and the error of the function
    /// can say so.
    pub fn error_takes_refusals(&self, expr: ExprId) -> bool {
        let in_closure =
            self.ancestors(expr).any(|it| matches!(self.body[it], Expr::Closure { .. }));
        !in_closure && self.is_broad_error(self.body.root_expr())
    }

    /// Whether the error of a result can be made of those of the standard library, and of panics.
    fn is_broad_error(&self, result: ExprId) -> bool {
        match self.error_of(self.infer.expr_ty(result)).map(|it| it.kind()) {
            Some(TyKind::Adt(adt, _)) => {
                self.known.type_(adt.def_id()).is_some_and(|it| it.from_join_error)
            }
            _ => false,
        }
    }
}
