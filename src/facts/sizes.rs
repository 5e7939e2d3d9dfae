//! How large futures are, without a compiler.
//!
//! Which variables an async body keeps follows from its graph, as the compiler's own dataflows have it. How they lie in
//! memory is what the compiler's own layout of coroutines makes of them. What is not known makes a size a lower bound.

pub mod all;
mod attributes;
pub mod deep;
pub mod endless;
mod frame;
mod implementations;
mod instrumented;
pub mod large;
mod layouts;
mod left;
mod paths;
mod stack;
mod told;
mod ways;

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use ra_ap_hir_def::{
    AssocItemId, DefWithBodyId, FunctionId,
    hir::{BindingId, ClosureKind, CoroutineSource, ExprId},
};
use ra_ap_hir_expand::files::FileRange;
use ra_ap_hir_ty::{
    InferBodyId, ParamEnvAndCrate,
    db::InternedClosure,
    layout::{Layout, RustcEnumVariantIdx, RustcFieldIdx},
    next_solver::{EarlyBinder, GenericArgs, Ty, TyKind},
    traits::implements_trait_unique,
};
use ra_ap_rustc_abi::LayoutCalculator;
use ra_ap_rustc_index::IndexVec;
use ra_ap_rustc_type_ir::{
    TypeVisitableExt,
    inherent::{GenericArgs as _, IntoKind, Ty as _},
};

use crate::{
    facts::{
        body::{BodyFacts, Entered},
        sizes::{
            attributes::Wrapped,
            frame::{Frame, Slot},
            instrumented::Instrumented,
            layouts::{Futures, Layouts, Measured},
        },
        suspends::graph::Made,
    },
    finding::Place,
    knowledge::resolve::Known,
    workspace::Workspace,
};

/// The future of one async body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FutureSize {
    /// `Connection::read`, or `an async block in Connection::read`.
    pub name: String,
    /// Where it is written, in the project.
    pub at: Option<Place>,
    pub bytes: u64,
    /// What is not known of it, so that it has at least so many.
    pub unknown: Option<Rc<str>>,
    /// How much of the stack one poll of it takes in a build without optimisation, as far as awaited futures need it:
    /// each `.await` in a body has room for two of the future that it awaits, all the time.
    pub debug_stack_bytes: u64,
    /// What takes the room, largest first.
    pub parts: Vec<Part>,
}

/// Something that a future keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// The name of a variable, or the code that makes it.
    pub name: String,
    pub bytes: u64,
    /// Otherwise other parts, which are there at other times, may have the same place.
    pub fixed: bool,
    /// Where it is a future that is awaited.
    pub future: Option<Rc<FutureSize>>,
}

/// A future that was measured, and where its code stands: in the project, or in a dependency.
#[derive(Clone)]
pub struct Met {
    pub size: Rc<FutureSize>,
    /// Of an async block, and of no function.
    pub is_block: bool,
    pub written: FileRange,
}

/// A future by its layout, and for people.
type LaidOut = (Measured, Rc<FutureSize>);

/// The sizes of futures on one target.
pub struct Sizes<'w> {
    workspace: &'w Workspace,
    known: &'w Known,
    layouts: Layouts<'w>,
    bodies: RefCell<HashMap<FunctionId, Rc<BodyFacts<'w>>>>,
    frames: RefCell<HashMap<(FunctionId, ExprId), Rc<Frame<'w>>>>,
    futures: RefCell<HashMap<Ty<'w>, Option<LaidOut>>>,
    under_way: RefCell<HashSet<Ty<'w>>>,
    instrumented: RefCell<HashMap<FunctionId, Option<Rc<Instrumented<'w>>>>>,
    /// The futures of the blocks that an attribute has made.
    in_spans: RefCell<HashMap<Ty<'w>, Vec<Met>>>,
}

impl<'w> Sizes<'w> {
    /// As code of `krate` is compiled. None for a target of which nothing is known.
    pub fn new(
        workspace: &'w Workspace,
        known: &'w Known,
        krate: ra_ap_base_db::Crate,
    ) -> Option<Sizes<'w>> {
        Some(Sizes {
            workspace,
            known,
            layouts: Layouts::of(workspace.db(), krate)?,
            bodies: RefCell::default(),
            frames: RefCell::default(),
            futures: RefCell::default(),
            under_way: RefCell::default(),
            instrumented: RefCell::default(),
            in_spans: RefCell::default(),
        })
    }

    /// Measures the future of each async body in a function, as far as no type parameter has a say in it. Where each of
    /// them is written, and what it is called, comes back.
    pub fn measure_all_in(&self, body: &BodyFacts<'w>) -> Vec<(Option<Place>, String)> {
        let coroutines: Vec<ExprId> = body.coroutines().collect();
        coroutines.iter().for_each(|it| _ = self.of_type(body.infer.expr_ty(*it)));
        coroutines.iter().map(|it| (told::place(body, *it), told::name(body, *it))).collect()
    }

    /// Every future that was measured, and those that were met on the way: of an async body with type parameters, one
    /// for each of the types that are put in their place.
    pub fn measured(&self) -> Vec<Met> {
        let futures = self.futures.borrow();
        let met = futures.iter().filter_map(|(type_, laid_out)| {
            let Code { function, expr, is_block, .. } = self.code_of(*type_)?;
            let written = told::written(&self.body(function), expr, is_block)?;
            Some(Met { size: Rc::clone(&laid_out.as_ref()?.1), is_block, written })
        });
        let in_spans = self.in_spans.borrow();
        met.chain(in_spans.values().flatten().cloned()).collect()
    }

    /// The future that has this type. None where it is another type, or a generic one.
    fn of_type(&self, type_: Ty<'w>) -> Option<Rc<FutureSize>> {
        let type_ = self.layouts.without_lifetimes(type_);
        if type_.has_param() || !matches!(type_.kind(), TyKind::Coroutine(..)) {
            return None;
        }
        let type_ = self.layouts.normalized(type_);
        self.layouts.measure(type_, self);
        self.known(type_)
    }

    fn view(&self) -> View<'_, 'w> {
        View { layouts: &self.layouts, futures: self, on_heap: &[] }
    }

    fn known(&self, type_: Ty<'w>) -> Option<Rc<FutureSize>> {
        let futures = self.futures.borrow();
        futures.get(&type_)?.as_ref().map(|it| Rc::clone(&it.1))
    }

    fn laid_out(&self, type_: Ty<'w>, view: &View<'_, 'w>) -> Option<LaidOut> {
        let code = self.code_of(type_)?;
        let TyKind::Coroutine(_, args) = type_.kind() else { return None };
        let body = self.body(code.function);
        let given = args.as_coroutine().upvar_tys();
        let given: Vec<Measured> = given.iter().map(|it| view.measure(it)).collect();
        if let Some(instrumented) = self.instrumented(&body, &code) {
            return self.laid_out_in_span(type_, &code, &instrumented, &given, view);
        }
        let frame = self.frame(&body, code.expr);
        let (measured, mut size) = self.lay_out(&body, &code, &frame, &given, view)?;
        let wrapped = Wrapped::of(body.db, self.known, code.function);
        let attribute = wrapped.in_span.map(|it| it.0.to_string()).or(wrapped.unknown);
        // What a macro makes of a function does not change the blocks in it.
        let unknown = attribute.filter(|_| !code.is_block).map(Into::into);
        size.unknown = unknown.or(size.unknown);
        let measured = Measured { unknown: size.unknown.clone(), ..measured };
        Some((measured, Rc::new(size)))
    }

    /// A future that keeps what a frame says, and what it is given.
    fn lay_out(
        &self,
        body: &BodyFacts<'w>,
        code: &Code<'w>,
        frame: &Frame<'w>,
        given: &[Measured],
        view: &View<'_, 'w>,
    ) -> Option<(Measured, FutureSize)> {
        let slots = frame.slots.iter().map(|it| (*it, self.slot(body, *it, code.parent, view)));
        let slots: Vec<(Slot<'w>, Stored<'w>)> = slots.collect();
        let mut all = slots.iter().map(|it| &it.1.measured).chain(given);
        let gap = frame.gap.map(|it| told::code(body, it).into());
        let unknown = gap.or_else(|| all.find_map(|it| it.unknown.clone()));
        let layout = Arc::new(self.layout_of(frame, &slots, given)?);
        let size = FutureSize {
            name: told::name(body, code.expr),
            at: told::place(body, code.expr),
            bytes: layout.size.bytes(),
            unknown: unknown.clone(),
            debug_stack_bytes: stack::of_poll(&slots, view),
            parts: self.parts(body, frame, &slots, given),
        };
        Some((Measured { layout, unknown }, size))
    }

    /// Where the code of a future stands.
    fn code_of(&self, type_: Ty<'w>) -> Option<Code<'w>> {
        let TyKind::Coroutine(id, args) = type_.kind() else { return None };
        let closure: InternedClosure<'w> = id.0.loc(self.workspace.db());
        let InferBodyId::DefWithBodyId(DefWithBodyId::FunctionId(function)) = closure.owner else {
            return None;
        };
        let args = args.as_coroutine().parent_args().iter().copied();
        let parent = GenericArgs::new_from_iter(self.layouts.interner(), args);
        let is_block =
            !matches!(closure.kind, ClosureKind::Coroutine { source: CoroutineSource::Fn, .. });
        Some(Code { function, expr: closure.expr, is_block, parent })
    }

    /// What the compiler makes of it, by its own code.
    ///
    /// What a future is given has a place from its beginning to its end, and another one where the body keeps it, since
    /// that is a variable of its own: so it is up to Rust 1.97. When that changes (rust-lang/rust#135527), it does so here
    /// and for the toolchains from then on; the test `each_toolchain_that_is_here_agrees` notices.
    fn layout_of(
        &self,
        frame: &Frame<'w>,
        slots: &[(Slot<'w>, Stored<'w>)],
        given: &[Measured],
    ) -> Option<Layout> {
        // Of what is stored only the size counts: nothing is known of its bits while the task runs.
        let plain =
            |it: &Measured| self.layouts.plain(it.layout.size.bytes(), it.layout.align.abi.bytes());
        let slots: Vec<Layout> = slots.iter().map(|it| plain(&it.1.measured)).collect();
        let slots: Vec<&Layout> = slots.iter().collect();
        let slots: IndexVec<usize, &&Layout> = slots.iter().collect();
        let given: Vec<&Layout> = given.iter().map(|it| &*it.layout).collect();
        let given: IndexVec<RustcFieldIdx, &&Layout> = given.iter().collect();
        // Not begun, done, and ended by a panic.
        let mut states: IndexVec<RustcEnumVariantIdx, IndexVec<RustcFieldIdx, usize>> =
            (0..3).map(|_| IndexVec::new()).collect();
        for (_, point) in &frame.points {
            states.push(point.iter().copied().collect());
        }
        let tags = [1, 2, 4].map(|it| self.layouts.plain(it, it));
        let tags = tags.each_ref();
        let calculator = LayoutCalculator::new(self.layouts.target);
        let layout = calculator.coroutine(&slots, given, &states, &frame.conflicts, |tag| {
            let bytes = tag.size(self.layouts.target).bytes();
            tags.iter().find(|it| it.size.bytes() == bytes).unwrap_or(&tags[2])
        });
        layout.ok()
    }

    fn slot(
        &self,
        body: &BodyFacts<'w>,
        slot: Slot<'w>,
        args: GenericArgs<'w>,
        view: &View<'_, 'w>,
    ) -> Stored<'w> {
        let plain = |bytes, align| {
            let measured = Measured::exact(self.layouts.plain(bytes, align));
            Stored { type_: None, measured }
        };
        let Slot::Value { made, type_ } = slot else { return plain(1, 1) };
        if matches!(made, Made::Variable(it) if view.on_heap.contains(&it)) {
            let pointer = self.layouts.target.pointer_size().bytes();
            return plain(3 * pointer, pointer);
        }
        // What stands in for a macro awaits what the macro itself polls where it is.
        if matches!(made, Made::Awaited(it) if body.is_stood_in_for(it)) {
            return plain(0, 1);
        }
        let type_ = self.instantiated(type_, args);
        let is_awaited = matches!(made, Made::Awaited(_));
        let type_ = if is_awaited { self.future_of(type_) } else { type_ };
        Stored { type_: Some(type_), measured: view.measure(type_) }
    }

    /// A type of a function, with what stands for its parameters.
    fn instantiated(&self, type_: Ty<'w>, args: GenericArgs<'w>) -> Ty<'w> {
        let interner = self.layouts.interner();
        let type_ = EarlyBinder::bind(type_).instantiate(interner, args).skip_norm_wip();
        self.layouts.normalized(type_)
    }

    /// Whether an attribute has put this future in a box for those who call the function.
    fn is_boxed(&self, type_: Ty<'w>) -> bool {
        let Some(Code { function, is_block, .. }) = self.code_of(type_) else { return false };
        !is_block && Wrapped::of(self.workspace.db(), self.known, function).boxed
    }

    /// A pointer to a future, and one to what can be done with it.
    fn boxed(&self) -> Measured {
        let pointer = self.layouts.target.pointer_size().bytes();
        Measured::exact(self.layouts.plain(2 * pointer, pointer))
    }

    /// What becomes of a value that is awaited.
    fn future_of(&self, type_: Ty<'w>) -> Ty<'w> {
        let interner = self.layouts.interner();
        let items = interner.lang_items();
        let (Some(future), Some(into_future)) = (items.Future, items.IntoFuture) else {
            return type_;
        };
        let environment =
            ParamEnvAndCrate { param_env: self.layouts.environment(), krate: self.layouts.krate };
        if implements_trait_unique(type_, self.workspace.db(), environment, future) {
            return type_;
        }
        let mut items = into_future.trait_items(self.workspace.db()).items.iter();
        let output = items.find_map(|(name, item)| match item {
            AssocItemId::TypeAliasId(it) if name.as_str() == "IntoFuture" => Some(*it),
            _ => None,
        });
        output.map_or(type_, |it| {
            self.layouts.normalized(Ty::new_projection(interner, it.into(), [type_]))
        })
    }

    fn frame(&self, body: &BodyFacts<'w>, coroutine: ExprId) -> Rc<Frame<'w>> {
        let key = (body.function, coroutine);
        if let Some(known) = self.frames.borrow().get(&key) {
            return Rc::clone(known);
        }
        let frame = Rc::new(body.frame(coroutine));
        self.frames.borrow_mut().insert(key, Rc::clone(&frame));
        frame
    }

    fn parts(
        &self,
        body: &BodyFacts<'w>,
        frame: &Frame<'w>,
        slots: &[(Slot<'w>, Stored<'w>)],
        given: &[Measured],
    ) -> Vec<Part> {
        let bytes = |it: &Measured| it.layout.size.bytes();
        let given = given.iter().map(|it| Part {
            name: "(given)".to_owned(),
            bytes: bytes(it),
            fixed: true,
            future: None,
        });
        let mut parts: Vec<Part> = given.collect();
        for (index, (slot, stored)) in slots.iter().enumerate() {
            let uses = frame.points.iter().filter(|it| it.1.contains(&index)).count();
            parts.push(Part {
                name: told::name_of_slot(body, slot),
                bytes: bytes(&stored.measured),
                fixed: uses > 1,
                future: stored.type_.and_then(|it| self.known(it)),
            });
        }
        parts.retain(|it| it.bytes > 0);
        parts.sort_by_key(|it| std::cmp::Reverse(it.bytes));
        parts
    }

    fn body(&self, function: FunctionId) -> Rc<BodyFacts<'w>> {
        let mut bodies = self.bodies.borrow_mut();
        let body = bodies.entry(function).or_insert_with(|| {
            Rc::new(BodyFacts::new(self.workspace, self.known, function, Entered::Called))
        });
        Rc::clone(body)
    }
}

impl FutureSize {
    pub fn is_exact(&self) -> bool {
        self.unknown.is_none()
    }
}

impl<'w> Futures<'w> for Sizes<'w> {
    fn told(&self, _: &Layouts<'w>, type_: Ty<'w>) -> Option<Rc<FutureSize>> {
        self.layouts.measure(type_, self);
        self.known(type_)
    }

    fn future(&self, layouts: &Layouts<'w>, type_: Ty<'w>) -> Measured {
        if !self.under_way.borrow_mut().insert(type_) {
            // It holds itself, which has no size.
            return layouts.unknown(&layouts.name_of(type_));
        }
        let laid_out = self.laid_out(type_, &self.view());
        self.under_way.borrow_mut().remove(&type_);
        let measured = match &laid_out {
            _ if self.is_boxed(type_) => self.boxed(),
            Some(it) => it.0.clone(),
            None => layouts.unknown(&layouts.name_of(type_)),
        };
        self.futures.borrow_mut().insert(type_, laid_out);
        measured
    }
}

/// The code of a future, and what stands for the parameters of its function.
struct Code<'w> {
    function: FunctionId,
    expr: ExprId,
    is_block: bool,
    parent: GenericArgs<'w>,
}

/// How what a future keeps is measured.
struct View<'v, 'w> {
    layouts: &'v Layouts<'w>,
    futures: &'v dyn Futures<'w>,
    /// The variables of which only a `Vec` is kept.
    on_heap: &'v [BindingId],
}

impl<'w> View<'_, 'w> {
    fn measure(&self, type_: Ty<'w>) -> Measured {
        self.layouts.measure(type_, self.futures)
    }
}

/// A slot of which the type is known.
struct Stored<'w> {
    /// None for a note.
    type_: Option<Ty<'w>>,
    measured: Measured,
}
