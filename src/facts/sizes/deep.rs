//! Futures that need much of the stack when they are polled in a build without optimisation, though none of them is
//! large.

use std::rc::Rc;

use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::{TypeVisitableExt, inherent::IntoKind};

use crate::{
    facts::{
        body::BodyFacts,
        made_futures::Taken,
        sizes::{FutureSize, large::LargeFutures},
    },
    finding::Place,
};

/// A quarter of the stack of a worker, and half of that of the main thread on Windows: the rest is for what is called.
const LIMIT: u64 = 512 * 1024;

/// A future that is handed to whatever polls it.
pub struct DeepFuture {
    pub at: Place,
    /// The function that gets it.
    pub given_to: String,
    pub size: Rc<FutureSize>,
}

impl<'w> LargeFutures<'_, 'w> {
    /// Those that a function hands to a runtime, as they are when all large futures in them are in boxes.
    pub fn deep_in(&self, body: &BodyFacts<'w>) -> Vec<DeepFuture> {
        let Some(sizes) = self.sizes() else { return Vec::new() };
        let mut deep = Vec::new();
        for made in body.made_futures() {
            let Taken::Given(given_to) = &made.taken else { continue };
            let type_ = sizes.layouts.normalized(made.type_);
            let result = body.parents.get(made.expr).map(|it| body.infer.expr_ty(*it));
            let bytes = |it| sizes.layouts.measure(it, sizes).layout.size.bytes();
            // What only holds it is polled by somebody else.
            let is_held = result.is_none_or(|it| !it.has_param() && bytes(it) >= bytes(type_));
            if !matches!(type_.kind(), TyKind::Coroutine(..)) || is_held {
                continue;
            }
            let left = self.left(sizes, type_).map(|it| it.1);
            if let Some(size) = left.filter(|it| it.debug_stack_bytes > LIMIT) {
                deep.push(DeepFuture { at: made.at.clone(), given_to: given_to.clone(), size });
            }
        }
        deep
    }
}

impl FutureSize {
    /// The futures that are polled in each other where the most of the stack is taken, from the outside, each with what
    /// it takes of it itself.
    pub fn deepest_way(&self) -> Vec<(&FutureSize, u64)> {
        let mut way = Vec::new();
        let mut here = Some(self);
        while let Some(future) = here {
            let inner = future.parts.iter().filter_map(|it| it.future.as_deref());
            let next = inner.max_by_key(|it| it.debug_stack_bytes);
            let below = next.map_or(0, |it| it.debug_stack_bytes);
            way.push((future, future.debug_stack_bytes.saturating_sub(below)));
            here = next.filter(|it| it.debug_stack_bytes > 0);
        }
        way
    }
}
