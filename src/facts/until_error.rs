//! Futures that are awaited together until one of them gives an error: the others are dropped then.

use ra_ap_hir_def::hir::{ClosureKind, Expr, ExprId};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::{
        body::{BodyFacts, Entered, Form, Mention},
        of_each::OfEach,
        place,
    },
    finding::{Note, Place},
    knowledge::cancel::Cancel,
};

/// Nobody follows a longer chain of calls.
const DEEPEST: usize = 4;

/// One of them, in a loop that goes on after an error.
pub struct Sibling {
    /// The future, as it is written.
    pub future_at: Place,
    /// What awaits them, ...
    pub at: Place,
    /// ... by its path.
    pub name: String,
    /// One that may give an error.
    pub other_at: Place,
    pub(crate) future: ExprId,
    /// How it stands for several futures.
    pub(crate) each: Option<OfEach>,
    /// The loop around it.
    pub(crate) turns: ExprId,
}

impl BodyFacts<'_> {
    /// The futures that may be dropped each time that another one gives an error, and that the next turn makes anew.
    pub fn siblings(&self) -> Vec<Sibling> {
        let calls = self.mentions.iter().filter(|it| it.row.until_error);
        let mut found: Vec<Sibling> = calls.filter_map(|it| self.siblings_of_each(it)).collect();
        let names = self.known.macros_that(|it| it.until_error).into_iter();
        let names: Vec<String> = names.map(|it| format!("{it}!")).collect();
        if self.says_one_of(&names) {
            found.extend(self.sequence.iter().filter_map(|it| self.sibling(it.0)));
        }
        found.sort_by(|a, b| a.future_at.cmp(&b.future_at));
        found
    }

    /// Those that a closure makes of each value of an iterator.
    fn siblings_of_each(&self, mention: &Mention) -> Option<Sibling> {
        let each = self.of_each(*self.values_of(mention.expr).first()?)?;
        let awaited = *self.parents.get(mention.expr)?;
        let Expr::Await { .. } = self.body[awaited] else { return None };
        let turns = self.loop_around(awaited)?;
        let is_dropped =
            self.goes_on(awaited, turns)?.when_given_up && self.may_fail(each.future, 0);
        is_dropped.then_some(())?;
        let future_at = self.place_of(each.future)?;
        Some(Sibling {
            other_at: future_at.clone(),
            future_at,
            at: self.place_of(mention.expr)?,
            name: mention.row.path.clone(),
            future: each.future,
            each: Some(each),
            turns,
        })
    }

    fn sibling(&self, future: ExprId) -> Option<Sibling> {
        let parent = *self.parents.get(future)?;
        let (whole, name) = self.awaited_until_error(parent, future)?;
        let turns = self.loop_around(whole)?;
        self.goes_on(whole, turns)?.when_given_up.then_some(())?;
        // What is lent to it lives on.
        if self.is_reference(self.infer.expr_ty(future)) {
            return None;
        }
        let other = self.other_that_fails(whole, future)?;
        Some(Sibling {
            future_at: self.place_of(future)?,
            at: self.macro_call_place(parent)?,
            name,
            other_at: self.place_of(other)?,
            future,
            each: None,
            turns,
        })
    }

    /// Who drops this future, where it is awaited together with others until one of them gives an error.
    pub(super) fn dropped_by_error(&self, parent: ExprId, future: ExprId) -> Option<Note> {
        let note = |name: &str, at: Place| {
            let text = format!("`{name}` drops the future when another one gives an error");
            Note::at(at, text)
        };
        if let Some(mention) =
            self.mentions.iter().find(|it| it.expr == parent && it.row.until_error)
        {
            let each = self.of_each(future).filter(|it| self.may_fail(it.future, 0));
            return each.and_then(|_| Some(note(&mention.row.path, self.place_to_show(parent)?)));
        }
        let (whole, name) = self.awaited_until_error(parent, future)?;
        self.other_that_fails(whole, future)?;
        Some(note(&name, self.macro_call_place(parent)?))
    }

    /// All that such a macro stands for, and its name, where this is one of its futures: `parent` was written by it.
    fn awaited_until_error(&self, parent: ExprId, future: ExprId) -> Option<(ExprId, String)> {
        if self.place_of(future).is_none() || self.place_of(parent).is_some() {
            return None;
        }
        let (call, row) = self.macro_around(parent, |it| it.until_error)?;
        Some((self.written_by(call, future), format!("{}!", row.path)))
    }

    /// Another future of the same macro that may give an error.
    fn other_that_fails(&self, whole: ExprId, future: ExprId) -> Option<ExprId> {
        let exprs = self.sequence.iter().map(|it| it.0).filter(|it| *it != future);
        let mut others = exprs.filter(|it| {
            let parent = self.parents.get(*it);
            let macro_ = parent.and_then(|parent| self.awaited_until_error(*parent, *it));
            macro_.is_some_and(|it| it.0 == whole)
        });
        others.find(|it| self.may_fail(*it, 0))
    }

    /// Whether a future may give an error: of what is not in sight one has to think so.
    fn may_fail(&self, future: ExprId, depth: usize) -> bool {
        match &self.body[future] {
            Expr::Closure { body, closure_kind: ClosureKind::Coroutine { .. }, .. } => {
                self.may_body_fail(*body)
            }
            // What is put into a box, or goes on with what it gives.
            Expr::Call { .. } | Expr::MethodCall { .. }
                if depth <= DEEPEST
                    && self
                        .row_of_call(future)
                        .is_some_and(|it| it.cancel == Some(Cancel::AsGiven)) =>
            {
                let given = self.values_of(future);
                given.first().is_none_or(|it| self.may_fail(*it, depth + 1))
            }
            Expr::Path(_) => {
                let made = self.local(future).and_then(|it| self.plain_value_of(it));
                made.is_none_or(|it| depth > DEEPEST || self.may_fail(it, depth + 1))
            }
            Expr::Call { .. } | Expr::MethodCall { .. } => {
                let is_call = |form| matches!(form, Form::Call | Form::Method);
                let own = self.uses.iter().find(|it| it.expr == future && is_call(it.form));
                let function = own.map(|it| self.implementation(it));
                let function = function.filter(|it| place::file_of(self.workspace, *it).is_some());
                function.is_none_or(|it| {
                    let body = BodyFacts::new(self.workspace, self.known, it, Entered::Called);
                    let coroutine = body.own_coroutine().map(|it| &body.body[it]);
                    match coroutine {
                        Some(Expr::Closure { body: inner, .. }) => body.may_body_fail(*inner),
                        _ => true,
                    }
                })
            }
            _ => true,
        }
    }

    /// Whether an async body gives anything but `Ok(..)`, if it ends at all.
    fn may_body_fail(&self, body: ExprId) -> bool {
        let mut leaves = false;
        self.walk(body, &mut |it| {
            leaves |= self.is_question_mark(it) || matches!(self.body[it], Expr::Return { .. });
        });
        leaves || !self.is_fine(body)
    }

    fn is_fine(&self, value: ExprId) -> bool {
        if self.infer.expr_ty(value).is_never() {
            return true;
        }
        match &self.body[value] {
            Expr::Block { tail, .. } => tail.is_some_and(|it| self.is_fine(it)),
            Expr::If { then_branch, else_branch, .. } => {
                self.is_fine(*then_branch) && else_branch.is_some_and(|it| self.is_fine(it))
            }
            Expr::Match { arms, .. } => arms.iter().all(|it| self.is_fine(it.expr)),
            Expr::Call { callee, .. } => {
                let is_ok = matches!(&self.body[*callee], Expr::Path(path)
                    if path.segments().last().is_some_and(|it| it.name.as_str() == "Ok"));
                is_ok && matches!(self.infer.expr_ty(value).kind(), TyKind::Adt(..))
            }
            _ => false,
        }
    }
}
