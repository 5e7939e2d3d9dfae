//! Which type stands behind `impl Trait` in what a function returns: for a method of a trait, the implementation says it.

use either::Either;
use ra_ap_hir_def::{ItemContainerId, Lookup};
use ra_ap_hir_ty::{
    ImplTraitId, ParamEnvAndCrate,
    db::HirDatabase,
    next_solver::{DbInterner, Ty, TyKind},
};
use ra_ap_rustc_type_ir::{
    AliasTyKind, Interner, TypeFoldable, TypeFolder, TypeSuperFoldable, TypeVisitableExt,
    inherent::IntoKind,
};

use crate::facts::sizes::layouts::Layouts;

/// How often one such type may stand behind another.
const DEEPEST: usize = 32;

/// Puts what is returned in the place of what is promised, where it can be told which function is called.
pub(super) struct Implementations<'a, 'db> {
    layouts: &'a Layouts<'db>,
    depth: usize,
}

impl<'a, 'db> Implementations<'a, 'db> {
    pub fn new(layouts: &'a Layouts<'db>) -> Self {
        Implementations { layouts, depth: 0 }
    }

    fn returned(&self, type_: Ty<'db>) -> Option<Ty<'db>> {
        let layouts = self.layouts;
        let TyKind::Alias(alias) = type_.kind() else { return None };
        let AliasTyKind::Opaque { def_id } = alias.kind else { return None };
        let hidden = || {
            let hidden = layouts.interner().type_of_opaque_hir_typeck(def_id);
            Some(hidden.instantiate(layouts.interner(), alias.args).skip_norm_wip())
        };
        let ImplTraitId::ReturnTypeImplTrait(promised, _) = def_id.0.loc(layouts.db) else {
            return hidden();
        };
        let ItemContainerId::TraitId(_) = promised.lookup(layouts.db).container else {
            return hidden();
        };
        // Nobody knows yet for which type the method is called.
        if alias.args.has_param() {
            return None;
        }
        let environment =
            ParamEnvAndCrate { param_env: layouts.environment(), krate: layouts.krate };
        let (called, args) = layouts.db.lookup_impl_method(environment, promised, alias.args);
        let Either::Left(called) = called else { return None };
        // The implementation leaves it to the trait.
        if called == promised {
            return hidden();
        }
        let signature = layouts.db.callable_item_signature(called.into());
        let signature = signature.instantiate(layouts.interner(), args).skip_norm_wip();
        Some(signature.skip_binder().output())
    }
}

impl<'db> TypeFolder<DbInterner<'db>> for Implementations<'_, 'db> {
    fn cx(&self) -> DbInterner<'db> {
        self.layouts.interner()
    }

    fn fold_ty(&mut self, type_: Ty<'db>) -> Ty<'db> {
        // Which implementation it is depends on what stands inside.
        let type_ = type_.super_fold_with(self);
        if self.depth == DEEPEST {
            return type_;
        }
        match self.returned(type_) {
            Some(it) => {
                self.depth += 1;
                let it = it.fold_with(self);
                self.depth -= 1;
                it
            }
            None => type_,
        }
    }
}
