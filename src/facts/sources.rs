//! What a call waits for, where that depends on the values that it is called on or given.

use std::sync::Arc;

use ra_ap_hir_def::{
    hir::{Expr, ExprId, Literal},
    signatures::FunctionSignature,
};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::AstNode;

use crate::{
    facts::{
        body::{BodyFacts, Form, Mention, function_of},
        runs_on::Thread,
    },
    knowledge::{Row, Wait},
};

impl<'db> BodyFacts<'db> {
    /// The row as it holds for this call: on `values`, with `arguments`. None when it says nothing of these.
    pub(super) fn row_with_values(
        &self,
        row: Arc<Row>,
        call: ExprId,
        values: &[ExprId],
        arguments: &[ExprId],
    ) -> Option<Arc<Row>> {
        if let Some(index) = row.at_most
            && arguments.get(index).is_some_and(|it| self.is_zero(*it))
        {
            return None;
        }
        if row.only_on_text && !values.first().is_some_and(|it| self.needs_looking_up(*it)) {
            return None;
        }
        if !row.unless_said.is_empty() {
            let text = self.syntax(call)?.value.syntax().text().to_string();
            if row.unless_said.iter().any(|it| text.contains(it.as_str())) {
                return None;
            }
        }
        if row.blocks != Some(Wait::Source) {
            return Some(row);
        }
        let values = if row.reads_arguments { arguments } else { values };
        let source = values.iter().find_map(|it| self.known.source(self.infer.expr_ty(*it)));
        // From memory to memory it only computes.
        (source.is_some() || row.by_size).then(|| Arc::new(row.waiting_for(source)))
    }

    /// Whether this waits on `thread`, each time and for longer than a lock does: that is short by itself, and no reason
    /// to move a function elsewhere.
    pub fn waits_on(&self, mention: &Mention, thread: Thread) -> bool {
        mention.thread == thread
            && mention.form != Form::Named
            && !mention.once
            && mention.row.blocks.is_some_and(|it| it != Wait::Lock)
            && !self.has_asked(mention)
    }

    /// Whether the code has asked before whether there is anything to wait for.
    pub fn has_asked(&self, mention: &Mention) -> bool {
        let methods = &mention.row.unless_asked;
        let asks = |expr: ExprId| match &self.body[expr] {
            Expr::MethodCall { method_name, .. } => {
                methods.iter().any(|it| it == method_name.as_str())
            }
            Expr::Call { callee, .. } => {
                let Some(asked) = function_of(self.infer.expr_ty(*callee)) else { return false };
                let name = FunctionSignature::of(self.db, asked).name.clone();
                methods.iter().any(|it| it == name.as_str())
            }
            _ => false,
        };
        !methods.is_empty() && self.sequence[..mention.position].iter().any(|it| asks(it.0))
    }

    /// `Duration::ZERO` and the like.
    fn is_zero(&self, expr: ExprId) -> bool {
        match &self.body[expr] {
            Expr::Path(_) => {
                let text = self.syntax(expr).map(|it| it.value.syntax().text().to_string());
                text.is_some_and(|it| it == "ZERO" || it.ends_with("::ZERO"))
            }
            Expr::Literal(Literal::Int(0, _) | Literal::Uint(0, _)) => true,
            Expr::Call { args, .. } if !args.is_empty() => args.iter().all(|it| self.is_zero(*it)),
            _ => false,
        }
    }

    /// Text that is no address yet.
    fn needs_looking_up(&self, expr: ExprId) -> bool {
        match &self.body[expr] {
            Expr::Literal(Literal::String(it)) => {
                it.as_str().parse::<std::net::SocketAddr>().is_err()
                    && it.as_str().parse::<std::net::IpAddr>().is_err()
            }
            Expr::Ref { expr, .. } => self.needs_looking_up(*expr),
            Expr::Tuple { exprs } => exprs.first().is_some_and(|it| self.needs_looking_up(*it)),
            _ => is_text(self.known, self.infer.expr_ty(expr)),
        }
    }
}

fn is_text(known: &crate::knowledge::resolve::Known, type_: Ty<'_>) -> bool {
    match type_.kind() {
        TyKind::Str => true,
        TyKind::Ref(_, it, _) => is_text(known, it),
        TyKind::Adt(adt, _) => known.type_(adt.def_id()).is_some_and(|it| it.text),
        TyKind::Tuple(types) => types.iter().next().is_some_and(|it| is_text(known, it)),
        _ => false,
    }
}
