//! The parts of locals that get or lose a value apart from the rest, and which of them have one.

use crate::facts::suspends::{
    graph::{Graph, LocalId, Op, Part, Step},
    set::Set,
    spread::Meet,
};

/// A local, by its own number, or a part of one.
pub(super) type PathId = usize;

/// All of them.
pub(super) struct Paths {
    /// The parts of each that are told apart themselves.
    parts: Vec<Vec<(Part, PathId)>>,
    /// Each with all that is below it, itself first.
    below: Vec<Vec<PathId>>,
}

impl Paths {
    pub fn of(graph: &Graph<'_>) -> Paths {
        let mut paths = Paths { parts: vec![Vec::new(); graph.locals.len()], below: Vec::new() };
        for step in graph.blocks.iter().flat_map(|it| &it.steps) {
            if let Step::Run(op) = step {
                for (local, place) in op.parts.iter().chain(&op.into_part) {
                    place.iter().fold(*local, |path, part| paths.add(path, *part));
                }
            }
        }
        paths.below = vec![Vec::new(); paths.parts.len()];
        // A part comes after what it is a part of.
        for path in (0..paths.parts.len()).rev() {
            let parts = paths.parts[path].iter().flat_map(|it| &paths.below[it.1]);
            paths.below[path] = std::iter::once(path).chain(parts.copied()).collect();
        }
        paths
    }

    fn add(&mut self, path: PathId, part: Part) -> PathId {
        if let Some(known) = self.part(path, part) {
            return known;
        }
        let id = self.parts.len();
        self.parts[path].push((part, id));
        self.parts.push(Vec::new());
        id
    }

    pub fn part(&self, path: PathId, part: Part) -> Option<PathId> {
        self.parts[path].iter().find(|it| it.0 == part).map(|it| it.1)
    }

    pub fn parts(&self, path: PathId) -> &[(Part, PathId)] {
        &self.parts[path]
    }

    pub fn below(&self, path: PathId) -> &[PathId] {
        &self.below[path]
    }

    pub fn count(&self) -> usize {
        self.parts.len()
    }

    pub fn at(&self, local: LocalId, place: &[Part]) -> Option<PathId> {
        place.iter().try_fold(local, |path, part| self.part(path, *part))
    }

    /// What loses its value by a computation.
    pub fn moved(&self, op: &Op) -> impl Iterator<Item = PathId> {
        let parts = op.parts.iter().filter_map(|it| self.at(it.0, &it.1));
        op.moves.iter().copied().chain(parts).flat_map(|it| self.below(it)).copied()
    }

    /// What gets a value from its result.
    pub fn made(&self, op: &Op) -> impl Iterator<Item = PathId> {
        let part = op.into_part.iter().filter_map(|it| self.at(it.0, &it.1));
        op.into.iter().copied().chain(part).flat_map(|it| self.below(it)).copied()
    }
}

/// What has a value on some way here, and what has none on some.
#[derive(Clone)]
pub(super) struct Contents {
    filled: Set,
    empty: Set,
}

impl Meet for Contents {
    fn add_all(&mut self, other: &Contents) -> bool {
        let filled = self.filled.add_all(&other.filled);
        self.empty.add_all(&other.empty) || filled
    }
}

impl Contents {
    pub fn none(paths: &Paths) -> Contents {
        let filled = Set::of_size(paths.count());
        let mut empty = filled.clone();
        (0..paths.count()).for_each(|it| empty.add(it));
        Contents { filled, empty }
    }

    pub fn may_be_there(&self, path: PathId) -> bool {
        self.filled.has(path)
    }

    pub fn may_be_gone(&self, path: PathId) -> bool {
        self.empty.has(path)
    }

    pub fn take(&mut self, path: PathId) {
        self.filled.remove(path);
        self.empty.add(path);
    }

    pub fn fill(&mut self, path: PathId) {
        self.filled.add(path);
        self.empty.remove(path);
    }

    /// What a path is of a variant for, or is not.
    pub fn told(&mut self, paths: &Paths, path: PathId, variant: u32, is: bool) {
        for (part, other) in paths.parts(path) {
            if matches!(part, Part::Variant(it) if (*it == variant) != is) {
                paths.below(*other).iter().for_each(|it| self.take(*it));
            }
        }
    }
}
