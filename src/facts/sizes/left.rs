//! What a drop has to do where some parts of a value may be gone.

use ra_ap_hir_def::{AdtId, VariantId};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::facts::{
    sizes::paths::{Contents, PathId, Paths},
    suspends::{glue::Glue, graph::Part},
};

/// What a drop of a value looks at.
#[derive(Default)]
pub(super) struct Left {
    /// The value itself, or some part of it that is there.
    pub reads: bool,
    /// The notes of whether these are there.
    pub asks: Vec<PathId>,
}

/// Where a drop is looked at.
pub(super) struct Dropped<'a, 'db> {
    pub glue: &'a Glue<'a, 'db>,
    pub paths: &'a Paths,
    pub contents: &'a Contents,
}

impl<'db> Dropped<'_, 'db> {
    /// The drop of a value as a whole, or part by part.
    pub fn all(&self, path: PathId, type_: Ty<'db>, left: &mut Left) {
        let below = self.paths.below(path);
        if !below.iter().any(|it| self.contents.may_be_there(*it)) {
            return;
        }
        match below.len() {
            1 => self.itself(path, left),
            _ if !below.iter().any(|it| self.contents.may_be_gone(*it)) => left.reads = true,
            _ => self.parts(path, type_, left),
        }
    }

    /// What has no path of its own is there when all of it is.
    fn itself(&self, path: PathId, left: &mut Left) {
        if self.contents.may_be_there(path) {
            left.reads = true;
            if self.contents.may_be_gone(path) {
                left.asks.push(path);
            }
        }
    }

    fn parts(&self, path: PathId, type_: Ty<'db>, left: &mut Left) {
        match self.glue.normalized(type_).kind() {
            TyKind::Tuple(types) => self.fields(path, path, types.iter(), left),
            TyKind::Adt(adt, args) => match adt.def_id() {
                AdtId::StructId(it) => {
                    let fields = self.glue.facts.fields_of(it.into(), args);
                    self.fields(path, path, fields.into_iter(), left);
                }
                AdtId::EnumId(it) => {
                    // It is asked first of which variant it is.
                    self.itself(path, left);
                    let variants = &it.enum_variants(self.glue.facts.db).variants;
                    for (part, below) in self.paths.parts(path) {
                        let Part::Variant(index) = part else { continue };
                        let Some(variant) = variants.values().nth(*index as usize) else {
                            continue;
                        };
                        let fields = self.glue.facts.fields_of(VariantId::from(variant.0), args);
                        self.fields(path, *below, fields.into_iter(), left);
                    }
                }
                AdtId::UnionId(_) => self.itself(path, left),
            },
            _ => self.itself(path, left),
        }
    }

    /// The fields that stand below `path`, of a value that is at `owner`.
    fn fields(
        &self,
        owner: PathId,
        path: PathId,
        types: impl Iterator<Item = Ty<'db>>,
        left: &mut Left,
    ) {
        for (index, type_) in types.enumerate() {
            if !self.glue.is_in(type_) {
                continue;
            }
            match self.paths.part(path, Part::Field(index as u32)) {
                Some(it) => self.all(it, type_, left),
                None => self.itself(owner, left),
            }
        }
    }
}
