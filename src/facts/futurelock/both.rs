//! A lent future that is awaited right behind what waits for it: both can be awaited together.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId, Statement};

use crate::facts::{
    body::BodyFacts,
    one_by_one::{AwaitStatement, Together, value_of},
};

/// The two statements, and their futures as they are written.
pub struct Both {
    pub futures: [String; 2],
    pub statements: Together,
}

impl BodyFacts<'_> {
    /// The statement that waits and the next one, where that awaits the lent future. What the first one gives must not be
    /// what the other still waits for.
    pub(super) fn both_awaited(&self, variable: BindingId, wait: ExprId) -> Option<Both> {
        if self.owned_guard_in(self.infer.expr_ty(wait)).is_some() {
            return None;
        }
        let blocks = self.body.exprs().filter_map(|it| match it.1 {
            Expr::Block { statements, .. } => Some(statements),
            _ => None,
        });
        let awaits = |index: usize, it: &Statement| {
            let value = value_of(it)?;
            let before = self.before_question_mark(value);
            let await_ = before.unwrap_or(value);
            let Expr::Await { expr } = self.body[await_] else { return None };
            Some((expr, AwaitStatement { index, variable, await_, tried: before.is_some() }))
        };
        let both = blocks.flat_map(|it| it.windows(2)).find_map(|it| {
            let (other, first) = awaits(0, &it[0])?;
            let (lent, second) = awaits(1, &it[1])?;
            let is_it = first.await_ == wait && self.lent_variable(lent) == Some(variable);
            is_it.then_some((other, lent, [first, second]))
        });
        let (other, lent, both) = both?;
        let text = |it: ExprId| {
            let place = self.place_of(it)?;
            Some(self.workspace.text(&place.file)?[place.range].to_owned())
        };
        let statements = self.together(&both).ok()?;
        Some(Both { futures: [text(other)?, text(lent)?], statements })
    }
}
