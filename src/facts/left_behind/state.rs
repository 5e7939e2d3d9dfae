//! State that is there before a future and after it: fields, statics, what a lock protects.

use std::collections::BTreeSet;

use ra_ap_hir_def::{
    hir::{BindingId, Expr, ExprId},
    resolver::ValueNs,
};

use crate::facts::{body::BodyFacts, locks::Root};

/// The way to it; two expressions of one body that have the same way speak of the same state.
#[derive(Clone, Debug)]
pub(super) struct State {
    root: Root,
    /// Fields, and calls that lead to a part.
    steps: Vec<String>,
    /// It belongs to somebody else than the function.
    pub is_shared: bool,
    /// Whoever lends it need not be its only owner.
    has_other_owner: bool,
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        self.root == other.root && self.steps == other.steps
    }
}

impl Eq for State {}

impl State {
    /// The variable with whose value it is gone, where nobody else has it.
    pub(super) fn owner(&self) -> Option<BindingId> {
        match self.root {
            Root::Variable(it) if !self.has_other_owner => Some(it),
            _ => None,
        }
    }
}

impl BodyFacts<'_> {
    /// Whether it begins with one of these variables, which no caller has given.
    pub(super) fn begins_with_one(&self, variables: &BTreeSet<BindingId>, state: &State) -> bool {
        let is_own = |it: BindingId| variables.contains(&it) && !self.is_parameter(it);
        matches!(state.root, Root::Variable(it) if is_own(it))
    }

    /// The state that an expression leads to, through references, locks and shared pointers.
    pub(super) fn state(&self, expr: ExprId) -> Option<State> {
        let mut state = self.state_below(expr)?;
        let type_ = self.infer.expr_ty(expr);
        state.is_shared |= self.is_reference(type_) || self.is_shared(type_);
        state.has_other_owner |= self.is_shared(type_);
        Some(state)
    }

    fn state_below(&self, expr: ExprId) -> Option<State> {
        match &self.body[expr] {
            Expr::Path(_) => self.named_state(expr),
            Expr::Field { expr, name } => {
                let mut state = self.state(*expr)?;
                state.steps.push(name.as_str().to_owned());
                Some(state)
            }
            Expr::Ref { expr, .. } | Expr::UnaryOp { expr, .. } | Expr::Await { expr } => {
                self.state(*expr)
            }
            Expr::Match { .. } => self.state(self.before_question_mark(expr)?),
            Expr::MethodCall { receiver, method_name, args, .. } => {
                let mut state = self.state(*receiver)?;
                let row = self.row_of_call(expr);
                let is_way = row.is_some_and(|it| it.takes.is_some() || it.passes || it.unwraps);
                if !is_way {
                    let all = args.iter().map(|it| self.words_of(*it));
                    let all: Vec<String> = all.collect::<Option<_>>()?;
                    state.steps.push(format!("{}({})", method_name.as_str(), all.join(",")));
                }
                // What a call makes is another value; what it lends is a part of this one.
                let type_ = self.infer.expr_ty(expr);
                (is_way || self.may_borrow(type_) || self.is_shared(type_)).then_some(state)
            }
            _ => None,
        }
    }

    fn named_state(&self, expr: ExprId) -> Option<State> {
        let Expr::Path(path) = &self.body[expr] else { return None };
        let hygiene = self.body.expr_path_hygiene(expr);
        let found =
            self.resolver_at(expr).resolve_path_in_value_ns_fully(self.db, path, hygiene)?;
        let (root, is_shared) = match found {
            ValueNs::LocalBinding(it) => {
                // A guard, a reference or another pointer to the same.
                let type_ = self.infer.binding_ty(it);
                if (self.may_borrow(type_) || self.is_shared(type_))
                    && let Some(other) = self.plain_value_of(it).and_then(|it| self.state(it))
                {
                    return Some(other);
                }
                (Root::Variable(it), false)
            }
            ValueNs::StaticId(it) => (Root::Static(it), true),
            _ => return None,
        };
        let has_other_owner = is_shared;
        Some(State { root, steps: Vec::new(), is_shared, has_other_owner })
    }

    /// How a state is written.
    pub(super) fn name_of_state(&self, state: &State) -> String {
        let root = match state.root {
            Root::Variable(it) => self.body[it].name.as_str().to_owned(),
            Root::Static(it) => ra_ap_hir::Static::from(it).name(self.db).as_str().to_owned(),
        };
        let steps = state.steps.iter().cloned();
        std::iter::once(root).chain(steps).collect::<Vec<_>>().join(".")
    }

    /// What is written there, without what only lends or copies it.
    pub(super) fn words_of(&self, expr: ExprId) -> Option<String> {
        let place = self.place_of(expr)?;
        let text = self.workspace.text(&place.file)?.get(std::ops::Range::from(place.range))?;
        let words: String = text.split_whitespace().collect();
        let words = words.trim_start_matches(['&', '*']);
        Some(words.trim_end_matches(".clone()").to_owned())
    }
}
