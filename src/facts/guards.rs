//! Guards, wherever they are: behind references, in generics, in the fields of the project's own types.

use std::collections::HashSet;

use ra_ap_hir_def::{AdtId, HasModule, VariantId};
use ra_ap_hir_ty::{
    db::HirDatabase,
    next_solver::{DbInterner, GenericArgs, Ty, TyKind},
};
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{facts::body::BodyFacts, knowledge::Guard};

/// Types nest; nobody reads a guard below the eighth pair of brackets.
const DEEPEST: usize = 8;

impl<'db> BodyFacts<'db> {
    /// The guard that a value of this type holds. Behind a reference only those count that threads wait for: an
    /// asynchronous one is then somebody else's to drop.
    pub(super) fn guard_in(&self, type_: Ty<'db>) -> Option<Guard> {
        let mut seen = HashSet::new();
        self.guard_below(type_, 0, &mut seen)
    }

    fn guard_below(
        &self,
        type_: Ty<'db>,
        depth: usize,
        seen: &mut HashSet<AdtId>,
    ) -> Option<Guard> {
        if depth > DEEPEST {
            return None;
        }
        match type_.kind() {
            TyKind::Adt(adt, args) => {
                let id = adt.def_id();
                if let Some(guard) = self.known.type_(id).and_then(|it| it.guard) {
                    return Some(guard);
                }
                let mut inner = args.types();
                inner
                    .find_map(|it| self.guard_below(it, depth + 1, seen))
                    .or_else(|| self.guard_in_fields(id, args, depth, seen))
            }
            TyKind::Ref(_, it, _) => {
                self.guard_below(it, depth + 1, seen).filter(|it| *it != Guard::Async)
            }
            TyKind::Slice(it) | TyKind::Array(it, _) => self.guard_below(it, depth + 1, seen),
            TyKind::Tuple(types) => {
                types.iter().find_map(|it| self.guard_below(it, depth + 1, seen))
            }
            _ => None,
        }
    }

    /// What the standard library's own types hold is told by their arguments.
    fn guard_in_fields(
        &self,
        adt: AdtId,
        args: GenericArgs<'db>,
        depth: usize,
        seen: &mut HashSet<AdtId>,
    ) -> Option<Guard> {
        let krate = adt.module(self.db).krate(self.db);
        if krate.data(self.db).origin.is_lang() || !seen.insert(adt) {
            return None;
        }
        let interner = DbInterner::new_with(self.db, self.krate());
        let variants: Vec<VariantId> = match adt {
            AdtId::StructId(it) => vec![it.into()],
            AdtId::UnionId(it) => vec![it.into()],
            AdtId::EnumId(it) => {
                it.enum_variants(self.db).variants.values().map(|it| it.0.into()).collect()
            }
        };
        variants.into_iter().find_map(|variant| {
            let fields = self.db.field_types(variant);
            let mut types =
                fields.iter().map(|(_, it)| it.ty().instantiate(interner, args).skip_norm_wip());
            types.find_map(|it| self.guard_below(it, depth + 1, seen))
        })
    }
}
