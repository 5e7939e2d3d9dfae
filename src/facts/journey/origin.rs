//! Where a value comes from: the call that made it, back through the variables that kept it.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId};

use crate::{
    facts::{declared::Given, journey::Tracing},
    finding::Note,
};

impl Tracing<'_, '_> {
    /// The call that made the value of `expr`.
    pub(super) fn origin(&self, expr: ExprId, depth: usize) -> Result<ExprId, Note> {
        const DEEPEST: usize = 64;
        let not_in_sight = "where it comes from is not in sight";
        if depth > DEEPEST {
            return self.refuse(expr, not_in_sight);
        }
        match &self.body.body[expr] {
            Expr::Path(_) => match self.body.local(expr) {
                Some(local) => self.origin(self.source_of(local, expr)?, depth + 1),
                None => self.refuse(expr, not_in_sight),
            },
            Expr::Field { expr, .. } | Expr::Ref { expr, .. } => self.origin(*expr, depth + 1),
            Expr::Match { expr: head, .. } if self.body.is_question_mark(expr) => {
                self.origin(*head, depth + 1)
            }
            Expr::Call { .. } | Expr::MethodCall { .. } => {
                let mut values = self.body.values_of(expr).into_iter();
                match values.find(|it| self.has_twin(*it)) {
                    Some(it) => self.origin(it, depth + 1),
                    None => Ok(expr),
                }
            }
            _ => self.refuse(expr, not_in_sight),
        }
    }

    /// The expression whose value a variable was given.
    fn source_of(&self, local: BindingId, at: ExprId) -> Result<ExprId, Note> {
        let name = self.body.body[local].name.as_str();
        match self.body.given(local) {
            Given::By(it) => Ok(it),
            Given::Later => self.refuse(at, format!("`{name}` is given its value later")),
            Given::Outside => self.refuse(at, format!("`{name}` comes from outside this function")),
        }
    }
}
