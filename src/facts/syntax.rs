//! The parts of a call, where the user wrote them.

use ra_ap_hir_def::hir::{Expr, ExprId};
use ra_ap_hir_ty::{
    Adjust,
    next_solver::{Ty, TyKind},
};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{
    AstNode, TextRange,
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
}

/// An argument, or a receiver.
#[derive(Clone, Debug)]
pub struct Argument {
    pub range: TextRange,
    /// Written before `.await` or `.method()` it needs brackets.
    pub needs_brackets: bool,
    /// How often it is dereferenced before a reference to it can stand for what the method is called on: for an
    /// `Arc<PathBuf>` once, since `&PathBuf` is as good as `&Path`, and `&Arc<PathBuf>` is not.
    pub derefs: usize,
    /// A place rather than a value made on the spot: handing it on by value would move it.
    pub is_place: bool,
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
        let (callee, receiver, arguments) = match (&call.value, mention.form) {
            (ast::Expr::CallExpr(it), Form::Call) => {
                (range(it.expr()?.syntax())?, None, it.arg_list()?)
            }
            (ast::Expr::MethodCallExpr(it), Form::Method) => {
                let receiver = argument(&it.receiver()?)?;
                let receiver = Argument { derefs: self.derefs(mention.expr), ..receiver };
                (range(it.name_ref()?.syntax())?, Some(receiver), it.arg_list()?)
            }
            _ => return None,
        };
        let arguments = arguments.args().map(|it| argument(&it)).collect::<Option<Vec<_>>>()?;
        Some(CallParts { at, callee, receiver, arguments })
    }
}

impl BodyFacts<'_> {
    fn derefs(&self, call: ExprId) -> usize {
        let Expr::MethodCall { receiver, .. } = &self.body[call] else { return 0 };
        let mut type_ = self.infer.expr_ty(*receiver);
        let mut needed = 0;
        let adjustments = self.infer.expr_adjustment(*receiver).unwrap_or_default();
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

fn describe(expr: &ast::Expr, range: TextRange) -> Argument {
    let is_place = match expr {
        ast::Expr::PathExpr(_) | ast::Expr::FieldExpr(_) | ast::Expr::IndexExpr(_) => true,
        ast::Expr::PrefixExpr(it) => it.op_kind() == Some(ast::UnaryOp::Deref),
        _ => false,
    };
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
    Argument { range, needs_brackets, is_place, derefs: 0 }
}
