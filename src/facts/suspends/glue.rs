//! Whether dropping a value does anything, as the compiler decides it. What cannot be told counts as if it did.

use std::collections::HashSet;

use ra_ap_hir_def::{
    AdtId, VariantId,
    signatures::{StructFlags, StructSignature},
};
use ra_ap_hir_ty::{
    consteval,
    next_solver::{
        ParamEnv, Ty, TyKind,
        infer::{InferCtxt, traits::ObligationCause},
        normalize::deeply_normalize,
    },
};
use ra_ap_rustc_type_ir::{
    TypeVisitableExt,
    inherent::{AdtDef, GenericArgs as _, IntoKind},
};

use crate::facts::body::BodyFacts;

/// A question about the types of one body.
pub(in crate::facts) struct Glue<'a, 'db> {
    pub facts: &'a BodyFacts<'db>,
    pub context: InferCtxt<'db>,
    pub environment: ParamEnv<'db>,
}

impl<'db> Glue<'_, 'db> {
    pub fn is_in(&self, type_: Ty<'db>) -> bool {
        self.below(type_, &mut HashSet::new())
    }

    fn below(&self, type_: Ty<'db>, seen: &mut HashSet<Ty<'db>>) -> bool {
        let type_ = self.normalized(type_);
        if !seen.insert(type_) {
            return false;
        }
        match type_.kind() {
            TyKind::Adt(adt, args) => {
                adt.destructor(self.context.interner).is_some()
                    || self.fields(adt.def_id()).into_iter().any(|it| {
                        let fields = self.facts.fields_of(it, args);
                        fields.into_iter().any(|it| self.below(it, seen))
                    })
            }
            TyKind::Tuple(types) => types.iter().any(|it| self.below(it, seen)),
            TyKind::Array(it, length) => {
                consteval::try_const_usize(self.facts.db, length) != Some(0) && self.below(it, seen)
            }
            TyKind::Slice(it) | TyKind::Pat(it, _) => self.below(it, seen),
            TyKind::Closure(_, args) => self.below(args.as_closure().tupled_upvars_ty(), seen),
            TyKind::CoroutineClosure(_, args) => {
                self.below(args.as_coroutine_closure().tupled_upvars_ty(), seen)
            }
            TyKind::Coroutine(..)
            | TyKind::Dynamic(..)
            | TyKind::UnsafeBinder(_)
            | TyKind::Infer(_)
            | TyKind::Error(_) => true,
            TyKind::Alias(..) | TyKind::Param(_) => {
                !self.context.type_is_copy_modulo_regions(self.environment, type_)
            }
            _ => false,
        }
    }

    pub fn normalized(&self, type_: Ty<'db>) -> Ty<'db> {
        if !type_.has_aliases() {
            return type_;
        }
        let cause = ObligationCause::dummy();
        deeply_normalize(self.context.at(&cause, self.environment), type_).unwrap_or(type_)
    }

    /// What is dropped with a value of this type.
    fn fields(&self, adt: AdtId) -> Vec<VariantId> {
        match adt {
            AdtId::StructId(it) => {
                let kept = StructFlags::IS_MANUALLY_DROP | StructFlags::IS_PHANTOM_DATA;
                let flags = StructSignature::of(self.facts.db, it).flags;
                if flags.intersects(kept) { Vec::new() } else { vec![it.into()] }
            }
            AdtId::UnionId(_) => Vec::new(),
            AdtId::EnumId(it) => {
                it.enum_variants(self.facts.db).variants.values().map(|it| it.0.into()).collect()
            }
        }
    }
}
