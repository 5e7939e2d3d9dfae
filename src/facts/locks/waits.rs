//! Waiting for what oneself holds: a lock that is taken twice.

use ra_ap_hir_def::hir::ExprId;

use crate::{
    facts::{
        body::BodyFacts,
        locks::{
            HeldLock,
            taken::{Link, TakenLocks},
        },
    },
    finding::Place,
    knowledge::takes::Surely,
};

/// A place where somebody waits for a lock that is held there.
pub struct Conflict {
    /// The lock, as it is written there.
    pub lock: String,
    pub held: HeldLock,
    /// The call that waits, ...
    pub(crate) call: ExprId,
    /// ... and where it stands.
    pub at: Place,
    pub surely: Surely,
    /// The calls on the way to where it is taken again.
    pub way: Vec<Link>,
}

impl<'db> BodyFacts<'db> {
    /// Every call in this body that waits for a lock which is held there; one for each lock.
    pub fn lock_conflicts(&self, locks: &TakenLocks<'db>) -> Vec<Conflict> {
        let mut found: Vec<Conflict> = Vec::new();
        for (call, held) in self.calls_under_locks() {
            for lock in &held {
                let conflict = self.taken_again(call, lock, locks);
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
            surely,
            way,
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

    pub(super) fn is_awaited(&self, expr: ExprId) -> bool {
        let parent = self.parents.get(expr).map(|it| &self.body[*it]);
        matches!(parent, Some(ra_ap_hir_def::hir::Expr::Await { .. }))
    }
}
