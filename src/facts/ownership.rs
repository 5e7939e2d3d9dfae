//! What a value of a type may borrow, and what its drop may do.

use ra_ap_hir_def::{AdtId, HasModule, VariantId};
use ra_ap_hir_ty::next_solver::{DbInterner, GenericArgs, Ty, TyKind};
use ra_ap_rustc_type_ir::{
    GenericArgKind,
    inherent::{AdtDef, IntoKind},
};

use crate::facts::body::BodyFacts;

/// Types nest; below so many pairs of brackets anything may be.
const DEEPEST: usize = 8;

impl<'db> BodyFacts<'db> {
    /// Whether a value of this type may hold a borrow of a local variable. A type parameter may not: it was chosen by
    /// somebody who does not know the variable.
    pub(super) fn may_borrow(&self, type_: Ty<'db>) -> bool {
        match type_.kind() {
            TyKind::Bool
            | TyKind::Char
            | TyKind::Int(_)
            | TyKind::Uint(_)
            | TyKind::Float(_)
            | TyKind::Str
            | TyKind::Never
            | TyKind::Param(_)
            | TyKind::FnDef(..)
            | TyKind::FnPtr(..) => false,
            TyKind::Adt(_, args) => args.iter().any(|it| match it.kind() {
                GenericArgKind::Lifetime(_) => true,
                GenericArgKind::Type(it) => self.may_borrow(it),
                GenericArgKind::Const(_) => false,
            }),
            TyKind::Tuple(types) => types.iter().any(|it| self.may_borrow(it)),
            TyKind::Array(it, _) | TyKind::Slice(it) => self.may_borrow(it),
            _ => true,
        }
    }

    /// Whether a drop of this type may do more than give back memory.
    pub(super) fn has_own_destructor(&self, type_: Ty<'db>) -> bool {
        self.destructor_below(type_, 0)
    }

    fn destructor_below(&self, type_: Ty<'db>, depth: usize) -> bool {
        let below = |it: Ty<'db>| self.destructor_below(it, depth + 1);
        match type_.kind() {
            _ if depth > DEEPEST => true,
            TyKind::Bool
            | TyKind::Char
            | TyKind::Int(_)
            | TyKind::Uint(_)
            | TyKind::Float(_)
            | TyKind::Str
            | TyKind::Never
            | TyKind::Ref(..)
            | TyKind::RawPtr(..)
            | TyKind::FnDef(..)
            | TyKind::FnPtr(..) => false,
            TyKind::Tuple(types) => types.iter().any(below),
            TyKind::Array(it, _) | TyKind::Slice(it) => below(it),
            TyKind::Adt(adt, args) => {
                let id = adt.def_id();
                let krate = id.module(self.db).krate(self.db);
                let interner = DbInterner::new_with(self.db, self.krate());
                match krate.data(self.db).origin {
                    // Collections, boxes and shared pointers: what counts is what they hold.
                    ra_ap_base_db::CrateOrigin::Lang(
                        ra_ap_base_db::LangCrateOrigin::Alloc
                        | ra_ap_base_db::LangCrateOrigin::Core,
                    ) => args.types().any(below),
                    _ if adt.destructor(interner).is_some() => true,
                    _ => self.field_types(id, args).into_iter().any(below),
                }
            }
            _ => true,
        }
    }

    /// The types of all fields of all variants.
    pub(super) fn field_types(&self, adt: AdtId, args: GenericArgs<'db>) -> Vec<Ty<'db>> {
        let variants: Vec<VariantId> = match adt {
            AdtId::StructId(it) => vec![it.into()],
            AdtId::UnionId(it) => vec![it.into()],
            AdtId::EnumId(it) => {
                it.enum_variants(self.db).variants.values().map(|it| it.0.into()).collect()
            }
        };
        variants.into_iter().flat_map(|it| self.fields_of(it, args)).collect()
    }
}
