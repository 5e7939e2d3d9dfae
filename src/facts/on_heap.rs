//! Arrays that could as well be a `Vec`: whatever is done with them is done with a slice.

use ra_ap_hir::{HasCrate, ModPath, Name, PathKind};
use ra_ap_hir_def::{
    ItemContainerId, Lookup,
    hir::{Array, BindingId, Expr, ExprId},
    lang_item::lang_items,
    nameres::MacroSubNs,
};
use ra_ap_hir_ty::{
    Adjust, PointerCast,
    db::HirDatabase,
    next_solver::{Ty, TyKind},
};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{AstNode, TextRange, ast};

use crate::{facts::body::BodyFacts, finding::Place};

/// Where a `Vec` is written in place of an array.
pub struct OnHeap {
    /// Before the brackets of the array.
    pub at: Place,
    /// The type of the array, as it is written, and that of its elements.
    pub type_: Option<(Place, Place)>,
}

impl<'db> BodyFacts<'db> {
    /// How a variable becomes a `Vec`, or why it has to stay an array.
    pub(super) fn on_heap(&self, variable: BindingId) -> Result<OnHeap, &'static str> {
        let statement = self.let_of(variable).ok_or("it is not declared by a `let` of its own")?;
        let value =
            self.plain_value_of(variable).ok_or("it is not declared by a `let` of its own")?;
        let Expr::Array(Array::Repeat { .. }) = self.body[value] else {
            return Err("it is not written as `[value; length]`");
        };
        let TyKind::Array(element, _) = self.infer.binding_ty(variable).kind() else {
            return Err("it is no array");
        };
        let clone = lang_items(self.db, self.krate()).Clone;
        if !clone.is_some_and(|it| self.implements(element, it)) {
            return Err("its elements cannot be cloned");
        }
        if !self.has_vec_macro(value) {
            return Err("`vec!` means something else here");
        }
        let mut uses = self.body.exprs().filter(|it| self.local(it.0) == Some(variable));
        if !uses.all(|it| self.closure_around(it.0) == self.closure_around(value)) {
            return Err("a closure or another async block takes it along");
        }
        let mut uses = self.body.exprs().filter(|it| self.local(it.0) == Some(variable));
        if !uses.all(|it| self.is_use_as_slice(it.0)) {
            return Err("something that is done with it needs an array");
        }
        let place = self.place_of(value).ok_or("a macro writes it")?;
        let at = Place::new(place.file.clone(), TextRange::empty(place.range.start()));
        let type_ = match statement.ty() {
            None => None,
            Some(ast::Type::ArrayType(it)) => {
                let element = it.ty().ok_or("its type is not written out")?;
                let place =
                    |it: &ast::Type| Place::new(place.file.clone(), it.syntax().text_range());
                Some((place(&ast::Type::ArrayType(it.clone())), place(&element)))
            }
            Some(_) => return Err("its type has another name"),
        };
        Ok(OnHeap { at, type_ })
    }

    /// Whether a `Vec` would do as well there.
    fn is_use_as_slice(&self, expr: ExprId) -> bool {
        let Some(parent) = self.parents.get(expr).copied() else { return false };
        match &self.body[parent] {
            Expr::Index { base, .. } => *base == expr,
            // `&mut buffer` where a slice is asked for.
            Expr::Ref { .. } => self.becomes_slice(parent),
            Expr::MethodCall { receiver, .. } => {
                *receiver == expr && self.is_method_of_slice(parent)
            }
            _ => false,
        }
    }

    fn becomes_slice(&self, reference: ExprId) -> bool {
        let last = self.infer.expr_adjustment(reference).and_then(|it| it.last());
        last.is_some_and(|it| {
            matches!(it.kind, Adjust::Pointer(PointerCast::Unsize))
                && self.is_slice(it.target.as_ref())
        })
    }

    fn is_slice(&self, type_: Ty<'db>) -> bool {
        matches!(type_.kind(), TyKind::Ref(_, it, _) if matches!(it.kind(), TyKind::Slice(_)))
    }

    /// A method that slices have themselves, and no trait that arrays have in a way of their own.
    fn is_method_of_slice(&self, call: ExprId) -> bool {
        let Some((function, _)) = self.infer.method_resolution(call) else { return false };
        let ItemContainerId::ImplId(impl_) = function.lookup(self.db).container else {
            return false;
        };
        let self_type = self.db.impl_self_ty(impl_).skip_binder();
        matches!(self_type.kind(), TyKind::Slice(_)) && self.db.impl_trait(impl_).is_none()
    }

    /// Whether `vec!` is that of the standard library there.
    fn has_vec_macro(&self, expr: ExprId) -> bool {
        let path = ModPath::from_segments(PathKind::Plain, [Name::new_root("vec")]);
        let resolver = self.resolver_at(expr);
        let found = resolver.resolve_path_as_macro(self.db, &path, Some(MacroSubNs::Bang));
        found.is_some_and(|it| it.def.krate(self.db).origin(self.db).is_lang())
    }
}
