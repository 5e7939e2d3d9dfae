//! What of a value is still to be dropped when parts of it were taken.

use ra_ap_hir_def::AdtId;
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::facts::suspends::glue::Glue;

/// Whether a drop has something left to do, or has to look which variant it is.
pub(super) fn is_left<'db>(glue: &Glue<'_, 'db>, type_: Ty<'db>, taken: &[&[u32]]) -> bool {
    if taken.iter().any(|it| it.is_empty()) {
        return false;
    }
    let fields: Vec<Ty<'db>> = match glue.normalized(type_).kind() {
        TyKind::Tuple(types) => types.iter().collect(),
        TyKind::Adt(adt, args) => match adt.def_id() {
            AdtId::StructId(it) => glue.facts.fields_of(it.into(), args),
            AdtId::EnumId(_) | AdtId::UnionId(_) => return true,
        },
        _ => return true,
    };
    fields.into_iter().enumerate().any(|(index, field)| {
        let of_field = taken.iter().filter(|it| it[0] as usize == index);
        let below: Vec<&[u32]> = of_field.map(|it| &it[1..]).collect();
        glue.is_in(field) && (below.is_empty() || is_left(glue, field, &below))
    })
}
