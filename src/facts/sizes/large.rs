//! Large futures, each told of where it is made: those in which it is kept are only as large because of it.

use std::{
    cell::{OnceCell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
};

use ra_ap_hir_def::{
    FunctionId,
    hir::{BindingId, ExprId},
};
use ra_ap_hir_ty::next_solver::{GenericArgs, Ty, TyKind};
use ra_ap_rustc_type_ir::{
    TypeVisitableExt,
    inherent::{GenericArg as _, GenericArgs as _, IntoKind},
};

use crate::{
    facts::{
        body::BodyFacts,
        large_locals::LargeLocal,
        made_futures::{Boxing, MadeFuture, Taken},
        place,
        sizes::{
            Code, FutureSize, LaidOut, Sizes, View,
            frame::{Frame, Slot},
            layouts::{Futures, Layouts, Measured},
        },
        suspends::graph::Made,
    },
    finding::{FilePath, Place},
    knowledge::resolve::Known,
    workspace::Workspace,
};

/// How large things may be.
pub trait Limits {
    /// A future that is made in this file.
    fn future(&self, file: &FilePath) -> u64;

    /// A variable in this file that is kept across an `.await`. None where nobody asks.
    fn local(&self, file: &FilePath) -> Option<u64>;
}

/// A future above the limit that is in no box, and has nothing in it that could be in one.
pub struct LargeFuture {
    pub at: Place,
    pub taken: Taken,
    pub bytes: u64,
    /// Otherwise it has at least so many.
    pub exact: bool,
    /// None where it is more than what one async body makes.
    pub size: Option<Rc<FutureSize>>,
    /// The future that is made around it, where one is.
    pub around: Option<Around>,
    /// Whether it is made anew in each turn of a loop.
    pub in_loop: bool,
    pub boxing: Result<Boxing, &'static str>,
}

/// A future that another one makes larger, as it is, and as it is when that is in a box.
pub struct Around {
    pub before: Rc<FutureSize>,
    pub with_box: Rc<FutureSize>,
}

/// The large futures of one target.
pub struct LargeFutures<'a, 'w> {
    pub(super) workspace: &'w Workspace,
    pub(super) known: &'w Known,
    krate: ra_ap_base_db::Crate,
    limits: &'a dyn Limits,
    sizes: OnceCell<Option<Sizes<'w>>>,
    made: RefCell<HashMap<FunctionId, Rc<Vec<MadeFuture<'w>>>>>,
    left: RefCell<HashMap<Ty<'w>, Option<LaidOut>>>,
    pub(super) awaited: RefCell<HashMap<FunctionId, Rc<Vec<FunctionId>>>>,
}

impl<'a, 'w> LargeFutures<'a, 'w> {
    /// As code of `krate` is compiled.
    pub fn new(
        workspace: &'w Workspace,
        known: &'w Known,
        krate: ra_ap_base_db::Crate,
        limits: &'a dyn Limits,
    ) -> LargeFutures<'a, 'w> {
        LargeFutures {
            workspace,
            known,
            krate,
            limits,
            sizes: OnceCell::new(),
            made: RefCell::default(),
            left: RefCell::default(),
            awaited: RefCell::default(),
        }
    }

    /// Those that are made in a function, in the order of the text.
    pub fn in_body(&self, body: &BodyFacts<'w>) -> Vec<LargeFuture> {
        let Some(sizes) = self.sizes() else { return Vec::new() };
        let made = body.made_futures();
        let boxes = self.boxes(sizes, &made, None);
        if boxes.is_empty() {
            return Vec::new();
        }
        let view = Boxed::of(self, sizes, boxes);
        let large = made.iter().filter_map(|it| self.large(sizes, body, it, &view));
        let mut large: Vec<LargeFuture> = large.collect();
        large.sort_by(|a, b| a.at.cmp(&b.at));
        large
    }

    /// The large arrays that a function keeps while it is suspended, in the order of the text.
    pub fn locals_in(&self, body: &BodyFacts<'w>) -> Vec<LargeLocal> {
        let Some(sizes) = self.sizes() else { return Vec::new() };
        let frames = body.coroutines().map(|it| body.frame(it));
        let mut locals: Vec<LargeLocal> =
            frames.flat_map(|it| self.locals_of(sizes, body, &it)).collect();
        locals.sort_by(|a, b| a.at.cmp(&b.at));
        locals
    }

    fn locals_of(
        &self,
        sizes: &Sizes<'w>,
        body: &BodyFacts<'w>,
        frame: &Frame<'w>,
    ) -> Vec<LargeLocal> {
        let file = place::file_of(self.workspace, body.function);
        let Some(limit) = file.and_then(|it| self.limits.local(&it)) else { return Vec::new() };
        let mut locals = Vec::new();
        for (index, slot) in frame.slots.iter().enumerate() {
            let Slot::Value { made: Made::Variable(variable), type_ } = *slot else { continue };
            let type_ = sizes.layouts.normalized(type_);
            if type_.has_param() || body.is_parameter(variable) {
                continue;
            }
            let measured = sizes.layouts.measure(type_, sizes);
            let bytes = measured.layout.size.bytes();
            let is_large = sizes.layouts.has_array_above(limit, type_, sizes);
            if is_large && !body.holds_future(type_) {
                let points = frame.points.iter().filter(|it| it.1.contains(&index));
                let awaits: Vec<ExprId> = points.map(|it| it.0).collect();
                locals.extend(body.large_local(variable, (bytes, measured.is_exact()), &awaits));
            }
        }
        locals
    }

    /// The variables of a function that need not be large in its future.
    fn curable(&self, sizes: &Sizes<'w>, function: FunctionId, expr: ExprId) -> Vec<BindingId> {
        let body = sizes.body(function);
        let locals = self.locals_of(sizes, &body, &sizes.frame(&body, expr)).into_iter();
        let is_curable = |it: &LargeLocal| it.on_heap.is_ok() || it.section.is_ok();
        locals.filter(is_curable).map(|it| it.variable).collect()
    }

    pub(super) fn sizes(&self) -> Option<&Sizes<'w>> {
        let new = || Sizes::new(self.workspace, self.known, self.krate);
        self.sizes.get_or_init(new).as_ref()
    }

    fn large(
        &self,
        sizes: &Sizes<'w>,
        body: &BodyFacts<'w>,
        made: &MadeFuture<'w>,
        boxed: &Boxed<'_, 'a, 'w>,
    ) -> Option<LargeFuture> {
        let type_ = sizes.layouts.normalized(made.type_);
        if !boxed.types.contains(&type_) || !self.is_kept(sizes, body, made, type_) {
            return None;
        }
        let left = self.left(sizes, type_);
        let measured = match &left {
            Some(it) => it.0.clone(),
            None => boxed.without(type_).measure(type_),
        };
        Some(LargeFuture {
            at: made.at.clone(),
            taken: made.taken.clone(),
            bytes: measured.layout.size.bytes(),
            exact: measured.is_exact(),
            size: left.map(|it| it.1),
            around: self.around(sizes, body, made, type_),
            in_loop: body.loop_around(made.expr).is_some(),
            boxing: body.boxing(made),
        })
    }

    /// Whether it stays where it is given to, and what has it inside does not go into a box either.
    fn is_kept(
        &self,
        sizes: &Sizes<'w>,
        body: &BodyFacts<'w>,
        made: &MadeFuture<'w>,
        type_: Ty<'w>,
    ) -> bool {
        let bytes = |it| sizes.layouts.measure(it, sizes).layout.size.bytes();
        let (mut expr, mut taken) = (made.expr, made.taken.clone());
        while let Taken::Given(_) | Taken::Wrapped(_) = taken {
            let Some(result) = body.parents.get(expr).copied() else { return false };
            let result_type = body.infer.expr_ty(result);
            if result_type.has_param() || bytes(result_type) < bytes(type_) {
                return matches!(taken, Taken::Given(_));
            }
            let Some(next) = body.taken(result) else { return false };
            (expr, taken) = (result, next);
        }
        true
    }

    fn around(
        &self,
        sizes: &Sizes<'w>,
        body: &BodyFacts<'w>,
        made: &MadeFuture<'w>,
        type_: Ty<'w>,
    ) -> Option<Around> {
        let around = body.infer.expr_ty(body.awaits_at(made.expr)?);
        let before = sizes.of_type(around).filter(|it| it.is_exact())?;
        let only = OnlyBoxed { sizes, type_, known: RefCell::default() };
        let around = sizes.layouts.normalized(around);
        let (_, with_box) = only.laid_out(&sizes.layouts.anew(), around)?;
        Some(Around { before, with_box })
    }

    /// The types of those futures that are put in boxes where they are made.
    fn boxes(
        &self,
        sizes: &Sizes<'w>,
        made: &[MadeFuture<'w>],
        args: Option<GenericArgs<'w>>,
    ) -> HashSet<Ty<'w>> {
        let type_of = |it: &MadeFuture<'w>| match args {
            Some(args) => sizes.instantiated(it.type_, args),
            None => sizes.layouts.normalized(it.type_),
        };
        let of_coroutine = |it: &Ty<'w>| matches!(it.kind(), TyKind::Coroutine(..));
        let all = made.iter().map(|it| (type_of(it), self.limits.future(&it.at.file)));
        let (coroutines, others): (Vec<_>, Vec<_>) =
            all.filter(|it| !it.0.has_param()).partition(|it| of_coroutine(&it.0));
        let mut boxes = HashSet::new();
        for (type_, limit) in coroutines {
            let left = self.left(sizes, type_);
            if left.is_some_and(|it| it.0.layout.size.bytes() > limit) {
                boxes.insert(type_);
            }
        }
        let boxed = Boxed::of(self, sizes, boxes);
        let is_large = |(type_, limit): &(Ty<'w>, u64)| {
            let full = sizes.layouts.measure(*type_, sizes).layout.size.bytes();
            full > *limit && boxed.measure(*type_).layout.size.bytes() > *limit
        };
        let others: Vec<_> = others.into_iter().filter(is_large).map(|it| it.0).collect();
        boxed.types.into_iter().chain(others).collect()
    }

    /// A future as it is when all that is large in it is in boxes. None for what is in a box itself, or is no future of
    /// an async body.
    pub(super) fn left(&self, sizes: &Sizes<'w>, type_: Ty<'w>) -> Option<LaidOut> {
        if let Some(known) = self.left.borrow().get(&type_) {
            return known.clone();
        }
        // One that holds itself has no size.
        self.left.borrow_mut().insert(type_, None);
        let left = self.compute_left(sizes, type_);
        self.left.borrow_mut().insert(type_, left.clone());
        left
    }

    fn compute_left(&self, sizes: &Sizes<'w>, type_: Ty<'w>) -> Option<LaidOut> {
        let Code { function, expr, parent, .. } = sizes.code_of(type_)?;
        if sizes.is_boxed(type_) {
            return None;
        }
        let measured = sizes.layouts.measure(type_, sizes);
        let size = sizes.known(type_)?;
        let file = place::file_of(self.workspace, function);
        let mut boxes = HashSet::new();
        // What was given to it is in a box where it was made.
        let given = parent.iter().flat_map(|it| it.walk()).filter_map(|it| it.as_type());
        for given in given.filter(|it| is_given(type_, *it)) {
            let at =
                sizes.code_of(given).and_then(|it| place::file_of(self.workspace, it.function));
            let left = at.and_then(|it| Some((self.limits.future(&it), self.left(sizes, given)?)));
            if left.is_some_and(|(limit, it)| it.0.layout.size.bytes() > limit) {
                boxes.insert(given);
            }
        }
        let is_large =
            file.is_some_and(|it| measured.layout.size.bytes() > self.limits.future(&it));
        if is_large {
            boxes.extend(self.boxes(sizes, &self.made_in(sizes, function), Some(parent)));
        } else if boxes.is_empty() {
            return Some((measured, size));
        }
        let on_heap = if is_large { self.curable(sizes, function, expr) } else { Vec::new() };
        let boxed = Boxed::of(self, sizes, boxes);
        sizes.laid_out(type_, &View { on_heap: &on_heap, ..boxed.view() })
    }

    fn made_in(&self, sizes: &Sizes<'w>, function: FunctionId) -> Rc<Vec<MadeFuture<'w>>> {
        if let Some(known) = self.made.borrow().get(&function) {
            return Rc::clone(known);
        }
        let made = Rc::new(sizes.body(function).made_futures());
        self.made.borrow_mut().insert(function, Rc::clone(&made));
        made
    }
}

/// Whether a future gets another one as a value: one that it makes itself, by a closure that it was given, it does not.
fn is_given<'w>(future: Ty<'w>, other: Ty<'w>) -> bool {
    let TyKind::Coroutine(_, args) = future.kind() else { return false };
    args.as_coroutine().upvar_tys().iter().any(|it| is_in(it, other))
}

fn is_in<'w>(holder: Ty<'w>, other: Ty<'w>) -> bool {
    holder == other
        || match holder.kind() {
            TyKind::Tuple(types) => types.iter().any(|it| is_in(it, other)),
            TyKind::Array(it, _) => is_in(it, other),
            TyKind::Adt(_, args) => {
                args.iter().filter_map(|it| it.as_type()).any(|it| is_in(it, other))
            }
            TyKind::Closure(_, args) => is_in(args.as_closure().tupled_upvars_ty(), other),
            _ => false,
        }
}

/// Sizes with some futures in boxes, and in all others what is large in them.
struct Boxed<'l, 'a, 'w> {
    large: &'l LargeFutures<'a, 'w>,
    sizes: &'l Sizes<'w>,
    layouts: Layouts<'w>,
    types: HashSet<Ty<'w>>,
}

impl<'l, 'a, 'w> Boxed<'l, 'a, 'w> {
    fn of(
        large: &'l LargeFutures<'a, 'w>,
        sizes: &'l Sizes<'w>,
        types: HashSet<Ty<'w>>,
    ) -> Boxed<'l, 'a, 'w> {
        Boxed { large, sizes, layouts: sizes.layouts.anew(), types }
    }

    fn without(&self, type_: Ty<'w>) -> Boxed<'l, 'a, 'w> {
        let types = self.types.iter().filter(|it| **it != type_).copied().collect();
        Boxed::of(self.large, self.sizes, types)
    }

    fn view(&self) -> View<'_, 'w> {
        View { layouts: &self.layouts, futures: self, on_heap: &[] }
    }

    fn measure(&self, type_: Ty<'w>) -> Measured {
        self.layouts.measure(type_, self)
    }
}

impl<'w> Futures<'w> for Boxed<'_, '_, 'w> {
    fn future(&self, _: &Layouts<'w>, type_: Ty<'w>) -> Measured {
        match self.large.left(self.sizes, type_) {
            Some(it) => it.0,
            None => self.sizes.layouts.measure(type_, self.sizes),
        }
    }

    fn told(&self, _: &Layouts<'w>, type_: Ty<'w>) -> Option<Rc<FutureSize>> {
        match self.large.left(self.sizes, type_) {
            Some(it) => Some(it.1),
            None => self.sizes.told(&self.sizes.layouts, type_),
        }
    }

    fn in_place_of(&self, layouts: &Layouts<'w>, type_: Ty<'w>) -> Option<Measured> {
        self.types.contains(&type_).then(|| layouts.pointer())
    }
}

/// Sizes with the futures of one type in boxes.
struct OnlyBoxed<'l, 'w> {
    sizes: &'l Sizes<'w>,
    type_: Ty<'w>,
    known: RefCell<HashMap<Ty<'w>, Option<LaidOut>>>,
}

impl<'w> OnlyBoxed<'_, 'w> {
    fn laid_out(&self, layouts: &Layouts<'w>, type_: Ty<'w>) -> Option<LaidOut> {
        if let Some(known) = self.known.borrow().get(&type_) {
            return known.clone();
        }
        // One that holds itself has no size.
        self.known.borrow_mut().insert(type_, None);
        let view = View { layouts, futures: self, on_heap: &[] };
        let laid_out = self.sizes.laid_out(type_, &view);
        self.known.borrow_mut().insert(type_, laid_out.clone());
        laid_out
    }
}

impl<'w> Futures<'w> for OnlyBoxed<'_, 'w> {
    fn future(&self, layouts: &Layouts<'w>, type_: Ty<'w>) -> Measured {
        match self.sizes.is_boxed(type_) {
            true => self.sizes.boxed(),
            false => self
                .laid_out(layouts, type_)
                .map_or_else(|| layouts.unknown(&layouts.name_of(type_)), |it| it.0),
        }
    }

    fn told(&self, layouts: &Layouts<'w>, type_: Ty<'w>) -> Option<Rc<FutureSize>> {
        self.laid_out(layouts, type_).map(|it| it.1)
    }

    fn in_place_of(&self, layouts: &Layouts<'w>, type_: Ty<'w>) -> Option<Measured> {
        (self.type_ == type_).then(|| layouts.pointer())
    }
}
