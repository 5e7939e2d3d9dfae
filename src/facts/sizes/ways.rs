//! A graph with all its ways: also those that a panic takes, and those on which the future is dropped where it is
//! suspended. On each of them it is settled what a drop does.

use std::collections::BTreeMap;

use ra_ap_hir_def::hir::ExprId;

use crate::facts::suspends::{
    graph::{End, Ending, Graph, LocalId, Op, Step},
    set::Set,
    spread::{self, Meet},
};

/// One thing that happens.
#[derive(Clone, Copy)]
pub(super) enum Act<'g> {
    Run(&'g Op),
    /// It is called, and has not returned.
    Call(&'g Op),
    /// What was called has returned this.
    Returned(LocalId),
    Drop(LocalId),
    /// A drop of what is left of it, which is read for that.
    Read(LocalId),
    Gone(LocalId),
    /// Whether a value is there is noted for a drop that comes later, or asked for one.
    Note(LocalId),
    Ask(LocalId),
    Nothing,
}

/// What happens in a row.
#[derive(Default)]
pub(super) struct Way<'g> {
    pub acts: Vec<Act<'g>>,
    pub next: Vec<usize>,
    /// The `.await` at which the task is suspended at its end.
    pub await_: Option<ExprId>,
}

pub(super) struct Ways<'g, 'db> {
    pub graph: &'g Graph<'db>,
    pub all: Vec<Way<'g>>,
    /// For each local whose drop depends on the way here: the note of whether it has a value, as a local of its own.
    pub notes: BTreeMap<LocalId, LocalId>,
}

impl<'g, 'db> Ways<'g, 'db> {
    /// `is_left` says whether something is dropped of a local of which these parts were taken.
    pub fn of(
        graph: &'g Graph<'db>,
        is_left: impl Fn(LocalId, &[&[u32]]) -> bool,
    ) -> Ways<'g, 'db> {
        let mut ways = Ways { graph, all: Vec::new(), notes: BTreeMap::new() };
        ways.lay_out();
        ways.settle_drops(is_left);
        ways
    }

    pub fn locals(&self) -> usize {
        self.graph.locals.len() + self.notes.len()
    }

    fn lay_out(&mut self) {
        let graph = self.graph;
        self.all.resize_with(graph.blocks.len(), Way::default);
        let panics = self.cleanups();
        let drops = self.cleanups();
        for (index, block) in graph.blocks.iter().enumerate() {
            let mut at = index;
            for step in &block.steps {
                match step {
                    Step::Run(op) => at = self.op(at, op, panics),
                    Step::Drop(it) => self.all[at].acts.push(Act::Drop(*it)),
                    Step::Gone(it) => self.all[at].acts.push(Act::Gone(*it)),
                    Step::Emptied(_) => {}
                }
            }
            self.all[at].next.extend(graph.successors(index));
            if let End::Suspend { await_, cleanup, .. } = block.end {
                self.all[at].await_ = Some(await_);
                self.all[at].next.push(drops + cleanup);
            }
        }
    }

    /// Adds a computation; the way on which it goes on comes back.
    fn op(&mut self, at: usize, op: &'g Op, panics: usize) -> usize {
        let Some(cleanup) = op.cleanup else {
            self.all[at].acts.push(Act::Run(op));
            return at;
        };
        self.all[at].acts.push(Act::Call(op));
        let on = self.all.len();
        self.all[at].next = vec![on, panics + cleanup];
        self.all
            .push(Way { acts: op.into.map(Act::Returned).into_iter().collect(), ..Way::default() });
        on
    }

    /// A way for each rest of work; where the first of them is comes back.
    fn cleanups(&mut self) -> usize {
        let first = self.all.len();
        for cleanup in &self.graph.cleanups.all {
            let way = cleanup.as_ref().map(|it| Way {
                acts: vec![match it.ending {
                    Ending::Drop => Act::Drop(it.local),
                    Ending::Gone => Act::Gone(it.local),
                }],
                next: vec![first + it.then],
                await_: None,
            });
            self.all.push(way.unwrap_or_default());
        }
        first
    }

    /// Drops of what is not there do nothing, drops of what is there on some ways only need a note.
    fn settle_drops(&mut self, is_left: impl Fn(LocalId, &[&[u32]]) -> bool) {
        let before = self.contents();
        let mut uncertain = Vec::new();
        for (index, contents) in before.into_iter().enumerate() {
            let Some(mut contents) = contents else { continue };
            for position in 0..self.all[index].acts.len() {
                let act = self.all[index].acts[position];
                if let Act::Drop(local) = act {
                    if !contents.filled.has(local) {
                        self.all[index].acts[position] = Act::Nothing;
                    } else if contents.parted.has(local) {
                        let left = is_left(local, &self.parts_taken_of(local));
                        self.all[index].acts[position] =
                            if left { Act::Read(local) } else { Act::Nothing };
                    } else if contents.empty.has(local) {
                        uncertain.push((index, position, local));
                    }
                }
                contents.act(act);
            }
        }
        self.add_notes(&uncertain);
    }

    fn parts_taken_of(&self, local: LocalId) -> Vec<&'g [u32]> {
        let steps = self.graph.blocks.iter().flat_map(|it| &it.steps);
        let parts = steps.flat_map(|it| match it {
            Step::Run(op) => op.parts.as_slice(),
            _ => &[],
        });
        parts.filter(|it| it.0 == local).map(|it| it.1.as_slice()).collect()
    }

    /// What is in the locals where each way begins; None where it is never gone.
    fn contents(&self) -> Vec<Option<Contents>> {
        let entry = Contents::new(self.graph.locals.len());
        spread::forward(
            self.all.len(),
            entry,
            |it| &self.all[it].next,
            |way, contents| {
                self.all[way].acts.iter().for_each(|it| contents.act(*it));
            },
        )
    }

    fn add_notes(&mut self, uncertain: &[(usize, usize, LocalId)]) {
        for (_, _, local) in uncertain {
            let next = self.locals();
            self.notes.entry(*local).or_insert(next);
        }
        if self.notes.is_empty() {
            return;
        }
        let notes = &self.notes;
        for (index, way) in self.all.iter_mut().enumerate() {
            let acts = std::mem::take(&mut way.acts);
            for (position, act) in acts.into_iter().enumerate() {
                if let Act::Drop(local) = act
                    && uncertain.contains(&(index, position, local))
                {
                    way.acts.push(Act::Ask(notes[&local]));
                }
                way.acts.push(act);
                let changed = changes(act).into_iter().filter_map(|it| notes.get(&it));
                way.acts.extend(changed.map(|it| Act::Note(*it)));
            }
        }
    }
}

/// The locals that get or lose their value by this.
fn changes(act: Act<'_>) -> Vec<LocalId> {
    match act {
        Act::Run(op) => op.moves.iter().copied().chain(op.into).collect(),
        Act::Call(op) => op.moves.clone(),
        Act::Returned(it) => vec![it],
        _ => Vec::new(),
    }
}

/// What is in the locals, on some way here.
#[derive(Clone)]
struct Contents {
    filled: Set,
    empty: Set,
    /// A part of it was taken.
    parted: Set,
}

impl Meet for Contents {
    fn add_all(&mut self, other: &Contents) -> bool {
        let changed = [
            self.filled.add_all(&other.filled),
            self.empty.add_all(&other.empty),
            self.parted.add_all(&other.parted),
        ];
        changed.contains(&true)
    }
}

impl Contents {
    fn new(count: usize) -> Contents {
        let none = Set::of_size(count);
        let mut empty = none.clone();
        (0..count).for_each(|it| empty.add(it));
        Contents { filled: none.clone(), empty, parted: none }
    }

    fn act(&mut self, act: Act<'_>) {
        match act {
            Act::Run(op) => {
                self.take(op);
                op.into.iter().for_each(|it| self.fill(*it));
            }
            Act::Call(op) => self.take(op),
            Act::Returned(it) => self.fill(it),
            Act::Drop(it) | Act::Gone(it) | Act::Read(it) => self.clear(it),
            Act::Note(_) | Act::Ask(_) | Act::Nothing => {}
        }
    }

    fn take(&mut self, op: &Op) {
        for it in &op.moves {
            self.filled.remove(*it);
            self.empty.add(*it);
        }
        op.parts.iter().for_each(|it| self.parted.add(it.0));
    }

    fn fill(&mut self, local: LocalId) {
        self.filled.add(local);
        self.empty.remove(local);
        self.parted.remove(local);
    }

    fn clear(&mut self, local: LocalId) {
        self.filled.remove(local);
        self.empty.add(local);
        self.parted.remove(local);
    }
}
