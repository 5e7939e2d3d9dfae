//! The names by which code of the project may get a guard: those of the locks, and of its own functions and types
//! that hand guards on.

use std::collections::HashSet;

use ra_ap_syntax::{AstNode, NodeOrToken, SourceFile, SyntaxKind, SyntaxNode, ast, ast::HasName};

use crate::knowledge::resolve::Known;

/// All of them. Like all names they only choose what is read.
pub(super) fn all<'t>(known: &Known, texts: impl Iterator<Item = &'t str>) -> HashSet<String> {
    let mut types: HashSet<String> = known.guard_types().map(str::to_owned).collect();
    let mut names: HashSet<String> = known.guard_givers().map(str::to_owned).collect();
    let items: Vec<Item> = texts.flat_map(items).collect();
    loop {
        let before = types.len();
        for item in &items {
            if item.words.iter().any(|it| types.contains(it)) {
                match item.kind {
                    Kind::Function => names.insert(item.name.clone()),
                    Kind::Type => types.insert(item.name.clone()),
                };
            }
        }
        if types.len() == before {
            break;
        }
    }
    names.extend(types);
    names
}

/// A function with the words of the type that it returns, or a type with all its words.
struct Item {
    kind: Kind,
    name: String,
    words: HashSet<String>,
}

enum Kind {
    Function,
    Type,
}

fn items(text: &str) -> Vec<Item> {
    // Whoever hands on a guard gives it a lifetime.
    if !text.contains("'_") && !text.contains("<'") && !text.contains("Guard") {
        return Vec::new();
    }
    let file = SourceFile::parse(text, ra_ap_span::Edition::CURRENT).tree();
    file.syntax().descendants().filter_map(item).collect()
}

fn item(node: SyntaxNode) -> Option<Item> {
    if let Some(function) = ast::Fn::cast(node.clone()) {
        let name = function.name()?.text().to_string();
        let words = words(function.ret_type()?.syntax());
        return Some(Item { kind: Kind::Function, name, words });
    }
    if let Some(alias) = ast::TypeAlias::cast(node.clone()) {
        let name = alias.name()?.text().to_string();
        return Some(Item { kind: Kind::Type, name, words: words(alias.ty()?.syntax()) });
    }
    let name = ast::Adt::cast(node.clone())?.name()?.text().to_string();
    Some(Item { kind: Kind::Type, name, words: words(&node) })
}

fn words(node: &SyntaxNode) -> HashSet<String> {
    let tokens = node.descendants_with_tokens().filter_map(NodeOrToken::into_token);
    tokens.filter(|it| it.kind() == SyntaxKind::IDENT).map(|it| it.text().to_owned()).collect()
}
