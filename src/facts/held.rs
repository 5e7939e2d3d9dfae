//! Guards that are held while their task is suspended.

use std::collections::BTreeMap;

use ra_ap_hir_def::{
    Lookup,
    hir::{BindingId, Expr, ExprId, Pat, PatId},
    src::HasSource,
};
use ra_ap_hir_ty::next_solver::Ty;
use ra_ap_syntax::AstNode;

use crate::{
    facts::{
        body::BodyFacts,
        runs_on::Thread,
        suspends::{AsyncBody, Kept, Origin, Suspension},
    },
    finding::Place,
    knowledge::{Guard, Row},
};

/// A guard that is held across at least one `.await`.
pub struct HeldGuard<'db> {
    /// What is known of its type.
    pub row: &'db Row,
    pub kind: Guard,
    /// Whether it is wrapped in something else.
    pub wrapped: bool,
    /// The variable, where there is one.
    pub name: Option<String>,
    /// The variable where it is declared, or the expression that makes the guard.
    pub at: Place,
    /// Whether the future that holds it is driven by a thread of its own, on which no other task runs.
    pub alone: bool,
    /// Where another branch of the same `join!` or `select!` takes the same lock, on the same thread.
    pub rival: Option<Place>,
    /// The `.await`s across which it is held, in the order of the text.
    pub suspended_at: Vec<Place>,
    pub(crate) origin: Origin,
    /// The same `.await`s.
    pub(crate) awaits: Vec<ExprId>,
}

impl<'db> BodyFacts<'db> {
    /// Every guard that threads wait for, or that speaks of the current thread, and that is alive across an `.await`.
    pub fn held_guards(&self) -> Vec<HeldGuard<'db>> {
        let mut guards = Vec::new();
        if !self.has_guards(|it| it != Guard::Async) {
            return guards;
        }
        for body in self.async_bodies() {
            let mut held: BTreeMap<Origin, (Kept, Vec<ExprId>)> = BTreeMap::new();
            for point in &body.points {
                for (origin, kept) in self.guards_at(&body, point) {
                    held.entry(origin).or_insert((kept, Vec::new())).1.push(point.await_);
                }
            }
            let all = held.into_iter();
            guards.extend(all.filter_map(|(origin, (kept, awaits))| {
                self.held_guard(&body, origin, body.type_of(&kept), awaits)
            }));
        }
        guards.sort_by(|a, b| a.at.cmp(&b.at));
        guards
    }

    /// The guard that a value holds while its task is suspended.
    pub(super) fn guard_kept(&self, body: &AsyncBody<'db>, kept: &Kept) -> Option<Guard> {
        let may_hold = kept.filled && kept.full && !body.is_awaited(kept);
        may_hold.then(|| self.owned_guard_in(body.type_of(kept)))??.guard
    }

    fn guards_at(&self, body: &AsyncBody<'db>, point: &Suspension) -> Vec<(Origin, Kept)> {
        let is_held = |it: &&Kept| self.guard_kept(body, it).is_some_and(|it| it != Guard::Async);
        let held: Vec<Kept> = point.alive.iter().filter(is_held).copied().collect();
        // The item of `for item in map.iter()` is held because the iterator is.
        let is_guard = |it| self.owned_guard_in(it).is_some();
        let is_own = |it: &&Kept| {
            !held.iter().any(|other| {
                other != *it
                    && body.is_item_of(it, other, is_guard)
                    && !body.is_item_of(other, it, is_guard)
            })
        };
        let own = held.iter().filter(is_own);
        own.filter_map(|it| Some((body.origin(it)?, *it))).collect()
    }

    fn held_guard(
        &self,
        body: &AsyncBody<'db>,
        origin: Origin,
        type_: Ty<'db>,
        awaits: Vec<ExprId>,
    ) -> Option<HeldGuard<'db>> {
        let row = self.owned_guard_in(type_)?;
        if self.says_one_of(&row.unless_said) {
            return None;
        }
        let (name, at) = match origin {
            Origin::Variable(it) => {
                let pattern = self.pattern_of(it)?;
                let name = self.body[it].name.as_str().to_owned();
                match self.place_of_pattern(pattern) {
                    Some(at) => (Some(name), at),
                    // A `for` writes its iterator down by a name of its own.
                    None => (None, self.place_of_iterated(pattern)?),
                }
            }
            Origin::Temporary(it) => (None, self.place_to_show(it)?),
        };
        let place = |it: &ExprId| self.place_to_show(*it);
        let mut suspended_at: Vec<Place> = awaits.iter().filter_map(place).collect();
        suspended_at.sort();
        suspended_at.dedup();
        let wrapped = !self.is_itself_guard(type_);
        let kind = row.guard?;
        let alone = self.is_driven_alone(body) && !self.is(type_, "Send");
        let rival = self.rival(body, origin);
        Some(HeldGuard { row, kind, wrapped, name, at, alone, rival, suspended_at, origin, awaits })
    }

    /// Whether the thread that drives this body drives no other task.
    fn is_driven_alone(&self, body: &AsyncBody<'db>) -> bool {
        let mut own = self.uses.iter().filter(|it| it.context.awaits_in == Some(body.coroutine()));
        own.any(|it| it.context.thread == Thread::Driver)
    }

    /// Where another branch of the same macro call takes the lock of this guard by blocking the thread of both.
    fn rival(&self, body: &AsyncBody<'db>, origin: Origin) -> Option<Place> {
        let lock = self.held_lock(origin).filter(|it| it.kind == Guard::Sync)?;
        let around = self.macro_call_place(body.coroutine())?;
        let others = self.mentions.iter().filter(|it| {
            let is_branch = |other: ExprId| {
                other != body.coroutine()
                    && self.macro_call_place(other).as_ref() == Some(&around)
                    && !self.is_inside(other, body.coroutine())
                    && !self.is_inside(body.coroutine(), other)
            };
            it.row.takes.is_some_and(|it| lock.takes.keeps_out(it).is_some())
                && it.awaits_in.is_some_and(is_branch)
        });
        let same = others.filter(|it| self.lock_of(it).as_ref() == Some(&lock.place));
        same.filter_map(|it| self.place_of(it.expr)).next()
    }

    /// Whether the text of this function has one of these words.
    pub(super) fn says_one_of(&self, words: &[String]) -> bool {
        if words.is_empty() {
            return false;
        }
        let source = self.function.lookup(self.db).source(self.db);
        let text = source.value.syntax().text().to_string();
        words.iter().any(|it| text.contains(it.as_str()))
    }

    fn pattern_of(&self, variable: BindingId) -> Option<PatId> {
        let is_own = |it: &PatId| matches!(self.body[*it], Pat::Bind { id, .. } if id == variable);
        self.body.pats().map(|it| it.0).find(is_own)
    }

    /// What stands behind the `in` of the `for` that made this pattern, or the macro call that did.
    fn place_of_iterated(&self, pattern: PatId) -> Option<Place> {
        let head = self.body.exprs().find_map(|it| match it.1 {
            Expr::Match { expr, arms } if arms.iter().any(|it| it.pat == pattern) => Some(*expr),
            _ => None,
        });
        let iterated = head.and_then(|it| match &self.body[it] {
            Expr::Call { args, .. } => args.first().copied(),
            _ => None,
        });
        let place = iterated.and_then(|it| self.place_to_show(it));
        place.or_else(|| self.place_around_pattern(pattern))
    }
}
