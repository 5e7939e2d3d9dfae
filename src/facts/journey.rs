//! All that is done with a value inside one function: where it is made, in which variables it is kept, what is called.
//!
//! It is for values whose type the runtime has a twin of. When everything that is done with such a value is known,
//! the value can be made one of the runtime's; one use that is not known, and it has to stay what it is.

use std::collections::BTreeSet;

use ra_ap_hir_def::{
    hir::{BindingId, CaptureBy, Expr, ExprId, LoopSource, Pat, PatId, Statement},
    type_ref::Mutability,
};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::body::{BodyFacts, Mention},
    finding::Note,
};

mod adapters;
mod origin;

pub use adapters::Adapter;

/// What is done with some values that are made in this body.
#[derive(Default, Debug)]
pub struct Journey {
    /// The calls that make them, are called on them, or are given them, in the order of the text.
    pub calls: BTreeSet<ExprId>,
    /// The calls among them that make a value of nothing.
    pub origins: BTreeSet<ExprId>,
    pub loops: Vec<Loop>,
    pub variables: BTreeSet<BindingId>,
    /// Whether they are ends of channels that hold so many messages at most.
    pub bounded: bool,
}

impl Journey {
    /// What this call is written as once its values are the runtime's own.
    pub fn becomes(&self, body: &BodyFacts<'_>, mention: &Mention) -> Option<String> {
        let row = &mention.row;
        let when_bounded = match mention.is_on_thread() {
            true => row.when_bounded_on_thread.as_ref().or(row.when_bounded.as_ref()),
            false => row.when_bounded.as_ref(),
        };
        when_bounded.filter(|_| self.bounded).cloned().or_else(|| body.becomes(mention))
    }
}

/// A `for` loop over one of them.
#[derive(Clone, Debug)]
pub struct Loop {
    /// What stands behind `in`.
    pub head: ExprId,
    /// What of it is the value itself: the rest are adapters.
    pub source: ExprId,
    pub adapters: Vec<Adapter>,
    /// What makes an iterator of the head.
    pub(crate) call: ExprId,
    pub pattern: PatId,
    /// What asks for the next one.
    pub(crate) next: ExprId,
}

impl<'db> BodyFacts<'db> {
    /// What is done with the values that this mention has to do with, or why that cannot be told.
    pub fn journey(&self, mention: &Mention) -> Result<Journey, Note> {
        let mut tracing = Tracing {
            body: self,
            journey: Journey::default(),
            seen: BTreeSet::new(),
            todo: Vec::new(),
        };
        tracing.start(mention.expr)?;
        tracing.finish()?;
        Ok(tracing.journey)
    }
}

impl Loop {
    /// The same loop, when its head adapts `source`.
    fn over(self, source: ExprId, adapters: Vec<Adapter>) -> Loop {
        Loop { source, adapters, ..self }
    }
}

/// A journey that is being found out.
struct Tracing<'b, 'db> {
    body: &'b BodyFacts<'db>,
    journey: Journey,
    /// The expressions that give one of the values.
    seen: BTreeSet<ExprId>,
    /// Those whose use is still to be looked at.
    todo: Vec<ExprId>,
}

impl<'db> Tracing<'_, 'db> {
    fn has_twin(&self, expr: ExprId) -> bool {
        self.body.has_twin(self.body.infer.expr_ty(expr))
    }

    fn refuse<T>(&self, at: ExprId, text: impl Into<String>) -> Result<T, Note> {
        Err(Note::perhaps_at(self.body.place_to_show(at), text))
    }

    /// Looks for the call that made the value which `expr` deals with, and begins there.
    fn start(&mut self, expr: ExprId) -> Result<(), Note> {
        let origin = self.origin(expr, 0)?;
        let bounded = self.body.mention_of(origin).is_some_and(|it| it.row.bounded);
        if !self.journey.origins.is_empty() && bounded != self.journey.bounded {
            return self.refuse(origin, "a channel with a limit and one without come together");
        }
        self.journey.bounded = bounded;
        self.journey.origins.insert(origin);
        self.call(origin)
    }

    /// Follows every value to its end.
    fn finish(&mut self) -> Result<(), Note> {
        loop {
            while let Some(expr) = self.todo.pop() {
                self.follow(expr)?;
            }
            let values = self.journey.calls.iter().flat_map(|it| self.body.values_of(*it));
            let other = values.filter(|it| !self.seen.contains(it)).find(|it| self.has_twin(*it));
            match other {
                Some(it) => self.start(it)?,
                None => return Ok(()),
            }
        }
    }

    /// A call that makes such a value, or deals with one.
    fn call(&mut self, call: ExprId) -> Result<(), Note> {
        let mention = self.body.mention_of(call);
        let Some(mention) = mention.filter(|it| self.body.becomes(it).is_some()) else {
            return self.refuse(call, self.what_takes(call));
        };
        if mention.row.brings.is_some() || mention.row.by_mut {
            self.is_not_shared(call)?;
        }
        let other_error = mention.row.other_error;
        if !self.journey.calls.insert(call) {
            return Ok(());
        }
        if other_error {
            return self.loses_its_error(call);
        }
        if self.has_twin(call) {
            self.value(call);
        }
        Ok(())
    }

    /// `handle.join().unwrap()`: the error of the twin is of another type, which only matters where it goes on.
    fn loses_its_error(&self, call: ExprId) -> Result<(), Note> {
        let parent = self.body.parents.get(call).copied();
        let is_lost = parent.is_some_and(|it| match &self.body.body[it] {
            Expr::MethodCall { args, .. } => self.forgets(it, args),
            Expr::Block { statements, tail, .. } => {
                let keeps = |it: &Statement| match it {
                    Statement::Let { pat, initializer, .. } => {
                        *initializer == Some(call) && !matches!(self.body.body[*pat], Pat::Wild)
                    }
                    _ => false,
                };
                *tail != Some(call) && !statements.iter().any(keeps)
            }
            _ => false,
        });
        match is_lost {
            true => Ok(()),
            false => self.refuse(call, "its error would be another one"),
        }
    }

    /// `.unwrap()`, `.expect("..")` and what else asks for no type of the error.
    fn forgets(&self, call: ExprId, args: &[ExprId]) -> bool {
        let row = self.body.mention_of(call).map(|it| &it.row);
        let is_literal = |it: &ExprId| matches!(self.body.body[*it], Expr::Literal(_));
        row.is_some_and(|it| it.passes) && args.iter().all(is_literal)
    }

    /// `(&stream).read(..)`: the twins ask for a value of their own.
    fn is_not_shared(&self, call: ExprId) -> Result<(), Note> {
        let is_shared = |it: &ExprId| {
            let type_ = self.body.infer.expr_ty(*it);
            matches!(type_.kind(), TyKind::Ref(_, _, it) if it.is_not()) && self.has_twin(*it)
        };
        match self.body.values_of(call).iter().find(|it| is_shared(it)) {
            Some(it) => self.refuse(*it, "it is shared here, and its twin has to be one's own"),
            None => Ok(()),
        }
    }

    fn value(&mut self, expr: ExprId) {
        if self.seen.insert(expr) {
            self.todo.push(expr);
        }
    }

    /// What becomes of the value of `expr`.
    fn follow(&mut self, expr: ExprId) -> Result<(), Note> {
        let body = self.body;
        let Some(parent) = body.parents.get(expr).copied() else {
            return self.refuse(expr, "the function gives it back");
        };
        match &body.body[parent] {
            Expr::Block { statements, tail, .. } => {
                if *tail == Some(expr) {
                    return self.refuse(expr, "a block gives it back");
                }
                for statement in statements {
                    if let Statement::Let { pat, type_ref, initializer, .. } = statement
                        && *initializer == Some(expr)
                    {
                        if type_ref.is_some() {
                            return self.refuse(expr, "its type is written out here");
                        }
                        self.bind(*pat, expr)?;
                    }
                }
                Ok(())
            }
            Expr::Match { expr: head, arms } if *head == expr => {
                arms.iter().try_for_each(|it| self.bind(it.pat, expr))
            }
            Expr::Let { pat, .. } => self.bind(*pat, expr),
            Expr::Ref { mutability, .. } => {
                let given = matches!(
                    body.parents.get(parent).map(|it| &body.body[*it]),
                    Some(Expr::Call { .. })
                );
                if given && *mutability == Mutability::Shared {
                    return self
                        .refuse(expr, "it is shared here, and its twin has to be one's own");
                }
                self.value(parent);
                Ok(())
            }
            Expr::Field { .. } => {
                if self.has_twin(parent) {
                    self.value(parent);
                }
                Ok(())
            }
            Expr::Call { .. } => match self.loop_over(expr, parent) {
                Some(it) => self.in_loop(it),
                None if self.body.is_question_mark(parent) => self.tried(expr, parent),
                None => self.handed(expr, parent),
            },
            Expr::MethodCall { .. } => self.handed(expr, parent),
            _ => self.refuse(expr, "what becomes of it here is not known"),
        }
    }

    /// `expr?`, where `call` is how the compiler asks whether it goes on.
    fn tried(&mut self, expr: ExprId, call: ExprId) -> Result<(), Note> {
        let error = self.body.error_of(self.body.infer.expr_ty(expr));
        if error.is_some_and(|it| self.body.has_twin(it)) {
            return self.refuse(expr, "its error would be another one");
        }
        let whole = self.body.parents.get(call).copied();
        whole.filter(|it| self.has_twin(*it)).into_iter().for_each(|it| self.value(it));
        Ok(())
    }

    fn handed(&mut self, expr: ExprId, call: ExprId) -> Result<(), Note> {
        let row = self.body.mention_of(call).map(|it| &it.row);
        match row {
            Some(it) if it.becomes.is_some() => self.call(call),
            Some(it) if it.adapts.is_some() => self.adapted(expr, call),
            Some(it) if it.clones && self.body.row_of_value(expr).is_some_and(|it| it.single) => {
                self.refuse(call, "its twin cannot be cloned")
            }
            Some(it) if it.passes && self.body.values_of(call).first() == Some(&expr) => {
                let error = self.body.error_of(self.body.infer.expr_ty(expr));
                let args = self.body.values_of(call);
                if error.is_some_and(|it| self.body.has_twin(it)) && !self.forgets(call, &args[1..])
                {
                    return self.refuse(expr, "its error would be another one");
                }
                if self.has_twin(call) {
                    self.value(call);
                }
                Ok(())
            }
            _ => self.refuse(call, self.what_takes(call)),
        }
    }

    fn what_takes(&self, call: ExprId) -> String {
        let method = |name: &str| format!("`{name}` is not known of its twin");
        match &self.body.body[call] {
            Expr::MethodCall { receiver, method_name, .. } if self.has_twin(*receiver) => {
                method(method_name.as_str())
            }
            Expr::MethodCall { method_name, .. } => {
                format!("it is handed to `{}`", method_name.as_str())
            }
            Expr::Call { callee, .. } => match self.body.syntax(*callee) {
                Some(it) => {
                    format!("it is handed to `{}`", ra_ap_syntax::AstNode::syntax(&it.value).text())
                }
                None => "it is handed on".to_owned(),
            },
            _ => "it is handed on".to_owned(),
        }
    }

    /// The variables of a pattern that keep such a value.
    fn bind(&mut self, pattern: PatId, at: ExprId) -> Result<(), Note> {
        let body = self.body;
        let mut new = Vec::new();
        let mut named = false;
        body.body.walk_pats(pattern, &mut |it| match &body.body[it] {
            Pat::Bind { id, .. } => new.push(*id),
            // A variant of the type itself.
            Pat::Path(_) | Pat::TupleStruct { .. } | Pat::Record { .. } => {
                let row = match body.infer.pat_ty(it).kind() {
                    TyKind::Adt(adt, _) => body.known.type_(adt.def_id()),
                    _ => None,
                };
                named |= row.is_some_and(|it| it.becomes.is_some());
            }
            _ => {}
        });
        if named {
            return self.refuse(at, "a pattern names its type");
        }
        for local in new {
            let is_one = body.has_twin(body.infer.binding_ty(local));
            if !is_one || !self.journey.variables.insert(local) {
                continue;
            }
            let uses: Vec<ExprId> = body
                .sequence
                .iter()
                .map(|it| it.0)
                .filter(|it| body.local(*it) == Some(local))
                .collect();
            if let Some(used) = uses.iter().find(|it| self.is_lent_to_closure(**it, at)) {
                return self.refuse(*used, "it is shared here, and its twin has to be one's own");
            }
            uses.into_iter().for_each(|it| self.value(it));
        }
        Ok(())
    }

    /// Whether others may use a value that was made at `origin` at the same time, through a closure that only borrows it.
    fn is_lent_to_closure(&self, used: ExprId, origin: ExprId) -> bool {
        let body = self.body;
        let borrows = |it: &ExprId| matches!(&body.body[*it], Expr::Closure { capture_by, .. } if *capture_by == CaptureBy::Ref);
        let is_single = body.row_of_value(used).is_some_and(|it| it.single);
        let mut around = body.ancestors(used).filter(borrows);
        is_single && around.any(|it| !body.ancestors(origin).any(|at| at == it))
    }

    /// `for pattern in expr`
    fn in_loop(&mut self, it: Loop) -> Result<(), Note> {
        let row = self.body.row_of_value(it.source);
        if row.is_none_or(|it| it.each.is_none()) {
            return self.refuse(it.head, "what this loop goes over is not known of its twin");
        }
        let (pattern, head) = (it.pattern, it.head);
        self.journey.loops.push(it);
        self.bind(pattern, head)
    }

    /// The `for` loop over `head`, where `call` is what the compiler makes its iterator with.
    fn loop_over(&self, head: ExprId, call: ExprId) -> Option<Loop> {
        let body = &self.body.body;
        let outer = *self.body.parents.get(call)?;
        let Expr::Match { arms, .. } = &body[outer] else { return None };
        let Expr::Loop { body: inner, source: LoopSource::ForLoop, .. } = &body[arms.first()?.expr]
        else {
            return None;
        };
        let Expr::Block { tail: Some(tail), .. } = &body[*inner] else { return None };
        let Expr::Match { expr: next, arms } = &body[*tail] else { return None };
        let pattern = arms.iter().find_map(|it| match &body[it.pat] {
            Pat::TupleStruct { args, .. } => args.first().copied(),
            _ => None,
        });
        let (source, adapters) = (head, Vec::new());
        Some(Loop { head, source, adapters, call, pattern: pattern?, next: *next })
    }
}
