//! All futures of a workspace.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use crate::{
    facts::{
        body::BodyFacts,
        functions::{self, Mentions},
        sizes::{FutureSize, Sizes},
    },
    knowledge::{CrateRows, resolve::Known},
    workspace::Workspace,
};

/// What there is to know of them.
#[derive(Default)]
pub struct AllFutures {
    /// Largest first.
    pub futures: Vec<Rc<FutureSize>>,
    /// How many depend on type parameters for which nobody here has put a type.
    pub generic: usize,
}

/// The futures of all targets as they are built without tests, each once; of one that depends on type parameters, the
/// largest that the workspace makes.
pub fn of_workspace(workspace: &Workspace, rows: &[CrateRows]) -> AllFutures {
    ra_ap_hir::attach_db(workspace.db(), || {
        let known = Known::resolve(workspace.db(), rows);
        let mut by_place: BTreeMap<_, Rc<FutureSize>> = BTreeMap::new();
        let mut written = BTreeSet::new();
        for target in workspace.targets().iter().filter(|it| !it.cfg_test) {
            let Some(sizes) = Sizes::new(workspace, &known, target.krate) else { continue };
            for it in functions::candidates(workspace, &known, &Mentions::Everywhere, target) {
                if it.in_test {
                    continue;
                }
                let body = BodyFacts::new(workspace, &known, it.function, it.entered);
                written.extend(sizes.measure_all_in(&body));
            }
            for it in sizes.measured().into_iter().map(|it| it.size) {
                let place = (it.at.clone(), it.name.clone());
                if written.contains(&place) {
                    let known = by_place.entry(place).or_insert_with(|| Rc::clone(&it));
                    if known.bytes < it.bytes {
                        *known = it;
                    }
                }
            }
        }
        let generic = written.iter().filter(|it| !by_place.contains_key(it)).count();
        let mut futures: Vec<_> = by_place.into_values().collect();
        futures.sort_by_key(|it| std::cmp::Reverse(it.bytes));
        AllFutures { futures, generic }
    })
}
