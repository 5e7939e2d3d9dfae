//! Whether an import has a use. In doubt it has one.

use std::collections::HashSet;

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, SyntaxToken, TextRange, ast,
    ast::{HasAttrs, HasDocComments, HasVisibility},
};

use crate::plan::imports::{Meaning, leaves, mentions, name, parse};

/// An import that may go once it has no use.
pub(super) struct Import {
    name: String,
    pub(super) item: ast::Use,
    range: TextRange,
    scope: TextRange,
    /// Where this name is imported, here and elsewhere in the file.
    scopes: Vec<TextRange>,
}

impl Import {
    pub(super) fn new(leaf: &ast::UseTree, all: &[ast::UseTree]) -> Option<Import> {
        let name = name(leaf)?;
        let item = item(leaf)?;
        let scope = scope(leaf)?;
        let is_plain = item.visibility().is_none()
            && item.attrs().all(|it| it.simple_name().is_some_and(|it| it == "cfg"))
            && item.doc_comments().next().is_none();
        // Of two in one scope `#[cfg]` chooses.
        let here = all.iter().filter(|it| self::scope(it) == Some(scope));
        let is_only = here.filter(|it| self::name(it).as_ref() == Some(&name)).count() == 1;
        if !is_plain || !is_only || shares_module(&item) {
            return None;
        }
        let mut scopes = scopes(&name, all);
        scopes.push(scope);
        Some(Import { name, item, range: leaf.syntax().text_range(), scope, scopes })
    }
}

fn item(import: &ast::UseTree) -> Option<ast::Use> {
    import.syntax().ancestors().find_map(ast::Use::cast)
}

/// Where a `use` is known: in the block, the module or the file around it.
fn scope(import: &ast::UseTree) -> Option<TextRange> {
    Some(item(import)?.syntax().parent()?.text_range())
}

/// Where a name is imported whatever `#[cfg]` says, and so means nothing from further out.
fn scopes(of: &str, all: &[ast::UseTree]) -> Vec<TextRange> {
    let imports = all.iter().filter(|it| name(it).as_deref() == Some(of));
    let certain = imports.filter(|it| item(it).is_some_and(|it| it.attrs().next().is_none()));
    certain.filter_map(scope).collect()
}

/// Whether other text is included where it sees the import.
fn shares_module(item: &ast::Use) -> bool {
    let module = |it: &SyntaxNode| {
        it.ancestors().find(|it| matches!(it.kind(), SyntaxKind::MODULE | SyntaxKind::SOURCE_FILE))
    };
    let own = module(item.syntax());
    let calls = own.iter().flat_map(|it| it.descendants()).filter_map(ast::MacroCall::cast);
    let mut includes = calls.filter(|it| it.path().is_some_and(|it| it.to_string() == "include"));
    includes.any(|it| module(it.syntax()) == own)
}

/// The innermost of `scopes` at a mention.
fn scope_of(mention: &mentions::Mention, scopes: &[TextRange]) -> Option<TextRange> {
    let around = scopes.iter().filter(|it| it.contains(mention.at));
    around.min_by_key(|it| it.len()).copied()
}

/// Whether anything in its own text means it; the words that are meant `elsewhere` do not.
pub(super) fn is_used(
    root: &SyntaxNode,
    import: &Import,
    meaning: &Meaning,
    elsewhere: &HashSet<SyntaxToken>,
) -> bool {
    let may_be_named = mentions::mentions(root, &import.name, Some(import.range)).any(|it| {
        it.from_module
            || it.in_macro_definition
            || scope_of(&it, &import.scopes).is_none_or(|it| it == import.scope)
    });
    // Its methods can be called where it is known, and macros bring their words along.
    let is_seen = |it: &SyntaxToken| {
        import.scope.contains_range(it.text_range()) || mentions::in_macro_definition(it)
    };
    may_be_named
        || match meaning {
            Meaning::Name => false,
            Meaning::Trait(items) => {
                mentions::words(root, items).any(|it| is_seen(&it))
                    || mentions::strange_macros(root, items).any(|it| is_seen(&it))
            }
            Meaning::BlockingTrait(items) => {
                let may_call = |it: &SyntaxToken| is_seen(it) && !elsewhere.contains(it);
                mentions::words(root, items).any(|it| may_call(&it) && !mentions::is_awaited(&it))
                    || mentions::strange_macros(root, items).any(|it| may_call(&it))
            }
        }
}

/// Modules below see it through `super` and `crate`, and macros bring their words to where they are used.
pub(super) fn is_used_elsewhere(others: &[&str], import: &Import, meaning: &Meaning) -> bool {
    let items: &[String] = match meaning {
        Meaning::Name => &[],
        Meaning::Trait(items) | Meaning::BlockingTrait(items) => items,
    };
    // Any of the others, for all that is known; what a build script makes is none of them.
    let is_included = others.iter().any(|it| it.contains("include!(\""));
    let has_word =
        |it: &&&str| it.contains(&import.name) || items.iter().any(|item| it.contains(item));
    others.iter().filter(has_word).any(|text| {
        let root = parse(text);
        let scopes = scopes(&import.name, &leaves(&root));
        let sees_it = is_included || mentions::looks_up(&root);
        let is_named = mentions::mentions(&root, &import.name, None).any(|it| {
            it.from_module || it.in_macro_definition || sees_it && scope_of(&it, &scopes).is_none()
        });
        is_named
            || mentions::words(&root, items).any(|it| sees_it || mentions::in_macro_definition(&it))
    })
}
