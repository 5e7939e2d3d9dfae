//! Whether a future may be dropped before it is done, and by whom.

use std::sync::Arc;

use ra_ap_hir::HirFileId;
use ra_ap_hir_def::{
    FunctionId,
    hir::{BindingId, Expr, ExprId},
    signatures::FunctionSignature,
};
use ra_ap_hir_expand::MacroCallId;
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::{body::BodyFacts, calls, locks::taken::parameters, names},
    finding::Note,
    knowledge::{FutureRuns, Row},
};

/// Nobody follows a longer chain of callers.
const DEEPEST: usize = 5;

/// What becomes of the future that an expression makes, as far as this function knows.
enum Fate {
    /// It may be dropped before it is done.
    Dropped(Note),
    /// Whoever has it goes on until it is done.
    Done,
    /// As the future of this function.
    OfFunction,
}

impl<'db> BodyFacts<'db> {
    /// Who may drop the future of this async body before it is done: the chain that leads there. None where nobody in
    /// sight does.
    pub fn who_drops(&self, coroutine: ExprId) -> Option<Vec<Note>> {
        self.who_drops_before(coroutine, None)
    }

    /// The same where what becomes of it matters as long as the value of `owner` is there: who drops that as well does no
    /// harm.
    pub(super) fn who_drops_before(
        &self,
        coroutine: ExprId,
        owner: Option<BindingId>,
    ) -> Option<Vec<Note>> {
        self.who_drops_below(coroutine, owner, &mut Vec::new())
    }

    fn who_drops_below(
        &self,
        made: ExprId,
        owner: Option<BindingId>,
        seen: &mut Vec<FunctionId>,
    ) -> Option<Vec<Note>> {
        match self.fate(made, owner) {
            Fate::Dropped(note) => Some(vec![note]),
            Fate::Done => None,
            Fate::OfFunction if seen.len() < DEEPEST && !seen.contains(&self.function) => {
                seen.push(self.function);
                let found = self.callers_that_drop(self.lender(owner), seen);
                seen.pop();
                found
            }
            Fate::OfFunction => None,
        }
    }

    /// The parameter that leads to what a caller owns.
    fn lender(&self, owner: Option<BindingId>) -> Option<usize> {
        let owner = owner?;
        parameters(self.workspace, self.function).iter().position(|it| it.contains(&owner))
    }

    /// Whether the value of a variable is gone when the async body is dropped in which this stands.
    fn is_gone_with(&self, owner: BindingId, expr: ExprId) -> bool {
        let is_lent = self.is_reference(self.infer.binding_ty(owner));
        let is_own = self.body.binding_owner(owner) == self.closure_around(expr);
        !is_lent && (is_own || self.lender(Some(owner)).is_some())
    }

    fn fate(&self, made: ExprId, owner: Option<BindingId>) -> Fate {
        let mut child = made;
        while let Some(parent) = self.parents.get(child).copied() {
            if let Some(note) = self.dropped_by_macro(parent, child) {
                return Fate::Dropped(note);
            }
            let dropped = self.dropped_by_call(parent, child);
            if let Some(note) = dropped.or_else(|| self.dropped_by_error(parent, child)) {
                return Fate::Dropped(note);
            }
            match self.future_of(parent) {
                Some(FutureRuns::Spawned | FutureRuns::Local) => return self.fate_of_task(),
                Some(FutureRuns::Driven) => return Fate::Done,
                None if self.takes_for_good(parent, child) => return Fate::Done,
                None => {}
            }
            child = match &self.body[parent] {
                Expr::Await { .. } if owner.is_some_and(|it| self.is_gone_with(it, parent)) => {
                    return Fate::Done;
                }
                // It is a part of the body that awaits it.
                Expr::Await { .. } => match self.async_body_around(parent) {
                    Some(it) => it,
                    None => break,
                },
                Expr::Block { .. } => {
                    if let Some(dropped) = self.fate_of_variable(child, owner) {
                        return dropped;
                    }
                    parent
                }
                _ => parent,
            };
        }
        Fate::OfFunction
    }

    /// What becomes of a future that a `let` puts into a variable, where it is given away as a whole.
    fn fate_of_variable(&self, made: ExprId, owner: Option<BindingId>) -> Option<Fate> {
        let variable = self.variable_given(made)?;
        let is_given = |it: ExprId| {
            let parent = self.parents.get(it).map(|it| &self.body[*it]);
            self.local(it) == Some(variable) && !matches!(parent, Some(Expr::Ref { .. }))
        };
        let uses = self.sequence.iter().map(|it| it.0).filter(|it| is_given(*it));
        uses.map(|it| self.fate(it, owner)).find(|it| matches!(it, Fate::Dropped(_)))
    }

    /// Whether a function of which nothing else is known is given a future and gives nothing back: it has another way to
    /// run it than whoever awaits the code around.
    fn takes_for_good(&self, call: ExprId, future: ExprId) -> bool {
        let (is_given, changes) = match &self.body[call] {
            Expr::Call { args, .. } => (args.contains(&future), false),
            // It may be put into a collection.
            Expr::MethodCall { receiver, args, .. } => {
                (args.contains(&future), self.borrows_mutably(*receiver))
            }
            _ => return false,
        };
        let gives_nothing =
            matches!(self.infer.expr_ty(call).kind(), TyKind::Tuple(it) if it.is_empty());
        is_given && !changes && gives_nothing && self.row_of_call(call).is_none()
    }

    fn future_of(&self, call: ExprId) -> Option<FutureRuns> {
        self.mentions.iter().find(|it| it.expr == call)?.row.future
    }

    fn async_body_around(&self, expr: ExprId) -> Option<ExprId> {
        self.sequence.iter().find(|it| it.0 == expr)?.1
    }

    /// What a macro does with an expression that it was given, where that is one of its branches. How it goes on when a
    /// branch is done is an arm of a `match` of its own.
    fn dropped_by_macro(&self, parent: ExprId, child: ExprId) -> Option<Note> {
        if self.place_of(child).is_none() || self.place_of(parent).is_some() {
            return None;
        }
        let goes_on = match &self.body[parent] {
            Expr::Match { arms, .. } => arms.iter().any(|it| it.expr == child),
            _ => false,
        };
        let row = self.cancelling_macro(parent).filter(|_| !goes_on)?;
        Some(Note::at(self.macro_call_place(parent)?, dropped(&format!("{}!", row.path))))
    }

    /// The macro that wrote this expression, when it may drop its branches.
    pub(super) fn cancelling_macro(&self, expr: ExprId) -> Option<&Arc<Row>> {
        self.macro_around(expr, |it| it.cancels).map(|it| it.1)
    }

    /// The call of a macro that wrote this expression, and its row, when that says this.
    pub(super) fn macro_around(
        &self,
        expr: ExprId,
        says: fn(&Row) -> bool,
    ) -> Option<(MacroCallId, &Arc<Row>)> {
        let mut file = self.map.expr_syntax(expr).ok()?.file_id;
        let calls = std::iter::from_fn(|| {
            let HirFileId::MacroFile(id) = file else { return None };
            let call = id.loc(self.db);
            file = call.kind.file_id();
            Some((id, call.def))
        });
        let mut rows = calls.map(|it| (it.0, self.known.macro_that(self.db, it.1, says)));
        rows.find_map(|it| Some((it.0, it.1?)))
    }

    fn dropped_by_call(&self, call: ExprId, child: ExprId) -> Option<Note> {
        let mention = self.mentions.iter().find(|it| it.expr == call && it.row.cancels)?;
        let is_given = self.values_of(call).contains(&child);
        let at = self.place_to_show(call).filter(|_| is_given)?;
        Some(Note::at(at, dropped(&mention.row.path)))
    }

    /// A task goes on whatever becomes of the future that started it, unless somebody ends it.
    fn fate_of_task(&self) -> Fate {
        let mut ends = self.mentions.iter().filter(|it| it.row.aborts);
        let note = ends.find_map(|it| {
            let at = self.place_to_show(it.expr)?;
            Some(Note::at(at, format!("`{}` may end its task before it is done", it.row.path)))
        });
        note.map_or(Fate::Done, Fate::Dropped)
    }

    /// The way to somebody who calls this function and may drop its future.
    fn callers_that_drop(
        &self,
        lent: Option<usize>,
        seen: &mut Vec<FunctionId>,
    ) -> Option<Vec<Note>> {
        let name = FunctionSignature::of(self.db, self.function).name.as_str().to_owned();
        if self.is_offered_to_others() {
            let text = format!("`{name}` is public, and whoever awaits it may drop its future");
            return Some(vec![Note::new(text)]);
        }
        if calls::is_of_trait(self.db, self.function) {
            return None;
        }
        self.find_in_callers(|it| it.drops_what_it_calls(self.function, lent, seen))
    }

    /// Whether a call of `function` in here makes a future that may be dropped.
    fn drops_what_it_calls(
        &self,
        function: FunctionId,
        lent: Option<usize>,
        seen: &mut Vec<FunctionId>,
    ) -> Option<Vec<Note>> {
        for call in self.calls_of(function) {
            let given = lent.and_then(|it| self.values_of(call).get(it).copied());
            let owner = given.and_then(|it| self.owner_of(it));
            let is_known = |it: &BindingId| {
                let type_ = self.infer.binding_ty(*it);
                let leads_on = self.is_reference(type_) && self.lender(Some(*it)).is_none();
                !leads_on && !self.is_shared(type_)
            };
            let owner = owner.filter(is_known);
            if let Some(mut chain) = self.who_drops_below(call, owner, seen) {
                let caller = names::of_function(self.db, self.function);
                let callee = names::of_function(self.db, function);
                if let Some(at) = self.place_to_show(call) {
                    chain.insert(0, Note::at(at, format!("`{caller}` calls `{callee}`")));
                }
                return Some(chain);
            }
        }
        None
    }
}

fn dropped(by: &str) -> String {
    format!("`{by}` may drop the future before it is done")
}
