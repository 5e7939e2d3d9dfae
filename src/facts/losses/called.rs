//! What is lost with a future that a function makes anew each time that a loop calls it.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId, LoopSource};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::{
        body::BodyFacts,
        calls,
        locks::taken::parameters,
        losses::{Loss, Losses, What},
        names,
        selects::{Branch, Select},
        turns::parts_of,
    },
    finding::Note,
};

impl<'db> Losses<'db> {
    /// What each call of this function loses with the future that it makes for this branch, when another one is done
    /// first, where a loop in sight calls it again then with the same thing.
    pub(super) fn of_called_branch(
        &self,
        body: &BodyFacts<'db>,
        select: &Select,
        branch: &Branch,
    ) -> Option<Loss> {
        let coroutine = body.own_coroutine()?;
        if select.turns.is_some()
            || !body.is_awaited_in(coroutine, body.awaits_at(select.whole))
            || calls::is_of_trait(self.workspace.db(), body.function)
            || !select.others(branch).any(|it| body.ends_well_after(select, it, coroutine))
        {
            return None;
        }
        let made = body.variables_of_loop(coroutine);
        let future = body.future_of_turn(branch, &made)?;
        let parameters = parameters(self.workspace, body.function);
        self.lost_outside(body, future, branch.each.as_ref()).into_iter().find_map(|mut it| {
            let argument = argument_of(body, &parameters, &it)?;
            let is_given = matches!(it.what, What::Given(_));
            let called = (!is_given).then(|| body.called_in_turns(argument))??;
            it.way.push(called);
            Some(it)
        })
    }
}

/// The argument by which the caller has what is lost.
pub(super) fn argument_of(
    body: &BodyFacts<'_>,
    parameters: &[Vec<BindingId>],
    lost: &Loss,
) -> Option<usize> {
    let argument = parameters.iter().position(|own| own.contains(&lost.owner))?;
    let by_value = matches!(lost.what, What::Given(_));
    // Who calls it may give a reference for a type parameter.
    let leads = body.leads_elsewhere(lost.owner)
        || matches!(body.infer.binding_ty(lost.owner).kind(), TyKind::Param(_));
    (by_value || leads).then_some(argument)
}

impl<'db> BodyFacts<'db> {
    /// Whether the function comes to its end after this branch, and gives `Ok(..)` or nothing then.
    fn ends_well_after(&self, select: &Select, branch: &Branch, coroutine: ExprId) -> bool {
        if self.always_leaves(branch.handler, coroutine) {
            let mut well = false;
            self.walk(branch.handler, &mut |it| {
                if let Expr::Return { expr } = self.body[it]
                    && !self.is_of_question_mark(it)
                {
                    well |= expr.is_none_or(|it| self.is_good(it));
                }
            });
            return well;
        }
        let mut value = branch.handler;
        let mut child = select.whole;
        while let Some(parent) = self.parents.get(child).copied().filter(|it| *it != coroutine) {
            match &self.body[parent] {
                Expr::Block { tail, .. } if *tail == Some(child) => {}
                Expr::Block { tail, .. } => {
                    if self.may_leave_behind(parent, child, coroutine) {
                        return false;
                    }
                    match tail {
                        Some(tail) => value = *tail,
                        None => value = parent,
                    }
                }
                // It stands under a condition: what comes of it is not clear.
                _ => return false,
            }
            child = parent;
        }
        self.is_good(value)
    }

    fn may_leave_behind(&self, block: ExprId, child: ExprId, coroutine: ExprId) -> bool {
        let Expr::Block { statements, tail, .. } = &self.body[block] else { return true };
        let all = statements.iter().flat_map(parts_of).chain(*tail);
        let mut behind = all.skip_while(|it| *it != child).skip(1);
        behind.any(|it| self.may_leave(it, coroutine))
    }

    /// `Ok(..)`, also at the end of a block, or `()`.
    fn is_good(&self, value: ExprId) -> bool {
        match &self.body[value] {
            Expr::Block { tail: Some(it), .. } => self.is_good(*it),
            Expr::Call { .. } if self.is_variant(value, "Ok") => true,
            _ => matches!(self.infer.expr_ty(value).kind(), TyKind::Tuple(it) if it.is_empty()),
        }
    }

    /// Where a loop in sight calls this function, and goes on when it was done: it has what it lends as this argument from
    /// outside of the loop.
    fn called_in_turns(&self, argument: usize) -> Option<Note> {
        self.find_in_callers(|caller| {
            let mut calls = caller.calls_of(self.function);
            let call = calls.find(|it| caller.is_called_in_turns(*it, argument))?;
            let text = format!(
                "`{}` calls `{}` in each turn of a loop",
                names::of_function(self.db, caller.function),
                names::of_function(self.db, self.function),
            );
            Some(Note::at(caller.place_to_show(call)?, text))
        })
    }

    fn is_called_in_turns(&self, call: ExprId, argument: usize) -> bool {
        let goes_on = || {
            let turns = self.loop_around(call)?;
            let awaited = *self.parents.get(call)?;
            // What the head of a loop says may be what the other branch was about.
            let is_plain = matches!(self.body[turns], Expr::Loop { source: LoopSource::Loop, .. });
            if !is_plain || !matches!(self.body[awaited], Expr::Await { .. }) {
                return None;
            }
            let owner = self.owner_of(*self.values_of(call).get(argument)?)?;
            let is_old = !self.variables_of_loop(turns).contains(&owner);
            let whole =
                self.ancestors(awaited).find(|it| self.before_question_mark(*it) == Some(awaited));
            let goes_on = match whole {
                Some(it) => self.is_taken_as_it_is(it) && !self.ends_behind(it, turns),
                None => self.goes_on(awaited, turns)?.when_done,
            };
            (is_old && goes_on).then_some(())
        };
        goes_on().is_some()
    }
}
