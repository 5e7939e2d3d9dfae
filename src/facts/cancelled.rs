//! Whether a future may be dropped before it is done, and by whom.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use ra_ap_hir::{AsAssocItem, HasVisibility, HirFileId, ModuleDef, Visibility};
use ra_ap_hir_def::{
    FunctionId,
    hir::{Expr, ExprId},
    signatures::FunctionSignature,
};

use crate::{
    facts::{
        body::{BodyFacts, Form},
        calls,
        functions::{self, Mentions},
        names, place,
    },
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
        self.who_drops_below(coroutine, &mut Vec::new())
    }

    fn who_drops_below(&self, made: ExprId, seen: &mut Vec<FunctionId>) -> Option<Vec<Note>> {
        match self.fate(made) {
            Fate::Dropped(note) => Some(vec![note]),
            Fate::Done => None,
            Fate::OfFunction if seen.len() < DEEPEST && !seen.contains(&self.function) => {
                seen.push(self.function);
                let found = self.callers_that_drop(seen);
                seen.pop();
                found
            }
            Fate::OfFunction => None,
        }
    }

    fn fate(&self, made: ExprId) -> Fate {
        let mut child = made;
        while let Some(parent) = self.parents.get(child).copied() {
            if let Some(note) = self.dropped_by_macro(parent, child) {
                return Fate::Dropped(note);
            }
            if let Some(note) = self.dropped_by_call(parent, child) {
                return Fate::Dropped(note);
            }
            match self.future_of(parent) {
                Some(FutureRuns::Spawned | FutureRuns::Local) => return self.fate_of_task(),
                Some(FutureRuns::Driven) => return Fate::Done,
                None => {}
            }
            child = match &self.body[parent] {
                // It is a part of the body that awaits it.
                Expr::Await { .. } => match self.async_body_around(parent) {
                    Some(it) => it,
                    None => break,
                },
                Expr::Block { .. } => {
                    if let Some(dropped) = self.fate_of_variable(child) {
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
    fn fate_of_variable(&self, made: ExprId) -> Option<Fate> {
        let variable = self.variable_given(made)?;
        let is_given = |it: ExprId| {
            let parent = self.parents.get(it).map(|it| &self.body[*it]);
            self.local(it) == Some(variable) && !matches!(parent, Some(Expr::Ref { .. }))
        };
        let uses = self.sequence.iter().map(|it| it.0).filter(|it| is_given(*it));
        uses.map(|it| self.fate(it)).find(|it| matches!(it, Fate::Dropped(_)))
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
        let mut file = self.map.expr_syntax(expr).ok()?.file_id;
        while let HirFileId::MacroFile(call) = file {
            let call = call.loc(self.db);
            let row = self.known.cancelling_macro(self.db, call.def);
            if row.is_some() {
                return row;
            }
            file = call.kind.file_id();
        }
        None
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
    fn callers_that_drop(&self, seen: &mut Vec<FunctionId>) -> Option<Vec<Note>> {
        let name = FunctionSignature::of(self.db, self.function).name.as_str().to_owned();
        if self.is_offered_to_others() {
            let text = format!("`{name}` is public, and whoever awaits it may drop its future");
            return Some(vec![Note::new(text)]);
        }
        if calls::is_of_trait(self.db, self.function) {
            return None;
        }
        let mentions = Mentions::of(self.workspace, &HashSet::from([name]));
        let mut asked = BTreeSet::new();
        for target in self.workspace.targets().iter().filter(|it| !it.cfg_test) {
            let all = functions::candidates(self.workspace, self.known, &mentions, target);
            for candidate in all.into_iter().filter(|it| !it.in_test) {
                if !candidate.at.is_some_and(|it| asked.insert(it)) {
                    continue;
                }
                let body = BodyFacts::new(
                    self.workspace,
                    self.known,
                    candidate.function,
                    candidate.entered,
                );
                if let Some(chain) = body.drops_what_it_calls(self.function, seen) {
                    return Some(chain);
                }
            }
        }
        None
    }

    /// Whether a call of `function` in here makes a future that may be dropped.
    fn drops_what_it_calls(
        &self,
        function: FunctionId,
        seen: &mut Vec<FunctionId>,
    ) -> Option<Vec<Note>> {
        let is_call = |form: Form| matches!(form, Form::Call | Form::Method);
        let calls = self.uses.iter().filter(|it| {
            place::is_same_function(self.workspace, it.function, function) && is_call(it.form)
        });
        for call in calls {
            if let Some(mut chain) = self.who_drops_below(call.expr, seen) {
                let caller = names::of_function(self.db, self.function);
                let callee = names::of_function(self.db, function);
                if let Some(at) = self.place_to_show(call.expr) {
                    chain.insert(0, Note::at(at, format!("`{caller}` calls `{callee}`")));
                }
                return Some(chain);
            }
        }
        None
    }

    /// Whether other crates may call this function: it is public, and so is all around it.
    fn is_offered_to_others(&self) -> bool {
        let function = ra_ap_hir::Function::from(self.function);
        let owner = function.as_assoc_item(self.db).and_then(|it| it.implementing_ty(self.db));
        let item: ModuleDef = match owner {
            Some(it) => match it.as_adt() {
                Some(it) => it.into(),
                None => return false,
            },
            None => function.into(),
        };
        function.visibility(self.db) == Visibility::Public
            && calls::is_offered(self.workspace, item)
    }
}

fn dropped(by: &str) -> String {
    format!("`{by}` may drop the future before it is done")
}
