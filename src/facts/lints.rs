//! What the user allows clippy to pass over: attributes, and `[lints.clippy]` of a manifest.

use std::collections::{BTreeMap, HashSet};

use ra_ap_cfg::{CfgExpr, CfgOptions};
use ra_ap_hir::{HirFileId, Symbol, crate_def_map};
use ra_ap_syntax::{AstNode, SourceFile, SyntaxNode, TextRange, ast};

use crate::{
    finding::{FilePath, Place},
    workspace::Workspace,
};

/// Where each file of the workspace is declared a module.
pub struct Lints<'a> {
    workspace: &'a Workspace,
    modules: BTreeMap<FilePath, Declared>,
}

/// How a file comes into its crate.
struct Declared {
    /// Its `mod name;`; the root of a crate has none.
    by: Option<Place>,
    /// The manifest of its package.
    manifest: FilePath,
    /// What holds when clippy looks at its crate.
    options: CfgOptions,
}

impl<'a> Lints<'a> {
    pub fn new(workspace: &'a Workspace) -> Lints<'a> {
        let db = workspace.db();
        let place = |file: HirFileId, range: TextRange| {
            let HirFileId::FileId(file) = file else { return None };
            Some(Place::new(workspace.file_path(file.file_id(db))?.clone(), range))
        };
        let mut modules = BTreeMap::new();
        for target in workspace.targets() {
            let manifest = &workspace.packages()[target.package].manifest;
            let mut options = target.krate.cfg_options(db).clone();
            options.insert_atom(Symbol::intern("clippy"));
            for (_, module) in crate_def_map(db, target.krate).modules() {
                let HirFileId::FileId(id) = module.definition_source_file_id() else { continue };
                let Some(file) = workspace.file_path(id.file_id(db)) else { continue };
                let declaration = module.declaration_source(db);
                let by =
                    declaration.and_then(|it| place(it.file_id, it.value.syntax().text_range()));
                // A module with its code in braces is a part of its file and declares nothing.
                if by.as_ref().is_none_or(|it| it.file != *file) {
                    let declare =
                        || Declared { by, manifest: manifest.clone(), options: options.clone() };
                    modules.entry(file.clone()).or_insert_with(declare);
                }
            }
        }
        Lints { workspace, modules }
    }

    /// Whether `lint` of clippy is told not to report what stands at `place`.
    pub fn allow(&self, lint: &str, place: &Place) -> bool {
        self.level(lint, place) == Some(Level::Allow)
    }

    /// What the innermost attribute says, or else the manifest.
    fn level(&self, lint: &str, place: &Place) -> Option<Level> {
        let mut place = place.clone();
        let mut passed = HashSet::new();
        while passed.insert(place.file.clone()) {
            let text = self.workspace.text(&place.file)?;
            let tree = SourceFile::parse(text, ra_ap_span::Edition::CURRENT).tree();
            let declared = self.modules.get(&place.file)?;
            if let Some(level) = level_at(tree.syntax(), place.range, lint, &declared.options) {
                return Some(level);
            }
            match &declared.by {
                Some(by) => place = by.clone(),
                None => return self.level_in_manifest(lint, &declared.manifest),
            }
        }
        None
    }

    fn level_in_manifest(&self, lint: &str, manifest: &FilePath) -> Option<Level> {
        let table = |file: &FilePath| self.workspace.text(file)?.parse::<toml::Table>().ok();
        let own = table(manifest)?;
        let lints = own.get("lints")?;
        let inherited = lints.get("workspace").and_then(toml::Value::as_bool) == Some(true);
        let root = if inherited { table(&FilePath::new("Cargo.toml")) } else { None };
        let lints = match &root {
            Some(it) => it.get("workspace")?.get("lints")?,
            None => lints,
        };
        let value = lints.get("clippy")?.get(lint)?;
        Level::of(value.as_str().or_else(|| value.get("level")?.as_str())?)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Level {
    Allow,
    Report,
}

impl Level {
    fn of(word: &str) -> Option<Level> {
        match word {
            "allow" | "expect" => Some(Level::Allow),
            "warn" | "deny" | "forbid" => Some(Level::Report),
            _ => None,
        }
    }
}

/// What the innermost attribute around `range` says of a lint of clippy.
fn level_at(
    root: &SyntaxNode,
    range: TextRange,
    lint: &str,
    options: &CfgOptions,
) -> Option<Level> {
    if !root.text_range().contains_range(range) {
        return None;
    }
    let around = root.covering_element(range).ancestors();
    let attributes = around.flat_map(|it| it.children()).filter_map(ast::Attr::cast);
    let metas = attributes.filter_map(|it| it.meta()).flat_map(|it| in_force(it, options));
    metas.filter(|it| names(it, lint)).find_map(|it| Level::of(&it.simple_name()?))
}

/// The attribute; where it is a `cfg_attr` those that it stands for.
fn in_force(meta: ast::Meta, options: &CfgOptions) -> Vec<ast::Meta> {
    let ast::Meta::CfgAttrMeta(conditional) = &meta else { return vec![meta] };
    let predicate = conditional.cfg_predicate().map(CfgExpr::parse_from_ast);
    match predicate.and_then(|it| options.check(&it)) {
        Some(false) => Vec::new(),
        _ => conditional.metas().flat_map(|it| in_force(it, options)).collect(),
    }
}

/// Whether `clippy::lint` is in the brackets.
fn names(meta: &ast::Meta, lint: &str) -> bool {
    let text: String = meta.syntax().text().to_string().split_whitespace().collect();
    let path = format!("clippy::{lint}");
    text.split(['(', ')', ',', '[', ']']).any(|it| it == path)
}

#[cfg(test)]
mod tests {
    use ra_ap_syntax::TextSize;

    use super::*;

    #[test]
    fn the_innermost_attribute_decides() {
        let level = |text: &str| {
            let root = SourceFile::parse(text, ra_ap_span::Edition::CURRENT).tree();
            let at = TextSize::try_from(text.find("call").unwrap()).unwrap();
            let mut options = CfgOptions::default();
            options.insert_atom(Symbol::intern("on"));
            level_at(root.syntax(), TextRange::at(at, TextSize::new(4)), "a_lint", &options)
        };
        for text in [
            "#![allow(clippy::a_lint)] fn f() { call() }",
            "mod m { #![expect(clippy::b, clippy::a_lint, reason = \"so\")] fn f() { call() } }",
            "#[allow(clippy::a_lint)] mod m { fn f() { call() } }",
            "#[allow(\n    clippy::a_lint,\n)] fn f() { call() }",
            "fn f() { #[allow(clippy::a_lint)] let x = call(); }",
            "#[warn(clippy::a_lint)] mod m { #[allow(clippy::a_lint)] fn f() { call() } }",
            "#![cfg_attr(on, allow(clippy::b), allow(clippy::a_lint))] fn f() { call() }",
            "#[cfg_attr(not(off), cfg_attr(on, expect(clippy::a_lint)))] fn f() { call() }",
        ] {
            assert_eq!(level(text), Some(Level::Allow), "{text}");
        }
        for text in [
            "#![allow(clippy::a_lint)] #[deny(clippy::a_lint)] fn f() { call() }",
            "#[warn(clippy::a_lint)] fn f() { call() }",
            "#[allow(clippy::a_lint)] mod m { #[cfg_attr(on, warn(clippy::a_lint))] fn f() { call() } }",
        ] {
            assert_eq!(level(text), Some(Level::Report), "{text}");
        }
        for text in [
            "#[allow(clippy::a_lint_too)] fn f() { call() }",
            "#[allow(clippy::a_lint)] fn g() {} fn f() { call() }",
            "#[allow(a_lint)] fn f() { call() }",
            "#[cfg_attr(off, allow(clippy::a_lint))] fn f() { call() }",
            "fn f() { #[allow(clippy::a_lint)] let x = 1; call() }",
        ] {
            assert_eq!(level(text), None, "{text}");
        }
    }
}
