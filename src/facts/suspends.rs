//! Where an async body is suspended, and what is alive there.
//!
//! The body is lowered to a small graph of steps, as the compiler does it, and what is filled, lent and still needed
//! is followed through that graph.

mod between;
mod builder;
mod control;
mod decide;
mod flow;
pub(super) mod glue;
pub(super) mod graph;
mod operands;
mod patterns;
pub(super) mod set;
pub(super) mod spread;
mod taken_along;
mod values;
pub(super) mod wrapped;

use std::{cell::OnceCell, collections::BTreeSet, rc::Rc};

use ra_ap_hir_def::hir::{BindingId, ClosureKind, CoroutineSource, Expr, ExprId};
use ra_ap_hir_ty::next_solver::Ty;

use crate::{
    facts::{
        body::BodyFacts,
        suspends::{
            builder::Builder,
            flow::Flow,
            graph::{End, Graph, LocalId, Made},
        },
    },
    finding::Place,
};

/// One async body: an async function, block or closure.
pub struct AsyncBody<'db> {
    coroutine: ExprId,
    lowered: Rc<Lowered<'db>>,
    pub points: Vec<Suspension>,
}

/// A body as a graph, and what is known at each of its steps.
pub(super) struct Lowered<'db> {
    pub(super) graph: Graph<'db>,
    flow: OnceCell<Flow>,
}

/// A place where the task is suspended: an `.await`.
pub struct Suspension {
    pub(crate) await_: ExprId,
    /// What is alive there, in the order in which it was made.
    pub alive: Vec<Kept>,
}

/// A variable or temporary that is alive across a suspension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept {
    local: LocalId,
    /// It has a value that nobody moved or dropped, on some way here.
    pub filled: bool,
    /// That value may hold what its type says: it is no `None`, and nothing was taken out.
    pub full: bool,
    /// It is read or written again, and not only dropped.
    pub used_later: bool,
    /// The compiler gives it a place in the future.
    pub saved: bool,
}

/// Where a value that is kept was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Origin {
    Variable(BindingId),
    Temporary(ExprId),
}

impl<'db> BodyFacts<'db> {
    /// Every async body in this function, with its suspensions.
    pub fn async_bodies(&self) -> Vec<AsyncBody<'db>> {
        self.coroutines().map(|it| self.async_body(it)).collect()
    }

    /// The async functions, blocks and closures in this function.
    pub(super) fn coroutines(&self) -> impl Iterator<Item = ExprId> {
        let is_coroutine = |it: &Expr| {
            matches!(it, Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, .. })
        };
        self.body.exprs().filter(move |it| is_coroutine(it.1)).map(|it| it.0)
    }

    /// Each call and each `.await` in this function and its closures, with the values that hold a guard meanwhile: where
    /// each of them was made.
    pub(super) fn guards_at_calls(&self) -> Vec<(ExprId, Vec<Origin>)> {
        let root = self.body.root_expr();
        let is_body = |it: &(ExprId, &Expr)| it.0 == root || matches!(it.1, Expr::Closure { .. });
        let mut bodies: Vec<ExprId> = self.body.exprs().filter(is_body).map(|it| it.0).collect();
        // The function itself comes first.
        bodies.sort_by_key(|it| *it != root);
        bodies.into_iter().flat_map(|it| self.guards_at_calls_of(it)).collect()
    }

    fn guards_at_calls_of(&self, expr: ExprId) -> Vec<(ExprId, Vec<Origin>)> {
        let lowered = self.lowered(expr);
        let graph = &lowered.graph;
        let holds: Vec<Option<Origin>> = graph
            .locals
            .iter()
            .map(|it| origin(it.made).filter(|_| self.owned_guard_in(it.type_).is_some()))
            .collect();
        if holds.iter().all(Option::is_none) {
            return Vec::new();
        }
        let guards = |(call, locals): (ExprId, Vec<LocalId>)| {
            let held: Vec<Origin> = locals.into_iter().filter_map(|it| holds[it]).collect();
            (!held.is_empty()).then_some((call, held))
        };
        lowered.flow().at_calls(graph).into_iter().filter_map(guards).collect()
    }

    fn async_body(&self, expr: ExprId) -> AsyncBody<'db> {
        let lowered = self.lowered(expr);
        let (graph, flow) = (&lowered.graph, lowered.flow());
        let suspended = |block: usize| match graph.blocks[block].end {
            End::Suspend { await_, .. } if flow.is_reached(block) => {
                Some(Suspension { await_, alive: flow.kept_at(graph, block) })
            }
            _ => None,
        };
        let points = (0..graph.blocks.len()).filter_map(suspended).collect();
        AsyncBody { coroutine: expr, lowered, points }
    }

    /// The graph of a closure or async body, or of this function as it would be if it were asynchronous.
    pub(super) fn lowered(&self, expr: ExprId) -> Rc<Lowered<'db>> {
        if let Some(known) = self.graphs.borrow().get(&expr) {
            return Rc::clone(known);
        }
        let body = match &self.body[expr] {
            Expr::Closure { body, .. } => *body,
            _ => expr,
        };
        let mut builder = Builder::new(self);
        builder.whole(expr, body);
        let lowered = Rc::new(Lowered { graph: builder.graph, flow: OnceCell::new() });
        self.graphs.borrow_mut().insert(expr, Rc::clone(&lowered));
        lowered
    }
}

impl<'db> Lowered<'db> {
    fn flow(&self) -> &Flow {
        self.flow.get_or_init(|| Flow::of(&self.graph))
    }

    /// What would be kept if the task were suspended while a call waits: what the call is given, too. None where the
    /// call is not to be found.
    pub fn kept_while(&self, call: ExprId) -> Option<Vec<Kept>> {
        self.flow().kept_while(&self.graph, call)
    }

    pub fn type_of(&self, kept: &Kept) -> Ty<'db> {
        self.graph.locals[kept.local].type_
    }

    /// None for what the compiler made for itself.
    pub fn origin(&self, kept: &Kept) -> Option<Origin> {
        origin(self.graph.locals[kept.local].made)
    }

    /// Whether it is a variable from outside that an async block took along.
    pub fn is_captured(&self, kept: &Kept) -> bool {
        matches!(self.graph.locals[kept.local].made, Made::Captured(_))
    }
}

impl<'db> AsyncBody<'db> {
    pub fn coroutine(&self) -> ExprId {
        self.coroutine
    }

    pub(crate) fn type_of(&self, kept: &Kept) -> Ty<'db> {
        self.lowered.type_of(kept)
    }

    /// None for what the compiler made for itself.
    pub(crate) fn origin(&self, kept: &Kept) -> Option<Origin> {
        self.lowered.origin(kept)
    }

    pub(crate) fn is_awaited(&self, kept: &Kept) -> bool {
        matches!(self.lowered.graph.locals[kept.local].made, Made::Awaited(_))
    }

    /// Whether a variable has its value from another one, by way of calls and moves.
    pub(crate) fn is_got_from(&self, variable: BindingId, other: BindingId) -> bool {
        let graph = &self.lowered.graph;
        match (graph.variable(variable), graph.variable(other)) {
            (Some(local), Some(other)) => flow::comes_from(graph, local, other),
            _ => false,
        }
    }

    /// Each `.await` between some of `steps`, in one turn of every loop, while a variable keeps its value: with the
    /// steps before and after it.
    pub(crate) fn splits(
        &self,
        variable: BindingId,
        steps: &BTreeSet<ExprId>,
    ) -> Vec<(ExprId, BTreeSet<ExprId>, BTreeSet<ExprId>)> {
        let graph = &self.lowered.graph;
        let Some(local) = graph.variable(variable) else { return Vec::new() };
        let splits = between::splits(graph, local, steps).into_iter();
        let is_kept = |await_: ExprId| {
            let mut points = self.points.iter().filter(|it| it.await_ == await_);
            points.any(|it| it.alive.iter().any(|it| it.local == local && it.filled && it.full))
        };
        splits.filter(|it| is_kept(it.await_)).map(|it| (it.await_, it.before, it.after)).collect()
    }

    /// Each `.await` at which `first` may be the last of `steps` that was done, and `second` the next one.
    pub(crate) fn awaits_between(
        &self,
        first: ExprId,
        second: ExprId,
        steps: &BTreeSet<ExprId>,
    ) -> Vec<ExprId> {
        let splits = between::closest(&self.lowered.graph, steps).into_iter();
        let is_it = |it: &between::Split| it.before.contains(&first) && it.after.contains(&second);
        splits.filter(is_it).map(|it| it.await_).collect()
    }

    /// Whether `kept` was got from `other` itself, and not by way of what that lends: the `x` of `for x in map.iter()`.
    pub(crate) fn is_item_of(
        &self,
        kept: &Kept,
        other: &Kept,
        is_guard: impl Fn(Ty<'db>) -> bool,
    ) -> bool {
        let graph = &self.lowered.graph;
        flow::is_given_by(graph, kept.local, other.local, |it| is_guard(graph.locals[it].type_))
    }
}

fn origin(made: Made) -> Option<Origin> {
    match made {
        Made::Variable(it) | Made::Captured(it) => Some(Origin::Variable(it)),
        Made::Temporary(it) => Some(Origin::Temporary(it)),
        Made::Awaited(_) | Made::Hidden => None,
    }
}

impl<'db> BodyFacts<'db> {
    /// The variables that the compiler should keep in the future of an async body, and `__awaitee` for what is
    /// awaited, as it calls that.
    pub fn saved_names(&self, body: &AsyncBody<'db>) -> BTreeSet<String> {
        let saved = body.points.iter().flat_map(|it| &it.alive).filter(|it| it.saved);
        saved
            .filter_map(|it| match body.lowered.graph.locals[it.local].made {
                Made::Variable(it) => match self.body[it].name.as_str() {
                    // What a `for` goes over has a name of its own there and here.
                    generated if generated.starts_with('<') => Some("iter".to_owned()),
                    name => Some(name.to_owned()),
                },
                Made::Awaited(_) => Some("__awaitee".to_owned()),
                Made::Captured(_) | Made::Temporary(_) | Made::Hidden => None,
            })
            .collect()
    }

    /// ... and no async function.
    pub fn is_async_block(&self, coroutine: ExprId) -> bool {
        !matches!(
            self.body[coroutine],
            Expr::Closure {
                closure_kind: ClosureKind::Coroutine { source: CoroutineSource::Fn, .. },
                ..
            }
        )
    }

    /// Where an async block stands; none for the body of an async function.
    pub fn block_place(&self, coroutine: ExprId) -> Option<Place> {
        self.place_of(coroutine).filter(|_| self.is_async_block(coroutine))
    }
}
