//! The functions that are asked about and all that they call, as a graph that grows, and what each of them waits for.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet},
    sync::Arc,
};

use ra_ap_hir_def::{FunctionId, hir::ExprId};
use ra_ap_hir_ty::next_solver::GenericArgs;

use crate::{
    facts::{
        body::BodyFacts,
        calls::Use,
        effects::{
            Effects,
            implementations::Callee,
            summary::{Call, Summary},
        },
        place,
    },
    finding::FilePath,
    knowledge::{Row, Wait},
};

/// A function generic in what it calls is there once for each choice of types, up to this many. Recursion may ask for
/// more of them without end.
const INSTANCES: usize = 32;

pub(super) type Node = usize;

#[derive(Default)]
pub(super) struct Graph<'db> {
    summaries: HashMap<FunctionId, Arc<Summary<'db>>>,
    /// By function, and by what stands for its generics where that matters.
    nodes: HashMap<(FunctionId, Option<GenericArgs<'db>>), Node>,
    instances: Vec<Instance<'db>>,
    count: HashMap<FunctionId, usize>,
}

struct Instance<'db> {
    function: FunctionId,
    args: Option<GenericArgs<'db>>,
    edges: Vec<Edge>,
    reach: BTreeMap<Wait, Reach>,
}

/// A call to one of some functions: nobody knows which.
struct Edge {
    expr: ExprId,
    targets: Vec<Node>,
}

/// That a function comes to wait.
pub(super) struct Reach {
    /// How many calls away.
    distance: usize,
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
}

impl Reach {
    fn edge(&self) -> Option<usize> {
        match self.by {
            By::Itself { .. } => None,
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
        let nodes = self.targets(effects, callees);
        self.explore(effects, first_new);
        self.settle(first_new);
        nodes
    }

    /// What each of these waits for, with the one that takes longest to get there.
    pub fn waits_of_all(&self, nodes: &[Node]) -> BTreeMap<Wait, Node> {
        let Some(first) = nodes.first() else { return BTreeMap::new() };
        let slowest = |wait: &Wait| {
            let reach = nodes.iter().map(|it| Some((self.reach(*it, *wait)?.distance, *it)));
            let reach = reach.collect::<Option<Vec<_>>>()?;
            // The first of those that take equally long.
            Some((*wait, reach.into_iter().rev().max_by_key(|it| it.0)?.1))
        };
        self.instances[*first].reach.keys().filter_map(slowest).collect()
    }

    /// The files of all functions that these lead to.
    pub fn files_behind(&self, effects: &Effects<'_, 'db>, from: Vec<Node>) -> BTreeSet<FilePath> {
        let mut seen: HashSet<Node> = from.iter().copied().collect();
        let mut waiting = from;
        let mut files = BTreeSet::new();
        while let Some(node) = waiting.pop() {
            files.extend(place::file_of(effects.workspace, self.function(node)));
            for next in self.instances[node].edges.iter().flat_map(|it| &it.targets) {
                if seen.insert(*next) {
                    waiting.push(*next);
                }
            }
        }
        files
    }

    /// Follows the calls of every function from this one on, until there is no new one.
    fn explore(&mut self, effects: &Effects<'_, 'db>, first_new: Node) {
        let mut node = first_new;
        while node < self.instances.len() {
            let Instance { function, args, .. } = self.instances[node];
            let summary = self.summary(effects, function);
            let mut edges = Vec::new();
            for call in &summary.calls {
                let Call { function: callee, args: written, expr, open } = call;
                let given = match (open, args) {
                    (true, Some(args)) => effects.substituted(*written, args),
                    _ => *written,
                };
                let krate = effects.krate_of(function);
                let callees = effects.callees(*callee, given, krate, function);
                let targets = self.targets(effects, callees);
                if !targets.is_empty() {
                    edges.push(Edge { expr: *expr, targets });
                }
            }
            self.instances[node].edges = edges;
            node += 1;
        }
    }

    /// The nodes of these functions. Empty when one of them is not known well enough.
    fn targets(&mut self, effects: &Effects<'_, 'db>, callees: Vec<Callee<'db>>) -> Vec<Node> {
        let mut found = Vec::new();
        for callee in callees {
            match self.node(effects, callee) {
                Some(it) if found.contains(&it) => {}
                Some(it) => found.push(it),
                None => return Vec::new(),
            }
        }
        found
    }

    fn node(&mut self, effects: &Effects<'_, 'db>, callee: Callee<'db>) -> Option<Node> {
        let summary = self.summary(effects, callee.function);
        let args = summary.is_open().then_some(callee.args);
        // A method of a trait and one that implements it need not have the same generics.
        if args.is_some_and(|it| it.len() != effects.count_generics(callee.function)) {
            return None;
        }
        let key = (callee.function, args);
        if let Some(node) = self.nodes.get(&key) {
            return Some(*node);
        }
        let count = self.count.entry(callee.function).or_default();
        if *count == INSTANCES {
            return None;
        }
        *count += 1;
        let by_itself = |(row, expr): &(Arc<Row>, ExprId)| {
            let by = By::Itself { row: Arc::clone(row), expr: *expr };
            Some((row.blocks?, Reach { distance: 0, by }))
        };
        // The first mention of each kind is the one that is shown.
        let reach = summary.waits.iter().rev().filter_map(by_itself).collect();
        let function = callee.function;
        self.instances.push(Instance { function, args, edges: Vec::new(), reach });
        self.nodes.insert(key, self.instances.len() - 1);
        Some(self.instances.len() - 1)
    }

    fn summary(&mut self, effects: &Effects<'_, 'db>, function: FunctionId) -> Arc<Summary<'db>> {
        let summary = self
            .summaries
            .entry(function)
            .or_insert_with(|| Arc::new(Summary::of(effects, function)));
        Arc::clone(summary)
    }

    /// Spreads what the functions from this one on wait for, nearest first. Those before it have all they will have:
    /// they call none of the new ones.
    fn settle(&mut self, first_new: Node) {
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
                let last =
                    |it: &&Node| self.reach(**it, wait).is_some_and(|it| it.distance == distance);
                let next = edge.targets.iter().find(last).copied().unwrap_or(node);
                let by = By::Call { edge: *index, expr: edge.expr, next };
                let reach = Reach { distance: distance + 1, by };
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
