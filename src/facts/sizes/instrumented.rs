//! `#[instrument]`: the code of an async function is put in an async block, and the function makes a span and awaits the
//! block in it.
//!
//! ```text
//! let span = span!(..);                       // borrows what it records of the parameters
//! let block = async move { code };            // takes along all that the code mentions
//! if !span.is_disabled() { block.instrument(span).await } else { block.await }
//! ```
//!
//! With `err` or `ret` there is one more block around the code, which looks at its result.

mod arguments;

use std::rc::Rc;

use ra_ap_hir_def::{AdtId, Lookup, VariantId, hir::ExprId, src::HasSource};
use ra_ap_hir_expand::files::FileRange;
use ra_ap_hir_ty::{
    db::HirDatabase,
    next_solver::{DbInterner, GenericArg, GenericArgs, Ty},
};
use ra_ap_syntax::AstNode;

use self::arguments::Arguments;
use crate::facts::{
    body::BodyFacts,
    sizes::{
        Code, FutureSize, LaidOut, Met, Sizes, View,
        attributes::Wrapped,
        frame::{Frame, Slot},
        layouts::{Futures, Layouts, Measured},
        told,
    },
    suspends::{graph::Made, wrapped::Around},
};

/// The futures that become of one.
pub(super) struct Instrumented<'w> {
    /// ... of the code itself.
    block: Frame<'w>,
    /// The types of what the block takes along.
    taken: Vec<Ty<'w>>,
    looks_at_result: bool,
    function: Frame<'w>,
    /// Where the attribute stands: the compiler says that of the block, too.
    pub written: FileRange,
}

impl<'w> Instrumented<'w> {
    /// None where the attribute says something that is not known here.
    pub fn of(body: &BodyFacts<'w>, coroutine: ExprId, wrapped: &Wrapped) -> Option<Self> {
        let (attribute, wrapper) = wrapped.in_span.as_ref()?;
        let arguments = Arguments::of(attribute)?;
        let interner = DbInterner::new_with(body.db, body.krate());
        let code_type = body.infer.expr_ty(coroutine);
        let args = GenericArgs::new_from_iter(interner, [GenericArg::from(code_type)]);
        let around = Around {
            span: span_type(body, *wrapper, args)?,
            with_span: Ty::new_adt(interner, *wrapper, args),
            recorded: arguments.recorded(body, body.parameters_of(coroutine)?)?,
        };
        let taken = body.taken_inside(coroutine)?.into_iter();
        let source = body.function.lookup(body.db).source(body.db);
        let range = source.with_value(attribute.syntax().text_range());
        Some(Instrumented {
            block: body.frame_of(&body.lowered_inside(coroutine)?),
            taken: taken.map(|it| body.infer.binding_ty(it)).collect(),
            looks_at_result: arguments.looks_at_result,
            function: body.frame_of(&body.lowered_around(coroutine, &around)?),
            written: range.original_node_file_range_rooted(body.db),
        })
    }
}

/// What the wrapper holds beside the future.
fn span_type<'w>(body: &BodyFacts<'w>, wrapper: AdtId, args: GenericArgs<'w>) -> Option<Ty<'w>> {
    let AdtId::StructId(wrapper) = wrapper else { return None };
    let variant = VariantId::StructId(wrapper);
    let field = variant.fields(body.db).field(&ra_ap_hir::Name::new_root("span"))?;
    let type_ = body.db.field_types(variant).get(field)?.ty();
    let interner = DbInterner::new_with(body.db, body.krate());
    Some(type_.instantiate(interner, args).skip_norm_wip())
}

impl<'w> Sizes<'w> {
    /// Of an async function, where an attribute puts its code in a block.
    pub(super) fn instrumented(
        &self,
        body: &BodyFacts<'w>,
        code: &Code<'w>,
    ) -> Option<Rc<Instrumented<'w>>> {
        if code.is_block {
            return None;
        }
        if let Some(known) = self.instrumented.borrow().get(&code.function) {
            return known.clone();
        }
        let wrapped = Wrapped::of(body.db, self.known, code.function);
        let is_known = wrapped.unknown.is_none();
        let instrumented = is_known.then(|| Instrumented::of(body, code.expr, &wrapped)).flatten();
        let instrumented = instrumented.map(Rc::new);
        self.instrumented.borrow_mut().insert(code.function, instrumented.clone());
        instrumented
    }

    pub(super) fn laid_out_in_span(
        &self,
        type_: Ty<'w>,
        code: &Code<'w>,
        instrumented: &Instrumented<'w>,
        given: &[Measured],
        view: &View<'_, 'w>,
    ) -> Option<LaidOut> {
        let body = self.body(code.function);
        let taken = instrumented.taken.iter();
        let taken = taken.map(|it| view.measure(self.instantiated(*it, code.parent)));
        let taken: Vec<Measured> = taken.collect();
        let block = |frame: &Frame<'w>, view: &View<'_, 'w>| {
            let (measured, mut size) = self.lay_out(&body, code, frame, &taken, view)?;
            size.name = format!("the code of {}", size.name);
            Some((measured, Rc::new(size)))
        };
        let inside =
            |(measured, size): LaidOut| Inside { type_, measured, size, around: view.futures };
        let code_itself = inside(block(&instrumented.block, view)?);
        let mut blocks = vec![Rc::clone(&code_itself.size)];
        let layouts = view.layouts.anew();
        let in_block = View { layouts: &layouts, futures: &code_itself, on_heap: &[] };
        let looking = match instrumented.looks_at_result {
            true => {
                let frame = Frame::of_one(code.expr, body.infer.expr_ty(code.expr));
                Some(inside(block(&frame, &in_block)?))
            }
            false => None,
        };
        blocks.extend(looking.as_ref().map(|it| Rc::clone(&it.size)));
        let layouts = layouts.anew();
        let awaited = looking.as_ref().unwrap_or(&code_itself);
        let in_function = View { layouts: &layouts, futures: awaited, on_heap: &[] };
        let (measured, mut size) =
            self.lay_out(&body, code, &instrumented.function, given, &in_function)?;
        let awaited = Slot::Value { made: Made::Awaited(code.expr), type_ };
        let awaited = told::name_of_slot(&body, &awaited);
        if let Some(part) = size.parts.iter_mut().find(|it| it.name == awaited) {
            part.name = "(its code, in a span)".to_owned();
            part.future = Some(Rc::clone(&code_itself.size));
        }
        size.parts.retain(|it| it.name != awaited);
        let met = blocks.into_iter();
        let met = met.map(|it| Met { size: it, is_block: true, written: instrumented.written });
        self.in_spans.borrow_mut().entry(type_).or_insert_with(|| met.collect());
        Some((measured, Rc::new(size)))
    }
}

/// Sizes as the function sees them that awaits the block: a future that has its type is the block.
struct Inside<'v, 'w> {
    type_: Ty<'w>,
    measured: Measured,
    size: Rc<FutureSize>,
    around: &'v dyn Futures<'w>,
}

impl<'w> Futures<'w> for Inside<'_, 'w> {
    fn future(&self, layouts: &Layouts<'w>, type_: Ty<'w>) -> Measured {
        self.around.future(layouts, type_)
    }

    fn told(&self, layouts: &Layouts<'w>, type_: Ty<'w>) -> Option<Rc<FutureSize>> {
        match type_ == self.type_ {
            true => Some(Rc::clone(&self.size)),
            false => self.around.told(layouts, type_),
        }
    }

    fn in_place_of(&self, layouts: &Layouts<'w>, type_: Ty<'w>) -> Option<Measured> {
        match type_ == self.type_ {
            true => Some(self.measured.clone()),
            false => self.around.in_place_of(layouts, type_),
        }
    }
}
