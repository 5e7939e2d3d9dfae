//! All futures of a workspace.

use std::{collections::BTreeMap, rc::Rc};

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
    /// How many depend on type parameters, and have no size of their own.
    pub generic: usize,
}

/// The futures of all targets as they are built without tests, each once.
pub fn of_workspace(workspace: &Workspace, rows: &[CrateRows]) -> AllFutures {
    ra_ap_hir::attach_db(workspace.db(), || {
        let known = Known::resolve(workspace.db(), rows);
        let mut all = AllFutures::default();
        let mut by_place = BTreeMap::new();
        for target in workspace.targets().iter().filter(|it| !it.cfg_test) {
            let Some(sizes) = Sizes::new(workspace, &known, target.krate) else { continue };
            for it in functions::candidates(workspace, &known, &Mentions::Everywhere, target) {
                if it.in_test {
                    continue;
                }
                let body = BodyFacts::new(workspace, &known, it.function, it.entered);
                let (futures, generic) = sizes.of_function(&body);
                all.generic += generic;
                for future in futures {
                    by_place.insert((future.at.clone(), future.name.clone()), future);
                }
            }
        }
        all.futures = by_place.into_values().collect();
        all.futures.sort_by_key(|it| std::cmp::Reverse(it.bytes));
        all
    })
}
