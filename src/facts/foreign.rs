//! What asks for a runtime that does not run where it is called: things of one runtime below the entry point of another,
//! or on a thread that has entered none.
//!
//! Followed are the calls of which it is known where they run. A function that nobody is seen to call may be called where
//! its runtime runs.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
};

use ra_ap_hir_def::{
    FunctionId, HasModule, Lookup, hir::ExprId, signatures::FunctionSignature, src::HasSource,
};
use ra_ap_syntax::{
    AstNode,
    ast::{self, HasAttrs, HasName},
};

use crate::{
    facts::{
        body::{BodyFacts, Entered, Form},
        calls::Use,
        functions::entry_attribute,
        names, place,
        regions::{Base, Region},
        runs_on::Thread,
    },
    finding::{Note, Place},
    knowledge::{FutureRuns, Row, contexts::Several, resolve::Known},
    workspace::{Target, TargetKind, Workspace},
};

/// Nobody follows a longer chain of calls.
const DEEPEST: usize = 8;

/// So many places in a function and below it say enough.
const MOST: usize = 64;

/// The attributes that say nothing of how a program starts.
const PLAIN_ATTRIBUTES: [&str; 6] = ["allow", "cfg", "deny", "doc", "expect", "warn"];

/// What functions ask for, as calls need it.
pub struct Foreign<'db> {
    workspace: &'db Workspace,
    known: &'db Known,
    functions: RefCell<HashMap<FunctionId, Rc<Asks>>>,
}

/// What a function asks of the place where it is called.
#[derive(Default)]
struct Asks {
    needs: Vec<Need>,
    /// What it has entered for those who go on behind it.
    entered: BTreeSet<String>,
}

/// A call that asks for a runtime.
#[derive(Clone)]
pub struct Need {
    pub runtime: String,
    pub row: Arc<Row>,
    /// The calls on the way there, the last one is the call itself.
    pub way: Vec<Note>,
    /// The function with the call.
    pub(crate) function: FunctionId,
    pub(crate) call: ExprId,
    /// The call that polls the future which all of this is a part of, and the function it stands in.
    driver: Option<(FunctionId, ExprId)>,
}

/// Where nothing serves what is asked for.
pub struct Missing {
    pub at: Place,
    pub entry: Entry,
    /// All that ask for the same runtime there, in their order.
    pub needs: Vec<Need>,
}

/// What the code runs below.
pub enum Entry {
    /// An attribute that starts a runtime, as it is written.
    Attribute { written: String, row: Arc<Row> },
    /// A call that polls a future.
    Call { row: Arc<Row>, function: FunctionId, call: ExprId },
    /// A call that starts a thread.
    Thread {
        call: ExprId,
        /// The runtimes that are certain to run where it stands.
        here: BTreeSet<String>,
        /// What it is given may go on when the function around it is over.
        lives_on: bool,
    },
    /// The start of the program.
    Program,
}

struct Found {
    region: Region,
    need: Need,
    /// The expression of this body that leads there.
    own: ExprId,
}

impl<'db> Foreign<'db> {
    pub fn new(workspace: &'db Workspace, known: &'db Known) -> Foreign<'db> {
        Foreign { workspace, known, functions: RefCell::default() }
    }

    /// Where in this body, or below it, something asks for a runtime that cannot be there.
    pub fn missing(&self, body: &BodyFacts<'db>, target: &Target) -> Vec<Missing> {
        let attribute = entry_attribute(body.db, self.known, body.function);
        let is_start = self.is_start_of_program(body, target);
        let mut missing: Vec<Missing> = Vec::new();
        for Found { region, need, own } in self.below(body, 0) {
            let thread = match region.base {
                Base::OwnThread(call) => Some(call),
                Base::Caller if attribute.is_some() || is_start => None,
                Base::Caller | Base::Unknown => continue,
            };
            let driver = need.driver.filter(|_| attribute.is_none() || thread.is_some());
            let Some((at, entry)) = self.entry(body, attribute.as_ref(), thread, driver, own)
            else {
                continue;
            };
            let same = missing
                .iter_mut()
                .find(|it| it.at == at && it.needs.iter().any(|it| it.runtime == need.runtime));
            match same {
                Some(it) => it.needs.push(need),
                None => missing.push(Missing { at, entry, needs: vec![need] }),
            }
        }
        missing.sort_by(|a, b| a.at.cmp(&b.at));
        missing
    }

    /// Where a program starts with this function, and the libraries below it that are built for several runtimes.
    pub fn built_for_several(
        &self,
        body: &BodyFacts<'db>,
        target: &Target,
    ) -> Option<(Place, Vec<&'db Several>)> {
        let source = body.function.lookup(body.db).source(body.db);
        let start = match entry_attribute(body.db, self.known, body.function) {
            Some((_, attribute)) => attribute.path()?.syntax().clone(),
            None if self.is_start_of_program(body, target) => source.value.name()?.syntax().clone(),
            None => return None,
        };
        let below = body.krate().transitive_deps(body.db);
        let several = self.known.contexts().several().iter();
        let several = several.filter(|it| below.contains(&it.krate)).collect();
        Some((body.place(source.file_id, &start)?, several))
    }

    fn entry(
        &self,
        body: &BodyFacts<'db>,
        attribute: Option<&(Arc<Row>, ast::Attr)>,
        thread: Option<ExprId>,
        driver: Option<(FunctionId, ExprId)>,
        own: ExprId,
    ) -> Option<(Place, Entry)> {
        if let Some((function, call)) = driver {
            let other;
            let body = match function == body.function {
                true => body,
                false => {
                    other = self.body_of(function);
                    &other
                }
            };
            let row = Arc::clone(&body.mention_of(call)?.row);
            return Some((body.place_to_show(call)?, Entry::Call { row, function, call }));
        }
        match (thread, attribute) {
            (Some(call), attribute) => {
                let mut here = body.region(call).entered;
                let name = attribute.and_then(|it| it.0.entry.as_deref());
                let by_attribute = name.and_then(|it| self.known.contexts().of_name(it));
                here.extend(by_attribute.into_iter().flatten().cloned());
                let lives_on = body.mention_of(call).is_some_and(|it| it.form == Form::Call);
                let entry = Entry::Thread { call, here, lives_on };
                Some((body.place_to_show(own)?, entry))
            }
            (None, Some((row, attribute))) => {
                let path = attribute.path()?;
                let file = body.function.lookup(body.db).source(body.db).file_id;
                let entry = Entry::Attribute { written: path.to_string(), row: Arc::clone(row) };
                Some((body.place(file, path.syntax())?, entry))
            }
            (None, None) => Some((body.place_to_show(own)?, Entry::Program)),
        }
    }

    /// Whether a program starts with this function, on a thread that has entered nothing.
    fn is_start_of_program(&self, body: &BodyFacts<'db>, target: &Target) -> bool {
        let function = ra_ap_hir::Function::from(body.function);
        let module = function.module(body.db);
        let source = body.function.lookup(body.db).source(body.db).value;
        let is_plain = |it: ast::Attr| {
            it.simple_name().is_some_and(|it| PLAIN_ATTRIBUTES.contains(&it.as_str()))
        };
        matches!(target.kind, TargetKind::Bin | TargetKind::Example)
            && module.is_crate_root(body.db)
            && function.name(body.db).as_str() == "main"
            && !FunctionSignature::of(body.db, body.function).is_async()
            && source.attrs().all(is_plain)
    }

    /// The body of another function.
    pub(crate) fn body_of(&self, function: FunctionId) -> BodyFacts<'db> {
        BodyFacts::new(self.workspace, self.known, function, Entered::Called)
    }

    fn of(&self, function: FunctionId, depth: usize) -> Rc<Asks> {
        if let Some(known) = self.functions.borrow().get(&function) {
            return Rc::clone(known);
        }
        let source = function.lookup(self.workspace.db()).source(self.workspace.db()).value;
        let is_written = ast::HasName::name(&source).is_some() && source.body().is_some();
        if depth > DEEPEST || !is_written || place::file_of(self.workspace, function).is_none() {
            return Rc::default();
        }
        // What calls itself asks for nothing new by that.
        self.functions.borrow_mut().insert(function, Rc::default());
        let body = self.body_of(function);
        let found = self.below(&body, depth).into_iter();
        let needs = found.filter(|it| it.region.base == Base::Caller).map(|it| it.need);
        let needs = needs.take(MOST).collect();
        let asks = Rc::new(Asks { needs, entered: self.entered(&body, Base::Caller, depth) });
        self.functions.borrow_mut().insert(function, Rc::clone(&asks));
        asks
    }

    /// What the future asks for that this call polls.
    pub fn asked_below(&self, body: &BodyFacts<'db>, call: ExprId) -> Vec<Need> {
        let all = self.asked(body, 0).into_iter();
        let mut below: Vec<Found> = all.filter(|it| it.region.driver == Some(call)).collect();
        below.sort_by_key(|it| body.position(it.own));
        below.into_iter().map(|it| it.need).collect()
    }

    /// What this body and the functions that it calls ask for and do not find, as far as that is known.
    fn below(&self, body: &BodyFacts<'db>, depth: usize) -> Vec<Found> {
        let contexts = self.known.contexts();
        let attribute = entry_attribute(body.db, self.known, body.function);
        let by_attribute = match attribute.and_then(|it| it.0.entry.clone()) {
            None => BTreeSet::new(),
            Some(name) => match contexts.of_name(&name) {
                Some(it) => it.clone(),
                None => return Vec::new(),
            },
        };
        let mut found = self.asked(body, depth);
        let mut entered: HashMap<ExprId, BTreeSet<String>> = HashMap::new();
        let by_guards = self.entered(body, Base::Caller, depth);
        found.retain_mut(|it| {
            let around = match it.region.base {
                Base::Caller => by_guards.union(&by_attribute).cloned().collect(),
                Base::OwnThread(call) => entered
                    .entry(call)
                    .or_insert_with(|| self.entered(body, it.region.base, depth))
                    .clone(),
                Base::Unknown => return false,
            };
            let driver = it.region.driver.map(|it| (body.function, it));
            it.need.driver = driver.or(it.need.driver);
            !around.contains(&it.need.runtime) && !it.region.entered.contains(&it.need.runtime)
        });
        found.sort_by_key(|it| body.position(it.own));
        found
    }

    /// What this body and the functions that it calls ask for.
    fn asked(&self, body: &BodyFacts<'db>, depth: usize) -> Vec<Found> {
        let contexts = self.known.contexts();
        // Who asks whether a runtime runs knows what to do where none does.
        if body.mentions.iter().any(|it| it.row.tells_runtime) {
            return Vec::new();
        }
        let mut found = Vec::new();
        let chooses = body.chooses_runtime();
        let may_run = |it: Thread| it != Thread::Unknown;
        for mention in body.mentions.iter().filter(|it| is_call(it.form) && may_run(it.thread)) {
            let Some(runtime) = &mention.row.driven_by else { continue };
            if contexts.outside(runtime).is_none() || (chooses && body.is_chosen(mention.expr)) {
                continue;
            }
            let asks_late = mention.row.when_polled || body.gives_own_future(mention.expr);
            let region = match asks_late {
                true => body.region_of_future(mention.expr),
                false => body.region(mention.expr),
            };
            let way = vec![body.step(mention.expr, &mention.row.path)];
            let need = Need {
                runtime: runtime.clone(),
                row: Arc::clone(&mention.row),
                way,
                function: body.function,
                call: mention.expr,
                driver: None,
            };
            found.push(Found { region, need, own: mention.expr });
        }
        let calls = body.uses.iter().filter(|it| is_call(it.form) && may_run(it.context.thread));
        for it in calls {
            found.extend(self.below_call(body, it, depth));
        }
        found
    }

    fn below_call(&self, body: &BodyFacts<'db>, call: &Use<'db>, depth: usize) -> Vec<Found> {
        let function = body.implementation(call);
        let asks = self.of(function, depth + 1);
        if asks.needs.is_empty() || (body.chooses_runtime() && body.is_chosen(call.expr)) {
            return Vec::new();
        }
        let region = match FunctionSignature::of(body.db, function).is_async() {
            true => body.region_of_future(call.expr),
            false => body.region(call.expr),
        };
        let step = body.step(call.expr, &names::of_function(body.db, function));
        let found = |need: &Need| {
            let mut need = need.clone();
            need.way.insert(0, step.clone());
            Found { region: region.clone(), need, own: call.expr }
        };
        asks.needs.iter().map(found).collect()
    }

    /// The runtimes that guards have entered, those of functions that are called among them: they may hand theirs on.
    fn entered(&self, body: &BodyFacts<'db>, base: Base, depth: usize) -> BTreeSet<String> {
        let mut entered = body.entered_by_guards(base);
        for it in body.uses.iter().filter(|it| is_call(it.form)) {
            let asks = self.of(it.function, depth + 1);
            if !asks.entered.is_empty() && body.region(it.expr).base == base {
                entered.extend(asks.entered.iter().cloned());
            }
        }
        entered
    }
}

fn is_call(form: Form) -> bool {
    matches!(form, Form::Call | Form::Method)
}

impl BodyFacts<'_> {
    /// Whether things of several runtimes stand in here: then a branch says which of them is meant.
    fn chooses_runtime(&self) -> bool {
        let drives = |it: &Use<'_>| {
            let mention = self.mention_of(it.expr);
            mention.is_some_and(|it| it.row.future == Some(FutureRuns::Driven))
        };
        let things = self.uses.iter().filter(|it| is_call(it.form) && !drives(it));
        let runtimes: BTreeSet<&str> = things
            .filter_map(|it| self.known.runtime(it.function.krate(self.db)))
            .map(|it| it.name.as_str())
            .collect();
        runtimes.len() > 1
    }

    /// What becomes of things of this runtime where it does not run.
    pub fn outside(&self, runtime: &str) -> Option<String> {
        let outside = self.known.contexts().outside(runtime)?;
        Some(format!("where {runtime} does not run, {outside}"))
    }

    /// What the runtime of an entry point has in the place of something that needs another one.
    pub fn in_place_of<'a>(&'a self, row: &'a Row, runtime: &str) -> Option<&'a str> {
        self.known.contexts().in_place_of(row, runtime)
    }

    /// The runtimes that the library of a function is made for.
    pub fn made_for<'a>(&'a self, row: &'a Row) -> Option<&'a [String]> {
        self.known.contexts().made_for(row)
    }

    /// The runtime that the crate of a function is a part of.
    pub fn runtime_of_row<'a>(&'a self, row: &'a Row) -> Option<&'a str> {
        self.known.contexts().runtime_of(row)
    }

    /// Whether this calls an asynchronous function.
    fn gives_own_future(&self, call: ExprId) -> bool {
        let called = self.uses.iter().find(|it| it.expr == call);
        called.is_some_and(|it| FunctionSignature::of(self.db, it.function).is_async())
    }

    fn position(&self, expr: ExprId) -> usize {
        let called = self.uses.iter().find(|it| it.expr == expr);
        called.map_or(usize::MAX, |it| it.position)
    }

    fn step(&self, call: ExprId, callee: &str) -> Note {
        let caller = names::of_function(self.db, self.function);
        Note::perhaps_at(self.place_to_show(call), format!("`{caller}` calls `{callee}`"))
    }
}
