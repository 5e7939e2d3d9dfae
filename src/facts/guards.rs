//! Guards, wherever they are: behind references, in generics, in the fields of the project's own types.

use std::collections::HashSet;

use ra_ap_hir_def::{AdtId, EnumVariantId, HasModule, VariantId};
use ra_ap_hir_ty::{
    db::HirDatabase,
    next_solver::{DbInterner, GenericArgs, Ty, TyKind},
};
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::body::BodyFacts,
    knowledge::{Guard, Row},
};

/// Types nest; nobody reads a guard below the eighth pair of brackets.
const DEEPEST: usize = 8;

/// How far the search for a guard goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Whatever the value gives access to.
    References,
    /// What is dropped with the value, unless the lock has broken.
    Owned,
}

impl<'db> BodyFacts<'db> {
    /// The guard that a value of this type holds. Behind a reference only those count that threads wait for: an
    /// asynchronous one is then somebody else's to drop.
    pub(super) fn guard_in(&self, type_: Ty<'db>) -> Option<Guard> {
        let row = self.guard_below(type_, Reach::References, 0, &mut HashSet::new());
        row.and_then(|it| it.guard)
    }

    /// What is known of the guard that is released when a value of this type is dropped.
    pub fn owned_guard_in(&self, type_: Ty<'db>) -> Option<&'db Row> {
        self.guard_below(type_, Reach::Owned, 0, &mut HashSet::new())
    }

    /// Whether any value in this function holds a guard of a kind that is asked for.
    pub(super) fn has_guards(&self, wanted: impl Fn(Guard) -> bool) -> bool {
        let values = self.body.exprs().map(|it| self.infer.expr_ty(it.0));
        let variables = self.body.bindings().map(|it| self.infer.binding_ty(it.0));
        // Most values share a few types.
        let mut types: HashSet<Ty<'db>> = values.chain(variables).collect();
        types.retain(|it| {
            matches!(it.kind(), TyKind::Adt(..) | TyKind::Tuple(_) | TyKind::Array(..))
        });
        let mut guards = types.into_iter().filter_map(|it| self.owned_guard_in(it)?.guard);
        guards.any(wanted)
    }

    pub(super) fn is_itself_guard(&self, type_: Ty<'db>) -> bool {
        let TyKind::Adt(adt, _) = type_.kind() else { return false };
        self.known.type_(adt.def_id()).is_some_and(|it| it.guard.is_some())
    }

    /// The variants of an enum that may hold a guard.
    pub(super) fn variants_with_guard(&self, type_: Ty<'db>) -> Vec<EnumVariantId> {
        let TyKind::Adt(adt, args) = type_.kind() else { return Vec::new() };
        let AdtId::EnumId(id) = adt.def_id() else { return Vec::new() };
        let holds = |it: &EnumVariantId| {
            let fields = self.fields_of((*it).into(), args);
            fields.into_iter().any(|it| self.owned_guard_in(it).is_some())
        };
        id.enum_variants(self.db).variants.values().map(|it| it.0).filter(holds).collect()
    }

    fn guard_below(
        &self,
        type_: Ty<'db>,
        reach: Reach,
        depth: usize,
        seen: &mut HashSet<AdtId>,
    ) -> Option<&'db Row> {
        if depth > DEEPEST {
            return None;
        }
        match type_.kind() {
            TyKind::Adt(adt, args) => {
                let id = adt.def_id();
                match self.known.type_(id).map(|it| (&**it, it.guard)) {
                    Some((_, Some(Guard::Poisoned))) if reach == Reach::Owned => return None,
                    Some((row, Some(guard))) if guard != Guard::Poisoned => return Some(row),
                    _ => {}
                }
                let mut inner = args.types();
                inner
                    .find_map(|it| self.guard_below(it, reach, depth + 1, seen))
                    .or_else(|| self.guard_in_fields(id, args, reach, depth, seen))
            }
            TyKind::Ref(..) if reach == Reach::Owned => None,
            TyKind::Ref(_, it, _) => self
                .guard_below(it, reach, depth + 1, seen)
                .filter(|it| it.guard != Some(Guard::Async)),
            TyKind::Slice(it) | TyKind::Array(it, _) => {
                self.guard_below(it, reach, depth + 1, seen)
            }
            TyKind::Tuple(types) => {
                types.iter().find_map(|it| self.guard_below(it, reach, depth + 1, seen))
            }
            _ => None,
        }
    }

    /// What the standard library's own types hold is told by their arguments.
    fn guard_in_fields(
        &self,
        adt: AdtId,
        args: GenericArgs<'db>,
        reach: Reach,
        depth: usize,
        seen: &mut HashSet<AdtId>,
    ) -> Option<&'db Row> {
        let krate = adt.module(self.db).krate(self.db);
        if krate.data(self.db).origin.is_lang() || !seen.insert(adt) {
            return None;
        }
        let mut types = self.field_types(adt, args).into_iter();
        types.find_map(|it| self.guard_below(it, reach, depth + 1, seen))
    }

    pub(super) fn fields_of(&self, variant: VariantId, args: GenericArgs<'db>) -> Vec<Ty<'db>> {
        let interner = DbInterner::new_with(self.db, self.krate());
        let fields = self.db.field_types(variant).iter();
        fields.map(|(_, it)| it.ty().instantiate(interner, args).skip_norm_wip()).collect()
    }
}
