//! Which code a comment stands at: the node below it, the line that it ends, the macro argument that follows.

use ra_ap_syntax::{
    AstNode, NodeOrToken, SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken, T, TextRange,
    TextSize, ast, ast::HasName,
};

/// Where a comment stands on its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Alone.
    OwnLine,
    /// Behind code.
    EndOfLine,
    /// Behind a `{`: rustfmt moves it into the block.
    BehindBrace,
}

pub(super) fn standing(comment: &SyntaxToken) -> Standing {
    let before = std::iter::successors(comment.prev_token(), |it| it.prev_token());
    for token in before {
        match token.kind() {
            SyntaxKind::WHITESPACE if token.text().contains('\n') => return Standing::OwnLine,
            SyntaxKind::COMMENT if token.text().contains('\n') => return Standing::EndOfLine,
            SyntaxKind::WHITESPACE | SyntaxKind::COMMENT => (),
            T!['{'] => return Standing::BehindBrace,
            _ => return Standing::EndOfLine,
        }
    }
    Standing::OwnLine
}

/// The first code behind a comment.
pub(super) fn next_code(comment: &SyntaxToken) -> Option<SyntaxToken> {
    let mut after = std::iter::successors(comment.next_token(), |it| it.next_token());
    after.find(|it| !is_trivia(it))
}

fn is_trivia(token: &SyntaxToken) -> bool {
    token.kind().is_trivia()
}

/// What begins with the token `next`: a statement, an item, an arm, a field, an argument; else the rest of its line.
/// None where something ends.
pub(super) fn beginning_with(next: &SyntaxToken, text: &str) -> Option<TextRange> {
    if matches!(next.kind(), T!['}'] | T![')'] | T![']']) {
        return None;
    }
    if let Some(range) = in_macro(next) {
        return Some(range);
    }
    let around = next.parent_ancestors().take_while(|it| it.kind() != SyntaxKind::SOURCE_FILE);
    let node = around.filter(|it| begins_with(it, next)).last();
    Some(node.map_or_else(|| line(next.text_range().start(), text), |it| it.text_range()))
}

/// Attributes may stand before the comment.
fn begins_with(node: &SyntaxNode, token: &SyntaxToken) -> bool {
    let children = || node.children_with_tokens().filter(|it| !it.kind().is_trivia());
    let first = |it: Option<SyntaxElement>| it.and_then(|it| first_code(&it));
    let behind_attributes = children().find(|it| it.kind() != SyntaxKind::ATTR);
    first(children().next()).as_ref() == Some(token)
        || first(behind_attributes).as_ref() == Some(token)
}

/// The first token that is code.
pub(super) fn first_code(element: &SyntaxElement) -> Option<SyntaxToken> {
    match element {
        NodeOrToken::Token(it) => (!is_trivia(it)).then(|| it.clone()),
        NodeOrToken::Node(it) => {
            let mut tokens = it.descendants_with_tokens().filter_map(NodeOrToken::into_token);
            tokens.find(|it| !is_trivia(it))
        }
    }
}

/// The arguments of a macro are tokens: one ends at a comma, a semicolon, or with a block that ends its line.
fn in_macro(next: &SyntaxToken) -> Option<TextRange> {
    let tree = next.parent().filter(|it| it.kind() == SyntaxKind::TOKEN_TREE)?;
    let opens = tree.first_token().as_ref() == Some(next);
    let mut element = match opens {
        true => NodeOrToken::Node(tree),
        false => NodeOrToken::Token(next.clone()),
    };
    loop {
        let after = next_sibling(&element);
        let goes_on = after.as_ref().filter(|it| !matches!(it.kind(), T!['}'] | T![')'] | T![']']));
        let ends = match &element {
            NodeOrToken::Token(it) => matches!(it.kind(), T![,] | T![;]),
            NodeOrToken::Node(it) => {
                let is_block = it.first_token().is_some_and(|it| it.kind() == T!['{']);
                is_block && after.as_ref().is_none_or(|after| begins_anew(it, after))
            }
        };
        match goes_on {
            Some(it) if !ends => element = it.clone(),
            _ => {
                return Some(TextRange::new(next.text_range().start(), element.text_range().end()));
            }
        }
    }
}

fn next_sibling(element: &SyntaxElement) -> Option<SyntaxElement> {
    let next = |it: &SyntaxElement| it.next_sibling_or_token();
    let mut after = next(element);
    while let Some(it) = after.as_ref().filter(|it| it.kind().is_trivia()) {
        after = next(it);
    }
    after
}

/// Whether what follows a block in a macro is something new.
fn begins_anew(block: &SyntaxNode, after: &SyntaxElement) -> bool {
    let space = block.next_sibling_or_token();
    let on_new_line = space
        .is_some_and(|it| it.kind() == SyntaxKind::WHITESPACE && it.to_string().contains('\n'));
    let goes_on = matches!(after.kind(), T![.] | T![?] | T![,] | T![;] | T![else] | T![=]);
    on_new_line && !goes_on
}

/// The line of `offset`, without its break.
pub(super) fn line(offset: TextSize, text: &str) -> TextRange {
    let at = usize::from(offset);
    let start = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let end = text[at..].find('\n').map_or(text.len(), |it| at + it);
    let size = |it: usize| TextSize::try_from(it).expect("a part of a text is no longer than it");
    TextRange::new(size(start), size(end))
}

/// The places by which code is known: where it starts, where a called method is named, and where the macros are called
/// that it is an argument of.
pub(super) fn anchors(root: &SyntaxNode, range: TextRange) -> Vec<TextSize> {
    let mut anchors = vec![range.start()];
    if !root.text_range().contains_range(range) {
        return anchors;
    }
    let element = root.covering_element(range);
    let ancestors: Vec<SyntaxNode> = element.ancestors().collect();
    let call = ancestors.iter().take_while(|it| it.text_range() == range);
    let call = call.cloned().find_map(ast::MethodCallExpr::cast);
    anchors.extend(call.and_then(|it| it.name_ref()).map(|it| it.syntax().text_range().start()));
    let macros = ancestors.into_iter().filter_map(ast::MacroCall::cast);
    anchors.extend(macros.filter_map(|it| Some(it.path()?.syntax().text_range().start())));
    anchors
}

/// The file's first item, where it starts.
pub(super) fn first_item(root: &SyntaxNode) -> Option<TextSize> {
    let item = root.children().find_map(ast::Item::cast)?;
    Some(first_code(&NodeOrToken::Node(item.syntax().clone()))?.text_range().start())
}

/// The function that a comment stands before.
pub(super) fn function(next: &SyntaxToken) -> Option<TextRange> {
    let function = next.parent_ancestors().find_map(ast::Fn::cast)?;
    let is_before = begins_with(function.syntax(), next) && function.name().is_some();
    is_before.then(|| function.syntax().text_range())
}
