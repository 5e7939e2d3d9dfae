//! Futures that methods of traits return: which one it is says the implementation.

use either::Either;
use ra_ap_hir_def::{ItemContainerId, Lookup};
use ra_ap_hir_ty::{
    ImplTraitId, ParamEnvAndCrate,
    db::HirDatabase,
    next_solver::{DbInterner, Ty, TyKind},
};
use ra_ap_rustc_type_ir::{AliasTyKind, TypeFolder, TypeSuperFoldable, inherent::IntoKind};

use crate::facts::sizes::layouts::Layouts;

/// Puts what the implementation returns in the place of what the trait promises, where it can be told which
/// implementation is called.
pub(super) struct Implementations<'a, 'db>(pub &'a Layouts<'db>);

impl<'db> Implementations<'_, 'db> {
    fn returned(&self, type_: Ty<'db>) -> Option<Ty<'db>> {
        let Implementations(layouts) = self;
        let TyKind::Alias(alias) = type_.kind() else { return None };
        let AliasTyKind::Opaque { def_id } = alias.kind else { return None };
        let ImplTraitId::ReturnTypeImplTrait(promised, _) = def_id.0.loc(layouts.db) else {
            return None;
        };
        let ItemContainerId::TraitId(_) = promised.lookup(layouts.db).container else {
            return None;
        };
        let environment =
            ParamEnvAndCrate { param_env: layouts.environment(), krate: layouts.krate };
        let (called, args) = layouts.db.lookup_impl_method(environment, promised, alias.args);
        let Either::Left(called) = called else { return None };
        if called == promised {
            return None;
        }
        let signature = layouts.db.callable_item_signature(called.into());
        let signature = signature.instantiate(layouts.interner(), args).skip_norm_wip();
        Some(signature.skip_binder().output())
    }
}

impl<'db> TypeFolder<DbInterner<'db>> for Implementations<'_, 'db> {
    fn cx(&self) -> DbInterner<'db> {
        self.0.interner()
    }

    fn fold_ty(&mut self, type_: Ty<'db>) -> Ty<'db> {
        self.returned(type_).unwrap_or_else(|| type_.super_fold_with(self))
    }
}
