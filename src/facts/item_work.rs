//! What each of several futures does that matters when there are many of them.

use std::collections::HashSet;

use ra_ap_hir_def::{
    FunctionId,
    hir::{ClosureKind, Expr, ExprId},
};

use crate::{
    facts::{
        body::{BodyFacts, Entered, Form, Mention},
        effects::{BlockingCall, Effects, Step},
        idle::content::Content,
        long_loops::{Length, LongLoop},
        names, place,
        runs_on::Thread,
    },
    knowledge::{ClosureRuns, Wait, cancel::Cancel},
};

/// Calls are followed so deep.
const DEEPEST: usize = 5;

/// What a future does while it runs, in what it awaits as well; of each kind the first that was found.
#[derive(Default)]
pub struct ItemWork {
    /// It computes for long, ...
    pub computes: Option<Deed>,
    /// ... takes a socket, a file or a process from the system, ...
    pub opens: Option<Deed>,
    /// ... waits for a thread of the pool that may block, ...
    pub uses_pool: Option<Deed>,
    /// ... makes a client of its own, where one could be shared, ...
    pub own_client: Option<Deed>,
    /// ... writes down what happens, where all others wait for it, ...
    pub logs: Option<Deed>,
    /// ... or waits for a permit.
    pub permit: Option<Deed>,
    /// It goes on until an error ends it or somebody tells it to end, so that none of them may wait for another.
    pub works_on: bool,
}

/// Something that a future does.
pub struct Deed {
    /// A path, or what it is otherwise called.
    pub what: String,
    /// The calls on the way there.
    pub way: Vec<Step>,
    /// It takes a moment, and no more.
    pub brief: bool,
}

impl Deed {
    /// How it is called in a sentence.
    pub fn shown(&self) -> String {
        if self.what.contains("::") { format!("`{}`", self.what) } else { self.what.clone() }
    }
}

impl<'db> BodyFacts<'db> {
    /// What the futures do that are made in this body.
    pub(crate) fn work_of(
        &self,
        effects: Option<&Effects<'_, 'db>>,
        futures: &[Content],
    ) -> ItemWork {
        let mut search = Search { effects, seen: HashSet::new(), found: ItemWork::default() };
        for it in futures {
            match it {
                Content::Made(it) => search.add_future(self, *it, &[]),
                Content::By(it) => search.add_function(self, *it, &[]),
            }
        }
        search.found
    }

    /// What one future does that is made in this body.
    pub(crate) fn work_of_future(
        &self,
        effects: Option<&Effects<'_, 'db>>,
        future: ExprId,
    ) -> ItemWork {
        self.work_of(effects, &[Content::Made(future)])
    }
}

struct Search<'e, 'm, 'db> {
    effects: Option<&'e Effects<'m, 'db>>,
    seen: HashSet<FunctionId>,
    found: ItemWork,
}

impl<'db> Search<'_, '_, 'db> {
    fn add_future(&mut self, body: &BodyFacts<'db>, future: ExprId, way: &[Step]) {
        match &body.body[future] {
            Expr::Path(_) => {
                if let Some(it) = body.local(future).and_then(|it| body.plain_value_of(it)) {
                    self.add_future(body, it, way);
                }
            }
            Expr::Ref { expr, .. } | Expr::Block { tail: Some(expr), .. } => {
                self.add_future(body, *expr, way);
            }
            Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, .. } => {
                self.add_coroutine(body, future, way);
            }
            Expr::Call { .. } | Expr::MethodCall { .. } => self.add_call(body, future, way),
            _ => {}
        }
    }

    fn add_call(&mut self, body: &BodyFacts<'db>, call: ExprId, way: &[Step]) {
        let row = body.row_of_call(call);
        if row.is_some_and(|it| it.cancel == Some(Cancel::AsGiven)) {
            body.values_of(call).into_iter().for_each(|it| self.add_future(body, it, way));
            return;
        }
        let mentioned = body.mentions.iter().filter(|it| it.expr == call);
        mentioned.for_each(|it| self.add_mention(body, it, way));
        if let Some(called) = body.uses.iter().find(|it| it.expr == call) {
            let way = and(way, body, call, names::of_function(body.db, called.function));
            self.add_function(body, called.function, &way);
        }
    }

    fn add_function(&mut self, from: &BodyFacts<'db>, function: FunctionId, way: &[Step]) {
        if let Some(row) = from.known.function(from.db, function) {
            let deed = || Deed { what: row.path.clone(), way: way.to_vec(), brief: row.brief };
            keep(&mut self.found.opens, row.opens.then(deed));
            keep(&mut self.found.uses_pool, row.on_pool.then(deed));
            keep(&mut self.found.own_client, row.pools.then(deed));
        }
        let is_own = place::file_of(from.workspace, function).is_some();
        if !is_own || way.len() > DEEPEST || !self.seen.insert(function) {
            return;
        }
        let body = BodyFacts::new(from.workspace, from.known, function, Entered::Called);
        if let Some(coroutine) = body.own_coroutine() {
            self.add_coroutine(&body, coroutine, way);
        }
    }

    fn add_coroutine(&mut self, body: &BodyFacts<'db>, coroutine: ExprId, way: &[Step]) {
        self.found.works_on |= body.has_endless_loop(coroutine);
        let is_in = |expr: ExprId| body.coroutine_around(expr) == Some(coroutine);
        let in_it = |it: &&Mention| it.form != Form::Named && is_in(it.expr);
        for it in body.mentions.iter().filter(in_it) {
            self.add_mention(body, it, way);
        }
        let calls = self.effects.map(|it| it.in_body(body)).unwrap_or_default();
        let heavy = |it: &BlockingCall| it.effect.wait == Wait::Compute && is_in(it.mention.expr);
        if let Some(it) = calls.into_iter().find(heavy) {
            let mut way = and(way, body, it.mention.expr, it.callee);
            way.extend(it.effect.chain);
            keep(
                &mut self.found.computes,
                Some(Deed { what: it.effect.row.path.clone(), way, brief: false }),
            );
        }
        let is_long = |it: &LongLoop| matches!(it.length, Length::Turns(_)) && is_in(it.expr);
        let long = body.long_loops().into_iter().find(is_long);
        if let Some(Length::Turns(turns)) = long.map(|it| it.length) {
            let what = format!("a loop of {turns} turns");
            keep(&mut self.found.computes, Some(Deed { what, way: way.to_vec(), brief: false }));
        }
        for it in body.awaits_in(coroutine) {
            self.add_future(body, it, way);
        }
    }

    fn add_mention(&mut self, body: &BodyFacts<'db>, mention: &Mention, way: &[Step]) {
        let row = &mention.row;
        let deed = || {
            let what = row.says.clone().unwrap_or_else(|| row.path.clone());
            Deed { way: and(way, body, mention.expr, what.clone()), what, brief: row.brief }
        };
        let is_worker = matches!(mention.thread, Thread::Worker | Thread::Driver);
        let computes = row.blocks == Some(Wait::Compute) && is_worker;
        keep(&mut self.found.computes, computes.then(deed));
        keep(&mut self.found.opens, row.opens.then(deed));
        let uses_pool = row.on_pool || row.closure == Some(ClosureRuns::Pool);
        keep(&mut self.found.uses_pool, uses_pool.then(deed));
        keep(&mut self.found.own_client, row.pools.then(deed));
        keep(&mut self.found.logs, row.logs.then(deed));
        keep(&mut self.found.permit, row.permit.then(deed));
    }
}

impl BodyFacts<'_> {
    /// The async body that an expression stands in, through closures too.
    pub(super) fn coroutine_around(&self, expr: ExprId) -> Option<ExprId> {
        let is_coroutine = |it: &ExprId| {
            let kind = ClosureKind::Closure;
            matches!(&self.body[*it], Expr::Closure { closure_kind, .. } if *closure_kind != kind)
        };
        self.ancestors(expr).skip(1).find(is_coroutine)
    }
}

/// The first one stays, if it is not brief.
fn keep(kept: &mut Option<Deed>, found: Option<Deed>) {
    let is_longer = |it: &Deed| it.brief && found.as_ref().is_some_and(|it| !it.brief);
    if kept.as_ref().is_none_or(is_longer) {
        *kept = found;
    }
}

/// The way, and one call more.
fn and(way: &[Step], body: &BodyFacts<'_>, call: ExprId, callee: String) -> Vec<Step> {
    let caller = names::of_function(body.db, body.function);
    let at = body.place_to_show(call);
    way.iter().cloned().chain([Step { caller, callee, at, own: true }]).collect()
}
