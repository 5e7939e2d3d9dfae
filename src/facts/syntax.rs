//! The parts of a call, where the user wrote them.

use ra_ap_hir::Semantics;
use ra_ap_hir_def::hir::{Expr, ExprId};
use ra_ap_hir_ty::{
    Adjust,
    next_solver::{Ty, TyKind},
};
use ra_ap_ide_db::RootDatabase;
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{
    AstNode, SyntaxToken, TextRange,
    ast::{self, HasArgList},
};

use crate::{
    facts::body::{BodyFacts, Form, Mention},
    finding::Place,
};

/// A call in the user's text.
#[derive(Clone, Debug)]
pub struct CallParts {
    /// The whole call.
    pub at: Place,
    /// `std::fs::read` in `std::fs::read(path)`, or `exists` in `path.exists()`.
    pub callee: TextRange,
    /// What stands before the dot.
    pub receiver: Option<Argument>,
    pub arguments: Vec<Argument>,
    /// `read::<PathBuf>(..)`: the twin has no such parameters.
    pub has_turbofish: bool,
}

/// An argument, or a receiver.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    pub range: TextRange,
    /// Written before `.await` or `.method()` it needs brackets.
    pub needs_brackets: bool,
    /// How often it is dereferenced before a reference to it can stand for what the method is called on: for an
    /// `Arc<PathBuf>` once, since `&PathBuf` is as good as `&Path`, and `&Arc<PathBuf>` is not.
    pub derefs: usize,
    /// A place rather than a value made on the spot, and no shared reference: handing it on by value would move it.
    pub is_place: bool,
    /// Its type does not depend on what it is handed to.
    pub has_own_type: bool,
}

impl BodyFacts<'_> {
    /// The parts of a mention that is a call. None when a macro had a hand in any of them.
    pub fn call_parts(&self, mention: &Mention) -> Option<CallParts> {
        let call = self.syntax(mention.expr)?;
        let file = call.file_id;
        let at = self.place(file, call.value.syntax())?;
        let range = |node: &ra_ap_syntax::SyntaxNode| {
            let place = self.place(file, node)?;
            (place.file == at.file && at.range.contains_range(place.range)).then_some(place.range)
        };
        let argument = |it: &ast::Expr| Some(describe(it, range(it.syntax())?));
        let mut has_turbofish = false;
        let (callee, receiver, arguments) = match (&call.value, mention.form) {
            (ast::Expr::CallExpr(it), Form::Call) => {
                let callee = it.expr()?;
                has_turbofish = callee
                    .syntax()
                    .descendants()
                    .any(|it| ast::GenericArgList::can_cast(it.kind()));
                (range(callee.syntax())?, None, it.arg_list()?)
            }
            (ast::Expr::MethodCallExpr(it), Form::Method) => {
                let receiver = argument(&it.receiver()?)?;
                let receiver = match &self.body[mention.expr] {
                    Expr::MethodCall { receiver: id, .. } => self.as_inferred(receiver, *id),
                    _ => receiver,
                };
                (range(it.name_ref()?.syntax())?, Some(receiver), it.arg_list()?)
            }
            _ => return None,
        };
        let mut arguments = arguments.args().map(|it| argument(&it)).collect::<Option<Vec<_>>>()?;
        if let Expr::Call { args, .. } = &self.body[mention.expr] {
            for (argument, id) in arguments.iter_mut().zip(args.iter()) {
                *argument = self.as_inferred(*argument, *id);
            }
        }
        if !self.is_written_once(&at, file) {
            return None;
        }
        Some(CallParts { at, callee, receiver, arguments, has_turbofish })
    }
}

impl BodyFacts<'_> {
    /// With what its type tells of it.
    fn as_inferred(&self, argument: Argument, id: ExprId) -> Argument {
        let shared = matches!(self.infer.expr_ty(id).kind(), TyKind::Ref(_, _, it) if it.is_not());
        let is_place = argument.is_place && !shared;
        Argument { derefs: self.derefs_of(id), is_place, ..argument }
    }

    fn derefs_of(&self, receiver: ExprId) -> usize {
        let mut type_ = self.infer.expr_ty(receiver);
        let mut needed = 0;
        let adjustments = self.infer.expr_adjustment(receiver).unwrap_or_default();
        for (index, step) in adjustments.iter().enumerate() {
            if matches!(step.kind, Adjust::Deref(Some(_))) && !self.stands_for_target(type_) {
                needed = index + 1;
            }
            type_ = step.target.as_ref();
        }
        needed
    }

    fn stands_for_target(&self, type_: Ty<'_>) -> bool {
        match type_.kind() {
            TyKind::Adt(adt, _) => {
                self.known.type_(adt.def_id()).is_some_and(|it| it.stands_for_target)
            }
            _ => false,
        }
    }
}

/// Whether a word is given to a macro.
pub(super) fn is_in_macro(word: &SyntaxToken) -> bool {
    word.parent_ancestors().any(|it| ast::TokenTree::can_cast(it.kind()))
}

/// What a word of the text comes to: itself, or all that macros make of it. What nobody expands comes back as it was.
pub(super) fn expanded(sema: &Semantics<'_, RootDatabase>, word: &SyntaxToken) -> Vec<SyntaxToken> {
    match is_in_macro(word) {
        true => sema.descend_into_macros_exact(word.clone()).into_iter().collect(),
        false => vec![word.clone()],
    }
}

fn describe(expr: &ast::Expr, range: TextRange) -> Argument {
    let needs_brackets = !matches!(
        expr,
        ast::Expr::PathExpr(_)
            | ast::Expr::FieldExpr(_)
            | ast::Expr::IndexExpr(_)
            | ast::Expr::CallExpr(_)
            | ast::Expr::MethodCallExpr(_)
            | ast::Expr::MacroExpr(_)
            | ast::Expr::ParenExpr(_)
            | ast::Expr::AwaitExpr(_)
            | ast::Expr::TryExpr(_)
            | ast::Expr::BlockExpr(_)
            | ast::Expr::Literal(_)
            | ast::Expr::TupleExpr(_)
            | ast::Expr::ArrayExpr(_)
    );
    let has_own_type = has_own_type(expr);
    Argument { range, needs_brackets, derefs: 0, is_place: is_place(expr), has_own_type }
}

fn is_place(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::PathExpr(_) | ast::Expr::FieldExpr(_) | ast::Expr::IndexExpr(_) => true,
        ast::Expr::PrefixExpr(it) => it.op_kind() == Some(ast::UnaryOp::Deref),
        ast::Expr::ParenExpr(it) => it.expr().is_some_and(|it| is_place(&it)),
        _ => false,
    }
}

fn has_own_type(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::PathExpr(_) | ast::Expr::FieldExpr(_) | ast::Expr::Literal(_) => true,
        ast::Expr::RefExpr(it) => it.expr().is_some_and(|it| has_own_type(&it)),
        ast::Expr::ParenExpr(it) => it.expr().is_some_and(|it| has_own_type(&it)),
        ast::Expr::IndexExpr(it) => it.base().is_some_and(|it| has_own_type(&it)),
        ast::Expr::PrefixExpr(it) => it.expr().is_some_and(|it| has_own_type(&it)),
        _ => false,
    }
}
