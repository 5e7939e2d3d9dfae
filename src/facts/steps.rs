//! Chains of calls, from their ends: `lock().unwrap()`, `spawn(work)?`.

use ra_ap_hir_def::hir::{Expr, ExprId};
use ra_ap_syntax::SyntaxKind;

use crate::{
    facts::body::{BodyFacts, Mention},
    knowledge::Row,
};

impl BodyFacts<'_> {
    pub(crate) fn is_question_mark(&self, expr: ExprId) -> bool {
        let source = self.map.expr_syntax(expr).ok();
        source.is_some_and(|it| it.value.syntax_node_ptr().kind() == SyntaxKind::TRY_EXPR)
    }

    /// What stands before a `?`.
    pub(super) fn before_question_mark(&self, expr: ExprId) -> Option<ExprId> {
        let Expr::Match { expr: head, .. } = self.body[expr] else { return None };
        match &self.body[head] {
            Expr::Call { args, .. } if self.is_question_mark(expr) => args.first().copied(),
            _ => None,
        }
    }

    /// What the last step of a chain is taken from: `unwrap()` and other methods, `?`.
    pub(super) fn step_back(&self, expr: ExprId) -> Option<ExprId> {
        match self.body[expr] {
            Expr::MethodCall { receiver, .. } => Some(receiver),
            _ => self.before_question_mark(expr),
        }
    }

    /// The call that a value comes from as it is, or in another wrapping.
    pub(super) fn origin(
        &self,
        mut value: ExprId,
        is_meant: impl Fn(&Row) -> bool,
    ) -> Option<&Mention> {
        loop {
            let mention = self.mention_of(value);
            if let Some(it) = mention.filter(|it| is_meant(&it.row)) {
                return Some(it);
            }
            value = match self.body[value] {
                Expr::MethodCall { receiver, .. } if mention?.row.passes => receiver,
                _ => self.before_question_mark(value)?,
            };
        }
    }

    /// The last call of a chain of which something is known that is asked for; the chain goes back.
    pub(super) fn mention_in(
        &self,
        mut chain: impl Iterator<Item = ExprId>,
        is_meant: impl Fn(&Row) -> bool,
    ) -> Option<&Mention> {
        chain.find_map(|expr| self.mentions.iter().find(|it| it.expr == expr && is_meant(&it.row)))
    }
}
