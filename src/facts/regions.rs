//! Which runtimes a piece of code finds around it: by what polls the future that it is a part of, and by its thread.

use std::collections::BTreeSet;

use ra_ap_hir_def::hir::{BindingId, ClosureKind, Expr, ExprId, Pat, Statement};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::body::BodyFacts,
    knowledge::{ClosureRuns, FutureRuns, Guard, Row, cancel::Cancel},
};

/// What code finds around it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Region {
    pub base: Base,
    /// The runtimes that were entered since then.
    pub entered: BTreeSet<String>,
    /// The outermost call since then that polls the future which the code is a part of.
    pub driver: Option<ExprId>,
}

/// Where the code runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Base {
    /// Where the function is called, or its future is polled.
    Caller,
    /// On a thread that this call starts, or on those that it hands its task to.
    OwnThread(ExprId),
    Unknown,
}

impl Region {
    fn of(base: Base) -> Region {
        Region { base, entered: BTreeSet::new(), driver: None }
    }

    fn unknown() -> Region {
        Region::of(Base::Unknown)
    }

    fn entering(mut self, runtimes: &BTreeSet<String>) -> Region {
        self.entered.extend(runtimes.iter().cloned());
        self
    }
}

impl BodyFacts<'_> {
    /// What an expression finds around it when it is evaluated.
    pub(super) fn region(&self, expr: ExprId) -> Region {
        let mut inside = expr;
        while let Some(around) = self.parents.get(inside).copied() {
            if let Expr::Closure { closure_kind, .. } = &self.body[around] {
                return match closure_kind {
                    ClosureKind::Coroutine { .. } if self.own_coroutine() == Some(around) => {
                        Region::of(Base::Caller)
                    }
                    ClosureKind::Coroutine { .. } => self.region_of_future(around),
                    ClosureKind::Closure => self.region_of_closure(around),
                    ClosureKind::CoroutineClosure(_) | ClosureKind::OldCoroutine(_) => {
                        Region::unknown()
                    }
                };
            }
            inside = around;
        }
        Region::of(Base::Caller)
    }

    /// What a future finds around it when it is polled, by what is done with the expression that gives it.
    pub(super) fn region_of_future(&self, future: ExprId) -> Region {
        let Some(around) = self.parents.get(future).copied() else { return Region::unknown() };
        match &self.body[around] {
            Expr::Await { .. } => self.region(around),
            Expr::Call { .. } | Expr::MethodCall { .. } => self.region_of_value(around),
            Expr::Block { tail: Some(tail), .. } if *tail == future => {
                self.region_of_future(around)
            }
            Expr::Block { statements, .. } => match self.only_use(statements, future) {
                Some(it) => self.region_of_future(it),
                None => Region::unknown(),
            },
            Expr::Closure { closure_kind: ClosureKind::Closure, .. } => {
                self.region_of_result(around)
            }
            _ => Region::unknown(),
        }
    }

    /// ... of a future that a call is given.
    fn region_of_value(&self, call: ExprId) -> Region {
        let row = self.mention_of(call).map(|it| &*it.row);
        let contexts = self.known.contexts();
        if let Some(runtime) = row.and_then(|it| it.enters.clone()) {
            return self.region_of_future(call).entering(&BTreeSet::from([runtime]));
        }
        match row.and_then(|it| it.future) {
            Some(FutureRuns::Driven) => match row.and_then(|it| contexts.of_row(it)) {
                Some(runtimes) => {
                    let region = self.region(call).entering(runtimes);
                    Region { driver: region.driver.or(Some(call)), ..region }
                }
                None => Region::unknown(),
            },
            Some(FutureRuns::Spawned) => self.region_of_own_threads(call, row),
            // It stays on its thread, and asks for its runtime there.
            Some(FutureRuns::Local) if row.is_some_and(|it| it.driven_by.is_some()) => {
                self.region(call)
            }
            // Who joins futures awaits them there.
            None if row.is_some_and(|it| it.joins) => self.region(call),
            Some(FutureRuns::Local) | None if self.wraps_future(call, row) => {
                self.region_of_future(call)
            }
            Some(FutureRuns::Local) | None => Region::unknown(),
        }
    }

    fn region_of_own_threads(&self, call: ExprId, row: Option<&Row>) -> Region {
        let row = row.filter(|it| it.on_own_threads);
        match row.and_then(|it| self.known.contexts().of_row(it)) {
            Some(runtimes) => Region {
                driver: Some(call),
                ..Region::of(Base::OwnThread(call)).entering(runtimes)
            },
            None => Region::unknown(),
        }
    }

    /// Whether the future that a call is given is polled when the result of the call is.
    fn wraps_future(&self, call: ExprId, row: Option<&Row>) -> bool {
        let is_pinned = || match self.infer.expr_ty(call).kind() {
            TyKind::Adt(adt, _) => self.known.type_(adt.def_id()).is_some_and(|it| it.pins),
            _ => false,
        };
        let polls = |it: &Row| {
            it.cancels
                || it.cancel == Some(Cancel::AsGiven)
                || it.closure == Some(ClosureRuns::LaterHere)
        };
        row.is_some_and(polls) || is_pinned()
    }

    /// What the body of a closure finds around it.
    fn region_of_closure(&self, closure: ExprId) -> Region {
        let Some(call) = self.parents.get(closure).copied() else { return Region::unknown() };
        let row = self.mention_of(call).map(|it| &*it.row);
        let runs = match &self.body[call] {
            Expr::Call { args, .. } | Expr::MethodCall { args, .. } => {
                match (row, args.iter().position(|it| *it == closure)) {
                    (Some(_), _) => self.closure_runs(call, row),
                    (None, Some(index)) => self.handed_closure_runs(call, index),
                    (None, None) => None,
                }
            }
            _ => self.bound_closure_runs(closure),
        };
        match runs {
            Some(
                ClosureRuns::Here | ClosureRuns::Once | ClosureRuns::Lazy | ClosureRuns::InPlace,
            ) => self.region(call),
            Some(ClosureRuns::LaterHere) => self.region_of_future(call),
            // A runtime's own thread for something finds that runtime.
            Some(ClosureRuns::Thread)
                if row.is_some_and(|it| self.known.contexts().runtime_of(it).is_none()) =>
            {
                Region::of(Base::OwnThread(call))
            }
            _ => Region::unknown(),
        }
    }

    /// What the future finds around it that a closure gives.
    fn region_of_result(&self, closure: ExprId) -> Region {
        let Some(call) = self.parents.get(closure).copied() else { return Region::unknown() };
        let row = self.mention_of(call).map(|it| &*it.row);
        match row.and_then(|it| it.closure) {
            Some(ClosureRuns::LaterHere) => self.region_of_future(call),
            Some(ClosureRuns::Worker) => self.region_of_own_threads(call, row),
            _ => Region::unknown(),
        }
    }

    /// `let it = future;`, and the only place that names it.
    fn only_use(&self, statements: &[Statement], future: ExprId) -> Option<ExprId> {
        let variable = statements.iter().find_map(|it| match it {
            Statement::Let { pat, initializer: Some(it), .. } if *it == future => {
                match self.body[*pat] {
                    Pat::Bind { id, subpat: None } => Some(id),
                    _ => None,
                }
            }
            _ => None,
        })?;
        let names_it = |it: &ExprId, variable: BindingId| self.local(*it) == Some(variable);
        let mut uses = self.sequence.iter().map(|it| it.0).filter(|it| names_it(it, variable));
        let only = uses.next()?;
        uses.next().is_none().then_some(only)
    }

    /// The runtimes that guards of this body enter, where its function is called or on the thread that this call starts.
    pub(super) fn entered_by_guards(&self, base: Base) -> BTreeSet<String> {
        let gives_guard = |it: ExprId| match self.infer.expr_ty(it).kind() {
            TyKind::Adt(adt, _) => {
                let row = self.known.type_(adt.def_id());
                row.is_some_and(|it| it.guard == Some(Guard::Context))
            }
            _ => false,
        };
        let guards = self.mentions.iter().filter(|it| it.row.enters.is_some());
        let here = guards.filter(|it| gives_guard(it.expr) && self.region(it.expr).base == base);
        here.filter_map(|it| it.row.enters.clone()).collect()
    }
}
