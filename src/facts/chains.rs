//! Chains of method calls that begin with a call of a known function.

use ra_ap_hir_def::hir::{Expr, ExprId};
use ra_ap_syntax::{AstNode, TextSize, ast};

use crate::{
    facts::body::{BodyFacts, Mention, function_of},
    finding::Place,
};

/// `Command::new("git").arg("log").output()`, taken apart.
pub struct ChainParts {
    /// All of it.
    pub whole: Place,
    /// `Command::new`
    pub callee: Place,
    /// The methods between the first call and the last.
    pub methods: Vec<String>,
    /// Where one more method would be called before the last.
    pub before_last: TextSize,
}

impl BodyFacts<'_> {
    /// The chain that ends in this mention, when it begins with a call of `from`, and all of it is the user's text.
    pub fn chain(&self, mention: &Mention, from: &str) -> Option<ChainParts> {
        let Expr::MethodCall { receiver, .. } = &self.body[mention.expr] else { return None };
        let last = *receiver;
        let mut methods = Vec::new();
        let mut expr = last;
        let callee = loop {
            match &self.body[expr] {
                Expr::MethodCall { receiver, method_name, .. } => {
                    methods.push(method_name.as_str().to_owned());
                    expr = *receiver;
                }
                Expr::Call { callee, .. } => break *callee,
                _ => return None,
            }
        };
        let function = function_of(self.infer.expr_ty(callee))?;
        let row = self.known.function(self.db, function)?;
        if row.path != from {
            return None;
        }
        let whole = self.written(mention.expr)?;
        Some(ChainParts {
            callee: self.callee_place(callee)?,
            before_last: self.place_of(last)?.range.end(),
            whole,
            methods,
        })
    }

    fn callee_place(&self, callee: ExprId) -> Option<Place> {
        let syntax = self.syntax(callee)?;
        let ast::Expr::PathExpr(path) = &syntax.value else { return None };
        self.place(syntax.file_id, path.syntax())
    }
}
