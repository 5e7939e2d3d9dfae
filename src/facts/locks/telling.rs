//! A lock that tells of changes which were left half done, where the crate has one at hand.

use ra_ap_hir::{Crate, Field, FieldSource, HasSource, HirFileId, Static};
use ra_ap_hir_def::{HasModule, hir::BindingId};
use ra_ap_syntax::{AstNode, TextRange, ast};

use crate::{
    facts::{
        body::BodyFacts,
        locks::{FieldStep, Root},
        suspends::Origin,
    },
    finding::Place,
};

/// The lock of a field or a static, by its type.
pub struct Telling {
    /// Where the type is named.
    pub at: Place,
    /// The lock that tells.
    pub instead: String,
}

impl BodyFacts<'_> {
    /// What could protect what this guard gives access to, if its crate depends on it.
    pub fn telling_lock(&self, guard: BindingId) -> Option<Telling> {
        let origin = Origin::Variable(guard);
        let call = self.taking_call_of(origin)?;
        let taken = self.mentions.iter().find(|it| it.expr == call)?;
        let (silent, _) = taken.row.path.rsplit_once("::")?;
        let (adt, row) = self.known.telling_lock(silent)?;
        let theirs = Crate::from(adt.module(self.db).krate(self.db));
        let own = Crate::from(self.krate()).dependencies(self.db);
        if !own.iter().any(|it| it.krate == theirs) {
            return None;
        }
        let (file, type_) = self.declared_type(origin)?;
        let (_, name) = silent.rsplit_once("::")?;
        let is_lock = |it: &ast::Path| {
            it.parent_path().is_none()
                && it.segment().and_then(|it| it.name_ref()).is_some_and(|it| it.text() == name)
        };
        let mut paths = type_.syntax().descendants().filter_map(ast::Path::cast);
        let path = paths.find(is_lock)?;
        // What stands in its brackets stays.
        let end = path.segment()?.name_ref()?.syntax().text_range().end();
        let range = TextRange::new(path.syntax().text_range().start(), end);
        Some(Telling { at: self.place_of_range(file, range)?, instead: row.path.clone() })
    }

    fn declared_type(&self, guard: Origin) -> Option<(HirFileId, ast::Type)> {
        let place = self.held_lock(guard)?.place;
        match (place.fields.last(), place.root) {
            (Some(FieldStep::Named(it)), _) => {
                let source = Field::from(*it).source(self.db)?;
                let FieldSource::Named(field) = source.value else { return None };
                Some((source.file_id, field.ty()?))
            }
            (None, Root::Static(it)) => {
                let source = Static::from(it).source(self.db)?;
                Some((source.file_id, source.value.ty()?))
            }
            _ => None,
        }
    }
}
