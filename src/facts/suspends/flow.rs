//! What is filled, lent and needed at each step of a graph: the compiler's own dataflows, on bits.

use ra_ap_hir_def::hir::ExprId;

use crate::facts::suspends::{
    Kept,
    graph::{BlockId, Contents, End, Graph, LocalId, Made, Op, Step},
    set::Set,
    spread::{self, Meet},
};

/// Going backward over a step: what it needs.
fn need(needed: &mut Set, step: &Step) {
    if let Step::Run(op) = step {
        op.into.iter().for_each(|it| needed.remove(*it));
        op.operands().for_each(|it| needed.add(it));
    }
}

/// What is known before a step, going forward.
#[derive(Clone)]
struct State {
    /// It has a value, on some way here.
    filled: Set,
    /// That value may hold what its type says.
    full: Set,
    borrowed: Set,
    /// Its place is in use.
    stored: Set,
}

impl State {
    fn new(count: usize) -> State {
        let none = Set::of_size(count);
        State { filled: none.clone(), full: none.clone(), borrowed: none.clone(), stored: none }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Run(op) => self.run(op),
            Step::Drop { local, .. } => {
                // A drop lends the value to its destructor.
                if self.filled.has(*local) {
                    self.borrowed.add(*local);
                }
                self.filled.remove(*local);
                self.full.remove(*local);
            }
            Step::Gone(local) => {
                let sets = [&mut self.filled, &mut self.full, &mut self.borrowed, &mut self.stored];
                sets.into_iter().for_each(|it| it.remove(*local));
            }
            Step::Told { .. } => {}
            Step::Emptied(local) => self.full.remove(*local),
        }
    }

    fn run(&mut self, op: &Op) {
        let full = match op.result {
            Contents::Anything => true,
            Contents::OfOperands => op.operands().any(|it| self.full.has(it)),
        };
        op.borrows.iter().for_each(|it| self.stored.add(*it));
        for it in &op.moves {
            self.filled.remove(*it);
            self.full.remove(*it);
            if !self.borrowed.has(*it) {
                self.stored.remove(*it);
            }
        }
        op.borrows.iter().for_each(|it| self.borrowed.add(*it));
        for it in op.written() {
            self.filled.add(it);
            self.stored.add(it);
            match full {
                true => self.full.add(it),
                false if op.into.is_some() => self.full.remove(it),
                false => {}
            }
        }
    }
}

impl Meet for State {
    fn add_all(&mut self, other: &State) -> bool {
        let changed = [
            self.filled.add_all(&other.filled),
            self.full.add_all(&other.full),
            self.borrowed.add_all(&other.borrowed),
            self.stored.add_all(&other.stored),
        ];
        changed.contains(&true)
    }
}

/// The dataflows of one graph.
pub(super) struct Flow {
    /// Where each block begins; None where it is never reached.
    before: Vec<Option<State>>,
    /// What is read or written again after each block, apart from drops.
    used: Vec<Set>,
}

impl Flow {
    pub fn of(graph: &Graph<'_>) -> Flow {
        Flow { before: before(graph), used: used(graph) }
    }

    pub fn is_reached(&self, block: BlockId) -> bool {
        self.before[block].is_some()
    }

    /// What is kept at the suspension with which a block ends.
    pub fn kept_at(&self, graph: &Graph<'_>, block: BlockId) -> Vec<Kept> {
        let End::Suspend { cleanup, .. } = graph.blocks[block].end else { return Vec::new() };
        let pending: Vec<LocalId> = graph.cleanups.drops(cleanup).collect();
        let mut kept = self.there(graph, block, graph.blocks[block].steps.len());
        kept.retain(|it| it.saved || (it.filled && (it.used_later || pending.contains(&it.local))));
        kept
    }

    /// What would be kept if the task were suspended while a call waits: what the call is given, too. None where the
    /// graph does not have the call.
    pub fn kept_while(&self, graph: &Graph<'_>, call: ExprId) -> Option<Vec<Kept>> {
        let mut kept: Option<Vec<Kept>> = None;
        for (block, steps) in graph.blocks.iter().map(|it| &it.steps).enumerate() {
            let is_call = |it: &Step| matches!(it, Step::Run(op) if op.code == Some(call));
            for step in (0..steps.len()).filter(|it| is_call(&steps[*it])) {
                kept.get_or_insert_default().extend(self.there(graph, block, step));
            }
        }
        kept
    }

    /// Every local that has a value or a place before one step of a block.
    fn there(&self, graph: &Graph<'_>, block: BlockId, step: usize) -> Vec<Kept> {
        let Some(mut state) = self.before[block].clone() else { return Vec::new() };
        let (done, coming) = graph.blocks[block].steps.split_at(step);
        done.iter().for_each(|it| state.step(it));
        let mut used = self.used[block].clone();
        coming.iter().rev().for_each(|it| need(&mut used, it));
        let kept = |local: LocalId| {
            let filled = state.filled.has(local);
            let used_later = used.has(local);
            let dropped = filled && graph.locals[local].needs_drop;
            let needed = used_later || dropped || state.borrowed.has(local);
            let saved = state.stored.has(local) && needed;
            let full = state.full.has(local);
            (filled || saved).then_some(Kept { local, filled, full, used_later, saved })
        };
        (0..graph.locals.len()).filter_map(kept).collect()
    }

    /// What is there at each call and each `.await`: the locals that are filled and full, and that it does not take.
    pub fn at_calls(&self, graph: &Graph<'_>) -> Vec<(ExprId, Vec<LocalId>)> {
        let mut found = Vec::new();
        let there = |state: &State, taken: &[LocalId]| {
            let is_there =
                |it: &LocalId| state.filled.has(*it) && state.full.has(*it) && !taken.contains(it);
            (0..graph.locals.len()).filter(is_there).collect()
        };
        for (block, state) in graph.blocks.iter().zip(&self.before) {
            let Some(mut state) = state.clone() else { continue };
            for step in &block.steps {
                if let Step::Run(Op { code: Some(call), moves, .. }) = step {
                    found.push((*call, there(&state, moves)));
                }
                state.step(step);
            }
            if let End::Suspend { await_, .. } = block.end {
                let is_awaited = |it: &LocalId| graph.locals[*it].made == Made::Awaited(await_);
                let awaited: Vec<LocalId> = (0..graph.locals.len()).filter(is_awaited).collect();
                found.push((await_, there(&state, &awaited)));
            }
        }
        found
    }
}

/// The state in which each block begins.
fn before(graph: &Graph<'_>) -> Vec<Option<State>> {
    let (count, entry) = (graph.blocks.len(), State::new(graph.locals.len()));
    spread::forward(
        count,
        entry,
        |it| graph.successors(it),
        |block, state| {
            graph.blocks[block].steps.iter().for_each(|it| state.step(it));
        },
    )
}

/// Going backward: what is needed after each block.
fn used(graph: &Graph<'_>) -> Vec<Set> {
    let (count, locals) = (graph.blocks.len(), graph.locals.len());
    spread::backward(
        count,
        locals,
        |it| graph.successors(it),
        |block, set| {
            graph.blocks[block].steps.iter().rev().for_each(|it| need(set, it));
        },
    )
}

/// Whether a value of `local` was made with the help of one of `other`.
pub(super) fn comes_from(graph: &Graph<'_>, local: LocalId, other: LocalId) -> bool {
    leads_back(graph, local, other, |op| op.operands().collect())
}

/// Whether a value of `local` is what `other` itself gave, as an iterator gives its items, and not found with the help
/// of something that it lends.
pub(super) fn is_given_by(
    graph: &Graph<'_>,
    local: LocalId,
    other: LocalId,
    is_guard: impl Fn(LocalId) -> bool,
) -> bool {
    let is_made_by_call = |it: LocalId| makers(graph, it).any(|op| op.code.is_some());
    leads_back(graph, local, other, |op| {
        // The first operand of a call is what a method is called on.
        let most = if op.code.is_some() { 1 } else { usize::MAX };
        let operands = op.operands().take(most);
        operands.filter(|it| *it == other || is_guard(*it) || !is_made_by_call(*it)).collect()
    })
}

/// Whether one gets from `local` to `other` by way of the operands that `of` gives for each step.
fn leads_back(
    graph: &Graph<'_>,
    local: LocalId,
    other: LocalId,
    of: impl Fn(&Op) -> Vec<LocalId>,
) -> bool {
    let mut reached = Set::of_size(graph.locals.len());
    let mut waiting = vec![local];
    while let Some(it) = waiting.pop() {
        for operand in makers(graph, it).flat_map(&of).filter(|it| *it != local) {
            if operand == other {
                return true;
            }
            if !reached.has(operand) {
                reached.add(operand);
                waiting.push(operand);
            }
        }
    }
    false
}

/// The steps that write a value, or a part of one, into `local`.
fn makers<'g>(graph: &'g Graph<'_>, local: LocalId) -> impl Iterator<Item = &'g Op> {
    graph.blocks.iter().flat_map(|it| &it.steps).filter_map(move |step| match step {
        Step::Run(op) if op.written().any(|it| it == local) => Some(op),
        _ => None,
    })
}
