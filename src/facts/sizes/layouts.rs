//! How types lie in memory, futures included: those of rust-analyzer know only what a future takes along from outside.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use ra_ap_hir_def::{
    AdtId, VariantId,
    attrs::AttrFlags,
    signatures::{StructFlags, StructSignature},
};
use ra_ap_hir_ty::{
    ParamEnvAndCrate, consteval,
    db::HirDatabase,
    display::{DisplayTarget, HirDisplay},
    layout::{Layout, RustcEnumVariantIdx, RustcFieldIdx},
    next_solver::{
        DbInterner, GenericArgs, ParamEnv, Region, Ty, TyKind, TypingMode,
        infer::{DbInternerInferExt, traits::ObligationCause},
        normalize::deeply_normalize,
    },
};
use ra_ap_ide_db::RootDatabase;
use ra_ap_rustc_abi::{
    AbiAlign, Align, BackendRepr, Integer, LayoutCalculator, Niche, ReprOptions, Scalar, Size,
    StructKind, TargetDataLayout,
};
use ra_ap_rustc_index::IndexVec;
use ra_ap_rustc_type_ir::{
    TypeFoldable, TypeVisitableExt, fold_regions,
    inherent::{GenericArgs as _, IntoKind},
};

use crate::facts::sizes::{FutureSize, implementations::Implementations};

/// The layout of a type.
#[derive(Clone)]
pub(super) struct Measured {
    pub layout: Arc<Layout>,
    /// What is not known of it, so that it is at least so much.
    pub unknown: Option<Unknown>,
}

/// What keeps a size from being known: a type, or some code.
pub(super) type Unknown = Rc<str>;

impl Measured {
    pub fn exact(layout: Layout) -> Measured {
        Measured { layout: Arc::new(layout), unknown: None }
    }

    /// A layout that is made of these.
    fn of<'m>(layout: Layout, mut parts: impl Iterator<Item = &'m Measured>) -> Measured {
        let unknown = parts.find_map(|it| it.unknown.clone());
        Measured { layout: Arc::new(layout), unknown }
    }

    pub fn is_exact(&self) -> bool {
        self.unknown.is_none()
    }
}

/// Where the layouts of futures come from.
pub(super) trait Futures<'db> {
    fn future(&self, layouts: &Layouts<'db>, type_: Ty<'db>) -> Measured;

    /// What there is to tell of the future of an async body.
    fn told(&self, layouts: &Layouts<'db>, type_: Ty<'db>) -> Option<Rc<FutureSize>>;

    /// What is there in place of a value of this type, where that is something else.
    fn in_place_of(&self, _layouts: &Layouts<'db>, _type_: Ty<'db>) -> Option<Measured> {
        None
    }
}

pub(super) struct Layouts<'db> {
    pub db: &'db RootDatabase,
    pub krate: ra_ap_base_db::Crate,
    pub target: &'db TargetDataLayout,
    known: RefCell<HashMap<Ty<'db>, Measured>>,
}

type Fields<'db> = Vec<Ty<'db>>;

impl<'db> Layouts<'db> {
    /// None for a target of which nothing is known.
    pub fn of(db: &'db RootDatabase, krate: ra_ap_base_db::Crate) -> Option<Layouts<'db>> {
        let target = db.target_data_layout(krate).ok()?;
        Some(Layouts { db, krate, target, known: RefCell::default() })
    }

    pub fn interner(&self) -> DbInterner<'db> {
        DbInterner::new_with(self.db, self.krate)
    }

    pub fn environment(&self) -> ParamEnv<'db> {
        ParamEnv::empty(self.interner())
    }

    /// Lifetimes have no say in a size, and there is one type without them.
    pub fn without_lifetimes(&self, type_: Ty<'db>) -> Ty<'db> {
        let erased = Region::new_erased(self.interner());
        fold_regions(self.interner(), type_, |_, _| erased)
    }

    pub fn normalized(&self, type_: Ty<'db>) -> Ty<'db> {
        let mut type_ = self.without_lifetimes(type_);
        // One may come to light behind another: the solver itself looks at no implementation for what is behind
        // `impl Trait`, so it is not asked about that.
        const ROUNDS: usize = 8;
        for _ in 0..ROUNDS {
            if !type_.has_aliases() {
                break;
            }
            let revealed = type_.fold_with(&mut Implementations::new(self));
            let context = self.interner().infer_ctxt().build(TypingMode::non_body_analysis());
            let cause = ObligationCause::dummy();
            let next = deeply_normalize(context.at(&cause, self.environment()), revealed)
                .unwrap_or(revealed);
            if next == type_ {
                break;
            }
            type_ = next;
        }
        type_
    }

    pub fn measure(&self, type_: Ty<'db>, futures: &dyn Futures<'db>) -> Measured {
        let type_ = self.normalized(type_);
        if let Some(known) = self.known.borrow().get(&type_) {
            return known.clone();
        }
        let measured = self.of_type(type_, futures);
        let measured = measured.unwrap_or_else(|| self.unknown(&self.name_of(type_)));
        self.known.borrow_mut().insert(type_, measured.clone());
        measured
    }

    /// The same, of which nothing is known yet.
    pub fn anew(&self) -> Layouts<'db> {
        let Layouts { db, krate, target, .. } = *self;
        Layouts { db, krate, target, known: RefCell::default() }
    }

    /// A box of something of which the size is known.
    pub fn pointer(&self) -> Measured {
        let bytes = self.target.pointer_size().bytes();
        Measured::exact(self.plain(bytes, bytes))
    }

    /// Nothing is known of the size of what is called this.
    pub fn unknown(&self, what: &str) -> Measured {
        Measured { layout: Arc::new(self.plain(0, 1)), unknown: Some(what.into()) }
    }

    /// A type as people write it, or the beginning of that.
    pub fn name_of(&self, type_: Ty<'db>) -> String {
        const MOST: usize = 60;
        let target = DisplayTarget::from_crate(self.db, self.krate);
        let name = type_.display(self.db, target).to_string();
        match name.char_indices().nth(MOST) {
            Some((end, _)) => format!("`{}…`", &name[..end]),
            None => format!("`{name}`"),
        }
    }

    /// So many bytes of which nothing more is known.
    pub fn plain(&self, bytes: u64, align: u64) -> Layout {
        let mut layout = Layout::unit(self.target, true);
        layout.size = Size::from_bytes(bytes);
        if let Ok(align) = Align::from_bytes(align) {
            layout.align = AbiAlign::new(align);
            layout.unadjusted_abi_align = align;
        }
        layout
    }

    /// Whether a value of this type is large because of one array, which it is or has in it.
    pub fn has_array_above(&self, limit: u64, type_: Ty<'db>, futures: &dyn Futures<'db>) -> bool {
        let type_ = self.normalized(type_);
        if self.measure(type_, futures).layout.size.bytes() <= limit {
            return false;
        }
        let is_or_has = |it: Ty<'db>| self.has_array_above(limit, it, futures);
        match type_.kind() {
            TyKind::Array(..) => true,
            TyKind::Tuple(types) => types.iter().any(is_or_has),
            TyKind::Adt(adt, args) => {
                let mut variants = self.variants(adt.def_id()).into_iter();
                variants.any(|it| self.fields(it, args).into_iter().any(is_or_has))
            }
            _ => false,
        }
    }

    fn of_type(&self, type_: Ty<'db>, futures: &dyn Futures<'db>) -> Option<Measured> {
        if let Some(other) = futures.in_place_of(self, type_) {
            return Some(other);
        }
        match type_.kind() {
            TyKind::Coroutine(..) => Some(futures.future(self, type_)),
            TyKind::Closure(_, args) => {
                Some(self.measure(args.as_closure().tupled_upvars_ty(), futures))
            }
            TyKind::CoroutineClosure(_, args) => {
                Some(self.measure(args.as_coroutine_closure().tupled_upvars_ty(), futures))
            }
            TyKind::Tuple(types) => {
                let kind = match types.is_empty() {
                    true => StructKind::AlwaysSized,
                    false => StructKind::MaybeUnsized,
                };
                let parts: Vec<Measured> =
                    types.iter().map(|it| self.measure(it, futures)).collect();
                let fields: Vec<&Layout> = parts.iter().map(|it| &*it.layout).collect();
                let fields: IndexVec<RustcFieldIdx, &&Layout> = fields.iter().collect();
                let calculator = LayoutCalculator::new(self.target);
                let layout = calculator.univariant(&fields, &ReprOptions::default(), kind).ok()?;
                Some(Measured::of(layout, parts.iter()))
            }
            TyKind::Array(element, length) => {
                let length = consteval::try_const_usize(self.db, length)?;
                let element = self.measure(element, futures);
                let calculator = LayoutCalculator::new(self.target);
                let layout = calculator
                    .array_like::<_, _, ()>(&element.layout, Some(u64::try_from(length).ok()?));
                Some(Measured::of(layout.ok()?, std::iter::once(&element)))
            }
            TyKind::Adt(adt, args) => self.of_adt(adt.def_id(), args, futures),
            TyKind::Pat(base, _) => match self.of_rust_analyzer(type_) {
                None => Some(self.without_zero(&self.measure(base, futures))),
                known => known,
            },
            // What it is has not been found, and rust-analyzer would take it for something else.
            TyKind::Alias(_) => None,
            _ => self.of_rust_analyzer(type_),
        }
    }

    fn of_rust_analyzer(&self, type_: Ty<'db>) -> Option<Measured> {
        let environment = ParamEnvAndCrate { param_env: self.environment(), krate: self.krate };
        let layout = self.db.layout_of_ty(type_.store(), environment.store()).ok()?;
        Some(Measured::exact((*layout).clone()))
    }

    /// A number that is not zero: what it may be is not read from negative bounds.
    fn without_zero(&self, base: &Measured) -> Measured {
        let mut layout = (*base.layout).clone();
        if let BackendRepr::Scalar(scalar) = &mut layout.backend_repr {
            if let Scalar::Initialized { valid_range, .. } = scalar {
                valid_range.start = 1;
            }
            layout.largest_niche = Niche::from_scalar(self.target, Size::ZERO, *scalar);
        }
        Measured::of(layout, std::iter::once(base))
    }

    fn of_adt(
        &self,
        adt: AdtId,
        args: GenericArgs<'db>,
        futures: &dyn Futures<'db>,
    ) -> Option<Measured> {
        let variants: Vec<Fields<'db>> =
            self.variants(adt).into_iter().map(|it| self.fields(it, args)).collect();
        let parts: Vec<Vec<Measured>> = variants
            .iter()
            .map(|it| it.iter().map(|it| self.measure(*it, futures)).collect())
            .collect();
        let fields: Vec<Vec<&Layout>> =
            parts.iter().map(|it| it.iter().map(|it| &*it.layout).collect()).collect();
        let fields: IndexVec<RustcEnumVariantIdx, IndexVec<RustcFieldIdx, &&Layout>> =
            fields.iter().map(|it| it.iter().collect()).collect();
        let repr = AttrFlags::repr(self.db, adt).unwrap_or_default();
        let calculator = LayoutCalculator::new(self.target);
        let layout = match adt {
            AdtId::UnionId(_) => calculator.layout_of_union(&repr, &fields),
            _ => {
                let is_enum = matches!(adt, AdtId::EnumId(_));
                let last = || fields.iter().next().and_then(|it| it.iter().last());
                let is_sized = !is_enum && last().is_none_or(|it| !it.is_unsized());
                calculator.layout_of_struct_or_enum(
                    &repr,
                    &fields,
                    is_enum,
                    self.may_change_inside(adt),
                    |min, max| self.tag(&repr, min, max),
                    self.discriminants(adt),
                    is_sized,
                )
            }
        };
        let mut layout = layout.ok()?;
        self.restrict(adt, &mut layout);
        let mut measured = Measured::of(layout, parts.iter().flatten());
        // A type that does not resolve has no name of its own.
        let is_nameless = measured.unknown.as_ref().is_some_and(|it| it.contains("{unknown}"));
        if is_nameless {
            let name = ra_ap_hir::Adt::from(adt).name(self.db);
            measured.unknown = Some(format!("a field of `{}`", name.as_str()).into());
        }
        Some(measured)
    }

    fn variants(&self, adt: AdtId) -> Vec<VariantId> {
        match adt {
            AdtId::StructId(it) => vec![it.into()],
            AdtId::UnionId(it) => vec![it.into()],
            AdtId::EnumId(it) => {
                it.enum_variants(self.db).variants.values().map(|it| it.0.into()).collect()
            }
        }
    }

    fn fields(&self, variant: VariantId, args: GenericArgs<'db>) -> Fields<'db> {
        let fields = self.db.field_types(variant).iter();
        fields.map(|it| it.1.ty().instantiate(self.interner(), args).skip_norm_wip()).collect()
    }

    /// A cell: what is in it may change behind a shared reference, and so nothing is read from its bits.
    fn may_change_inside(&self, adt: AdtId) -> bool {
        let flags = StructFlags::IS_UNSAFE_CELL | StructFlags::IS_UNSAFE_PINNED;
        match adt {
            AdtId::StructId(it) => StructSignature::of(self.db, it).flags.intersects(flags),
            AdtId::UnionId(_) | AdtId::EnumId(_) => false,
        }
    }

    fn discriminants(
        &self,
        adt: AdtId,
    ) -> impl Iterator<Item = (RustcEnumVariantIdx, i128)> + use<'_, 'db> {
        let variants = match adt {
            AdtId::EnumId(it) => {
                it.enum_variants(self.db).variants.values().map(|it| it.0).collect()
            }
            _ => Vec::new(),
        };
        variants.into_iter().enumerate().filter_map(|(index, variant)| {
            let value = self.db.const_eval_discriminant(variant).ok()?;
            Some((RustcEnumVariantIdx(index), value))
        })
    }

    /// The integer that tells the variants of an enum apart, and whether it has a sign.
    fn tag(&self, repr: &ReprOptions, min: i128, max: i128) -> (Integer, bool) {
        let least = if repr.c() { self.target.c_enum_min_size } else { Integer::I8 };
        if min >= 0 {
            let unsigned = Integer::fit_unsigned(max.max(min).unsigned_abs());
            return (unsigned.max(least), false);
        }
        (Integer::fit_signed(min).max(Integer::fit_signed(max)).max(least), true)
    }

    /// Older sources of std say by an attribute which bits a value never has, as those of `NonNull` do.
    fn restrict(&self, adt: AdtId, layout: &mut Layout) {
        let AdtId::StructId(_) = adt else { return };
        let valid = AttrFlags::rustc_layout_scalar_valid_range(self.db, adt);
        let Some(start) = valid.start else { return };
        if let BackendRepr::Scalar(scalar) | BackendRepr::ScalarPair(scalar, _) =
            &mut layout.backend_repr
        {
            if let Scalar::Initialized { valid_range, .. } = scalar {
                valid_range.start = start;
                valid_range.end = valid.end.unwrap_or(valid_range.end);
            }
            let niche = Niche::from_scalar(self.target, Size::ZERO, *scalar);
            layout.largest_niche = niche.or(layout.largest_niche);
        }
    }
}
