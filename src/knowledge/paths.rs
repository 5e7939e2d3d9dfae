//! From the path of a row to what it names, through the definition map of its crate.

use ra_ap_base_db::Crate;
use ra_ap_hir::{Adt, AssocItem, Impl, Name, attach_db, crate_def_map};
use ra_ap_hir_def::{
    AdtId, FunctionId, ItemContainerId, Lookup, MacroId, ModuleDefId, TraitId, per_ns::PerNs,
};
use ra_ap_hir_ty::{db::HirDatabase, next_solver::TyKind};
use ra_ap_ide_db::RootDatabase;
use ra_ap_rustc_type_ir::inherent::IntoKind;

/// Where a method is looked up: the type or the trait that it belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Owner {
    Adt(AdtId),
    Trait(TraitId),
    Slice,
    Str,
    Bool,
}

/// What a row's path leads to.
pub(super) enum Item {
    Function(FunctionId),
    Method(Owner),
    Type(AdtId),
    Macro(MacroId),
}

/// Follows `path` from the root of `krate`, whose name is its first segment.
pub(super) fn items(db: &RootDatabase, krate: Crate, path: &str) -> Vec<Item> {
    let segments: Vec<&str> = path.split("::").skip(1).collect();
    let [modules @ .., last] = segments.as_slice() else { return Vec::new() };
    let mut module = crate_def_map(db, krate).root_module_id();
    for (index, segment) in modules.iter().enumerate() {
        match child(db, module, segment).take_types() {
            Some(ModuleDefId::ModuleId(it)) => module = it,
            Some(definition) if index + 1 == modules.len() => {
                return owner_of(db, definition).map(Item::Method).into_iter().collect();
            }
            _ if index + 1 == modules.len() => {
                return primitive(segment).map(Item::Method).into_iter().collect();
            }
            _ => return Vec::new(),
        }
    }
    let found = child(db, module, last);
    let value = match found.take_values() {
        Some(ModuleDefId::FunctionId(it)) => Some(Item::Function(it)),
        _ => None,
    };
    let type_ = match found.take_types().and_then(|it| owner_of(db, it)) {
        Some(Owner::Adt(it)) => Some(Item::Type(it)),
        _ => None,
    };
    let makro = found.take_macros().map(Item::Macro);
    // Methods of primitive types are documented in the module of the same name, which does not declare them.
    let method = modules.last().and_then(|it| primitive(it)).map(Item::Method);
    let found: Vec<Item> = [value, type_, makro].into_iter().flatten().collect();
    if found.is_empty() { method.into_iter().collect() } else { found }
}

/// Whether there is something behind a path: an item of a module, or of a type or trait.
pub(super) fn leads_somewhere(db: &RootDatabase, krate: Crate, path: &str) -> bool {
    let Some((around, name)) = path.rsplit_once("::") else { return false };
    let mut module = crate_def_map(db, krate).root_module_id();
    for segment in around.split("::").skip(1) {
        match child(db, module, segment).take_types() {
            Some(ModuleDefId::ModuleId(it)) => module = it,
            _ => return items(db, krate, path).iter().any(|it| is_there(db, it, name)),
        }
    }
    !child(db, module, name).is_none()
}

/// Whether a method that a path leads to is one that its type or trait has.
pub(super) fn is_there(db: &RootDatabase, item: &Item, name: &str) -> bool {
    let has = |items: Vec<AssocItem>| {
        items.iter().any(|it| matches!(it, AssocItem::Function(it) if it.name(db).as_str() == name))
    };
    match item {
        Item::Method(Owner::Trait(it)) => has(ra_ap_hir::Trait::from(*it).items(db)),
        Item::Method(Owner::Adt(it)) => {
            let adt = Adt::from(*it);
            let impls = Impl::all_in_crate(db, adt.module(db).krate(db)).into_iter();
            impls
                .filter(|it| it.trait_(db).is_none() && it.self_ty(db).as_adt() == Some(adt))
                .any(|it| has(it.items(db)))
        }
        // Methods of primitive types are declared in several crates.
        Item::Method(_) | Item::Function(_) | Item::Type(_) | Item::Macro(_) => true,
    }
}

fn child(db: &RootDatabase, module: ra_ap_hir_def::ModuleId, name: &str) -> PerNs {
    let data = &module.def_map(db)[module];
    data.scope.get(&Name::new_root(name))
}

fn owner_of(db: &RootDatabase, definition: ModuleDefId) -> Option<Owner> {
    match definition {
        ModuleDefId::AdtId(it) => Some(Owner::Adt(it)),
        ModuleDefId::TraitId(it) => Some(Owner::Trait(it)),
        ModuleDefId::TypeAliasId(it) => {
            let aliased = attach_db(db, || db.ty(it.into()).instantiate_identity());
            match aliased.skip_norm_wip().kind() {
                TyKind::Adt(adt, _) => Some(Owner::Adt(adt.def_id())),
                _ => None,
            }
        }
        _ => None,
    }
}

fn primitive(segment: &str) -> Option<Owner> {
    match segment {
        "slice" => Some(Owner::Slice),
        "str" => Some(Owner::Str),
        "bool" => Some(Owner::Bool),
        _ => None,
    }
}

/// The type or trait that a method belongs to. A trait's method and each implementation of it are the same item.
pub(super) fn owner(db: &RootDatabase, function: FunctionId) -> Option<Owner> {
    match function.lookup(db).container {
        ItemContainerId::TraitId(it) => Some(Owner::Trait(it)),
        ItemContainerId::ImplId(it) => {
            if let Some(trait_ref) = db.impl_trait(it) {
                return Some(Owner::Trait(trait_ref.skip_binder().def_id.0));
            }
            match db.impl_self_ty(it).skip_binder().kind() {
                TyKind::Adt(adt, _) => Some(Owner::Adt(adt.def_id())),
                TyKind::Slice(_) => Some(Owner::Slice),
                TyKind::Str => Some(Owner::Str),
                TyKind::Bool => Some(Owner::Bool),
                _ => None,
            }
        }
        _ => None,
    }
}
