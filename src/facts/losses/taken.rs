//! What is taken out of a queue, and is lost with the future that still holds it.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId};

use crate::{
    facts::{
        body::{BodyFacts, Form},
        declared::Given,
        losses::{Loss, What},
        selects::Branch,
        suspends::{AsyncBody, Kept, Origin},
    },
    finding::Note,
};

impl<'db> BodyFacts<'db> {
    /// What an async body has taken out of something and still holds, alone, while it waits for something else.
    pub(super) fn taken_out_and_held(&self, coroutine: ExprId) -> Vec<Loss> {
        let takes = self.mentions.iter().filter(|it| {
            it.row.takes_out
                && it.form == Form::Method
                && self.is_awaited_in(coroutine, it.awaits_in)
        });
        let takes: Vec<_> = takes
            .filter_map(|it| {
                let receiver = *self.values_of(it.expr).first()?;
                let variables = self.holders(it.expr);
                // A place is emptied to be empty where nobody hands on what was there.
                let is_needed = |it: &BindingId| self.is_handed_on(*it);
                if it.row.empties && !variables.iter().any(is_needed) {
                    return None;
                }
                (!variables.is_empty()).then(|| Some((it, self.owner_of(receiver)?, variables)))?
            })
            .collect();
        if takes.is_empty() {
            return Vec::new();
        }
        let Some(body) = self.async_bodies().into_iter().find(|it| it.coroutine() == coroutine)
        else {
            return Vec::new();
        };
        let lost = takes.into_iter().filter_map(|(mention, owner, variables)| {
            let point = body.points.iter().find(|point| {
                point.alive.iter().any(|it| self.holds_one(&body, it, &variables, point.await_))
            })?;
            let taken = Note::perhaps_at(self.place_to_show(mention.expr), "it is taken out here");
            let held = "and while this is awaited it is in no other place";
            let held = Note::perhaps_at(self.place_to_show(point.await_), held);
            let what = What::TakenOut(mention.row.said());
            Some(self.loss(what, owner, vec![taken, held], None))
        });
        lost.collect()
    }

    /// Whether this holds one of the variables, for more than to drop it.
    fn holds_one(
        &self,
        body: &AsyncBody<'db>,
        kept: &Kept,
        variables: &[BindingId],
        await_: ExprId,
    ) -> bool {
        if !kept.filled {
            return false;
        }
        match body.origin(kept) {
            Some(Origin::Variable(it)) => variables.contains(&it) && kept.used_later,
            Some(Origin::Temporary(_)) => false,
            None => {
                let Expr::Await { expr } = self.body[await_] else { return false };
                let given = self.values_of(expr);
                body.is_awaited(kept)
                    && given
                        .iter()
                        .filter_map(|it| self.local(*it))
                        .any(|it| variables.contains(&it))
            }
        }
    }

    /// The same variables, those that a branch of a `select!` gives it to, and those into which one of them is taken apart.
    fn holders(&self, call: ExprId) -> Vec<BindingId> {
        let mut found = self.variables_given(call);
        let branches = self.selects().iter().flat_map(|it| &it.branches);
        for it in branches.filter(|it| self.is_on_spine(self.made_for_branch(it), call)) {
            found.extend(self.bound_by(it));
        }
        let given: Vec<(BindingId, BindingId)> = self
            .body
            .bindings()
            .filter_map(|it| match self.given(it.0) {
                Given::By(value) => Some((it.0, self.local(value)?)),
                Given::Later | Given::Outside => None,
            })
            .collect();
        let mut at = 0;
        while let Some(holder) = found.get(at).copied() {
            let parts = given.iter().filter(|it| it.1 == holder && !found.contains(&it.0));
            let parts: Vec<BindingId> = parts.map(|it| it.0).collect();
            found.extend(parts);
            at += 1;
        }
        found
    }

    /// Whether more happens to the value of a variable than that methods are called that borrow it.
    fn is_handed_on(&self, variable: BindingId) -> bool {
        let mut places = self.sequence.iter().map(|it| it.0);
        places.any(|it| self.local(it) == Some(variable) && !self.is_only_called(it))
    }

    fn is_only_called(&self, place: ExprId) -> bool {
        self.parents.get(place).is_some_and(|parent| match &self.body[*parent] {
            Expr::Field { .. } => self.is_only_called(*parent),
            Expr::MethodCall { receiver, .. } => *receiver == place && self.is_borrowed(place),
            _ => false,
        })
    }

    /// What makes the future of a branch, where that is one of its own.
    pub(in crate::facts) fn made_for_branch(&self, branch: &Branch) -> ExprId {
        let lent = self.lent_variable(branch.future);
        lent.and_then(|it| self.plain_value_of(it)).unwrap_or(branch.future)
    }

    /// The variables of the pattern of a branch, as its handler knows them.
    pub(in crate::facts) fn bound_by(&self, branch: &Branch) -> Vec<BindingId> {
        let mut found = Vec::new();
        if let Some(Expr::Match { arms, .. }) =
            self.parents.get(branch.handler).map(|it| &self.body[*it])
            && let Some(arm) = arms.iter().find(|it| it.expr == branch.handler)
        {
            self.body.walk_bindings_in_pat(arm.pat, |it| found.push(it));
        }
        found
    }

    /// The variables that are given what this call returns, or a part of it.
    pub(in crate::facts) fn variables_given(&self, call: ExprId) -> Vec<BindingId> {
        let is_spine = |it: BindingId| match self.given(it) {
            Given::By(value) => self.is_on_spine(value, call),
            Given::Later | Given::Outside => false,
        };
        self.body.bindings().map(|it| it.0).filter(|it| is_spine(*it)).collect()
    }

    /// Whether a value is what this call returned: awaited, taken out of an `Option` or a `Result`.
    pub(super) fn is_on_spine(&self, value: ExprId, call: ExprId) -> bool {
        value == call
            || match &self.body[value] {
                Expr::Await { expr } => self.is_on_spine(*expr, call),
                Expr::MethodCall { receiver, .. } => self.is_on_spine(*receiver, call),
                Expr::Match { expr: head, .. } => match &self.body[*head] {
                    Expr::Call { args, .. } if self.is_question_mark(value) => {
                        args.first().is_some_and(|it| self.is_on_spine(*it, call))
                    }
                    _ => self.is_on_spine(*head, call),
                },
                _ => false,
            }
    }
}
