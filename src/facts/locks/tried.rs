//! Locks and cells that everybody only tries to take: nobody waits for them, and nobody is surprised.

use std::collections::HashSet;

use ra_ap_hir_def::hir::{Expr, ExprId};

use crate::{
    facts::{
        body::{BodyFacts, Mention},
        functions::{self, Mentions},
        held::HeldGuard,
        locks::taken::TakenLocks,
        suspends::Origin,
    },
    knowledge::Row,
};

/// The locks of one type of which one is tried.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Tried {
    /// `std::cell::RefCell`
    owner: String,
    /// The type of the lock, as one writes it.
    type_: String,
}

impl<'db> TakenLocks<'db> {
    /// Whether this guard was got by asking whether the lock is free, and nobody in the workspace takes a lock of that
    /// type in any other way.
    pub fn is_only_tried(&self, body: &BodyFacts<'db>, guard: &HeldGuard<'db>) -> bool {
        let Some(tried) = body.tried(guard) else { return false };
        if let Some(known) = self.tried.borrow().get(&tried) {
            return *known;
        }
        let is_only_tried = self.is_nobody_taking(&tried);
        self.tried.borrow_mut().insert(tried, is_only_tried);
        is_only_tried
    }

    fn is_nobody_taking(&self, lock: &Tried) -> bool {
        let rows = self.known.rows().filter(|it| takes_for_certain(it, lock));
        let names: HashSet<String> = rows.map(|it| it.name().to_owned()).collect();
        let mentions = Mentions::of(self.workspace, &names);
        self.workspace.targets().iter().all(|target| {
            let all = functions::candidates(self.workspace, self.known, &mentions, target);
            all.into_iter().all(|it| {
                let body = BodyFacts::new(self.workspace, self.known, it.function, it.entered);
                !body.takes_one_of(lock)
            })
        })
    }
}

impl<'db> BodyFacts<'db> {
    /// The lock whose guard was got by trying.
    fn tried(&self, guard: &HeldGuard<'db>) -> Option<Tried> {
        let value = match guard.origin {
            Origin::Variable(it) => self.plain_value_of(it)?,
            Origin::Temporary(it) => it,
        };
        let call = self.trying_call(value)?;
        let (owner, _) = call.row.path.rsplit_once("::")?;
        Some(Tried { owner: owner.to_owned(), type_: self.type_of_receiver(call.expr)? })
    }

    /// The call behind `try_borrow_mut().unwrap()` and the like.
    fn trying_call(&self, expr: ExprId) -> Option<&Mention> {
        let chain = std::iter::successors(Some(expr), |it| self.step_back(*it));
        self.mention_in(chain, |it| it.tries)
    }

    fn type_of_receiver(&self, call: ExprId) -> Option<String> {
        let Expr::MethodCall { receiver, .. } = &self.body[call] else { return None };
        let type_ = self.infer.type_of_expr_with_adjust(*receiver)?;
        Some(self.written_type(type_.strip_references()))
    }

    /// Whether something in this body takes such a lock and does not only try.
    fn takes_one_of(&self, lock: &Tried) -> bool {
        let mut taking = self.mentions.iter().filter(|it| takes_for_certain(&it.row, lock));
        taking.any(|it| self.type_of_receiver(it.expr).is_none_or(|it| it == lock.type_))
    }
}

/// Whether a method of this kind of lock waits until it is free, or panics while it is not.
fn takes_for_certain(row: &Row, lock: &Tried) -> bool {
    let of_it = row.path.strip_prefix(&lock.owner).is_some_and(|it| it.starts_with("::"));
    of_it && !row.tries && (row.takes.is_some() || row.changes)
}
