//! Large arrays that a task keeps while it is suspended.

use ra_ap_hir_def::hir::{BindingId, ExprId};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::{
    TypeVisitableExt,
    inherent::{GenericArg as _, IntoKind},
};

use crate::{
    facts::{body::BodyFacts, narrow::Section, on_heap::OnHeap},
    finding::Place,
};

/// A variable with a large array in it that is alive across an `.await`.
pub struct LargeLocal {
    pub name: String,
    /// Where it is declared.
    pub at: Place,
    pub bytes: u64,
    /// Otherwise it has at least so many.
    pub exact: bool,
    /// The `.await`s across which it is kept, in the order of the text.
    pub suspended_at: Vec<Place>,
    /// Whether it is made anew in each turn of a loop.
    pub in_loop: bool,
    /// The statements that use it, where the first `.await` comes after them.
    pub section: Result<Section, &'static str>,
    pub on_heap: Result<OnHeap, &'static str>,
    pub(super) variable: BindingId,
}

impl<'db> BodyFacts<'db> {
    /// What is known of a variable that is kept while the task waits at `awaits`. None where nobody wrote it.
    pub(super) fn large_local(
        &self,
        variable: BindingId,
        (bytes, exact): (u64, bool),
        awaits: &[ExprId],
    ) -> Option<LargeLocal> {
        let pattern = self.map.patterns_for_binding(variable).first().copied()?;
        let at = self.place_of_pattern(pattern)?;
        let mut suspended_at: Vec<Place> =
            awaits.iter().filter_map(|it| self.place_to_show(*it)).collect();
        suspended_at.sort();
        suspended_at.dedup();
        let value = self.plain_value_of(variable);
        Some(LargeLocal {
            name: self.body[variable].name.as_str().to_owned(),
            bytes,
            exact,
            suspended_at,
            in_loop: value.is_some_and(|it| self.loop_around(it).is_some()),
            section: self.section_of_variable(variable, awaits, &at.file),
            on_heap: self.on_heap(variable),
            at,
            variable,
        })
    }

    /// Whether a value of this type holds something that is polled: how large that is has a cause of its own.
    pub(super) fn holds_future(&self, type_: Ty<'db>) -> bool {
        let mut parts = type_.walk().filter_map(|it| it.as_type());
        parts.any(|it| matches!(it.kind(), TyKind::Coroutine(..)))
            || (!type_.has_param() && self.is_future(type_))
    }
}
