//! Futures that are polled after they are done, and futures that a `poll` makes anew each time.

use std::sync::Arc;

use ra_ap_hir_def::{
    FunctionId,
    hir::{Expr, ExprId, Statement},
    lang_item::lang_items,
};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::{AliasTyKind, inherent::IntoKind};
use ra_ap_syntax::{TextRange, TextSize};

use crate::{
    facts::{
        body::{BodyFacts, Entered, Form},
        place,
        selects::{Branch, Select},
    },
    finding::Place,
    knowledge::Row,
};

/// A branch of a `select!` that polls its future again when it is done.
pub struct PolledAgain {
    /// Where it is lent.
    pub at: Place,
    /// The variable of the future.
    pub name: String,
    /// What is done when it is done, or when another branch is.
    pub handler: Place,
    /// What it gives need not fit the pattern, and then its own handler is passed over.
    pub passed_over: bool,
    pub once: Result<Once, &'static str>,
}

/// How the branch can be left out from then on.
pub struct Once {
    pub loop_: TextRange,
    /// A name for the variable that says so.
    pub flag: String,
    /// Behind the future of the branch.
    pub guard: TextSize,
    pub handler: TextRange,
}

/// A future that does not outlive one call of `poll`, though what it waits for may come later.
pub struct MadeInPoll {
    pub at: Place,
    pub row: Arc<Row>,
}

impl<'db> BodyFacts<'db> {
    /// The branches that poll what an async function or block has made once more after it was done.
    pub fn polled_again(&self) -> Vec<PolledAgain> {
        let mut found = Vec::new();
        for select in self.selects().iter().filter(|it| !it.row.lends_named && !it.is_of_one_type())
        {
            for branch in select.branches.iter().filter(|it| it.is_lent && it.guard.is_none()) {
                found.extend(self.polled_again_by(select, branch));
            }
        }
        found
    }

    fn polled_again_by(&self, select: &Select, branch: &Branch) -> Option<PolledAgain> {
        let turns = select.turns?;
        let lent = self.lent_place(branch.future)?;
        let variable = self.root(lent)?;
        let mut uses = Vec::new();
        self.walk(turns, &mut |it| {
            if self.is_same_place(it, lent) || self.may_change_within(it, lent) {
                uses.push(it);
            }
        });
        let is_made_outside = !self.variables_of_loop(turns).contains(&variable);
        // Whoever names it elsewhere in the loop may put another one in its place.
        if !is_made_outside
            || uses.len() != 1
            || !self.comes_round(select, turns)
            || !self.panics_when_polled_again(lent)
        {
            return None;
        }
        // Passed over, the branch is not waited for until another one is done.
        let passed_over = self.may_be_passed_over(branch);
        let goes_on = |it: &&Branch| !self.always_leaves(it.handler, turns);
        let handler = match self.comes_back_after(select, branch) {
            true => branch.handler_at.clone(),
            false if passed_over => select.others(branch).find(goes_on)?.handler_at.clone(),
            false => return None,
        };
        let place = self.place_to_show(lent)?;
        let text = self.workspace.text(&place.file)?;
        let once = match passed_over {
            true => Err("what does not fit the pattern passes the handler over, too"),
            false => self.once(select, branch, turns),
        };
        let (at, name) = (branch.at.clone(), text[place.range].to_owned());
        Some(PolledAgain { at, name, handler, passed_over, once })
    }

    /// The place that `&mut it` lends: a variable, or a field.
    fn lent_place(&self, future: ExprId) -> Option<ExprId> {
        match &self.body[future] {
            Expr::Ref { expr, .. } => self.root(*expr).map(|_| *expr),
            Expr::Path(_) => Some(future),
            Expr::UnaryOp { expr, .. } => self.lent_place(*expr),
            Expr::MethodCall { receiver, args, .. } if args.is_empty() => {
                self.lent_place(*receiver)
            }
            _ => None,
        }
    }

    /// Whether this has a part of itself changed of which `place` is a field.
    fn may_change_within(&self, expr: ExprId, place: ExprId) -> bool {
        let fields = std::iter::successors(Some(place), |it| match self.body[*it] {
            Expr::Field { expr, .. } => Some(expr),
            _ => None,
        });
        let is_field = |it: &ExprId| matches!(self.body[*it], Expr::Field { .. });
        let is_of_field = self.parents.get(expr).is_some_and(is_field);
        let mut owners = fields.skip(1);
        !is_of_field && owners.any(|it| self.is_same_place(expr, it)) && !self.is_only_read(expr)
    }

    fn is_same_place(&self, one: ExprId, other: ExprId) -> bool {
        match (&self.body[one], &self.body[other]) {
            (Expr::Field { expr: one, name: a }, Expr::Field { expr: other, name: b }) => {
                a == b && self.is_same_place(*one, *other)
            }
            _ => self.local(one).is_some_and(|it| self.local(other) == Some(it)),
        }
    }

    /// Whether a loop does nothing but wait with this `select!` in each turn, and ends nowhere else.
    fn comes_round(&self, select: &Select, turns: ExprId) -> bool {
        let Expr::Loop { body, .. } = self.body[turns] else { return false };
        let Expr::Block { statements, tail, .. } = &self.body[body] else { return false };
        let all = statements.iter().map(|it| match it {
            Statement::Expr { expr, .. } => Some(*expr),
            Statement::Let { initializer, .. } => *initializer,
            Statement::Item(_) => None,
        });
        let mut all = all.flatten().chain(*tail).collect::<Vec<_>>();
        let before = all.len();
        all.retain(|it| *it != select.whole);
        let is_plain = |it: &ExprId| {
            let mut plain = true;
            self.walk(*it, &mut |it| {
                plain &= !matches!(
                    self.body[it],
                    Expr::Break { .. } | Expr::Continue { .. } | Expr::Return { .. }
                );
            });
            plain
        };
        all.len() < before && all.iter().all(is_plain)
    }

    /// Whether a place holds what an async function or block makes, and nothing around it that keeps it from being
    /// polled once more; or what is known to panic then. What never gets done is never polled after that.
    fn panics_when_polled_again(&self, lent: ExprId) -> bool {
        let type_ = self.infer.expr_ty(lent);
        let future = self.bare_future(type_, 0).unwrap_or(type_);
        match future.kind() {
            TyKind::Adt(adt, _) => self.known.type_(adt.def_id()).is_some_and(|it| it.done_once),
            TyKind::Coroutine(..) => {
                let mut all = self.body.exprs().filter(|it| self.infer.expr_ty(it.0) == future);
                all.any(|it| self.may_end(it.0))
            }
            TyKind::Alias(alias) => match alias.kind {
                AliasTyKind::Opaque { def_id } => {
                    self.async_code_behind(def_id.0).is_some_and(|it| self.may_function_end(it))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// What a pointer that pins leads to.
    fn bare_future(&self, type_: Ty<'db>, depth: usize) -> Option<Ty<'db>> {
        match type_.kind() {
            TyKind::Ref(_, it, _) => self.bare_future(it, depth + 1),
            TyKind::Adt(adt, args) => {
                let id = adt.def_id();
                let is_box =
                    lang_items(self.db, self.krate()).OwnedBox.is_some_and(|it| id == it.into());
                let pins = self.known.type_(id).is_some_and(|it| it.pins);
                (pins || is_box).then(|| self.bare_future(args.types().next()?, depth + 1))?
            }
            _ => (depth > 0).then_some(type_),
        }
    }

    fn may_function_end(&self, function: FunctionId) -> bool {
        if place::file_of(self.workspace, function).is_none() {
            return true;
        }
        let body = BodyFacts::new(self.workspace, self.known, function, Entered::Called);
        let mut coroutines = body.coroutines().peekable();
        coroutines.peek().is_some() && coroutines.any(|it| body.may_end(it))
    }

    /// Whether an async body has an end: nothing in its outermost block goes on for ever.
    fn may_end(&self, coroutine: ExprId) -> bool {
        match self.body[coroutine] {
            Expr::Closure { body, .. } => !self.goes_on_for_ever(body),
            _ => false,
        }
    }

    /// Whether this is a loop without a way out, or a block with one.
    fn goes_on_for_ever(&self, expr: ExprId) -> bool {
        match &self.body[expr] {
            Expr::Block { statements, tail, .. } => {
                let all = statements.iter().filter_map(|it| match it {
                    Statement::Expr { expr, .. } => Some(*expr),
                    _ => None,
                });
                all.chain(*tail).any(|it| self.goes_on_for_ever(it))
            }
            Expr::Loop { .. } => {
                let mut ends = false;
                self.walk(expr, &mut |it| {
                    ends |= match &self.body[it] {
                        Expr::Return { .. } => true,
                        Expr::Break { .. } => self.leaves_with(it, expr),
                        _ => false,
                    }
                });
                !ends
            }
            _ => false,
        }
    }

    fn once(&self, select: &Select, branch: &Branch, turns: ExprId) -> Result<Once, &'static str> {
        let is_there_always = |it: &Branch| it.guard.is_none() && !self.may_be_disabled(it);
        if !select.has_else && !select.others(branch).any(is_there_always) {
            return Err("without it no branch may be left, and then `select!` panics");
        }
        let unclear = "a macro has a hand in it";
        let loop_ = self.place_of(turns).ok_or(unclear)?;
        let handler = &branch.handler_at;
        if loop_.file != branch.at.file || handler.file != loop_.file {
            return Err(unclear);
        }
        let flag = self.free_name("done").ok_or(unclear)?;
        let guard = branch.at.range.end();
        Ok(Once { loop_: loop_.range, flag, guard, handler: handler.range })
    }

    /// The futures that wait in a queue, and that this `poll` makes for itself.
    pub fn made_in_poll(&self) -> Vec<MadeInPoll> {
        if !self.known.function(self.db, self.function).is_some_and(|it| it.polled) {
            return Vec::new();
        }
        let polls = self.mentions.iter().filter(|it| it.row.polled && it.form == Form::Method);
        let made = polls.filter_map(|it| {
            let Expr::MethodCall { receiver, .. } = self.body[it.expr] else { return None };
            let made = self.without_wrapping(receiver);
            let row = self.row_of_call(made).filter(|it| it.waits_in_turn().is_some())?;
            // A poll that nobody answers later asks, and waits for nothing.
            Some(MadeInPoll { at: self.place_of(made)?, row: Arc::clone(row) })
        });
        made.collect()
    }
}
