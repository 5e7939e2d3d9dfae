//! Waiting for what oneself holds: a lock that is taken twice, or held while something waits that may need it.

use std::collections::HashSet;

use ra_ap_hir_def::hir::ExprId;

use crate::{
    facts::{
        body::BodyFacts,
        functions::{self, Mentions},
        locks::{
            FieldStep, HeldLock, LockPlace, Root,
            taken::{Link, TakenLocks},
        },
        runs_on::Thread,
    },
    finding::Place,
    knowledge::{Guard, Wait, takes::Surely},
};

/// A place where somebody waits for a lock that is held there.
pub struct Conflict {
    /// The lock, as it is written there.
    pub lock: String,
    pub held: HeldLock,
    /// The call that waits, ...
    pub(crate) call: ExprId,
    /// ... where it stands, or the guard where the call is not to blame.
    pub at: Place,
    pub why: Why,
}

/// Why nobody goes on.
pub enum Why {
    /// The same lock is taken, perhaps further down.
    TakenAgain { surely: Surely, way: Vec<Link> },
    /// The call waits for something else, and async code for the lock.
    Waits { what: String, others: Vec<Place> },
}

impl<'db> BodyFacts<'db> {
    /// Every call in this body that waits for a lock which is held there; one for each lock.
    pub fn lock_conflicts(&self, locks: &TakenLocks<'db>) -> Vec<Conflict> {
        let mut found: Vec<Conflict> = Vec::new();
        for (call, held) in self.calls_under_locks() {
            for lock in &held {
                let conflict = self
                    .taken_again(call, lock, locks)
                    .or_else(|| self.waits_for_others(call, lock));
                let is_new = |it: &Conflict| {
                    !found.iter().any(|old| old.held.place == it.held.place || old.at == it.at)
                };
                found.extend(conflict.filter(is_new));
            }
        }
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }

    fn taken_again(
        &self,
        call: ExprId,
        held: &HeldLock,
        locks: &TakenLocks<'db>,
    ) -> Option<Conflict> {
        let at = self.place_to_show(call)?;
        if at == held.at {
            return None;
        }
        let conflict = |surely, way| Conflict {
            lock: self.name_of_lock(&held.place),
            held: held.clone(),
            call,
            at: at.clone(),
            why: Why::TakenAgain { surely, way },
        };
        let own = self.mentions.iter().find(|it| it.expr == call && it.row.takes.is_some());
        if let Some(mention) = own {
            let surely = held.takes.keeps_out(mention.row.takes?)?;
            let same = self.lock_of(mention).as_ref() == Some(&held.place);
            return same.then(|| conflict(surely, Vec::new()));
        }
        let by_call = locks.by_call(self, call).into_iter().find_map(|(place, taken)| {
            let surely = held.takes.keeps_out(taken.takes)?;
            (place == held.place).then(|| conflict(surely, taken.way))
        });
        by_call.or_else(|| {
            self.taken_while_awaited(locks, call).into_iter().find_map(|it| {
                let surely = held.takes.keeps_out(it.takes)?;
                let made = self.place_to_show(it.made)?;
                // The guard that is waited for is not held yet.
                let is_it = it.place == held.place && made != held.at;
                is_it.then(|| Conflict {
                    // What a macro awaits stands where it was made.
                    at: if self.macro_call_place(call).is_some() { made } else { at.clone() },
                    ..conflict(surely, it.way)
                })
            })
        })
    }

    /// A guard that is held while a thread waits for what async code should bring.
    fn waits_for_others(&self, call: ExprId, held: &HeldLock) -> Option<Conflict> {
        if held.kind != Guard::Sync {
            return None;
        }
        let waits =
            |wait: Wait| matches!(wait, Wait::Future | Wait::Channel | Wait::Thread | Wait::Signal);
        let mention = self.mentions.iter().find(|it| {
            it.expr == call && it.row.blocks.is_some_and(waits) && it.thread != Thread::Unknown
        })?;
        let others = self.locked_in_async(&held.place, &held.at);
        let what = mention.row.said();
        (!others.is_empty()).then(|| Conflict {
            lock: self.name_of_lock(&held.place),
            held: held.clone(),
            call,
            at: self.place_of_guard(held),
            why: Why::Waits { what, others },
        })
    }

    /// Where async code takes the same lock by blocking its thread: a field of the same type, a static, or a variable of
    /// this very function.
    fn locked_in_async(&self, place: &LockPlace, held_at: &Place) -> Vec<Place> {
        let mut others = Vec::new();
        let identity = identity(place);
        let mut look = |body: &BodyFacts<'db>, same: &dyn Fn(&LockPlace) -> bool| {
            for mention in &body.mentions {
                let blocks = matches!(mention.thread, Thread::Worker | Thread::Driver);
                if mention.row.takes.is_none() || !blocks || body.is_awaited(mention.expr) {
                    continue;
                }
                if body.lock_of(mention).is_some_and(|it| same(&it)) {
                    others.extend(body.place_of(mention.expr).filter(|it| it != held_at));
                }
            }
        };
        match identity {
            None => look(self, &|it| it == place),
            Some(identity) => {
                let name = identity.name(self);
                let mentions = Mentions::of(self.workspace, &HashSet::from([name]));
                for target in self.workspace.targets().iter().filter(|it| !it.cfg_test) {
                    let all = functions::candidates(self.workspace, self.known, &mentions, target);
                    for it in all.into_iter().filter(|it| !it.in_test) {
                        let body =
                            BodyFacts::new(self.workspace, self.known, it.function, it.entered);
                        look(&body, &|it| self::identity(it) == Some(identity));
                    }
                }
            }
        }
        others.sort();
        others.dedup();
        others
    }

    pub(super) fn is_awaited(&self, expr: ExprId) -> bool {
        let parent = self.parents.get(expr).map(|it| &self.body[*it]);
        matches!(parent, Some(ra_ap_hir_def::hir::Expr::Await { .. }))
    }
}

/// What makes a lock the same one in every function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Identity {
    Field(ra_ap_hir_def::FieldId),
    Static(ra_ap_hir_def::StaticId),
}

fn identity(place: &LockPlace) -> Option<Identity> {
    match (place.fields.last(), place.root) {
        (Some(FieldStep::Named(it)), _) => Some(Identity::Field(*it)),
        (None, Root::Static(it)) => Some(Identity::Static(it)),
        _ => None,
    }
}

impl Identity {
    fn name(self, body: &BodyFacts<'_>) -> String {
        match self {
            Identity::Field(it) => ra_ap_hir::Field::from(it).name(body.db).as_str().to_owned(),
            Identity::Static(it) => ra_ap_hir::Static::from(it).name(body.db).as_str().to_owned(),
        }
    }
}
