//! The functions that are asked about and all that they call, as a graph that grows, and what each of them waits for.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
    sync::Arc,
};

use ra_ap_hir_def::{FunctionId, hir::ExprId};
use ra_ap_hir_ty::next_solver::GenericArgs;

use crate::{
    facts::{
        body::BodyFacts,
        calls::Use,
        effects::{
            Behind, Effects,
            constants::{self, Constants},
            implementations::Callee,
            kept,
            summary::{self, Call, Summary, Waits},
        },
        place,
    },
    knowledge::{Row, Wait},
};

/// A function generic in what it calls is there once for each choice of types, up to this many. Recursion may ask for
/// more of them without end.
const INSTANCES: usize = 32;

/// So many functions of dependencies are read in one run. Those that are kept from earlier runs do not count.
const READ: usize = 2_000;

/// A function of a dependency that comes to wait so many calls further down is taken not to: nobody would believe it.
const DEPTH: usize = 12;

pub(super) type Node = usize;

#[derive(Default)]
pub(super) struct Graph<'db> {
    summaries: HashMap<FunctionId, Arc<Summary<'db>>>,
    /// By function, and by what stands for its generics where that matters.
    nodes: HashMap<Key<'db>, Node>,
    instances: Vec<Instance<'db>>,
    count: HashMap<FunctionId, usize>,
    /// How many functions of dependencies were read.
    read: usize,
    /// Those of them that nobody has kept yet.
    unkept: Vec<Node>,
}

/// A function, what stands for its generics, and what it is given.
type Key<'db> = (FunctionId, Option<GenericArgs<'db>>, Constants);

struct Instance<'db> {
    function: FunctionId,
    args: Option<GenericArgs<'db>>,
    constants: Constants,
    edges: Vec<Edge>,
    reach: BTreeMap<Wait, Reach>,
    /// Whether all that is known of it was known before.
    is_kept: bool,
}

/// Where it is known from what a function does.
#[derive(PartialEq, Eq)]
enum Origin {
    Read,
    Kept,
}

/// A call to one of some functions: nobody knows which.
struct Edge {
    expr: ExprId,
    /// In how many branches it stands.
    branches: usize,
    targets: Vec<Node>,
}

/// That a function comes to wait.
pub(super) struct Reach {
    /// How many calls away.
    pub distance: usize,
    /// How many branches have to be taken on the way.
    pub branches: usize,
    pub by: By,
}

/// How a function comes to wait.
pub(super) enum By {
    Itself {
        row: Arc<Row>,
        expr: ExprId,
    },
    /// By this one of its calls.
    Call {
        edge: usize,
        expr: ExprId,
        next: Node,
    },
    /// Through functions of a dependency, as they were found to call each other before.
    Before {
        row: Arc<Row>,
        way: Vec<String>,
    },
}

impl Reach {
    fn edge(&self) -> Option<usize> {
        match self.by {
            By::Itself { .. } | By::Before { .. } => None,
            By::Call { edge, .. } => Some(edge),
        }
    }
}

impl<'db> Graph<'db> {
    pub fn function(&self, node: Node) -> FunctionId {
        self.instances[node].function
    }

    pub fn name(&self, effects: &Effects<'_, 'db>, node: Node) -> String {
        crate::facts::names::of_function(effects.workspace.db(), self.function(node))
    }

    pub fn reach(&self, node: Node, wait: Wait) -> Option<&Reach> {
        self.instances[node].reach.get(&wait)
    }

    /// The functions that a call may come to, with all that they wait for.
    pub fn nodes_of(
        &mut self,
        effects: &Effects<'_, 'db>,
        body: &BodyFacts<'db>,
        call: &Use<'db>,
    ) -> Vec<Node> {
        let first_new = self.instances.len();
        let callees = effects.callees(call.function, call.args, body.krate(), body.function);
        let constants = constants::handed_on(&body.given_to(call.expr), &Constants::new());
        let nodes = self.targets(effects, callees, &constants);
        self.explore(effects, first_new);
        self.settle(effects, first_new);
        nodes
    }

    /// What each of these waits for, with the one that takes longest to get there; the surest first. Of a function of a
    /// dependency the nearest is enough: nobody can mend one and leave the others.
    pub fn waits_of_all(&self, effects: &Effects<'_, 'db>, nodes: &[Node]) -> Vec<(Wait, Node)> {
        let Some(first) = nodes.first() else { return Vec::new() };
        let slowest = |wait: &Wait| {
            let reach = nodes.iter().map(|it| Some((self.reach(*it, *wait)?.distance, *it)));
            let reach = reach.collect::<Option<Vec<_>>>()?;
            // The first of those that take equally long.
            let (distance, node) = reach.into_iter().rev().max_by_key(|it| it.0)?;
            Some((distance, *wait, node))
        };
        let mut all: Vec<_> = self.instances[*first].reach.keys().filter_map(slowest).collect();
        all.sort();
        match summary::is_own(effects.workspace, self.function(*first)) {
            true => all.sort_by_key(|it| self.reach(it.2, it.1).map(|it| it.branches)),
            false => all.truncate(1),
        }
        all.into_iter().map(|it| (it.1, it.2)).collect()
    }

    /// Adds all functions that these lead to, and their files.
    pub fn add_behind(&self, effects: &Effects<'_, 'db>, from: Vec<Node>, behind: &mut Behind) {
        let mut waiting = from;
        waiting.retain(|it| behind.seen.insert(*it));
        while let Some(node) = waiting.pop() {
            behind.files.extend(place::file_of(effects.workspace, self.function(node)));
            let next = self.instances[node].edges.iter().flat_map(|it| &it.targets);
            waiting.extend(next.filter(|it| behind.seen.insert(**it)));
        }
    }

    /// Follows the calls of every function from this one on, until there is no new one.
    fn explore(&mut self, effects: &Effects<'_, 'db>, first_new: Node) {
        let mut node = first_new;
        while node < self.instances.len() {
            let Instance { function, args, ref constants, .. } = self.instances[node];
            if self.instances[node].is_kept {
                node += 1;
                continue;
            }
            let constants = constants.clone();
            let summary = self.summary(effects, function);
            let mut edges = Vec::new();
            for call in &summary.calls {
                let Call { function: callee, args: written, expr, open, given, demands, branches } =
                    call;
                if !constants::is_reached(demands, &constants) {
                    continue;
                }
                let constants = constants::handed_on(given, &constants);
                let args = match (open, args) {
                    (true, Some(args)) => effects.substituted(function, *written, args),
                    _ => *written,
                };
                let krate = effects.krate_of(function);
                let callees = effects.callees(*callee, args, krate, function);
                let targets = self.targets(effects, callees, &constants);
                if !targets.is_empty() {
                    edges.push(Edge { expr: *expr, branches: *branches, targets });
                }
            }
            self.instances[node].edges = edges;
            node += 1;
        }
    }

    /// The nodes of these functions. Empty when one of them is not known well enough.
    fn targets(
        &mut self,
        effects: &Effects<'_, 'db>,
        callees: Vec<Callee<'db>>,
        constants: &Constants,
    ) -> Vec<Node> {
        let mut found = Vec::new();
        for callee in callees {
            match self.node(effects, callee, constants) {
                Some(it) if found.contains(&it) => {}
                Some(it) => found.push(it),
                None => return Vec::new(),
            }
        }
        found
    }

    fn node(
        &mut self,
        effects: &Effects<'_, 'db>,
        callee: Callee<'db>,
        constants: &Constants,
    ) -> Option<Node> {
        if let Some(node) = self.nodes.get(&(callee.function, None, Constants::new())) {
            return Some(*node);
        }
        if let Some(reach) = kept::reach(effects, callee.function) {
            let key = (callee.function, None, Constants::new());
            return Some(self.add(key, reach, Origin::Kept));
        }
        let summary = self.summary(effects, callee.function);
        let args = summary.is_open().then_some(callee.args);
        // A method of a trait and one that implements it need not have the same generics.
        if args.is_some_and(|it| it.len() != effects.count_generics(callee.function)) {
            return None;
        }
        let asked = constants.iter().filter(|it| summary.asks_for(it.0));
        let mut key = (callee.function, args, asked.cloned().collect::<Constants>());
        if let Some(node) = self.nodes.get(&key) {
            return Some(*node);
        }
        let count = self.count.entry(callee.function).or_default();
        if *count >= INSTANCES {
            // What it is given is no longer told apart.
            key.2.clear();
            if let Some(node) = self.nodes.get(&key) {
                return Some(*node);
            }
            if *count >= 2 * INSTANCES {
                return None;
            }
        }
        *count += 1;
        let by_itself = |it: &Waits| {
            let by = By::Itself { row: Arc::clone(&it.row), expr: it.expr };
            Some((it.row.blocks?, Reach { distance: 0, branches: it.branches, by }))
        };
        let waits = summary.waits.iter().filter(|it| constants::is_reached(&it.demands, &key.2));
        // The first mention of each kind is the one that is shown.
        let reach = waits.rev().filter_map(by_itself).collect();
        let node = self.add(key, reach, Origin::Read);
        if kept::is_read(effects, callee.function) {
            self.unkept.push(node);
        }
        Some(node)
    }

    fn add(&mut self, key: Key<'db>, reach: BTreeMap<Wait, Reach>, origin: Origin) -> Node {
        let (function, args, constants) = key.clone();
        let is_kept = origin == Origin::Kept;
        let edges = Vec::new();
        self.instances.push(Instance { function, args, constants, edges, reach, is_kept });
        let node = self.instances.len() - 1;
        self.nodes.insert(key, node);
        node
    }

    /// The functions of dependencies that were read since somebody asked for them last.
    pub fn take_unkept(&mut self) -> Vec<Node> {
        std::mem::take(&mut self.unkept)
    }

    /// All that a function waits for.
    pub fn waits_of(&self, node: Node) -> impl Iterator<Item = Wait> {
        self.instances[node].reach.keys().copied()
    }

    fn summary(&mut self, effects: &Effects<'_, 'db>, function: FunctionId) -> Arc<Summary<'db>> {
        if let Some(it) = self.summaries.get(&function) {
            return Arc::clone(it);
        }
        let summary = match summary::is_own(effects.workspace, function) {
            true => Summary::of_own(effects, function),
            false if self.read > READ => Summary::default(),
            false if effects.mentions.lead_into(effects.workspace.db(), function) => {
                self.read += 1;
                Summary::of_dependency(effects, function)
            }
            // Of most functions their names tell that they come to nothing.
            false => Summary::default(),
        };
        let summary = Arc::new(summary);
        self.summaries.insert(function, Arc::clone(&summary));
        summary
    }

    /// Whether there were too many functions of dependencies to read them all.
    pub fn has_given_up(&self) -> bool {
        self.read > READ
    }

    /// Spreads what the functions from this one on wait for, nearest first. Those before it have all they will have:
    /// they call none of the new ones.
    fn settle(&mut self, effects: &Effects<'_, 'db>, first_new: Node) {
        let mut callers: HashMap<Node, Vec<(Node, usize)>> = HashMap::new();
        let mut missing: HashMap<(Node, usize, Wait), usize> = HashMap::new();
        let mut queue: BinaryHeap<Reverse<(usize, Node, Wait)>> = BinaryHeap::new();
        for node in first_new..self.instances.len() {
            queue.extend(self.reached(node));
            for (index, edge) in self.instances[node].edges.iter().enumerate() {
                for target in &edge.targets {
                    callers.entry(*target).or_default().push((node, index));
                }
            }
        }
        for old in callers.keys().filter(|it| **it < first_new) {
            queue.extend(self.reached(*old));
        }
        while let Some(Reverse((distance, node, wait))) = queue.pop() {
            for (caller, index) in callers.get(&node).into_iter().flatten() {
                let edge = &self.instances[*caller].edges[*index];
                let left = missing.entry((*caller, *index, wait)).or_insert(edge.targets.len());
                *left -= 1;
                // Where one of several functions is called, all of them have to wait.
                if *left > 0 {
                    continue;
                }
                let known = self.reach(*caller, wait).map(|it| (it.distance, it.edge()));
                // Of ways that are equally long the first in the text is shown, whoever asks, and whatever was asked
                // before: what is found must not change its words when other code is edited.
                if known.is_some_and(|it| it <= (distance + 1, Some(*index))) {
                    continue;
                }
                let function = self.instances[*caller].function;
                if distance >= DEPTH && !summary::is_own(effects.workspace, function) {
                    continue;
                }
                let last =
                    |it: &&Node| self.reach(**it, wait).is_some_and(|it| it.distance == distance);
                let next = edge.targets.iter().find(last).copied().unwrap_or(node);
                let by = By::Call { edge: *index, expr: edge.expr, next };
                let below = self.reach(next, wait).map_or(0, |it| it.branches);
                let branches = edge.branches + below;
                let reach = Reach { distance: distance + 1, branches, by };
                self.instances[*caller].reach.insert(wait, reach);
                if known.is_none() {
                    queue.push(Reverse((distance + 1, *caller, wait)));
                }
            }
        }
    }

    fn reached(&self, node: Node) -> Vec<Reverse<(usize, Node, Wait)>> {
        let reach = self.instances[node].reach.iter();
        reach.map(|(wait, it)| Reverse((it.distance, node, *wait))).collect()
    }
}
