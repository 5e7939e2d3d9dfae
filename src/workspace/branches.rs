//! The grammar of the macros that have native expanders: where an argument, a branch, a yielded value ends.

use ra_ap_tt::{DelimiterKind, Leaf, Punct, TokenTree, TokenTreesView, TtElement, iter::TtIter};

/// One branch of `futures::select!`.
pub(super) enum Branch<'a> {
    /// `pattern = future => handler`
    Future { pattern: TokenTreesView<'a>, future: TokenTreesView<'a>, handler: TokenTreesView<'a> },
    /// `default => handler` or `complete => handler`
    Otherwise { handler: TokenTreesView<'a> },
}

pub(super) fn branches(input: TokenTreesView<'_>) -> Vec<Branch<'_>> {
    let mut rest = input.iter();
    let mut branches = Vec::new();
    while !rest.is_empty() {
        let head = until_arrow(&mut rest);
        let handler = until_branch_end(&mut rest);
        branches.push(match split_at_equals(head) {
            Some((pattern, future)) => Branch::Future { pattern, future, handler },
            None => Branch::Otherwise { handler },
        });
    }
    branches
}

/// The arguments between the commas; a comma between angle brackets of a path is not one of them.
pub(super) fn arguments(input: TokenTreesView<'_>) -> Vec<TokenTreesView<'_>> {
    let mut rest = input.iter();
    let mut arguments = Vec::new();
    while !rest.is_empty() {
        let argument = until(&mut rest, |it| is_char(it, ','));
        if !argument.is_empty() {
            arguments.push(argument);
        }
    }
    arguments
}

/// Up to a `;` or `,`, which stays: the end of a yielded value.
pub(super) fn until_separator<'a>(rest: &mut TtIter<'a>) -> TokenTreesView<'a> {
    before(rest, |it| is_char(it, ';') || is_char(it, ','))
}

/// Up to the keyword `in`, which goes.
pub(super) fn until_in<'a>(rest: &mut TtIter<'a>) -> TokenTreesView<'a> {
    until(rest, |it| is_word(it, "in"))
}

/// Up to a block, which stays.
pub(super) fn until_block<'a>(rest: &mut TtIter<'a>) -> TokenTreesView<'a> {
    before(rest, is_block)
}

/// Goes past an `await`, if there is one.
pub(super) fn skip_await(rest: &mut TtIter<'_>) -> bool {
    let found = rest.peek().is_some_and(|it| is_word(&it, "await"));
    if found {
        rest.next();
    }
    found
}

pub(super) fn is_underscore(token: &TokenTree) -> bool {
    match token {
        TokenTree::Leaf(Leaf::Ident(it)) => it.sym.as_str() == "_",
        TokenTree::Leaf(Leaf::Punct(it)) => it.char == '_',
        _ => false,
    }
}

/// `name` or `some::name`
pub(super) fn is_path(tokens: TokenTreesView<'_>) -> bool {
    tokens.iter().all(|it| match it {
        TtElement::Leaf(Leaf::Ident(_)) => true,
        TtElement::Leaf(Leaf::Punct(it)) => it.char == ':',
        _ => false,
    })
}

fn until_arrow<'a>(rest: &mut TtIter<'a>) -> TokenTreesView<'a> {
    let start = rest.savepoint();
    let mut seen = rest.from_savepoint(start);
    while let Some(element) = rest.next() {
        if is_char(&element, '=') && rest.peek().is_some_and(|it| is_char(&it, '>')) {
            rest.next();
            break;
        }
        seen = rest.from_savepoint(start);
    }
    seen
}

/// A block ends its branch, anything else ends at a comma.
fn until_branch_end<'a>(rest: &mut TtIter<'a>) -> TokenTreesView<'a> {
    let start = rest.savepoint();
    if rest.peek().is_some_and(|it| is_block(&it)) {
        rest.next();
        let handler = rest.from_savepoint(start);
        if rest.peek().is_some_and(|it| is_char(&it, ',')) {
            rest.next();
        }
        return handler;
    }
    until(rest, |it| is_char(it, ','))
}

/// At the first `=` that stands alone: `..=` in the pattern does not.
fn split_at_equals(head: TokenTreesView<'_>) -> Option<(TokenTreesView<'_>, TokenTreesView<'_>)> {
    let mut rest = head.iter();
    let start = rest.savepoint();
    let mut after_dot = false;
    loop {
        let pattern = rest.from_savepoint(start);
        let element = rest.next()?;
        if is_char(&element, '=') && !after_dot {
            return Some((pattern, rest.remaining()));
        }
        after_dot = is_char(&element, '.');
    }
}

/// Up to the first match outside angle brackets, which goes.
fn until<'a>(rest: &mut TtIter<'a>, end: impl Fn(&TtElement<'_>) -> bool) -> TokenTreesView<'a> {
    let found = before(rest, end);
    rest.next();
    found
}

/// Up to the first match outside angle brackets, which stays.
fn before<'a>(rest: &mut TtIter<'a>, end: impl Fn(&TtElement<'_>) -> bool) -> TokenTreesView<'a> {
    let start = rest.savepoint();
    let mut angles = Angles::default();
    while let Some(element) = rest.peek() {
        if angles.depth == 0 && end(&element) {
            break;
        }
        angles.pass(&element);
        rest.next();
    }
    rest.from_savepoint(start)
}

/// Counts the brackets of `::<..>`; other `<` and `>` compare.
#[derive(Default)]
struct Angles {
    depth: usize,
    last: [char; 2],
}

impl Angles {
    fn pass(&mut self, element: &TtElement<'_>) {
        let char = match element {
            TtElement::Leaf(Leaf::Punct(Punct { char, .. })) => *char,
            _ => ' ',
        };
        match char {
            '<' if self.depth > 0 || self.last == [':', ':'] => self.depth += 1,
            '>' if self.depth > 0 && self.last[1] != '-' => self.depth -= 1,
            _ => {}
        }
        self.last = [self.last[1], char];
    }
}

fn is_char(element: &TtElement<'_>, char: char) -> bool {
    matches!(element, TtElement::Leaf(Leaf::Punct(it)) if it.char == char)
}

fn is_word(element: &TtElement<'_>, word: &str) -> bool {
    matches!(element, TtElement::Leaf(Leaf::Ident(it)) if it.sym.as_str() == word)
}

fn is_block(element: &TtElement<'_>) -> bool {
    matches!(element, TtElement::Subtree(it, _) if it.delimiter.kind == DelimiterKind::Brace)
}
