//! Sets of locals, on bits.

use crate::facts::suspends::graph::LocalId;

/// A set of locals of one graph.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::facts) struct Set(Vec<u64>);

impl Set {
    pub fn of_size(count: usize) -> Set {
        Set(vec![0; count.div_ceil(64)])
    }

    pub fn has(&self, local: LocalId) -> bool {
        self.0[local / 64] >> (local % 64) & 1 == 1
    }

    pub fn add(&mut self, local: LocalId) {
        self.0[local / 64] |= 1 << (local % 64);
    }

    pub fn remove(&mut self, local: LocalId) {
        self.0[local / 64] &= !(1 << (local % 64));
    }

    /// Whether that changed anything.
    pub fn add_all(&mut self, other: &Set) -> bool {
        let mut changed = false;
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            changed |= *own | other != *own;
            *own |= other;
        }
        changed
    }

    /// Keeps what is in both.
    pub fn keep(&mut self, other: &Set) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own &= other);
    }

    pub fn iter(&self) -> impl Iterator<Item = LocalId> {
        (0..self.0.len() * 64).filter(|it| self.has(*it))
    }
}
