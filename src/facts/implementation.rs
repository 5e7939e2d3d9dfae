//! The function that a call of a method of a trait comes to, where there is only one.

use ra_ap_hir::crate_def_map;
use ra_ap_hir_def::{
    AssocItemId, FunctionId, ItemContainerId, Lookup, TraitId, signatures::FunctionSignature,
};
use ra_ap_hir_ty::{ParamEnvAndCrate, db::HirDatabase, next_solver::TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::{body::BodyFacts, calls::Use},
    workspace::TargetKind,
};

impl<'db> BodyFacts<'db> {
    /// The function that is called: that of the type, where this is known, or of the only implementation that the
    /// workspace has. The method of the trait itself where neither can be told.
    pub(super) fn implementation(&self, used: &Use<'db>) -> FunctionId {
        let ItemContainerId::TraitId(trait_) = used.function.lookup(self.db).container else {
            return used.function;
        };
        let self_type = used.args.types().next().map(|it| it.kind());
        match self_type {
            Some(TyKind::Param(_) | TyKind::Dynamic(..)) => {
                self.only_implementation(trait_, used.function).unwrap_or(used.function)
            }
            Some(TyKind::Error(_) | TyKind::Infer(_)) | None => used.function,
            Some(_) => {
                let param_env = self.db.trait_environment(self.function.into());
                let environment = ParamEnvAndCrate { param_env, krate: self.krate() };
                let (found, _) = self.db.lookup_impl_method(environment, used.function, used.args);
                found.left().unwrap_or(used.function)
            }
        }
    }

    fn only_implementation(&self, trait_: TraitId, method: FunctionId) -> Option<FunctionId> {
        let name = &FunctionSignature::of(self.db, method).name;
        let targets = self.workspace.targets().iter();
        let for_users = targets
            .filter(|it| !it.cfg_test && !matches!(it.kind, TargetKind::Test | TargetKind::Bench));
        let mut found = Vec::new();
        for target in for_users {
            for (_, module) in crate_def_map(self.db, target.krate).modules() {
                found.extend(module.scope.impls().filter(|it| {
                    let of = self.db.impl_trait(*it);
                    of.is_some_and(|it| it.skip_binder().def_id.0 == trait_)
                }));
            }
        }
        let [only] = found[..] else { return None };
        only.impl_items(self.db).items.iter().find_map(|(own, item)| match item {
            AssocItemId::FunctionId(it) if own == name => Some(*it),
            _ => None,
        })
    }
}
