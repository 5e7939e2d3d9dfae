//! What functions wait for, by themselves or through what they call, each with the shortest chain that shows it.
//!
//! An effect spreads from a function to its callers where the call runs on the caller's own thread. What is not known
//! does not wait.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use ra_ap_hir_def::{FunctionId, hir::ExprId};

use crate::{
    facts::{
        body::{BodyFacts, Entered, Form, Mention},
        calls::Use,
        effects::{
            declared::Declared,
            graph::{By, Graph, Node},
            implementations::Implementations,
        },
        functions::Mentions,
        names, place,
        runs_on::{Context, Thread},
    },
    finding::{FilePath, Place},
    knowledge::{Row, Wait, resolve::Known},
    workspace::{Workspace, cache::KeptWait},
};

/// So many calls at the start of a chain are shown, and as many at its end.
const SHOWN: usize = 4;

mod constants;
pub(super) mod declared;
mod graph;
mod implementations;
mod kept;
mod summary;

/// What is known of the functions that somebody asked about, and of all that they call.
pub struct Effects<'m, 'db> {
    workspace: &'db Workspace,
    known: &'db Known,
    /// Where names stand that may lead to a wait.
    mentions: &'m Mentions,
    declared: Declared,
    implementations: Implementations,
    graph: RefCell<Graph<'db>>,
    /// By file, what stands behind the calls in it.
    behind: RefCell<BTreeMap<FilePath, Behind>>,
}

/// The functions that calls go through, as far as they come to something, and the files of these.
#[derive(Default)]
struct Behind {
    seen: HashSet<Node>,
    files: BTreeSet<FilePath>,
}

/// A call on a thread that drives tasks, to a function that waits.
pub struct BlockingCall {
    /// The function that is called.
    pub callee: String,
    /// The call, with a row that says of it what is known of the function.
    pub mention: Mention,
    pub effect: Effect,
    /// How many of the things that this call waits for are surer.
    pub behind: usize,
}

/// That a function waits.
pub struct Effect {
    pub wait: Wait,
    /// What it comes to in the end.
    pub row: Arc<Row>,
    /// The calls on the way there, the first one in the function itself. Of a very long way the middle is left out, ...
    pub chain: Vec<Step>,
    /// ... which is so many calls.
    pub left_out: usize,
}

/// A call on the way to what waits.
#[derive(Clone)]
pub struct Step {
    /// The function that calls, ...
    pub caller: String,
    /// ... and the one that is called.
    pub callee: String,
    /// None outside the workspace.
    pub at: Option<Place>,
    /// Whether the function that calls is the user's to change.
    pub own: bool,
}

impl<'m, 'db> Effects<'m, 'db> {
    pub fn new(
        workspace: &'db Workspace,
        known: &'db Known,
        mentions: &'m Mentions,
    ) -> Effects<'m, 'db> {
        let declared = Declared::in_all_files(workspace);
        let implementations = Implementations::default();
        let graph = RefCell::new(Graph::default());
        let behind = RefCell::default();
        Effects { workspace, known, mentions, declared, implementations, graph, behind }
    }

    /// Every call in this body that waits on a thread that drives tasks.
    pub fn in_body(&self, body: &BodyFacts<'db>) -> Vec<BlockingCall> {
        let stands_in_the_way = |it: &&Use<'db>| {
            let Context { thread, once, .. } = it.context;
            matches!(thread, Thread::Worker | Thread::Driver) && it.form != Form::Named && !once
        };
        let mut found = Vec::new();
        let mut looked_into = Vec::new();
        for it in body.uses.iter().filter(stands_in_the_way) {
            let (nodes, waits) = self.waits_behind(body, it);
            if !waits.is_empty() {
                looked_into.extend(nodes);
            }
            for (behind, (wait, node)) in waits.into_iter().enumerate() {
                let effect = self.effect(wait, node);
                let row = Arc::new(effect.row.of_caller());
                let mention = Mention::new(row, it.form, it.expr, it.context, it.position);
                let callee = match body.is_loop(it.expr) {
                    // What a `for` calls nobody has written: only whose it is says something.
                    true => self.graph.borrow().name(self, node),
                    false => names::of_function(body.db, it.function),
                };
                found.push(BlockingCall { callee, mention, effect, behind });
            }
        }
        kept::keep(self);
        self.add_behind(body.function, looked_into);
        found
    }

    /// What a call waits for that runs on no thread which drives tasks, by what it calls, with the name of that.
    pub(super) fn off_workers(&self, body: &BodyFacts<'db>, call: ExprId) -> Vec<(String, Effect)> {
        let counts = |it: &&Use<'db>| {
            let Context { thread, once, .. } = it.context;
            let may_block = matches!(thread, Thread::MayBlock | Thread::Caller);
            it.expr == call && may_block && it.form != Form::Named && !once
        };
        let mut found = Vec::new();
        for it in body.uses.iter().filter(counts) {
            let (_, waits) = self.waits_behind(body, it);
            let name = names::of_function(body.db, it.function);
            found.extend(waits.into_iter().map(|it| (name.clone(), self.effect(it.0, it.1))));
        }
        found
    }

    /// The functions that a call may come to, and what they wait for.
    fn waits_behind(
        &self,
        body: &BodyFacts<'db>,
        call: &Use<'db>,
    ) -> (Vec<Node>, Vec<(Wait, Node)>) {
        let mut graph = self.graph.borrow_mut();
        let nodes = graph.nodes_of(self, body, call);
        let waits = graph.waits_of_all(self, &nodes);
        (nodes, waits)
    }

    fn add_behind(&self, caller: FunctionId, nodes: Vec<Node>) {
        if let Some(file) = place::file_of(self.workspace, caller) {
            let mut behind = self.behind.borrow_mut();
            self.graph.borrow().add_behind(self, nodes, behind.entry(file).or_default());
        }
    }

    /// For each file whose bodies were asked about, those of the functions that they go through.
    pub fn behind(&self) -> BTreeMap<FilePath, BTreeSet<FilePath>> {
        let behind = self.behind.borrow();
        behind.iter().map(|(file, it)| (file.clone(), it.files.clone())).collect()
    }

    /// The shortest way from this function to something that waits.
    fn effect(&self, wait: Wait, from: Node) -> Effect {
        let graph = self.graph.borrow();
        let (mut links, row) = self.links(&graph, wait, from);
        let middle = SHOWN..links.len().saturating_sub(SHOWN).max(SHOWN);
        let left_out = links.get(middle.clone()).map_or(0, <[_]>::len);
        if left_out > 0 {
            links.drain(middle);
        }
        let chain = links.into_iter().map(|it| self.step(&graph, it)).collect();
        Effect { wait, row, chain, left_out }
    }

    /// What is kept of a function that waits.
    fn kept_wait(&self, graph: &Graph<'db>, wait: Wait, node: Node) -> KeptWait {
        let (links, row) = self.links(graph, wait, node);
        let caller = |it: Link| match it {
            Link::Read { caller, .. } => graph.name(self, caller),
            Link::Before { caller, .. } => caller,
        };
        KeptWait { wait, row: row.path.clone(), way: links.into_iter().map(caller).collect() }
    }

    /// All calls on the way, and the row of what waits at its end.
    fn links(&self, graph: &Graph<'db>, wait: Wait, from: Node) -> (Vec<Link>, Arc<Row>) {
        let mut links = Vec::new();
        let mut node = from;
        loop {
            let reach = graph.reach(node, wait).expect("every link of a chain waits");
            match &reach.by {
                By::Call { expr, next, .. } => {
                    let callee = Callee::Read(*next);
                    links.push(Link::Read { caller: node, expr: *expr, callee });
                    node = *next;
                }
                By::Itself { row, expr } => {
                    // Of what a comment says there is no call to show.
                    if row.blocks != Some(Wait::Said) {
                        let callee = Callee::Row(row.path.clone());
                        links.push(Link::Read { caller: node, expr: *expr, callee });
                    }
                    return (links, Arc::clone(row));
                }
                By::Before { row, way } => {
                    let callees = way.iter().skip(1).chain([&row.path]).cloned();
                    let calls = way.iter().cloned().zip(callees);
                    links.extend(calls.map(|(caller, callee)| Link::Before { caller, callee }));
                    return (links, Arc::clone(row));
                }
            }
        }
    }

    fn step(&self, graph: &Graph<'db>, link: Link) -> Step {
        let (node, expr, callee) = match link {
            Link::Read { caller, expr, callee: Callee::Row(path) } => (caller, expr, path),
            Link::Read { caller, expr, callee: Callee::Read(next) } => {
                (caller, expr, graph.name(self, next))
            }
            Link::Before { caller, callee } => {
                return Step { caller, callee, at: None, own: false };
            }
        };
        let function = graph.function(node);
        let own = summary::is_own(self.workspace, function);
        let caller = graph.name(self, node);
        if !own {
            return Step { caller, callee, at: None, own };
        }
        let body = BodyFacts::new(self.workspace, self.known, function, Entered::Called);
        let at = body.place_to_show(expr);
        Step { caller, callee, at, own }
    }
}

/// A call on the way to what waits.
enum Link {
    /// In a function whose code was read.
    Read {
        caller: Node,
        expr: ExprId,
        callee: Callee,
    },
    Before {
        caller: String,
        callee: String,
    },
}

enum Callee {
    Read(Node),
    /// A path.
    Row(String),
}
