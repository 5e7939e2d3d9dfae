//! Which locks are taken by futures that were made before they are awaited, or that go through other hands first.

use ra_ap_hir_def::hir::{ClosureKind, Expr, ExprId};

use crate::{
    facts::{
        body::{BodyFacts, Form},
        locks::{
            LockPlace,
            taken::{Link, TakenLocks},
        },
    },
    knowledge::{cancel::Cancel, takes::Takes},
};

/// Futures are wrapped a few times, not more.
const DEEPEST: usize = 8;

/// A lock that a future takes while it is awaited.
pub(super) struct TakenByFuture {
    pub place: LockPlace,
    pub takes: Takes,
    /// The calls on the way there, the last one takes it.
    pub way: Vec<Link>,
    /// What makes the future.
    pub made: ExprId,
}

impl<'db> BodyFacts<'db> {
    /// The locks that the futures take which are run to their end by this expression: an `.await`, or a call that a macro
    /// makes for each of its branches. A call that is awaited on the spot is not among them.
    pub(super) fn taken_while_awaited(
        &self,
        locks: &TakenLocks<'db>,
        expr: ExprId,
    ) -> Vec<TakenByFuture> {
        let mut futures = Vec::new();
        match &self.body[expr] {
            Expr::Await { expr: future } if !self.is_call(*future) || self.hands_on(*future) => {
                self.add_run(*future, 0, &mut futures);
            }
            Expr::Call { args, .. } if self.joins(expr) => {
                args.iter().for_each(|it| self.add_run(*it, 0, &mut futures));
            }
            _ => {}
        }
        futures.into_iter().flat_map(|it| self.taken_by_future(locks, it)).collect()
    }

    /// Adds the calls whose futures are done when this one is.
    fn add_run(&self, future: ExprId, depth: usize, found: &mut Vec<ExprId>) {
        if depth > DEEPEST {
            return;
        }
        match &self.body[future] {
            Expr::Path(_) => {
                let value = self.local(future).and_then(|it| self.plain_value_of(it));
                value.into_iter().for_each(|it| self.add_run(it, depth + 1, found));
            }
            Expr::Ref { expr, .. }
            | Expr::Block { tail: Some(expr), .. }
            | Expr::Unsafe { tail: Some(expr), .. } => self.add_run(*expr, depth + 1, found),
            Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, .. } => {
                for (expr, around) in &self.sequence {
                    let is_own = self.is_awaited_in(future, *around);
                    if let Expr::Await { expr } = &self.body[*expr]
                        && is_own
                    {
                        self.add_run(*expr, depth + 1, found);
                    }
                }
            }
            _ if self.hands_on(future) => {
                let values = self.values_of(future);
                values.into_iter().for_each(|it| self.add_run(it, depth + 1, found));
            }
            _ if self.is_call(future) => found.push(future),
            _ => {}
        }
    }

    fn taken_by_future(&self, locks: &TakenLocks<'db>, made: ExprId) -> Vec<TakenByFuture> {
        let own = self.mentions.iter().find(|it| it.expr == made && it.row.takes.is_some());
        if let Some(own) = own {
            let lock = || Some((self.lock_of(own)?, own.row.takes?));
            let taken = lock().map(|(place, takes)| (place, takes, Vec::new()));
            let taken = taken.into_iter();
            return taken
                .map(|(place, takes, way)| TakenByFuture { place, takes, way, made })
                .collect();
        }
        let all = locks.of_future(self, made).into_iter();
        all.map(|(place, it)| TakenByFuture { place, takes: it.takes, way: it.way, made }).collect()
    }

    fn is_call(&self, expr: ExprId) -> bool {
        matches!(self.body[expr], Expr::Call { .. } | Expr::MethodCall { .. })
    }

    /// Whether this call gives back the future that it is given, in a box or as part of another, and waits for it.
    fn hands_on(&self, call: ExprId) -> bool {
        let mut own = self.mentions.iter().filter(|it| it.expr == call && it.form != Form::Named);
        own.any(|it| it.row.cancel == Some(Cancel::AsGiven) && !it.row.cancels)
    }

    fn joins(&self, call: ExprId) -> bool {
        self.mentions.iter().any(|it| it.expr == call && it.row.joins && it.form == Form::Call)
    }
}
