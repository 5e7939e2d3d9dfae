//! How much of the stack a poll takes in a build without optimisation.

use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::inherent::{GenericArg as _, IntoKind};

use crate::facts::{
    sizes::{Stored, View, frame::Slot},
    suspends::graph::Made,
};

/// Each `.await` in a body has room for two of the future that it awaits, all the time, and a box is filled from one.
/// Below them there is what the future needs that is polled.
pub(super) fn of_poll<'w>(slots: &[(Slot<'w>, Stored<'w>)], view: &View<'_, 'w>) -> u64 {
    let (mut own, mut below) = (0, 0);
    for (slot, stored) in slots {
        let Slot::Value { made: Made::Awaited(_), .. } = slot else { continue };
        let bytes = stored.measured.layout.size.bytes();
        own += 2 * bytes;
        for future in stored.type_.into_iter().flat_map(futures_in) {
            let Some(size) = view.futures.told(view.layouts, future) else { continue };
            // It is larger than what holds it: a box.
            own += if size.bytes > bytes { size.bytes } else { 0 };
            below = below.max(size.debug_stack_bytes);
        }
    }
    own + below
}

/// The futures of async bodies that a value has in it, in boxes too.
fn futures_in(type_: Ty<'_>) -> impl Iterator<Item = Ty<'_>> {
    let parts = type_.walk().filter_map(|it| it.as_type());
    parts.filter(|it| matches!(it.kind(), TyKind::Coroutine(..)))
}
