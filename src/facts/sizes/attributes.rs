//! Attribute macros that make another future of an async function.

use std::ops::ControlFlow;

use ra_ap_hir_def::{AdtId, FunctionId, HasModule, Lookup, src::HasSource};
use ra_ap_hir_expand::attrs::expand_cfg_attr;
use ra_ap_ide_db::RootDatabase;
use ra_ap_syntax::{
    AstNode,
    ast::{self, HasAttrs},
};

use crate::{
    facts::{functions, unseen::unknown_attribute_at},
    knowledge::resolve::Known,
};

/// What becomes of the future of a function, by the attributes on it, and on the trait or `impl` around it.
#[derive(Default)]
pub(super) struct Wrapped {
    /// Those who call it get a box.
    pub boxed: bool,
    /// The attribute that puts its code in an async block, and the type in which the function awaits that.
    pub in_span: Option<(ast::Attr, AdtId)>,
    /// An attribute of which nobody here knows what it makes of the future.
    pub unknown: Option<String>,
}

impl Wrapped {
    pub fn of(db: &RootDatabase, known: &Known, function: FunctionId) -> Wrapped {
        let source = function.lookup(db).source(db).value;
        let around = source.syntax().ancestors().skip(1).find_map(ast::Item::cast);
        let around = around.filter(|it| matches!(it, ast::Item::Impl(_) | ast::Item::Trait(_)));
        let mut wrapped = Wrapped::default();
        let attributes = source.attrs().chain(around.iter().flat_map(|it| it.attrs()));
        let options = function.krate(db).cfg_options(db);
        expand_cfg_attr::<()>(
            attributes,
            || options,
            |meta, attribute| {
                if let Some(path) = path_of(&meta) {
                    wrapped.add(db, known, function, &path, attribute);
                }
                ControlFlow::Continue(())
            },
        );
        // Each of them knows of the other, and writes something else for it.
        if let Some((attribute, _)) = &wrapped.in_span
            && wrapped.boxed
        {
            wrapped.unknown = Some(text(attribute));
        }
        wrapped
    }

    pub fn is_plain(&self) -> bool {
        !self.boxed && self.in_span.is_none() && self.unknown.is_none()
    }

    fn add(
        &mut self,
        db: &RootDatabase,
        known: &Known,
        function: FunctionId,
        path: &ast::Path,
        attribute: ast::Attr,
    ) {
        let makro = functions::attribute_macro_at(db, function, path);
        let wrapper = makro.and_then(|it| Some((it, known.wrapper(it)?)));
        if let Some((makro, wrapper)) = wrapper {
            let is_known = is_of_known_version(db, makro.krate(db));
            // What it is given is read where no condition stands around it, and of two there is one around the other.
            let is_conditional = attribute.simple_name().as_deref() == Some("cfg_attr");
            if is_known && !is_conditional && self.in_span.is_none() {
                self.in_span = Some((attribute, wrapper));
            } else {
                self.unknown = Some(text(&attribute));
            }
            return;
        }
        let name = path.segment().and_then(|it| it.name_ref());
        let row = name.and_then(|it| known.transparent_attribute(it.text()));
        match row {
            Some(row) if row.boxes => self.boxed = true,
            Some(row) if row.entry.is_some() => {}
            // It may still put another future around it.
            Some(_) => self.unknown = Some(text(&attribute)),
            None if unknown_attribute_at(path, known).is_some() => {
                self.unknown = Some(text(&attribute));
            }
            None => {}
        }
    }
}

/// Versions of `tracing-attributes` that write what is said in `instrumented`: as they are of the edition of 2018, their
/// blocks take whole variables along.
fn is_of_known_version(db: &RootDatabase, krate: ra_ap_base_db::Crate) -> bool {
    const FIRST: (u64, u64, u64) = (0, 1, 27);
    const NEXT: (u64, u64, u64) = (0, 2, 0);
    let version = krate.extra_data(db).version.as_deref().unwrap_or_default();
    let mut numbers = version.split('.').map_while(|it| it.parse::<u64>().ok());
    let mut next = || numbers.next().unwrap_or_default();
    let version = (next(), next(), next());
    (FIRST..NEXT).contains(&version)
}

fn path_of(meta: &ast::Meta) -> Option<ast::Path> {
    match meta {
        ast::Meta::KeyValueMeta(it) => it.path(),
        ast::Meta::PathMeta(it) => it.path(),
        ast::Meta::TokenTreeMeta(it) => it.path(),
        _ => None,
    }
}

fn text(attribute: &ast::Attr) -> String {
    attribute.syntax().text().to_string()
}
