//! Imports that have lost their last use.

use ra_ap_ide_db::text_edit::{TextEdit, TextRange};
use ra_ap_syntax::{
    AstNode, Direction, NodeOrToken, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, T, TextSize,
    ast,
    ast::{HasName, HasVisibility},
};

/// The text without the imports of `name`, when nothing in it or in `other_texts` can still mean them.
pub(super) fn without_unused(text: &str, name: &str, other_texts: &[&str]) -> Option<String> {
    let file = SourceFile::parse(text, ra_ap_span::Edition::CURRENT).tree();
    let imports: Vec<ast::UseTree> = file
        .syntax()
        .descendants()
        .filter_map(ast::UseTree::cast)
        .filter(|it| imported_name(it).as_deref() == Some(name))
        .collect();
    let [import] = imports.as_slice() else { return None };
    let item = import.syntax().ancestors().find_map(ast::Use::cast)?;
    // A module below may see it through `super`, and so may one in another file.
    let elsewhere = |text: &&&str| text.contains("super") && mentions(&parse(text), name, None);
    if item.visibility().is_some()
        || mentions(file.syntax(), name, Some(item.syntax()))
        || other_texts.iter().any(|it| elsewhere(&it))
    {
        return None;
    }
    let mut text = text.to_owned();
    removal(import, &item).apply(&mut text);
    Some(text)
}

fn parse(text: &str) -> SyntaxNode {
    SourceFile::parse(text, ra_ap_span::Edition::CURRENT).tree().syntax().clone()
}

/// The name under which a leaf of a `use` makes something known.
fn imported_name(tree: &ast::UseTree) -> Option<String> {
    if tree.use_tree_list().is_some() || tree.star_token().is_some() {
        return None;
    }
    if let Some(rename) = tree.rename() {
        return Some(rename.name()?.text().to_string());
    }
    let last = tree.path()?.segment()?.name_ref()?;
    if last.self_token().is_none() {
        return Some(last.text().to_string());
    }
    // `use std::fs::{self}`
    let outer = tree.syntax().ancestors().skip(1).find_map(ast::UseTree::cast)?;
    Some(outer.path()?.segment()?.name_ref()?.text().to_string())
}

/// Whether a path may begin with `name` anywhere outside `except`; in what macros are given every such word counts.
fn mentions(root: &SyntaxNode, name: &str, except: Option<&SyntaxNode>) -> bool {
    let except = except.map(SyntaxNode::text_range);
    root.descendants_with_tokens()
        .filter_map(NodeOrToken::into_token)
        .filter(|it| it.kind() == SyntaxKind::IDENT && it.text() == name)
        .filter(|it| except.is_none_or(|range| !range.contains_range(it.text_range())))
        .any(|it| begins_path(&it))
}

fn begins_path(token: &SyntaxToken) -> bool {
    let before = |it: &SyntaxToken| {
        let mut tokens = std::iter::successors(it.prev_token(), SyntaxToken::prev_token);
        tokens.find(|it| !it.kind().is_trivia())
    };
    let Some(last) = before(token) else { return true };
    match last.kind() {
        // `.name` is a field or a method, and `::name` goes on with a path; but `::` itself may begin one.
        T![.] => false,
        T![::] => before(&last).is_none_or(|it| !continues_path(&it)),
        T![:] => before(&last).is_none_or(|it| it.kind() != T![:]),
        T![fn] | T![let] | T![mod] | T![struct] => false,
        _ => true,
    }
}

fn continues_path(token: &SyntaxToken) -> bool {
    matches!(
        token.kind(),
        SyntaxKind::IDENT | T![self] | T![Self] | T![super] | T![crate] | T![>] | T!['}']
    )
}

/// Takes out the import with its comma; the whole `use` with its line when nothing else is in it.
fn removal(import: &ast::UseTree, item: &ast::Use) -> TextEdit {
    let mut tree = import.clone();
    // An only child takes its list with it.
    while let Some(list) = tree.syntax().parent().and_then(ast::UseTreeList::cast) {
        if let Some(other) = only_other(&list, &tree) {
            return TextEdit::replace(list.syntax().text_range(), other.to_string());
        }
        if list.use_trees().count() > 1 {
            return TextEdit::delete(with_comma(&tree));
        }
        match list.syntax().parent().and_then(ast::UseTree::cast) {
            Some(outer) => tree = outer,
            None => break,
        }
    }
    TextEdit::delete(with_line(item.syntax()))
}

/// The other one of two, which needs no brackets any more.
fn only_other(list: &ast::UseTreeList, tree: &ast::UseTree) -> Option<ast::UseTree> {
    let others: Vec<_> = list.use_trees().filter(|it| it.syntax() != tree.syntax()).collect();
    let [other] = others.as_slice() else { return None };
    let is_self = other.path().is_some_and(|it| it.to_string() == "self");
    let has_comments =
        list.syntax().children_with_tokens().any(|it| it.kind() == SyntaxKind::COMMENT);
    (!is_self && !has_comments).then(|| other.clone())
}

fn with_comma(tree: &ast::UseTree) -> TextRange {
    let node = tree.syntax();
    let range = node.text_range();
    let comma = |direction| {
        let siblings = node.siblings_with_tokens(direction).skip(1);
        siblings.take_while(|it| it.kind() != SyntaxKind::USE_TREE).find(|it| it.kind() == T![,])
    };
    if let Some(after) = comma(Direction::Next) {
        let space = after.as_token().and_then(SyntaxToken::next_token);
        let end = match space.filter(|it| it.kind() == SyntaxKind::WHITESPACE && !is_last(tree)) {
            Some(it) => it.text_range().end(),
            None => after.text_range().end(),
        };
        return TextRange::new(range.start(), end);
    }
    match comma(Direction::Prev) {
        Some(before) => TextRange::new(before.text_range().start(), range.end()),
        None => range,
    }
}

fn is_last(tree: &ast::UseTree) -> bool {
    !tree.syntax().siblings(Direction::Next).skip(1).any(|it| it.kind() == SyntaxKind::USE_TREE)
}

/// A `use` with one line break: the one before it when it follows on something, else what comes after it.
fn with_line(node: &SyntaxNode) -> TextRange {
    let range = node.text_range();
    let space = |it: Option<ra_ap_syntax::SyntaxElement>| {
        let token = it.and_then(NodeOrToken::into_token)?;
        (token.kind() == SyntaxKind::WHITESPACE).then_some(token)
    };
    let before = space(node.prev_sibling_or_token());
    if let Some(before) = before.filter(|it| it.text().matches('\n').count() == 1) {
        let line_break = before.text().find(['\r', '\n']).unwrap_or_default();
        let start = before.text_range().start() + TextSize::new(line_break as u32);
        return TextRange::new(start, range.end());
    }
    let end = space(node.next_sibling_or_token()).map_or(range.end(), |it| it.text_range().end());
    TextRange::new(range.start(), end)
}
