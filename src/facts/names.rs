//! How functions and types are called where a user reads of them.

use ra_ap_hir_def::{FunctionId, ItemContainerId, Lookup, signatures::FunctionSignature};
use ra_ap_hir_ty::{db::HirDatabase, next_solver::TyKind};
use ra_ap_ide_db::RootDatabase;
use ra_ap_rustc_type_ir::inherent::IntoKind;

/// "a `Mutex`", "an `Iter`".
pub fn with_article(type_: &str) -> String {
    let article = if type_.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" };
    format!("{article} `{type_}`")
}

/// `load`, or `Store::load` for a method.
pub(super) fn of_function(db: &RootDatabase, function: FunctionId) -> String {
    let name = FunctionSignature::of(db, function).name.as_str().to_owned();
    match owner(db, function) {
        Some(owner) => format!("{owner}::{name}"),
        None => name,
    }
}

/// The type or trait that it belongs to.
pub(super) fn owner(db: &RootDatabase, function: FunctionId) -> Option<String> {
    let owner = match function.lookup(db).container {
        ItemContainerId::TraitId(it) => ra_ap_hir::Trait::from(it).name(db),
        ItemContainerId::ImplId(it) => {
            let type_ = db.impl_self_ty(it).skip_binder();
            // An implementation for `&Store` is one of its own, and speaks of the same.
            let type_ = match type_.kind() {
                TyKind::Ref(_, inner, _) => inner,
                _ => type_,
            };
            match type_.kind() {
                TyKind::Adt(adt, _) => ra_ap_hir::Adt::from(adt.def_id()).name(db),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(owner.as_str().to_owned())
}
