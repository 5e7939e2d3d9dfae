//! How the lines of a text begin and end.

use ra_ap_ide_db::text_edit::{TextEditBuilder, TextRange, TextSize};
use ra_ap_syntax::{
    AstNode, AstToken, Direction, NodeOrToken, SyntaxElement, SyntaxKind, SyntaxNode, ast,
};

pub(super) fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The spaces that the line begins with on which `at` lies.
pub(super) fn indentation(text: &str, at: TextSize) -> &str {
    let at = usize::from(at);
    let start = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let line = &text[start..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// A line of its own where a function begins, as what is put in, and where.
pub(super) fn at_start_of(
    function: &ast::Fn,
    text: &str,
    line: &str,
) -> Option<(TextRange, String)> {
    let list = function.body()?.stmt_list()?;
    let start = list.l_curly_token()?.text_range().end();
    let first = list.statements().next().map(|it| it.syntax().clone());
    let first = first.or_else(|| list.tail_expr().map(|it| it.syntax().clone()))?;
    let indent = indentation(text, first.text_range().start());
    let end = line_end(text);
    Some((TextRange::empty(start), format!("{end}{indent}{line}{end}")))
}

/// By how much the lines of a block stand further in than the line on which `at` lies.
pub(super) fn step(text: &str, at: TextSize) -> &'static str {
    if indentation(text, at).contains('\t') { "\t" } else { "    " }
}

/// Puts the lines of these statements one step further in, up to `end`, except for the lines of strings.
pub(super) fn indent<'a>(
    statements: impl Iterator<Item = &'a SyntaxNode>,
    end: TextSize,
    step: &str,
    edit: &mut TextEditBuilder,
) {
    for statement in statements {
        let mut tokens: Vec<SyntaxElement> = statement.descendants_with_tokens().collect();
        tokens.extend(behind(statement));
        for token in tokens.into_iter().filter_map(NodeOrToken::into_token) {
            let at = token.text_range().end();
            let is_line = ast::Whitespace::cast(token).is_some_and(|it| it.text().contains('\n'));
            if is_line && at < end {
                edit.insert(at, step.to_owned());
            }
        }
    }
}

/// What stands between this statement and the next one.
fn behind(statement: &SyntaxNode) -> Vec<SyntaxElement> {
    let mut after = statement.siblings_with_tokens(Direction::Next).skip(1);
    let mut found = Vec::new();
    while let Some(NodeOrToken::Token(it)) = after.next() {
        found.push(NodeOrToken::Token(it));
    }
    found
}

/// Where the comment ends that stands behind a statement on its line.
pub(super) fn end_of_line_comment(statement: &SyntaxNode) -> Option<TextSize> {
    let on_line = behind(statement).into_iter().take_while(|it| match it {
        NodeOrToken::Token(it) if it.kind() == SyntaxKind::WHITESPACE => !it.text().contains('\n'),
        _ => true,
    });
    let comment = on_line
        .filter_map(NodeOrToken::into_token)
        .filter(|it| it.kind() == SyntaxKind::COMMENT)
        .last()?;
    // The comment has what comes before the line feed.
    let text = comment.text().trim_end();
    Some(comment.text_range().start() + TextSize::of(text))
}
