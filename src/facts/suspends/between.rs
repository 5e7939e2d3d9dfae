//! Suspensions that come between two steps of the same body.

use std::collections::BTreeSet;

use ra_ap_hir_def::hir::ExprId;

use crate::facts::suspends::graph::{Block, BlockId, End, Graph, LocalId, Step};

type Steps = BTreeSet<ExprId>;

/// A suspension with the steps that may come before it and after it.
pub(super) struct Split {
    pub await_: ExprId,
    pub before: Steps,
    pub after: Steps,
}

/// Each suspension between some of `steps`, in one turn of every loop around it, while `local` keeps its value.
pub(super) fn splits(graph: &Graph<'_>, local: LocalId, steps: &Steps) -> Vec<Split> {
    all(&Search { graph, local: Some(local), steps, only_next: false })
}

/// The same, whatever becomes of any local, and with the last step before it and the next one after it alone.
pub(super) fn closest(graph: &Graph<'_>, steps: &Steps) -> Vec<Split> {
    all(&Search { graph, local: None, steps, only_next: true })
}

fn all(search: &Search<'_, '_>) -> Vec<Split> {
    let graph = search.graph;
    let before = search.before();
    let after = search.after();
    let split = |(index, block): (usize, &Block)| match block.end {
        End::Suspend { await_, .. } => {
            let mut reached = before[index].clone();
            block.steps.iter().for_each(|it| search.pass(it, &mut reached));
            Some(Split { await_, before: reached, after: after[index].clone() })
        }
        _ => None,
    };
    let all = graph.blocks.iter().enumerate().filter_map(split);
    all.filter(|it| !it.before.is_empty() && !it.after.is_empty()).collect()
}

struct Search<'a, 'db> {
    graph: &'a Graph<'db>,
    local: Option<LocalId>,
    steps: &'a Steps,
    /// Each step hides those behind it.
    only_next: bool,
}

impl Search<'_, '_> {
    /// What came before each block.
    fn before(&self) -> Vec<Steps> {
        self.spread(|sets, from, to| {
            let mut set = sets[from].clone();
            self.graph.blocks[from].steps.iter().for_each(|it| self.pass(it, &mut set));
            (to, set)
        })
    }

    /// What comes after each block.
    fn after(&self) -> Vec<Steps> {
        self.spread(|sets, from, to| {
            let mut set = sets[to].clone();
            self.graph.blocks[to].steps.iter().rev().for_each(|it| self.pass(it, &mut set));
            (from, set)
        })
    }

    /// Goes along every way but those back to the next turn of a loop until nothing changes.
    fn spread(&self, go: impl Fn(&[Steps], BlockId, BlockId) -> (BlockId, Steps)) -> Vec<Steps> {
        let count = self.graph.blocks.len();
        let mut sets = vec![Steps::new(); count];
        let mut changed = true;
        while changed {
            changed = false;
            for from in 0..count {
                let ways = self.graph.successors(from).iter();
                for to in ways.filter(|to| !self.graph.is_way_back(from, **to)) {
                    let (at, set) = go(&sets, from, *to);
                    let known = sets[at].len();
                    sets[at].extend(set);
                    changed |= sets[at].len() > known;
                }
            }
        }
        sets
    }

    /// One step, in either direction: another value of the local has nothing to do with what was done to this one.
    fn pass(&self, step: &Step, set: &mut Steps) {
        match step {
            Step::Run(op) => {
                let local = self.local;
                let is_other = |it: LocalId| op.into == Some(it) || op.moves.contains(&it);
                let step = op.code.filter(|it| self.steps.contains(it));
                if local.is_some_and(is_other) || (self.only_next && step.is_some()) {
                    set.clear();
                }
                set.extend(step);
            }
            Step::Drop { local: it, .. } | Step::Gone(it) if Some(*it) == self.local => {
                set.clear();
            }
            Step::Drop { .. } | Step::Gone(_) | Step::Told { .. } | Step::Emptied(_) => {}
        }
    }
}
