//! How the branches of a `select!` are written.

use ra_ap_syntax::{NodeOrToken, SyntaxElement, SyntaxKind, SyntaxNode, TextRange};

/// One branch, by the ranges of its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Written {
    /// `pattern = future, if guard => handler`
    Future { pattern: TextRange, future: TextRange, guard: Option<TextRange>, handler: TextRange },
    /// `else => handler`, `default => handler`, `complete => handler`
    Otherwise,
}

/// The branches in the brackets of a call. None where they are not written as branches are: so a macro speaks to itself.
pub(super) fn branches(brackets: &SyntaxNode) -> Option<Vec<Written>> {
    let is_word = |it: &SyntaxElement| !it.kind().is_trivia();
    let mut elements: Vec<SyntaxElement> =
        brackets.children_with_tokens().filter(is_word).collect();
    elements.pop()?;
    let mut rest = elements.get(1..)?;
    if rest.first().is_some_and(|it| it.kind() == SyntaxKind::AT) {
        return None;
    }
    if let [first, second, ..] = rest
        && second.kind() == SyntaxKind::SEMICOLON
        && text_of(first) == "biased"
    {
        rest = &rest[2..];
    }
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (branch, behind) = branch(rest)?;
        found.push(branch);
        rest = behind;
    }
    Some(found)
}

fn branch(elements: &[SyntaxElement]) -> Option<(Written, &[SyntaxElement])> {
    let (arrow, length) = arrow(elements)?;
    let (head, behind) = (&elements[..arrow], &elements[arrow + length..]);
    let (handler, behind) = handler(behind)?;
    let handler = range(handler)?;
    let written = match equals(head) {
        Some(at) => {
            let (pattern, future) = (&head[..at], &head[at + 1..]);
            let condition = condition(future);
            let (future, guard) = match condition {
                Some(at) => (&future[..at], Some(&future[at + 2..])),
                None => (future, None),
            };
            let guard = match guard {
                Some(it) => Some(range(it)?),
                None => None,
            };
            Written::Future { pattern: range(pattern)?, future: range(future)?, guard, handler }
        }
        None if head.len() == 1 => Written::Otherwise,
        None => return None,
    };
    Some((written, behind))
}

/// Where the first `=>` stands, and of how many tokens it is made.
fn arrow(elements: &[SyntaxElement]) -> Option<(usize, usize)> {
    (0..elements.len()).find_map(|at| match elements[at].kind() {
        SyntaxKind::FAT_ARROW => Some((at, 1)),
        SyntaxKind::EQ => {
            let next = elements.get(at + 1)?;
            let joint = next.text_range().start() == elements[at].text_range().end();
            (next.kind() == SyntaxKind::R_ANGLE && joint).then_some((at, 2))
        }
        _ => None,
    })
}

/// A block ends its branch, anything else ends at a comma.
fn handler(elements: &[SyntaxElement]) -> Option<(&[SyntaxElement], &[SyntaxElement])> {
    let end = match is_block(elements.first()?) {
        true => 1,
        false => comma(elements, |_| true).unwrap_or(elements.len()),
    };
    let behind = &elements[end..];
    let comma = behind.first().is_some_and(|it| it.kind() == SyntaxKind::COMMA);
    Some((&elements[..end], &behind[usize::from(comma)..]))
}

/// The first `=` that stands alone: `..=` in a pattern does not, nor does `==`.
fn equals(head: &[SyntaxElement]) -> Option<usize> {
    (0..head.len()).find(|at| {
        let touches = |other: Option<&SyntaxElement>, before: bool| {
            other.is_some_and(|it| {
                let own = head[*at].text_range();
                let joint = match before {
                    true => it.text_range().end() == own.start(),
                    false => it.text_range().start() == own.end(),
                };
                let signs = [SyntaxKind::EQ, SyntaxKind::DOT, SyntaxKind::DOT2, SyntaxKind::BANG];
                joint && signs.contains(&it.kind())
            })
        };
        let before = at.checked_sub(1).and_then(|it| head.get(it));
        head[*at].kind() == SyntaxKind::EQ
            && !touches(before, true)
            && !touches(head.get(at + 1), false)
    })
}

/// Where `, if` begins.
fn condition(future: &[SyntaxElement]) -> Option<usize> {
    comma(future, |rest| rest.get(1).is_some_and(|it| it.kind() == SyntaxKind::IF_KW))
}

/// The first comma outside the brackets of `::<..>` that is the one.
fn comma(elements: &[SyntaxElement], is_it: impl Fn(&[SyntaxElement]) -> bool) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, element) in elements.iter().enumerate() {
        let before = at.checked_sub(1).map(|it| elements[it].kind());
        match element.kind() {
            SyntaxKind::L_ANGLE
                if depth > 0 || matches!(before, Some(SyntaxKind::COLON | SyntaxKind::COLON2)) =>
            {
                depth += 1;
            }
            SyntaxKind::R_ANGLE if depth > 0 && before != Some(SyntaxKind::MINUS) => depth -= 1,
            SyntaxKind::COMMA if depth == 0 && is_it(&elements[at..]) => return Some(at),
            _ => {}
        }
    }
    None
}

fn is_block(element: &SyntaxElement) -> bool {
    match element {
        NodeOrToken::Node(it) => {
            it.first_token().is_some_and(|it| it.kind() == SyntaxKind::L_CURLY)
        }
        NodeOrToken::Token(_) => false,
    }
}

fn text_of(element: &SyntaxElement) -> String {
    element.to_string()
}

fn range(elements: &[SyntaxElement]) -> Option<TextRange> {
    let (first, last) = (elements.first()?, elements.last()?);
    Some(TextRange::new(first.text_range().start(), last.text_range().end()))
}

#[cfg(test)]
mod tests {
    use ra_ap_syntax::{AstNode, Edition, SourceFile, ast};

    use super::*;

    fn parts(text: &str) -> Option<Vec<String>> {
        let text = format!("fn f() {{ select! {{ {text} }} }}");
        let file = SourceFile::parse(&text, Edition::CURRENT).tree();
        let call = file.syntax().descendants().find_map(ast::MacroCall::cast)?;
        let found = branches(call.token_tree()?.syntax())?;
        let show = |it: &Written| match it {
            Written::Future { pattern, future, guard, handler } => {
                let guard = guard.map(|it| format!(" if {}", &text[it])).unwrap_or_default();
                format!("[{}] [{}]{guard} [{}]", &text[*pattern], &text[*future], &text[*handler])
            }
            Written::Otherwise => "else".to_owned(),
        };
        Some(found.iter().map(show).collect())
    }

    #[test]
    fn branches_end_where_the_macro_ends_them() {
        let found = parts(
            "biased; a = f(), if x == 1 => { 1 } Some(1..=2) = g::<A, B>() => h(1, 2), _ = &mut p => break, else => ()",
        );
        let expected = [
            "[a] [f()] if x == 1 [{ 1 }]",
            "[Some(1..=2)] [g::<A, B>()] [h(1, 2)]",
            "[_] [&mut p] [break]",
            "else",
        ];
        assert_eq!(found.unwrap_or_default(), expected);
    }

    #[test]
    fn what_the_macro_tells_itself_is_no_branch() {
        assert_eq!(parts("@{ start=0; () } a = b => c"), None);
        assert_eq!(parts("complete => break, x = y => {}").unwrap_or_default().len(), 2);
    }
}
