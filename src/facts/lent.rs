//! Futures that could be made once, before a loop, instead of in each turn.

use std::collections::BTreeSet;

use ra_ap_hir_def::{
    Lookup,
    hir::{BinaryOp, BindingId, Expr, ExprId},
    src::HasSource,
};
use ra_ap_syntax::{AstNode, TextRange};

use crate::{
    facts::{
        body::BodyFacts,
        selects::{Branch, Select},
        timeouts::Timeout,
    },
    finding::Place,
};

const HOLDS: &str =
    "when it is done, the loop needs another one, made of what the first one still holds";

/// How a future becomes one that is lent.
pub struct LentBefore {
    /// The loop, as it is written.
    pub loop_: TextRange,
    /// A name for it that is free.
    pub name: String,
    /// What is done when it is done, where the loop then needs another one.
    pub made_anew_in: Option<Place>,
}

impl BodyFacts<'_> {
    /// The future that a turn of the loop makes for a branch: the variables of the loop are `made`.
    pub(super) fn future_of_turn(
        &self,
        branch: &Branch,
        made: &BTreeSet<BindingId>,
    ) -> Option<ExprId> {
        match branch.is_lent {
            true => self.made_each_turn(branch, made),
            false => Some(branch.future),
        }
    }

    /// What makes a lent future, where each turn of the loop makes another one and nobody else has it: the variables of
    /// the loop are `made`.
    fn made_each_turn(&self, branch: &Branch, made: &BTreeSet<BindingId>) -> Option<ExprId> {
        let variable = self.lent_variable(branch.future)?;
        let mut names = BTreeSet::from([variable]);
        let future = self.made_by(variable, &mut names, 0)?;
        let variables = self.variables();
        let mut behind = names.iter().flat_map(|it| variables.uses_of(*it)).filter(|it| {
            it.range.start() > branch.at.range.start() && !branch.at.range.contains_range(it.range)
        });
        (names.is_subset(made) && behind.next().is_none()).then_some(future)
    }

    /// Whether the future of a branch can be made before the loop. Where it is needed anew when it is done, it must not
    /// hold what the new one is made of; where it holds that, nobody else may need it.
    pub fn lent_before_loop(
        &self,
        select: &Select,
        branch: &Branch,
    ) -> Result<LentBefore, &'static str> {
        let loop_ = select.turns.ok_or("its loop is in another function")?;
        if select.is_of_one_type() {
            return Err("it has to be of the type of the others");
        }
        if self.may_be_passed_over(branch) {
            return Err(
                "what does not fit its pattern passes its handler over, and it would be polled again",
            );
        }
        let anew = self.comes_back_after(select, branch).then(|| branch.handler_at.clone());
        self.lent_before(loop_, branch.future, &branch.at, anew)
    }

    /// The same of a future that is given up when its time is up.
    pub fn lent_to_timeout(&self, timeout: &Timeout) -> Result<LentBefore, &'static str> {
        let Timeout { turns, future, future_at, ends_when_done, done_at, .. } = timeout;
        let anew = match (ends_when_done, done_at) {
            (true, _) => None,
            (false, Some(it)) => Some(it.clone()),
            (false, None) => {
                return Err(
                    "when it is done, the loop needs another one, and goes on in several ways",
                );
            }
        };
        self.lent_before(*turns, *future, future_at, anew)
    }

    fn lent_before(
        &self,
        loop_: ExprId,
        future: ExprId,
        at: &Place,
        made_anew_in: Option<Place>,
    ) -> Result<LentBefore, &'static str> {
        let holds_nothing = self.holds_nothing(future);
        if let Some(handler) = &made_anew_in {
            if !holds_nothing {
                return Err(HOLDS);
            }
            if handler.file != at.file {
                return Err("a macro has a hand in it");
            }
        }
        let place = self.place_of(loop_).ok_or("a macro wrote the loop")?;
        if place.file != at.file || !place.range.contains_range(at.range) {
            return Err("a macro wrote the loop");
        }
        let made = self.variables_of_loop(loop_);
        let used = self.variables_in(future);
        if used.iter().any(|it| made.contains(it)) {
            return Err("it is made of what each turn makes anew");
        }
        let leaves = |it: ExprId| {
            self.is_question_mark(it)
                || matches!(self.body[it], Expr::Await { .. } | Expr::Return { .. })
        };
        let mut way_out = false;
        self.walk(future, &mut |it| way_out |= leaves(it) && self.is_before(it, future));
        if way_out {
            return Err("more happens where it is made");
        }
        let others = self.variables().used;
        let is_elsewhere =
            |it: &TextRange| !at.range.contains_range(*it) && it.end() > place.range.start();
        let is_needed =
            others.iter().any(|it| used.contains(&it.variable) && is_elsewhere(&it.range));
        let is_free = || holds_nothing && used.iter().all(|it| self.is_only_read_from(*it, loop_));
        if is_needed && !is_free() {
            return Err("what it is made of is needed in the loop or behind it, too");
        }
        let name = self.free_name("future").ok_or("its function is not in sight")?;
        Ok(LentBefore { loop_: place.range, name, made_anew_in })
    }

    /// Whether a call makes the future of what it only looks at, so that another one can be made while the first is there.
    fn holds_nothing(&self, future: ExprId) -> bool {
        if !matches!(self.body[future], Expr::Call { .. } | Expr::MethodCall { .. }) {
            return false;
        }
        let mut is_plain = true;
        self.walk(future, &mut |it| {
            is_plain &= match &self.body[it] {
                Expr::Closure { .. } => false,
                // What is made on the spot is gone before the loop begins.
                Expr::Ref { expr, mutability, .. } => {
                    !mutability.is_mut() && self.root(*expr).is_some()
                }
                Expr::MethodCall { receiver, .. } => {
                    self.root(*receiver).is_some() || !self.is_borrowed(*receiver)
                }
                _ => true,
            };
        });
        is_plain && self.places_in(future).into_iter().all(|it| self.is_only_read(it))
    }

    /// Whether all that this function does with a variable, from where this loop begins, is to look at it.
    fn is_only_read_from(&self, variable: BindingId, loop_: ExprId) -> bool {
        let start = |it: ExprId| self.place_to_show(it).map(|it| it.range.start());
        let begin = start(loop_);
        let is_place = |it: ExprId| {
            let parent = self.parents.get(it).map(|it| &self.body[*it]);
            self.root(it) == Some(variable) && !matches!(parent, Some(Expr::Field { .. }))
        };
        let places = self.sequence.iter().map(|it| it.0).filter(|it| is_place(*it));
        let mut behind = places.filter(|it| start(*it) >= begin);
        behind.all(|it| self.is_only_read(it))
    }

    /// Whether a place is borrowed to be read, or copied.
    pub(super) fn is_only_read(&self, place: ExprId) -> bool {
        let parent = self.parents.get(place).map(|it| &self.body[*it]);
        let is_changed = match parent {
            Some(Expr::BinaryOp { lhs, op: Some(BinaryOp::Assignment { .. }), .. }) => {
                *lhs == place
            }
            _ => self.borrows_mutably(place),
        };
        !is_changed && (self.is_borrowed(place) || self.is(self.infer.expr_ty(place), "Copy"))
    }

    /// Whether an expression is evaluated when the future is made, and not when it is polled.
    fn is_before(&self, expr: ExprId, future: ExprId) -> bool {
        let mut around = self.ancestors(expr).take_while(|it| *it != future);
        let is_coroutine = |it: ExprId| matches!(self.body[it], Expr::Closure { .. });
        !around.any(is_coroutine) && !is_coroutine(future)
    }

    /// The variables that are named in an expression.
    pub(super) fn variables_in(&self, expr: ExprId) -> BTreeSet<BindingId> {
        let mut used = BTreeSet::new();
        self.walk(expr, &mut |it| used.extend(self.local(it)));
        used
    }

    /// A name that stands nowhere in this function.
    pub(super) fn free_name(&self, wish: &str) -> Option<String> {
        let source = self.function.lookup(self.db).source(self.db);
        let text = source.value.syntax().text().to_string();
        let is_taken = |name: &str| {
            text.split(|it: char| !it.is_alphanumeric() && it != '_').any(|it| it == name)
        };
        let others = (2..).map(|it| format!("{wish}_{it}"));
        std::iter::once(wish.to_owned()).chain(others).take(9).find(|it| !is_taken(it))
    }
}
