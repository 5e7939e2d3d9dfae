//! A graph with all its ways: also those that a panic takes, and those on which the future is dropped where it is
//! suspended. On each of them it is settled what a drop does.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ra_ap_hir_def::hir::ExprId;

use crate::facts::{
    sizes::{
        left::{Dropped, Left},
        paths::{Contents, PathId, Paths},
    },
    suspends::{
        glue::Glue,
        graph::{End, Ending, Graph, LocalId, Op, Step},
        spread,
    },
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
    /// It is told on this way of which variant a part of a local is.
    Told(&'g Step),
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
    /// It ends with a drop, and the second way is taken where that panics.
    ends_with_drop: bool,
    /// The `.await` at which the task is suspended at its end.
    pub await_: Option<ExprId>,
}

impl Way<'_> {
    /// Whether the drop with which it ends does something: if not, nothing panics.
    fn drops_something(&mut self, something: bool) {
        if self.ends_with_drop && !something {
            self.next.truncate(1);
        }
    }
}

pub(super) struct Ways<'g, 'db> {
    pub graph: &'g Graph<'db>,
    pub all: Vec<Way<'g>>,
    paths: Paths,
    /// For each local, and part of one, whose drop depends on the way here: the note of whether it has a value, as a
    /// local of its own.
    pub notes: BTreeMap<PathId, LocalId>,
}

impl<'g, 'db> Ways<'g, 'db> {
    pub fn of(graph: &'g Graph<'db>, glue: &Glue<'_, 'db>) -> Ways<'g, 'db> {
        let paths = Paths::of(graph);
        let mut ways = Ways { graph, all: Vec::new(), paths, notes: BTreeMap::new() };
        ways.lay_out();
        ways.leave_out_drops_of_nothing();
        ways.settle_drops(glue);
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
                    Step::Drop { local, cleanup: None } => {
                        self.all[at].acts.push(Act::Drop(*local));
                    }
                    Step::Drop { local, cleanup: Some(cleanup) } => {
                        self.all[at].acts.push(Act::Drop(*local));
                        self.all[at].ends_with_drop = true;
                        at = self.or_panics(at, panics + cleanup, Vec::new());
                    }
                    Step::Gone(it) => self.all[at].acts.push(Act::Gone(*it)),
                    Step::Told { .. } => self.all[at].acts.push(Act::Told(step)),
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
        self.or_panics(at, panics + cleanup, op.into.map(Act::Returned).into_iter().collect())
    }

    /// Ends a way with something that may panic; the way on which it goes on comes back, which begins with `acts`.
    fn or_panics(&mut self, at: usize, panic: usize, acts: Vec<Act<'g>>) -> usize {
        let on = self.all.len();
        self.all[at].next = vec![on, panic];
        self.all.push(Way { acts, ..Way::default() });
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
                ..Way::default()
            });
            self.all.push(way.unwrap_or_default());
        }
        first
    }

    /// Where nothing is there that is dropped, nothing panics.
    fn leave_out_drops_of_nothing(&mut self) {
        for (index, contents) in self.contents().into_iter().enumerate() {
            let Some(mut contents) = contents else { continue };
            let Some((last, acts)) = self.all[index].acts.split_last() else { continue };
            acts.iter().for_each(|it| self.pass(*it, &mut contents));
            if let Act::Drop(local) = last {
                let may_be_there = |it: &PathId| contents.may_be_there(*it);
                let something = self.paths.below(*local).iter().any(may_be_there);
                self.all[index].drops_something(something);
            }
        }
    }

    /// Drops of what is not there do nothing, drops of what is there on some ways only need a note.
    fn settle_drops(&mut self, glue: &Glue<'_, 'db>) {
        let mut asked = HashMap::new();
        for (index, contents) in self.contents().into_iter().enumerate() {
            let Some(mut contents) = contents else { continue };
            for position in 0..self.all[index].acts.len() {
                let act = self.all[index].acts[position];
                if let Act::Drop(local) = act {
                    let mut left = Left::default();
                    let dropped = Dropped { glue, paths: &self.paths, contents: &contents };
                    dropped.all(local, self.graph.locals[local].type_, &mut left);
                    let below = self.paths.below(local);
                    let is_whole =
                        below.len() == 1 || !below.iter().any(|it| contents.may_be_gone(*it));
                    self.all[index].acts[position] = match left.reads {
                        true if is_whole => act,
                        true => Act::Read(local),
                        false => Act::Nothing,
                    };
                    if !left.asks.is_empty() {
                        asked.insert((index, position), left.asks);
                    }
                }
                self.pass(act, &mut contents);
            }
            let way = &mut self.all[index];
            way.drops_something(!matches!(way.acts.last(), Some(Act::Nothing)));
        }
        self.add_notes(&asked);
    }

    /// What is in the locals where each way begins; None where it is never gone.
    fn contents(&self) -> Vec<Option<Contents>> {
        let entry = Contents::none(&self.paths);
        spread::forward(
            self.all.len(),
            entry,
            |it| &self.all[it].next,
            |way, contents| {
                self.all[way].acts.iter().for_each(|it| self.pass(*it, contents));
            },
        )
    }

    /// What something makes of what is in the locals.
    fn pass(&self, act: Act<'_>, contents: &mut Contents) {
        let paths = &self.paths;
        match act {
            Act::Run(op) => {
                paths.moved(op).for_each(|it| contents.take(it));
                paths.made(op).for_each(|it| contents.fill(it));
            }
            Act::Call(op) => paths.moved(op).for_each(|it| contents.take(it)),
            Act::Returned(it) => paths.below(it).iter().for_each(|it| contents.fill(*it)),
            Act::Drop(it) | Act::Gone(it) | Act::Read(it) => {
                paths.below(it).iter().for_each(|it| contents.take(*it));
            }
            Act::Told(Step::Told { local, place, variant, is }) => {
                if let Some(path) = paths.at(*local, place) {
                    contents.told(paths, path, *variant, *is);
                }
            }
            Act::Told(_) | Act::Note(_) | Act::Ask(_) | Act::Nothing => {}
        }
    }

    fn add_notes(&mut self, asked: &HashMap<(usize, usize), Vec<PathId>>) {
        for path in asked.values().flatten().collect::<BTreeSet<_>>() {
            let next = self.locals();
            self.notes.insert(*path, next);
        }
        if self.notes.is_empty() {
            return;
        }
        let (notes, paths) = (&self.notes, &self.paths);
        let note_of = |it: PathId| notes.get(&it).copied();
        for (index, way) in self.all.iter_mut().enumerate() {
            let acts = std::mem::take(&mut way.acts);
            for (position, act) in acts.into_iter().enumerate() {
                let asked = asked.get(&(index, position)).into_iter().flatten();
                way.acts.extend(asked.filter_map(|it| note_of(*it)).map(Act::Ask));
                way.acts.push(act);
                let changed = changes(paths, act).into_iter().filter_map(note_of);
                way.acts.extend(changed.map(Act::Note));
            }
        }
    }
}

/// What gets or loses its value by this.
fn changes(paths: &Paths, act: Act<'_>) -> Vec<PathId> {
    match act {
        Act::Run(op) => paths.moved(op).chain(paths.made(op)).collect(),
        Act::Call(op) => paths.moved(op).collect(),
        Act::Returned(it) => paths.below(it).to_vec(),
        _ => Vec::new(),
    }
}
