//! What is known at each place of a graph, spread along its ways until nothing changes.

use crate::facts::suspends::set::Set;

/// What is known where several ways meet.
pub(in crate::facts) trait Meet: Clone {
    /// Takes in what is known on another way. Whether that changed anything.
    fn add_all(&mut self, other: &Self) -> bool;
}

/// What is known before each of `count` places, of which the first is the entry; None where nobody comes. `pass` says
/// what a place makes of it.
pub(in crate::facts) fn forward<'g, S: Meet>(
    count: usize,
    entry: S,
    next: impl Fn(usize) -> &'g [usize],
    pass: impl Fn(usize, &mut S),
) -> Vec<Option<S>> {
    let mut before: Vec<Option<S>> = vec![None; count];
    before[0] = Some(entry);
    let mut waiting = vec![0];
    while let Some(place) = waiting.pop() {
        let Some(mut state) = before[place].clone() else { continue };
        pass(place, &mut state);
        for to in next(place) {
            let changed = match &mut before[*to] {
                Some(it) => it.add_all(&state),
                none => {
                    *none = Some(state.clone());
                    true
                }
            };
            if changed {
                waiting.push(*to);
            }
        }
    }
    before
}

/// What is needed after each of `count` places, of `locals` that there are. `pass` says what a place needs itself, and
/// what it makes.
pub(in crate::facts) fn backward<'g>(
    count: usize,
    locals: usize,
    next: impl Fn(usize) -> &'g [usize],
    pass: impl Fn(usize, &mut Set),
) -> Vec<Set> {
    let empty = Set::of_size(locals);
    let mut before = vec![empty.clone(); count];
    let mut after = vec![empty; count];
    let mut changed = true;
    while changed {
        changed = false;
        for place in (0..count).rev() {
            for to in next(place) {
                after[place].add_all(&before[*to]);
            }
            let mut set = after[place].clone();
            pass(place, &mut set);
            changed |= before[place].add_all(&set);
        }
    }
    after
}
