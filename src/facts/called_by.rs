//! Who calls a function, seen from the function.

use std::collections::{BTreeSet, HashSet};

use ra_ap_hir_def::{FunctionId, hir::ExprId, signatures::FunctionSignature};

use crate::facts::{
    body::{BodyFacts, Form},
    functions::{self, Mentions},
    place,
};

impl<'db> BodyFacts<'db> {
    /// What is found first in the functions that say the name of this one, outside of tests.
    pub(super) fn find_in_callers<T>(
        &self,
        mut look: impl FnMut(&BodyFacts<'db>) -> Option<T>,
    ) -> Option<T> {
        let name = FunctionSignature::of(self.db, self.function).name.as_str().to_owned();
        let mentions = Mentions::of(self.workspace, &HashSet::from([name]));
        let mut asked = BTreeSet::new();
        for target in self.workspace.targets().iter().filter(|it| !it.cfg_test) {
            let all = functions::candidates(self.workspace, self.known, &mentions, target);
            for candidate in all.into_iter().filter(|it| !it.in_test) {
                if !candidate.at.is_some_and(|it| asked.insert(it)) {
                    continue;
                }
                let (function, entered) = (candidate.function, candidate.entered);
                let body = BodyFacts::new(self.workspace, self.known, function, entered);
                if let Some(found) = look(&body) {
                    return Some(found);
                }
            }
        }
        None
    }

    /// The calls of a function in this body.
    pub(super) fn calls_of(&self, function: FunctionId) -> impl Iterator<Item = ExprId> {
        let is_call = |form: Form| matches!(form, Form::Call | Form::Method);
        let calls = self.uses.iter().filter(move |it| {
            place::is_same_function(self.workspace, it.function, function) && is_call(it.form)
        });
        calls.map(|it| it.expr)
    }
}
