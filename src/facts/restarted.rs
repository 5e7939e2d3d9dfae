//! What begins to wait anew in each turn of a `select!` loop.

use std::sync::Arc;

use ra_ap_hir_def::hir::{Expr, ExprId};

use crate::{
    facts::{
        body::{BodyFacts, Form},
        selects::{Branch, Select},
    },
    finding::Place,
    knowledge::{Row, cancel::Cancel},
};

/// One that misses something by that.
pub struct Restarted {
    pub row: Arc<Row>,
    /// The call that makes it.
    pub at: Place,
    /// Where the loop waits for something else in the meantime.
    pub meanwhile: Option<Place>,
    /// It is done at once whenever it is made.
    pub at_once: bool,
}

impl BodyFacts<'_> {
    /// What a branch makes anew in each turn though it should not. A timer is meant to begin anew, most of the time: it
    /// waits for nothing to happen.
    pub fn restarted(&self, select: &Select, branch: &Branch) -> Option<Restarted> {
        let loop_ = select.turns?;
        if branch.is_lent {
            return None;
        }
        let made = self.made_anew(branch.future, loop_, 0)?;
        let mention = self.mentions.iter().find(|it| {
            it.expr == made && it.form != Form::Named && it.row.cancel == Some(Cancel::Restarts)
        })?;
        let row = Arc::clone(&mention.row);
        let at = self.place_of(made)?;
        if row.at_once {
            let comes_back = self.comes_back_after(select, branch);
            return comes_back.then_some(Restarted { row, at, meanwhile: None, at_once: true });
        }
        if !row.misses {
            return None;
        }
        let mut others = select.others(branch).filter(|it| !self.always_leaves(it.handler, loop_));
        // What a task awaits that the handler starts is no wait of this one.
        let meanwhile = others.find_map(|it| {
            let around = self.awaits_at(it.handler);
            let mut first = None;
            self.walk(it.handler, &mut |expr| {
                if matches!(self.body[expr], Expr::Await { .. })
                    && self.awaits_at(expr) == around
                    && first.is_none()
                {
                    first = self.place_to_show(expr);
                }
            });
            first
        })?;
        Some(Restarted { row, at, meanwhile: Some(meanwhile), at_once: false })
    }

    /// The call that makes what a branch waits for, when that is made in the loop.
    fn made_anew(&self, value: ExprId, loop_: ExprId, depth: usize) -> Option<ExprId> {
        let is_it = |it: &ExprId| {
            let mut own = self.mentions.iter().filter(|own| own.expr == *it);
            own.any(|it| it.row.cancel == Some(Cancel::Restarts))
        };
        match &self.body[value] {
            _ if depth > 4 => None,
            Expr::Call { .. } | Expr::MethodCall { .. } if is_it(&value) => Some(value),
            Expr::MethodCall { receiver, .. } => self.made_anew(*receiver, loop_, depth + 1),
            Expr::Path(_) => {
                let variable = self.local(value)?;
                let is_inside = self.variables_of_loop(loop_).contains(&variable);
                let made = self.plain_value_of(variable).filter(|_| is_inside)?;
                self.made_anew(made, loop_, depth + 1)
            }
            _ => None,
        }
    }
}
