//! Locks for threads, held while something else is waited for, for which async code waits by blocking its thread.

use std::{collections::HashSet, rc::Rc};

use ra_ap_hir_def::{FieldId, FunctionId, StaticId, hir::ExprId};
use ra_ap_ide_db::RootDatabase;

use crate::{
    facts::{
        body::{BodyFacts, Mention},
        effects::{Effects, Step},
        functions::{self, Mentions},
        locks::{FieldStep, HeldLock, LockPlace, Root, taken::TakenLocks},
        narrow::Section,
        place,
        runs_on::Thread,
    },
    finding::Place,
    knowledge::{
        Guard, Wait,
        takes::{Surely, Takes},
    },
};

/// Somebody who holds a lock while he waits, although async code may need it meanwhile.
pub struct SlowHolder {
    /// The lock, as it is written there.
    pub lock: String,
    pub held: HeldLock,
    /// The guard.
    pub at: Place,
    pub wait: Wait,
    /// What waits: what is called, as one says it, ...
    pub what: String,
    /// ... and the calls on the way to what really waits.
    pub way: Rc<Vec<Step>>,
    /// The statements that need the lock, where they end before the wait.
    pub section: Result<Section, &'static str>,
    /// Where async code waits for the lock.
    pub others: Vec<Place>,
}

/// What makes a lock the same one in every function: a field of the same type, or a static.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    Field(FieldId),
    Static(StaticId),
}

impl Identity {
    fn of(place: &LockPlace) -> Option<Identity> {
        match (place.fields.last(), place.root) {
            (Some(FieldStep::Named(it)), _) => Some(Identity::Field(*it)),
            (None, Root::Static(it)) => Some(Identity::Static(it)),
            _ => None,
        }
    }

    fn name(self, db: &RootDatabase) -> String {
        match self {
            Identity::Field(it) => ra_ap_hir::Field::from(it).name(db).as_str().to_owned(),
            Identity::Static(it) => ra_ap_hir::Static::from(it).name(db).as_str().to_owned(),
        }
    }
}

impl<'db> TakenLocks<'db> {
    /// Who holds the locks that this body waits for by blocking a thread which drives tasks. Calls are followed where
    /// `effects` are given.
    pub fn slow_holders(
        &self,
        body: &BodyFacts<'db>,
        effects: Option<&Effects<'_, 'db>>,
    ) -> Vec<Rc<SlowHolder>> {
        let mut found: Vec<Rc<SlowHolder>> = Vec::new();
        let mut seen = HashSet::new();
        let taken = body.mentions.iter().filter(|it| body.keeps_thread_for(it));
        for place in taken.filter_map(|it| body.lock_of(it)).filter(|it| seen.insert(it.clone())) {
            let holders = match Identity::of(&place) {
                Some(it) => self.holders_anywhere(it, body.krate(), effects),
                None => {
                    let mut all = Uses::default();
                    all.add(body, effects, &|it| *it == place);
                    all.slow_holders()
                }
            };
            found.extend(holders);
        }
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found.dedup_by(|a, b| a.at == b.at);
        found
    }

    fn holders_anywhere(
        &self,
        lock: Identity,
        krate: ra_ap_base_db::Crate,
        effects: Option<&Effects<'_, 'db>>,
    ) -> Vec<Rc<SlowHolder>> {
        if let Some(known) = self.slow_holders.borrow().get(&lock) {
            return known.clone();
        }
        let (workspace, known) = (self.workspace, self.known);
        let mentions = Mentions::of(workspace, &HashSet::from([lock.name(workspace.db())]));
        let mut all = Uses::default();
        // As code for tests a crate has fields of its own.
        let targets = workspace.targets().iter().filter(|it| !it.cfg_test || it.krate == krate);
        for target in targets {
            let candidates = functions::candidates(workspace, known, &mentions, target);
            let here = candidates.into_iter().filter(|it| !it.in_test);
            for it in here.filter(|it| self.may_take_a_lock(it.function)) {
                let body = BodyFacts::new(workspace, known, it.function, it.entered);
                all.add(&body, effects, &|it| Identity::of(it) == Some(lock));
            }
        }
        let holders = all.slow_holders();
        self.slow_holders.borrow_mut().insert(lock, holders.clone());
        holders
    }

    /// Whether a name stands in the function that may give a guard.
    fn may_take_a_lock(&self, function: FunctionId) -> bool {
        let text = place::text_of(self.workspace, function);
        text.is_some_and(|text| self.known.guard_givers().any(|it| text.contains(it)))
    }
}

/// All that is done with one lock.
#[derive(Default)]
struct Uses {
    slow: Vec<SlowHolder>,
    in_async: Vec<(Place, Takes)>,
}

impl Uses {
    fn add<'db>(
        &mut self,
        body: &BodyFacts<'db>,
        effects: Option<&Effects<'_, 'db>>,
        is_it: &dyn Fn(&LockPlace) -> bool,
    ) {
        let taken = body.mentions.iter().filter(|it| body.keeps_thread_for(it));
        let ours = taken.filter(|it| body.lock_of(it).is_some_and(|it| is_it(&it)));
        self.in_async.extend(ours.filter_map(|it| Some((body.place_of(it.expr)?, it.row.takes?))));
        for (call, held) in body.calls_under_locks() {
            let ours = |it: &&HeldLock| it.kind == Guard::Sync && is_it(&it.place);
            let is_new = |it: &&HeldLock| !self.slow.iter().any(|old| old.held.at == it.at);
            let held: Vec<HeldLock> = held.iter().filter(ours).filter(is_new).cloned().collect();
            if held.is_empty() {
                continue;
            }
            let Some(slow) = body.slow_call(call, effects) else { continue };
            self.slow.extend(held.into_iter().map(|held| SlowHolder {
                lock: body.name_of_lock(&held.place),
                at: body.place_of_guard(&held),
                wait: slow.wait,
                what: slow.what.clone(),
                way: Rc::clone(&slow.way),
                section: body.section_before(&held, call),
                others: Vec::new(),
                held,
            }));
        }
    }

    fn slow_holders(mut self) -> Vec<Rc<SlowHolder>> {
        self.in_async.sort_by(|a, b| a.0.cmp(&b.0));
        self.in_async.dedup_by(|a, b| a.0 == b.0);
        let with_others = |mut it: SlowHolder| {
            let kept_out = |by: &&(Place, Takes)| {
                by.0 != it.held.at && it.held.takes.keeps_out(by.1) == Some(Surely::Always)
            };
            it.others = self.in_async.iter().filter(kept_out).map(|it| it.0.clone()).collect();
            (!it.others.is_empty()).then(|| Rc::new(it))
        };
        self.slow.into_iter().filter_map(with_others).collect()
    }
}

/// A call that takes long.
struct SlowCall {
    wait: Wait,
    what: String,
    way: Rc<Vec<Step>>,
}

impl<'db> BodyFacts<'db> {
    /// Whether this waits for a lock and keeps a thread meanwhile that drives tasks.
    fn keeps_thread_for(&self, mention: &Mention) -> bool {
        let on_worker = matches!(mention.thread, Thread::Worker | Thread::Driver);
        on_worker && mention.row.takes.is_some() && !self.is_awaited(mention.expr)
    }

    /// What a call waits for, as far as nothing else is said of it: async code that blocks is told of that already.
    fn slow_call(&self, call: ExprId, effects: Option<&Effects<'_, 'db>>) -> Option<SlowCall> {
        let own = self.mentions.iter().find(|it| it.expr == call && it.row.blocks.is_some());
        if let Some(own) = own {
            let wait =
                own.row.blocks.filter(|it| is_long(*it) && self.waits_on(own, own.thread))?;
            let is_told = matches!(own.thread, Thread::Worker | Thread::Driver);
            let counts = own.thread != Thread::Unknown && (!is_told || needs_others(wait));
            return counts.then(|| SlowCall { wait, what: own.row.said(), way: Rc::default() });
        }
        let effect = effects?.off_workers(self, call).into_iter().find(|it| is_long(it.1.wait));
        let (callee, effect) = effect?;
        let way = Rc::new(effect.chain);
        Some(SlowCall { wait: effect.wait, what: format!("`{callee}`"), way })
    }
}

/// Whether what is waited for may never come as long as tasks stand still.
pub fn needs_others(wait: Wait) -> bool {
    matches!(wait, Wait::Future | Wait::Channel | Wait::Thread | Wait::Signal)
}

/// Whether it takes longer than anybody should wait for a lock. A file is read and written under many a lock, and nobody
/// is the worse for it.
fn is_long(wait: Wait) -> bool {
    !matches!(wait, Wait::Disk | Wait::Lock | Wait::Source)
}
