//! The names by which code of the project may get a guard: those of the locks, and of its own functions and types
//! that hand guards on.

use std::collections::HashSet;

use crate::{facts::outline::Outline, knowledge::resolve::Known};

/// All of them. Like all names they only choose what is read.
pub(super) fn all(known: &Known, outlines: &[Outline<'_>]) -> HashSet<String> {
    let outlines = || outlines.iter().filter(|it| it.may_hand_on_guards);
    let mut types: HashSet<&str> = known.guard_types().collect();
    loop {
        let before = types.len();
        for item in outlines().flat_map(|it| &it.types) {
            if item.words.iter().any(|it| types.contains(it)) {
                types.insert(item.name);
            }
        }
        if types.len() == before {
            break;
        }
    }
    let functions = outlines().flat_map(|it| &it.functions);
    let givers = functions.filter(|it| it.returned.iter().any(|it| types.contains(it)));
    let names = known.guard_givers().chain(givers.map(|it| it.name)).chain(types.iter().copied());
    names.map(str::to_owned).collect()
}
