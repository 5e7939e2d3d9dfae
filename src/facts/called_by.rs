//! Who in the workspace calls a function, seen from the function.

use std::collections::{BTreeSet, HashSet};

use ra_ap_hir::{AsAssocItem, HasVisibility, ModuleDef, Visibility};
use ra_ap_hir_def::{FunctionId, hir::ExprId, signatures::FunctionSignature};

use crate::{
    facts::{
        body::{BodyFacts, Form},
        calls,
        functions::{self, Mentions},
        place,
    },
    workspace::Target,
};

impl<'db> BodyFacts<'db> {
    /// What is found first in the functions that say the name of this one, outside of tests.
    pub(super) fn find_in_callers<T>(
        &self,
        look: impl FnMut(&BodyFacts<'db>) -> Option<T>,
    ) -> Option<T> {
        let name = FunctionSignature::of(self.db, self.function).name.as_str().to_owned();
        self.find_where_said(name, |it| !it.cfg_test, look)
    }

    /// What is found first in the functions of some targets that say a word, outside of tests.
    pub(super) fn find_where_said<T>(
        &self,
        word: String,
        is_meant: impl Fn(&Target) -> bool,
        mut look: impl FnMut(&BodyFacts<'db>) -> Option<T>,
    ) -> Option<T> {
        let mentions = Mentions::of(self.workspace, &HashSet::from([word]));
        let mut asked = BTreeSet::new();
        for target in self.workspace.targets().iter().filter(|it| is_meant(it)) {
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

    /// Whether somebody who is not in sight may call this function.
    pub(super) fn has_unseen_callers(&self) -> bool {
        self.is_offered_to_others() || calls::is_of_trait(self.db, self.function)
    }

    /// Whether other crates may call this function: it is public, and so is all around it.
    pub(super) fn is_offered_to_others(&self) -> bool {
        let function = ra_ap_hir::Function::from(self.function);
        let owner = function.as_assoc_item(self.db).and_then(|it| it.implementing_ty(self.db));
        let item: ModuleDef = match owner {
            Some(it) => match it.as_adt() {
                Some(it) => it.into(),
                None => return false,
            },
            None => function.into(),
        };
        function.visibility(self.db) == Visibility::Public
            && calls::is_offered(self.workspace, item)
    }
}
