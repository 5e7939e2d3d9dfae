//! State that a future changes for a time, and leaves as it is then when it is dropped on the way.

mod arm;
mod borrow;
mod late;
mod state;

use std::collections::BTreeSet;

use ra_ap_hir_def::hir::{ArithOp, BinaryOp, Expr, ExprId, Literal, Pat, Statement};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;

pub use crate::facts::left_behind::{
    arm::Armed,
    borrow::Borrowed,
    late::{Earlier, WrittenLate},
};
use crate::{
    facts::{
        body::{BodyFacts, Form, Mention},
        left_behind::state::State,
        suspends::AsyncBody,
    },
    finding::{Note, Place},
};

/// A change that is made before an `.await` and taken back behind it.
pub struct LeftBehind {
    /// Where the future may be dropped.
    pub at: Place,
    /// What is changed, as it is written.
    pub name: String,
    pub kind: Kind,
    pub before: Place,
    pub after: Place,
    /// Who may drop it.
    pub dropped_by: Vec<Note>,
    /// What is awaited there, with its `.await`.
    pub(crate) awaited: ExprId,
    pub(crate) made: ExprId,
    pub(crate) back: ExprId,
}

/// What the change is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Something is taken out.
    Emptied,
    /// A flag is set, which others look at.
    Set,
    /// A number is counted up or down.
    Counted,
    /// An entry is put into a collection.
    Entered,
}

/// One change of some state.
struct Change {
    expr: ExprId,
    state: State,
    does: Does,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Does {
    Empties,
    Fills,
    Sets(bool),
    /// By which operator, and how much.
    Counts(&'static str, String),
    Calls(Called),
}

/// A call that another one takes back, or that does so.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Called {
    name: String,
    undone_by: Option<String>,
    /// The number, or the key of the entry.
    about: String,
    counts: bool,
}

impl<'db> BodyFacts<'db> {
    /// The first `.await` in each stretch in which something is changed for a time.
    pub fn left_behind(&self) -> Vec<LeftBehind> {
        let changes = self.state_changes();
        let mut found: Vec<LeftBehind> = Vec::new();
        let mut bodies: Vec<AsyncBody<'db>> = Vec::new();
        for made in &changes {
            for back in &changes {
                let Some(kind) = self.takes_back(made, back) else { continue };
                if bodies.is_empty() {
                    bodies = self.async_bodies();
                }
                let body = bodies.iter().find(|it| {
                    let is_in = |expr| self.is_awaited_in(it.coroutine(), self.awaits_at(expr));
                    is_in(made.expr) && is_in(back.expr)
                });
                let others: BTreeSet<ExprId> =
                    changes.iter().filter(|it| it.state == made.state).map(|it| it.expr).collect();
                found.extend(body.and_then(|it| self.left_in(it, made, back, kind, &others)));
            }
        }
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found.dedup_by(|b, a| a.at == b.at && a.name == b.name);
        found
    }

    fn left_in(
        &self,
        body: &AsyncBody<'db>,
        made: &Change,
        back: &Change,
        kind: Kind,
        others: &BTreeSet<ExprId>,
    ) -> Option<LeftBehind> {
        let mut awaits = body.awaits_between(made.expr, back.expr, others);
        awaits.sort_by_key(|it| self.place_to_show(*it));
        let await_ = *awaits.first()?;
        if self.begins_with_one(&self.variables_of_loop(body.coroutine()), &made.state) {
            return None;
        }
        if kind == Kind::Set && !self.is_looked_at(made) {
            return None;
        }
        if kind == Kind::Emptied && !self.is_missed(made.expr, back.expr) {
            return None;
        }
        Some(LeftBehind {
            at: self.place_to_show(await_)?,
            name: self.name_of_state(&made.state),
            kind,
            before: self.place_to_show(made.expr)?,
            after: self.place_to_show(back.expr)?,
            dropped_by: self.who_drops_before(body.coroutine(), made.state.owner())?,
            awaited: await_,
            made: made.expr,
            back: back.expr,
        })
    }

    /// Whether the second change takes the first one back, whatever way the code takes.
    fn takes_back(&self, made: &Change, back: &Change) -> Option<Kind> {
        let comes_later = made.expr != back.expr && made.state == back.state;
        if !comes_later || self.branches_up_to(back.expr, made.expr) > 0 {
            return None;
        }
        match (&made.does, &back.does) {
            (Does::Empties, Does::Fills) => Some(Kind::Emptied),
            (Does::Sets(true), Does::Sets(false)) => Some(Kind::Set),
            (Does::Counts(one, by), Does::Counts(other, back)) => {
                (one != other && by == back).then_some(Kind::Counted)
            }
            (Does::Calls(one), Does::Calls(other)) => {
                let is_back = one.undone_by.as_ref() == Some(&other.name);
                let kind = if one.counts { Kind::Counted } else { Kind::Entered };
                (is_back && one.about == other.about).then_some(kind)
            }
            _ => None,
        }
    }

    /// What this function does to state that is there without it.
    fn state_changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (expr, _) in &self.sequence {
            changes.extend(self.written_state(*expr));
        }
        changes.extend(self.mentions.iter().filter_map(|it| self.called_state(it)));
        changes.retain(|it| it.state.is_shared);
        changes
    }

    fn written_state(&self, expr: ExprId) -> Option<Change> {
        let (place, does) = match &self.body[expr] {
            Expr::Assignment { target, value } => {
                let Pat::Expr(place) = self.body[*target] else { return None };
                let does = match &self.body[*value] {
                    Expr::Literal(Literal::Bool(it)) => Does::Sets(*it),
                    _ => Does::Fills,
                };
                (place, does)
            }
            Expr::BinaryOp { lhs, rhs, op: Some(BinaryOp::Assignment { op: Some(op) }) } => {
                let name = match op {
                    ArithOp::Add => "+=",
                    ArithOp::Sub => "-=",
                    _ => return None,
                };
                (*lhs, Does::Counts(name, self.words_of(*rhs)?))
            }
            _ => return None,
        };
        Some(Change { expr, state: self.state(place)?, does })
    }

    fn called_state(&self, mention: &Mention) -> Option<Change> {
        if !matches!(mention.form, Form::Call | Form::Method) {
            return None;
        }
        let values = self.values_of(mention.expr);
        let (owner, arguments) = values.split_first()?;
        let row = &mention.row;
        let mut flags = arguments.iter().filter_map(|it| match &self.body[*it] {
            Expr::Literal(Literal::Bool(it)) => Some(*it),
            _ => None,
        });
        let does = match flags.next_back() {
            _ if row.empties => Does::Empties,
            _ if row.undone_by.is_none() && !row.undoes => return None,
            // What is written comes last.
            Some(it) if row.changes => Does::Sets(it),
            _ => Does::Calls(Called {
                name: row.name().to_owned(),
                undone_by: row.undone_by.clone(),
                about: self.words_of(*arguments.first()?)?,
                counts: row.changes,
            }),
        };
        Some(Change { expr: mention.expr, state: self.state(*owner)?, does })
    }

    /// Whether somebody looks at a flag before it is set, and does something else then.
    fn is_looked_at(&self, made: &Change) -> bool {
        let Some(position) = self.sequence.iter().position(|it| it.0 == made.expr) else {
            return false;
        };
        let heads = self.body.exprs().filter_map(|it| match it.1 {
            Expr::If { condition, .. } => Some(*condition),
            Expr::Match { expr, .. } => Some(*expr),
            _ => None,
        });
        heads.into_iter().any(|head| {
            let mut looks = false;
            self.walk(head, &mut |it| looks |= self.is_look(it, &made.state));
            let at = self.sequence.iter().position(|it| it.0 == head);
            looks && at.is_some_and(|it| it <= position + 2)
        })
    }

    fn is_look(&self, expr: ExprId, state: &State) -> bool {
        match &self.body[expr] {
            Expr::Path(_) | Expr::Field { .. } => self.state(expr).as_ref() == Some(state),
            Expr::MethodCall { receiver, .. } => self.state(*receiver).as_ref() == Some(state),
            _ => false,
        }
    }

    /// Whether what was taken out is needed the next time, and cannot be made anew: without it the function panics, gives
    /// up or does nothing.
    fn is_missed(&self, taken: ExprId, back: ExprId) -> bool {
        let Some(parent) = self.parents.get(taken).copied() else { return false };
        let parent_of = |it: ExprId| self.parents.get(it).copied();
        match &self.body[parent] {
            Expr::MethodCall { receiver, .. } if *receiver == taken => {
                // `unwrap()` and `expect()`.
                let passes = self.row_of_call(parent).is_some_and(|it| it.passes);
                let unwraps = passes && !self.is_same_adt(parent, taken);
                // `?` calls a function first.
                let tried = parent_of(parent).and_then(parent_of);
                unwraps || tried.is_some_and(|it| self.is_question_mark(it))
            }
            Expr::Call { .. } => parent_of(parent).is_some_and(|it| self.is_question_mark(it)),
            Expr::Let { .. } => match parent_of(parent).map(|it| &self.body[it]) {
                Some(Expr::If { then_branch, else_branch, .. }) => {
                    self.is_inside(back, *then_branch)
                        && else_branch.is_none_or(|it| self.only_leaves(it))
                }
                _ => false,
            },
            Expr::Match { expr, arms } if *expr == taken => {
                let without = arms.iter().filter(|it| !self.is_inside(back, it.expr));
                without.map(|it| it.expr).all(|it| self.only_leaves(it))
            }
            Expr::Block { .. } => {
                matches!(self.let_giving(taken), Some(Statement::Let { else_branch: Some(_), .. }))
            }
            _ => false,
        }
    }

    fn is_same_adt(&self, one: ExprId, other: ExprId) -> bool {
        match (self.infer.expr_ty(one).kind(), self.infer.expr_ty(other).kind()) {
            (TyKind::Adt(one, _), TyKind::Adt(other, _)) => one.def_id() == other.def_id(),
            _ => false,
        }
    }

    /// Nothing, or a way out.
    fn only_leaves(&self, expr: ExprId) -> bool {
        match &self.body[expr] {
            Expr::Block { statements, tail, .. } => {
                statements.is_empty() && tail.is_none_or(|it| self.only_leaves(it))
            }
            Expr::Return { .. } | Expr::Break { .. } | Expr::Continue { .. } => true,
            Expr::Tuple { exprs } => exprs.is_empty(),
            _ => self.infer.expr_ty(expr).is_never() || self.is_error(expr),
        }
    }
}
