//! The edit that takes one import out of its `use`.

use ra_ap_ide_db::text_edit::{TextEdit, TextRange};
use ra_ap_syntax::{
    AstNode, Direction, NodeOrToken, SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken, T,
    TextSize, ast,
};

use crate::plan::imports::parse;

/// The text without one of its imports. None when a comment would go with it.
pub(super) fn without(text: &str, import: &ast::UseTree, item: &ast::Use) -> Option<String> {
    let mut rest = text.to_owned();
    removal(import, item)?.apply(&mut rest);
    (comments(text) == comments(&rest)).then_some(rest)
}

fn comments(text: &str) -> usize {
    let tokens = parse(text).descendants_with_tokens();
    tokens.filter(|it| it.kind() == SyntaxKind::COMMENT).count()
}

/// Takes out the import with its comma; the whole `use` with its line when nothing else is in it.
fn removal(import: &ast::UseTree, item: &ast::Use) -> Option<TextEdit> {
    let mut tree = import.clone();
    // An only child takes its list with it.
    while let Some(list) = tree.syntax().parent().and_then(ast::UseTreeList::cast) {
        if let Some(other) = only_other(&list, &tree) {
            return Some(TextEdit::replace(list.syntax().text_range(), other.to_string()));
        }
        if list.use_trees().count() > 1 {
            return Some(TextEdit::delete(with_comma(&tree)));
        }
        match list.syntax().parent().and_then(ast::UseTree::cast) {
            Some(outer) => tree = outer,
            None => break,
        }
    }
    Some(TextEdit::delete(with_line(item.syntax())?))
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
/// The parser counts the comments above a `use` to it, and they may be the licence of the file: they stay.
fn with_line(node: &SyntaxNode) -> Option<TextRange> {
    let first = node.children_with_tokens().find(|it| !it.kind().is_trivia())?;
    let range = TextRange::new(first.text_range().start(), node.text_range().end());
    let space = |it: Option<SyntaxElement>| {
        let token = it.and_then(NodeOrToken::into_token)?;
        (token.kind() == SyntaxKind::WHITESPACE).then_some(token)
    };
    let after = space(node.next_sibling_or_token());
    // A comment behind it on its line gets the line.
    let comment = after
        .as_ref()
        .filter(|it| !it.text().contains('\n'))
        .and_then(|it| it.next_sibling_or_token().filter(|it| it.kind() == SyntaxKind::COMMENT));
    if let Some(comment) = comment {
        return Some(TextRange::new(range.start(), comment.text_range().start()));
    }
    let before = space(first.prev_sibling_or_token().or_else(|| node.prev_sibling_or_token()));
    if let Some(before) = before.filter(|it| it.text().matches('\n').count() == 1) {
        let line_break = before.text().find(['\r', '\n']).unwrap_or_default();
        let start = before.text_range().start() + TextSize::new(line_break as u32);
        // A comment has the first half of its line break.
        let has_half = before.prev_token().is_some_and(|it| it.text().ends_with('\r'));
        let start = if has_half { start - TextSize::new(1) } else { start };
        return Some(TextRange::new(start, range.end()));
    }
    let end = after.map_or(range.end(), |it| it.text_range().end());
    Some(TextRange::new(range.start(), end))
}
