//! Changes through the guard of an asynchronous lock that a cancelled task would leave half done.

use std::collections::BTreeSet;

use ra_ap_hir_def::hir::{BinaryOp, BindingId, Expr, ExprId, Pat, Statement};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::{
        body::{BodyFacts, Form},
        suspends::AsyncBody,
    },
    finding::{Note, Place},
    knowledge::{Guard, Row, cancel::Cancel},
};

/// An `.await` between two changes of what a lock protects.
pub struct HalfDone<'db> {
    /// The variable that holds the guard, ...
    pub name: String,
    /// ... and what is known of its type.
    pub row: &'db Row,
    /// Where the task may be cancelled.
    pub at: Place,
    pub before: Place,
    pub after: Place,
    /// Who may do that.
    pub dropped_by: Vec<Note>,
    pub(crate) guard: BindingId,
    pub(crate) await_: ExprId,
    /// All changes through the guard.
    pub(crate) changes: BTreeSet<ExprId>,
}

impl<'db> BodyFacts<'db> {
    /// For each guard of an asynchronous lock the first `.await` at which a cancellation leaves a change half done.
    pub fn half_done(&self) -> Vec<HalfDone<'db>> {
        if !self.has_guards(|it| it == Guard::Async) {
            return Vec::new();
        }
        let changes: Vec<(ExprId, BindingId)> = self
            .body
            .exprs()
            .filter_map(|it| Some((it.0, self.changed_by(it.0)?)))
            .filter(|it| self.is_way_to_change(it.1))
            .collect();
        if changes.len() < 2 {
            return Vec::new();
        }
        let mut found = Vec::new();
        for body in self.async_bodies() {
            let guards = self.body.bindings().map(|it| it.0);
            let guards: Vec<BindingId> = guards.filter(|it| self.is_async_guard(*it)).collect();
            found.extend(
                guards.into_iter().filter_map(|it| self.half_done_with(&body, it, &changes)),
            );
        }
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }

    fn half_done_with(
        &self,
        body: &AsyncBody<'db>,
        guard: BindingId,
        changes: &[(ExprId, BindingId)],
    ) -> Option<HalfDone<'db>> {
        let own = changes.iter().filter(|it| it.1 == guard || body.is_got_from(it.1, guard));
        let changes: BTreeSet<ExprId> = own.map(|it| it.0).collect();
        let mut splits = body.splits(guard, &changes);
        splits.sort_by_key(|it| it.0);
        let (await_, before, after) = splits.into_iter().find_map(|(await_, before, after)| {
            // What is awaited is kept under the lock too, and whoever comes next goes on with it.
            if let Expr::Await { expr } = self.body[await_]
                && self.is_kept_by(body, expr, guard)
            {
                return None;
            }
            // Where something was taken out nothing is there, and everybody sees that.
            let before = before.into_iter().filter(|it| !self.empties(*it)).max()?;
            // What is done in some cases only is no half of something, unless a value waits to be put back.
            let goes_along = |it: ExprId| self.goes_along_with(it, await_);
            let gave_a_value = self.gives_a_value(before);
            if !gave_a_value && !goes_along(before) {
                return None;
            }
            // What each turn of a loop does once is done once.
            let follows = |it: &ExprId| *it != before && (gave_a_value || goes_along(*it));
            let after = after.into_iter().find(follows)?;
            Some((await_, before, after))
        })?;
        Some(HalfDone {
            name: self.body[guard].name.as_str().to_owned(),
            row: self.owned_guard_in(self.infer.binding_ty(guard))?,
            at: self.place_to_show(await_)?,
            before: self.place_to_show(before)?,
            after: self.place_to_show(after)?,
            dropped_by: self.who_drops(body.coroutine())?,
            guard,
            await_,
            changes,
        })
    }

    /// Whether a future is only lent by what the guard gives access to, perhaps for a time.
    fn is_kept_by(&self, body: &AsyncBody<'db>, future: ExprId, guard: BindingId) -> bool {
        let leads_to_guard = |it: BindingId| it == guard || body.is_got_from(it, guard);
        if self.is_reference(self.infer.expr_ty(future)) {
            return match &self.body[future] {
                Expr::Path(_) => self.local(future).is_some_and(leads_to_guard),
                Expr::Ref { expr, .. } => self.way_to(*expr).is_some_and(leads_to_guard),
                _ => self.lent_by(future).is_some_and(leads_to_guard),
            };
        }
        let hands_on = self.mentions.iter().any(|it| {
            it.expr == future && it.form != Form::Named && it.row.cancel == Some(Cancel::AsGiven)
        });
        hands_on && self.values_of(future).into_iter().any(|it| self.is_kept_by(body, it, guard))
    }

    fn is_async_guard(&self, variable: BindingId) -> bool {
        let type_ = self.infer.binding_ty(variable);
        self.is_itself_guard(type_)
            && self.owned_guard_in(type_).is_some_and(|it| it.guard == Some(Guard::Async))
    }

    /// A guard, or a reference by which one changes something.
    fn is_way_to_change(&self, variable: BindingId) -> bool {
        let type_ = self.infer.binding_ty(variable);
        let changes = matches!(type_.kind(), TyKind::Ref(_, _, it) if it.is_mut());
        changes || self.is_async_guard(variable)
    }

    /// The variable through which an expression changes something, at once and for good.
    fn changed_by(&self, expr: ExprId) -> Option<BindingId> {
        match &self.body[expr] {
            Expr::Assignment { target, .. } => match self.body[*target] {
                Pat::Expr(place) => self.way_to(place),
                _ => None,
            },
            Expr::BinaryOp { lhs, op: Some(BinaryOp::Assignment { .. }), .. } => self.way_to(*lhs),
            Expr::MethodCall { receiver, .. } if self.is_over(expr) => {
                if self.row_of_call(expr).is_some_and(|it| it.only_room) {
                    return None;
                }
                let type_ = self.infer.type_of_expr_with_adjust(*receiver)?;
                let changes = matches!(type_.kind(), TyKind::Ref(_, _, it) if it.is_mut());
                changes.then(|| self.way_to(*receiver))?
            }
            Expr::Call { args, .. } if self.is_over(expr) => {
                args.iter().find_map(|it| match &self.body[*it] {
                    Expr::Ref { expr, mutability, .. } if mutability.is_mut() => self.way_to(*expr),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    /// Whether a change gives something that is used.
    fn gives_a_value(&self, change: ExprId) -> bool {
        let is_dropped = self.parents.get(change).is_some_and(|it| match &self.body[*it] {
            Expr::Block { statements, .. } => statements
                .iter()
                .any(|it| matches!(it, Statement::Expr { expr, .. } if *expr == change)),
            _ => false,
        });
        !is_dropped && matches!(self.body[change], Expr::MethodCall { .. } | Expr::Call { .. })
    }

    fn empties(&self, change: ExprId) -> bool {
        self.mentions.iter().any(|it| it.expr == change && it.row.empties)
    }

    /// Whether a call has done what it does when it returns: it gives no future, and nothing to change more with.
    fn is_over(&self, call: ExprId) -> bool {
        let parent = self.parents.get(call).map(|it| &self.body[*it]);
        !matches!(parent, Some(Expr::Await { .. })) && !self.may_borrow(self.infer.expr_ty(call))
    }

    /// The variable that leads to a place.
    fn way_to(&self, place: ExprId) -> Option<BindingId> {
        match &self.body[place] {
            Expr::Path(_) => self.local(place),
            Expr::Field { expr, .. } | Expr::UnaryOp { expr, .. } => self.way_to(*expr),
            Expr::Index { base, .. } => self.way_to(*base),
            // `get_mut(key).unwrap()`
            Expr::MethodCall { .. } | Expr::Match { .. } => {
                let type_ = self.infer.expr_ty(place);
                let leads_on = matches!(type_.kind(), TyKind::Ref(_, _, it) if it.is_mut());
                leads_on.then(|| self.lent_by(place))?
            }
            _ => None,
        }
    }

    /// The variable from which a chain of calls got its reference.
    fn lent_by(&self, value: ExprId) -> Option<BindingId> {
        match &self.body[value] {
            Expr::MethodCall { receiver, .. } => self.lent_by(*receiver),
            Expr::Match { .. } => self.lent_by(self.before_question_mark(value)?),
            _ => self.way_to(value),
        }
    }
}
