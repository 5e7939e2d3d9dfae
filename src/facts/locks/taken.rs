//! Which locks a function takes on the way of its caller: those of its parameters and those of statics.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use ra_ap_hir_def::{
    DefWithBodyId, FunctionId, Lookup,
    expr_store::Body,
    hir::{BindingId, Expr, ExprId, Pat},
    signatures::FunctionSignature,
    src::HasSource,
};
use ra_ap_syntax::ast;

use crate::{
    facts::{
        body::{BodyFacts, Entered, Form},
        calls::Use,
        locks::{
            FieldStep, LockPlace, Root,
            everywhere::{self, LockType, LockUses},
            short::{self, Declared, ShortLock},
            slow_holders::{Identity, SlowHolder},
            tried::Tried,
        },
        names, place,
        runs_on::Thread,
    },
    finding::{Note, Place},
    knowledge::{resolve::Known, takes::Takes},
    workspace::Workspace,
};

/// Nobody follows a longer chain of calls.
const DEEPEST: usize = 6;

/// What functions take, asked for as calls need it.
pub struct TakenLocks<'db> {
    pub(super) workspace: &'db Workspace,
    pub(super) known: &'db Known,
    functions: RefCell<HashMap<FunctionId, Rc<Vec<Taken>>>>,
    everywhere: RefCell<HashMap<LockType, Rc<Result<LockUses, Note>>>>,
    short: RefCell<HashMap<Declared, Option<ShortLock>>>,
    pub(super) tried: RefCell<HashMap<Tried, bool>>,
    pub(super) slow_holders: RefCell<HashMap<Identity, Vec<Rc<SlowHolder>>>>,
}

/// A lock that a function takes.
#[derive(Clone)]
pub(crate) struct Taken {
    from: From,
    fields: Vec<FieldStep>,
    pub takes: Takes,
    /// Whether a task waits for it, and not a thread.
    pub awaited: bool,
    /// The calls on the way there, the last one takes it.
    pub way: Vec<Link>,
}

/// A call on the way.
#[derive(Clone)]
pub struct Link {
    pub caller: String,
    pub callee: String,
    pub at: Option<Place>,
}

/// Where the caller finds the lock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// In what it gives, `self` first.
    Argument(usize),
    Static(ra_ap_hir_def::StaticId),
}

impl<'db> TakenLocks<'db> {
    pub fn new(workspace: &'db Workspace, known: &'db Known) -> TakenLocks<'db> {
        TakenLocks {
            workspace,
            known,
            functions: RefCell::default(),
            everywhere: RefCell::default(),
            short: RefCell::default(),
            tried: RefCell::default(),
            slow_holders: RefCell::default(),
        }
    }

    /// The asynchronous locks that this body waits for and that nobody holds across an `.await`.
    pub fn short(&self, body: &BodyFacts<'db>) -> Vec<ShortLock> {
        let taken = body.mentions.iter().filter(|it| !body.is_lock_offered(it));
        let mut found: Vec<ShortLock> = taken
            .filter_map(|it| {
                let lock = body.declared_lock(it)?;
                if let Some(known) = self.short.borrow().get(&lock) {
                    return known.clone();
                }
                let kind = it.row.owner()?;
                let judged = short::judge(self.workspace, self.known, &lock, kind);
                self.short.borrow_mut().insert(lock, judged.clone());
                judged
            })
            .collect();
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found.dedup_by(|a, b| a.at == b.at);
        found
    }

    /// All that is done with the locks of one type, or why one of them has to stay what it is.
    pub fn uses(&self, body: &BodyFacts<'db>, lock: &LockType) -> Rc<Result<LockUses, Note>> {
        if let Some(known) = self.everywhere.borrow().get(lock) {
            return Rc::clone(known);
        }
        let uses = Rc::new(everywhere::lock_uses(body, lock));
        self.everywhere.borrow_mut().insert(lock.clone(), Rc::clone(&uses));
        uses
    }

    /// The locks that a call in this body takes by what it calls, each by its place in this body.
    pub(crate) fn by_call(&self, body: &BodyFacts<'db>, call: ExprId) -> Vec<(LockPlace, Taken)> {
        let uses = body.uses.iter().filter(|it| it.expr == call && runs_here(body, it));
        uses.flat_map(|it| self.places(body, it, 0)).collect()
    }

    /// What the future of a call may wait for as a task, once it is polled, each by its place in this body.
    pub(crate) fn of_future(&self, body: &BodyFacts<'db>, call: ExprId) -> Vec<(LockPlace, Taken)> {
        let is_it = |it: &&Use<'db>| {
            it.expr == call
                && matches!(it.form, Form::Call | Form::Method)
                && FunctionSignature::of(body.db, it.function).is_async()
        };
        let all = body.uses.iter().filter(is_it).flat_map(|it| self.places(body, it, 0));
        all.filter(|it| it.1.awaited).collect()
    }

    fn places(
        &self,
        body: &BodyFacts<'db>,
        call: &Use<'db>,
        depth: usize,
    ) -> Vec<(LockPlace, Taken)> {
        let arguments = body.values_of(call.expr);
        let taken = self.of(call.function, depth);
        let place = |it: &Taken| {
            let mut place = match it.from {
                From::Argument(index) => body.lock_place(*arguments.get(index)?)?,
                From::Static(it) => LockPlace { root: Root::Static(it), fields: Vec::new() },
            };
            place.fields.extend(it.fields.iter().copied());
            Some((place, it.clone()))
        };
        taken.iter().filter_map(place).collect()
    }

    fn of(&self, function: FunctionId, depth: usize) -> Rc<Vec<Taken>> {
        if let Some(known) = self.functions.borrow().get(&function) {
            return Rc::clone(known);
        }
        if depth > DEEPEST || !self.is_own(function) {
            return Rc::default();
        }
        // What calls itself takes nothing new by that.
        self.functions.borrow_mut().insert(function, Rc::default());
        let taken = Rc::new(self.look_into(function, depth));
        self.functions.borrow_mut().insert(function, Rc::clone(&taken));
        taken
    }

    fn is_own(&self, function: FunctionId) -> bool {
        let db = self.workspace.db();
        let source = function.lookup(db).source(db).value;
        let is_written = ast::HasName::name(&source).is_some() && source.body().is_some();
        is_written && place::file_of(self.workspace, function).is_some()
    }

    fn look_into(&self, function: FunctionId, depth: usize) -> Vec<Taken> {
        let body = BodyFacts::new(self.workspace, self.known, function, Entered::Called);
        let parameters = parameters(self.workspace, function);
        let caller = names::of_function(body.db, function);
        let mut taken = Vec::new();
        for mention in &body.mentions {
            let is_here = body.is_on_way_of_caller(mention.expr, mention.thread, mention.awaits_in);
            let Some(takes) = mention.row.waits_in_turn().filter(|_| is_here) else { continue };
            let Some(place) = body.lock_of(mention) else { continue };
            let link = Link {
                caller: caller.clone(),
                callee: mention.row.path.clone(),
                at: body.place_of(mention.expr),
            };
            taken.extend(from_outside(&place, &parameters).map(|from| Taken {
                from,
                fields: place.fields.clone(),
                takes,
                awaited: body.is_awaited(mention.expr),
                way: vec![link],
            }));
        }
        for call in body.uses.iter().filter(|it| runs_here(&body, it)) {
            let context = call.context;
            if !body.is_on_way_of_caller(call.expr, context.thread, context.awaits_in) {
                continue;
            }
            for (place, mut it) in self.places(&body, call, depth + 1) {
                let Some(from) = from_outside(&place, &parameters) else { continue };
                let link = Link {
                    caller: caller.clone(),
                    callee: names::of_function(body.db, call.function),
                    at: body.place_of(call.expr),
                };
                it.way.insert(0, link);
                taken.push(Taken { from, fields: place.fields, ..it });
            }
        }
        taken
    }
}

/// A call that is done when it returns, or awaited on the spot.
fn runs_here(body: &BodyFacts<'_>, call: &Use<'_>) -> bool {
    let is_async = FunctionSignature::of(body.db, call.function).is_async();
    let is_call = matches!(call.form, Form::Call | Form::Method) && !call.context.once;
    is_call && (!is_async || call.awaited)
}

fn from_outside(place: &LockPlace, parameters: &[Vec<BindingId>]) -> Option<From> {
    match place.root {
        Root::Static(it) => Some(From::Static(it)),
        Root::Variable(it) => {
            let index = parameters.iter().position(|own| own.contains(&it))?;
            Some(From::Argument(index))
        }
    }
}

/// The variables that each parameter is, `self` first; none for one that a pattern takes apart. An asynchronous function
/// takes its parameters twice, by names of its own first.
pub(in crate::facts) fn parameters(
    workspace: &Workspace,
    function: FunctionId,
) -> Vec<Vec<BindingId>> {
    let body = Body::of(workspace.db(), DefWithBodyId::FunctionId(function));
    let own = body.self_param.iter().map(|it| vec![it.formal, it.user_written]);
    let named = body.params.iter().map(|it| {
        let variable = |pattern| match body[pattern] {
            Pat::Bind { id, subpat: None } => Some(id),
            _ => None,
        };
        [it.formal, it.user_written].into_iter().filter_map(variable).collect()
    });
    own.chain(named).collect()
}

impl BodyFacts<'_> {
    /// Whether whoever calls this function comes by here, whatever he gives it.
    fn is_on_way_of_caller(&self, expr: ExprId, thread: Thread, awaits_in: Option<ExprId>) -> bool {
        let root = self.body.root_expr();
        let is_own_future = awaits_in
            .is_some_and(|it| it == root || self.parents.get(it).is_some_and(|it| *it == root));
        let is_own = thread == Thread::Caller || (thread == Thread::Worker && is_own_future);
        is_own && !self.depends_on_parameter(expr)
    }

    /// Whether a condition around this expression asks a parameter other than `self`.
    fn depends_on_parameter(&self, expr: ExprId) -> bool {
        let mut child = expr;
        while let Some(parent) = self.parents.get(child).copied() {
            let head = match &self.body[parent] {
                Expr::If { condition, .. } if *condition != child => Some(*condition),
                Expr::Match { expr, .. } if *expr != child => Some(*expr),
                _ => None,
            };
            let mut asks = false;
            if let Some(head) = head {
                let own = self.body.self_param.map(|it| [it.formal, it.user_written]);
                self.walk(head, &mut |it| {
                    let local =
                        self.local(it).filter(|it| !own.iter().flatten().any(|own| own == it));
                    asks |= local.is_some_and(|it| self.is_parameter(it));
                });
            }
            if asks {
                return true;
            }
            child = parent;
        }
        false
    }
}
