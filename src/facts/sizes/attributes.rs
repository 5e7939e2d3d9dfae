//! Attribute macros that make another future of an async function.

use ra_ap_hir_def::{FunctionId, Lookup, src::HasSource};
use ra_ap_ide_db::RootDatabase;
use ra_ap_syntax::{
    AstNode,
    ast::{self, HasAttrs},
};

use crate::{facts::unseen::unknown_attribute, knowledge::resolve::Known};

/// What becomes of the future of a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wrapped {
    No,
    /// Those who call it get a box.
    Boxed,
    /// Nobody here knows what the attribute makes of it.
    Unknown(String),
}

impl Wrapped {
    /// By the attributes of the function, and of the trait or `impl` around it.
    pub fn of(db: &RootDatabase, known: &Known, function: FunctionId) -> Wrapped {
        let source = function.lookup(db).source(db).value;
        let around = source.syntax().ancestors().skip(1).find_map(ast::Item::cast);
        let around = around.filter(|it| matches!(it, ast::Item::Impl(_) | ast::Item::Trait(_)));
        let attributes = source.attrs().chain(around.iter().flat_map(|it| it.attrs()));
        let wrapped = attributes.map(|it| Wrapped::by(&it, known));
        wrapped.fold(Wrapped::No, |all, it| if it == Wrapped::No { all } else { it })
    }

    fn by(attribute: &ast::Attr, known: &Known) -> Wrapped {
        let name = attribute.path().and_then(|it| it.segment()?.name_ref());
        let row = name.and_then(|it| known.transparent_attribute(it.text()));
        match row {
            Some(row) if row.boxes => Wrapped::Boxed,
            Some(row) if row.entry.is_some() => Wrapped::No,
            // It may still put another future around it.
            Some(_) => Wrapped::Unknown(attribute.syntax().text().to_string()),
            None if unknown_attribute(attribute, known).is_some() => {
                Wrapped::Unknown(attribute.syntax().text().to_string())
            }
            None => Wrapped::No,
        }
    }
}
