//! Where a text names what an import makes known. In doubt a word is a mention.

use ra_ap_syntax::{
    AstNode, NodeOrToken, SyntaxKind, SyntaxNode, SyntaxToken, T, TextRange, TextSize, ast,
    match_ast,
};

/// A word that may stand for an import.
pub(super) struct Mention {
    pub at: TextSize,
    /// In a path from `crate`, `self` or `super`: it may lead to any module.
    pub from_module: bool,
    /// It means what it means where the macro is used.
    pub in_macro_definition: bool,
}

/// The mentions of `name` outside `except`.
pub(super) fn mentions(
    root: &SyntaxNode,
    name: &str,
    except: Option<TextRange>,
) -> impl Iterator<Item = Mention> {
    tokens(root)
        .filter(move |it| except.is_none_or(|range| !range.contains_range(it.text_range())))
        .filter_map(move |it| {
            let from_module = match it.kind() {
                SyntaxKind::IDENT if plain(&it) == name => from_module(&it)?,
                SyntaxKind::STRING if speaks_of(&it, name) => false,
                _ => return None,
            };
            let in_macro_definition = in_macro_definition(&it);
            Some(Mention { at: it.text_range().start(), from_module, in_macro_definition })
        })
}

/// The words outside imports that are one of `names`: a method of that name may be called there.
pub(super) fn words(root: &SyntaxNode, names: &[String]) -> impl Iterator<Item = SyntaxToken> {
    tokens(root).filter(|it| {
        it.kind() == SyntaxKind::IDENT
            && names.iter().any(|name| name == plain(it))
            && may_be_called(it)
            && !it.parent_ancestors().any(|it| it.kind() == SyntaxKind::USE)
    })
}

/// All words outside imports.
pub(super) fn words_outside_imports(
    root: &SyntaxNode,
) -> impl Iterator<Item = SyntaxToken> + use<> {
    tokens(root).filter(|it| {
        it.kind() == SyntaxKind::IDENT
            && !it.parent_ancestors().any(|it| it.kind() == SyntaxKind::USE)
    })
}

/// Whether a word stands where the name of a method can: behind a dot and before arguments, or behind `::`.
pub(super) fn may_be_called(word: &SyntaxToken) -> bool {
    let Some(parent) = word.parent() else { return true };
    if parent.kind() == SyntaxKind::TOKEN_TREE {
        return true;
    }
    parent.parent().is_none_or(|outer| {
        match_ast! {
            match outer {
                ast::MethodCallExpr(_) => true,
                ast::PathSegment(it) => it.parent_path().qualifier().is_some(),
                _ => false,
            }
        }
    })
}

/// Whether this is the name of a method whose result is awaited on the spot.
pub(super) fn is_awaited(word: &SyntaxToken) -> bool {
    let call = word.parent_ancestors().find_map(ast::MethodCallExpr::cast);
    let call = call.filter(|it| it.name_ref().is_some_and(|it| it.text() == plain(word)));
    call.and_then(|it| it.syntax().parent()).is_some_and(|it| ast::AwaitExpr::can_cast(it.kind()))
}

pub(super) fn in_macro_definition(token: &SyntaxToken) -> bool {
    let is_definition =
        |it: SyntaxNode| matches!(it.kind(), SyntaxKind::MACRO_RULES | SyntaxKind::MACRO_DEF);
    token.parent_ancestors().any(is_definition)
}

/// Whether the text says `crate` or `super`, and so may see what modules above it import.
pub(super) fn looks_up(root: &SyntaxNode) -> bool {
    tokens(root).any(|it| matches!(it.kind(), T![crate] | T![super]))
}

/// Macros whose code calls no method of a trait that the caller has to import.
const SELF_CONTAINED: [&str; 30] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "cfg",
    "column",
    "compile_error",
    "concat",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "env",
    "eprint",
    "eprintln",
    "file",
    "format",
    "format_args",
    "include_bytes",
    "include_str",
    "line",
    "macro_rules",
    "matches",
    "module_path",
    "panic",
    "print",
    "println",
    "stringify",
    "unimplemented",
    "unreachable",
    "vec",
];

/// Macros whose code calls one method, and which.
const CALLING: [(&str, &str); 2] = [("write", "write_fmt"), ("writeln", "write_fmt")];

/// The names of macros that are used and whose code may call one of these methods of a trait in scope.
pub(super) fn strange_macros(
    root: &SyntaxNode,
    items: &[String],
) -> impl Iterator<Item = SyntaxToken> {
    let is_call = |it: &SyntaxToken| {
        let sign = next_token(it).filter(|it| it.kind() == T![!]);
        let next = sign.and_then(|it| next_token(&it));
        next.is_some_and(|it| matches!(it.kind(), T!['('] | T!['['] | T!['{']))
    };
    let may_call = |name: &str| match CALLING.iter().find(|it| it.0 == name) {
        Some((_, method)) => items.iter().any(|it| it == method),
        None => !SELF_CONTAINED.contains(&name),
    };
    let idents = tokens(root).filter(|it| it.kind() == SyntaxKind::IDENT);
    idents.filter(move |it| is_call(it) && may_call(plain(it)))
}

fn tokens(root: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> + use<> {
    root.descendants_with_tokens().filter_map(NodeOrToken::into_token)
}

pub(super) fn plain(token: &SyntaxToken) -> &str {
    token.text().trim_start_matches("r#")
}

/// `{name}` in a string, which a macro may format; in an attribute any path, as in `#[serde(with = "name")]`.
fn speaks_of(string: &SyntaxToken, name: &str) -> bool {
    let text = string.text();
    let in_attribute = string.parent_ancestors().any(|it| ast::Attr::can_cast(it.kind()));
    text.match_indices(name).any(|(at, _)| {
        let is_word = |it: char| it.is_alphanumeric() || it == '_';
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !after.starts_with(is_word)
            && (before.ends_with('{') || in_attribute && !before.ends_with(is_word))
    })
}

/// Whether the path that `token` is in starts with a module of its own crate. None when it cannot mean an import.
fn from_module(token: &SyntaxToken) -> Option<bool> {
    let parent = token.parent()?;
    let outer = parent.parent()?;
    match parent.kind() {
        SyntaxKind::TOKEN_TREE => from_module_in_tokens(token),
        SyntaxKind::NAME => {
            // A pattern of one word may be a constant, which are not written in lower case.
            let may_be_constant = outer.kind() == SyntaxKind::IDENT_PAT
                && !token.text().starts_with(char::is_lowercase);
            may_be_constant.then_some(false)
        }
        _ => match_ast! {
            match outer {
                ast::PathSegment(it) => from_module_in_path(&it),
                ast::FieldExpr(_) => None,
                ast::MethodCallExpr(_) => None,
                ast::RecordExprField(_) => None,
                ast::RecordPatField(_) => None,
                _ => Some(false),
            }
        },
    }
}

fn from_module_in_path(segment: &ast::PathSegment) -> Option<bool> {
    let path = segment.parent_path();
    let in_use = path.syntax().ancestors().filter_map(ast::UseTree::cast).skip(1);
    let outer = in_use.filter_map(|it| it.path());
    let before = path.qualifier().into_iter().chain(outer).last();
    match before.and_then(|it| it.first_segment()) {
        None => Some(false),
        Some(first) => is_module(&first.syntax().first_token()?).then_some(true),
    }
}

fn is_module(token: &SyntaxToken) -> bool {
    matches!(token.kind(), T![crate] | T![self] | T![super])
}

/// The same for what is given to a macro, where there are only words and signs.
fn from_module_in_tokens(token: &SyntaxToken) -> Option<bool> {
    let mut first = token.clone();
    while let Some(sign) = double_colon_before(&first) {
        match previous(&sign) {
            Some(it) if is_module(&it) => return Some(true),
            Some(it) if matches!(it.kind(), SyntaxKind::IDENT | T![Self] | T![>]) => first = it,
            _ => return Some(false),
        }
    }
    let before = previous(&first);
    let is = |it: &Option<SyntaxToken>, kind| it.as_ref().is_some_and(|it| it.kind() == kind);
    if first != *token {
        // `$module::name` may be given anything.
        return is(&before, T![$]).then_some(true);
    }
    // `.name` is a field or a method, and `..name` the end of a range.
    let is_member = is(&before, T![.]) && !is(&before.and_then(|it| previous(&it)), T![.]);
    (!is_member).then_some(false)
}

/// The first sign of the `::` before a word.
fn double_colon_before(token: &SyntaxToken) -> Option<SyntaxToken> {
    let sign = previous(token)?;
    match sign.kind() {
        T![::] => Some(sign),
        T![:] => previous(&sign).filter(|it| it.kind() == T![:]),
        _ => None,
    }
}

fn previous(token: &SyntaxToken) -> Option<SyntaxToken> {
    let mut tokens = std::iter::successors(token.prev_token(), SyntaxToken::prev_token);
    tokens.find(|it| !it.kind().is_trivia())
}

fn next_token(token: &SyntaxToken) -> Option<SyntaxToken> {
    let mut tokens = std::iter::successors(token.next_token(), SyntaxToken::next_token);
    tokens.find(|it| !it.kind().is_trivia())
}
