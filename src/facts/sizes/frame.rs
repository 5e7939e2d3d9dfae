//! What the compiler stores in the future of one async body, and which of it at the same time: its own dataflows, on a
//! graph with all its ways.

use ra_ap_hir_def::hir::ExprId;
use ra_ap_hir_ty::next_solver::Ty;
use ra_ap_rustc_index::bit_set::BitMatrix;

use crate::facts::{
    body::BodyFacts,
    sizes::ways::{Act, Ways},
    suspends::{
        graph::{Graph, LocalId, Made, Op},
        set::Set,
        spread::{self, Meet},
    },
};

impl<'db> BodyFacts<'db> {
    /// What the future of an async body keeps.
    pub(super) fn frame(&self, coroutine: ExprId) -> Frame<'db> {
        self.frame_of(&self.lowered(coroutine).graph)
    }

    pub(super) fn frame_of(&self, graph: &Graph<'db>) -> Frame<'db> {
        let glue = self.glue();
        Frame::of(&Ways::of(graph, &glue))
    }
}

/// What has a place in the future of an async body. The types are those of the function, with its parameters.
pub(super) struct Frame<'db> {
    pub slots: Vec<Slot<'db>>,
    /// Each `.await`, and the slots that are in use while the task is suspended there.
    pub points: Vec<(ExprId, Vec<usize>)>,
    /// Slots that are in use at the same time, somewhere.
    pub conflicts: BitMatrix<usize, usize>,
    /// Code of which nobody knows what it does.
    pub gap: Option<ExprId>,
}

#[derive(Clone, Copy)]
pub(super) enum Slot<'db> {
    Value {
        made: Made,
        type_: Ty<'db>,
    },
    /// A note of one byte: whether there is a value that is to be dropped.
    Note,
}

impl<'db> Frame<'db> {
    /// Nothing but one future, which is awaited.
    pub fn of_one(await_: ExprId, type_: Ty<'db>) -> Frame<'db> {
        let mut conflicts = BitMatrix::new(1, 1);
        conflicts.insert(0, 0);
        let slot = Slot::Value { made: Made::Awaited(await_), type_ };
        Frame { slots: vec![slot], points: vec![(await_, vec![0])], conflicts, gap: None }
    }

    pub fn of(ways: &Ways<'_, 'db>) -> Frame<'db> {
        let needed = needed(ways);
        let stored = stored(ways);
        let mut saved = Set::of_size(ways.locals());
        let mut points = Vec::new();
        for (index, way) in ways.all.iter().enumerate() {
            let (Some(await_), Some(mut state)) = (way.await_, stored[index].clone()) else {
                continue;
            };
            way.acts.iter().for_each(|it| state.act(*it, &mut |_| ()));
            let mut live = needed[index].clone();
            live.add_all(&state.borrowed);
            let mut stored = state.stored;
            ways.notes.values().for_each(|it| stored.add(*it));
            live.keep(&stored);
            // What was taken along from outside has a place of its own.
            captured(ways.graph).for_each(|it| live.remove(it));
            saved.add_all(&live);
            points.push((await_, live));
        }
        let locals: Vec<LocalId> = saved.iter().collect();
        let slot_of = |local: LocalId| locals.binary_search(&local).ok();
        let points = points
            .into_iter()
            .map(|(await_, live)| (await_, live.iter().filter_map(slot_of).collect()));
        Frame {
            points: points.collect(),
            conflicts: conflicts(ways, &stored, &saved, &locals),
            slots: locals.iter().map(|it| slot(ways.graph, *it)).collect(),
            gap: ways.graph.gap,
        }
    }
}

fn slot<'db>(graph: &Graph<'db>, local: LocalId) -> Slot<'db> {
    match graph.locals.get(local) {
        Some(it) => Slot::Value { made: it.made, type_: it.type_ },
        None => Slot::Note,
    }
}

fn captured(graph: &Graph<'_>) -> impl Iterator<Item = LocalId> {
    let is_captured = |it: &LocalId| matches!(graph.locals[*it].made, Made::Captured(_));
    (0..graph.locals.len()).filter(is_captured)
}

/// Which slots are in use at the same time.
fn conflicts(
    ways: &Ways<'_, '_>,
    stored: &[Option<Storage>],
    saved: &Set,
    locals: &[LocalId],
) -> BitMatrix<usize, usize> {
    let mut conflicts = BitMatrix::new(locals.len(), locals.len());
    let mut together = |stored: &Set| {
        let mut here = stored.clone();
        here.keep(saved);
        let slots: Vec<usize> =
            here.iter().filter_map(|it| locals.binary_search(&it).ok()).collect();
        for one in &slots {
            slots.iter().for_each(|it| _ = conflicts.insert(*one, *it));
        }
    };
    for (way, state) in ways.all.iter().zip(stored) {
        let Some(mut state) = state.clone() else { continue };
        way.acts.iter().for_each(|it| state.act(*it, &mut together));
    }
    // A note is there from the beginning to the end.
    for note in ways.notes.values().filter_map(|it| locals.binary_search(it).ok()) {
        conflicts.insert_all_into_row(note);
    }
    conflicts
}

/// Going backward: what is read after each way.
fn needed(ways: &Ways<'_, '_>) -> Vec<Set> {
    spread::backward(
        ways.all.len(),
        ways.locals(),
        |it| &ways.all[it].next,
        |way, set| {
            ways.all[way].acts.iter().rev().for_each(|it| need(set, *it));
        },
    )
}

fn need(needed: &mut Set, act: Act<'_>) {
    match act {
        Act::Run(op) => {
            op.into.iter().for_each(|it| needed.remove(*it));
            op.operands().for_each(|it| needed.add(it));
        }
        Act::Call(op) => op.operands().for_each(|it| needed.add(it)),
        Act::Returned(it) | Act::Note(it) => needed.remove(it),
        Act::Drop(it) | Act::Read(it) | Act::Ask(it) => needed.add(it),
        Act::Gone(_) | Act::Told(_) | Act::Nothing => {}
    }
}

/// Which places are in use.
#[derive(Clone)]
struct Storage {
    borrowed: Set,
    stored: Set,
}

impl Meet for Storage {
    fn add_all(&mut self, other: &Storage) -> bool {
        let borrowed = self.borrowed.add_all(&other.borrowed);
        self.stored.add_all(&other.stored) || borrowed
    }
}

impl Storage {
    /// `during` sees what is in use while it happens.
    fn act(&mut self, act: Act<'_>, during: &mut impl FnMut(&Set)) {
        match act {
            Act::Run(op) => {
                self.run(op, during);
            }
            Act::Call(op) => {
                self.run(op, during);
                // It is not there before the call returns.
                op.into.iter().for_each(|it| self.stored.remove(*it));
            }
            Act::Returned(it) => self.stored.add(it),
            Act::Drop(it) => {
                self.stored.add(it);
                during(&self.stored);
                self.borrowed.add(it);
            }
            Act::Gone(it) => {
                self.stored.remove(it);
                during(&self.stored);
                self.borrowed.remove(it);
            }
            Act::Read(_) | Act::Told(_) | Act::Note(_) | Act::Ask(_) | Act::Nothing => {}
        }
    }

    fn run(&mut self, op: &Op, during: &mut impl FnMut(&Set)) {
        op.borrows.iter().copied().chain(op.written()).for_each(|it| self.stored.add(it));
        during(&self.stored);
        for it in op.moves.iter().filter(|it| !self.borrowed.has(**it)) {
            self.stored.remove(*it);
        }
        op.borrows.iter().for_each(|it| self.borrowed.add(*it));
    }
}

/// What is in use where each way begins; None where it is never gone.
fn stored(ways: &Ways<'_, '_>) -> Vec<Option<Storage>> {
    let none = Set::of_size(ways.locals());
    let entry = Storage { borrowed: none.clone(), stored: none };
    spread::forward(
        ways.all.len(),
        entry,
        |it| &ways.all[it].next,
        |way, state| {
            ways.all[way].acts.iter().for_each(|it| state.act(*it, &mut |_| ()));
        },
    )
}
