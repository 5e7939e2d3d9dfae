//! The names in a text and what they stand beside. Each text is parsed once, whatever is asked of its names.

use std::collections::HashSet;

use ra_ap_syntax::{
    AstNode, NodeOrToken, SourceFile, SyntaxKind, SyntaxNode, TextRange, TextSize, ast,
    ast::HasName,
};

use crate::facts::long_loops;

mod unawaited;

/// The items of one text, with words as they stand in it.
#[derive(Default)]
pub(super) struct Outline<'t> {
    pub functions: Vec<Function<'t>>,
    pub types: Vec<Named<'t>>,
    /// `use a::b as c` gives `b` the name `c`.
    pub renames: Vec<(&'t str, &'t str)>,
    /// What `macro_rules!` defines.
    pub macros: Vec<Named<'t>>,
    /// What statements drop or keep as it is, and do not await: the names of calls, and `async` blocks.
    pub unawaited: Vec<TextRange>,
    /// Loops that may take long.
    pub long_loops: Vec<TextSize>,
    /// Whoever hands on a guard gives it a lifetime.
    pub may_hand_on_guards: bool,
}

/// A name with all words of what it stands for.
pub(super) struct Named<'t> {
    pub name: &'t str,
    pub words: HashSet<&'t str>,
    /// Whether `async` is among them.
    pub is_async: bool,
}

pub(super) struct Function<'t> {
    pub name: &'t str,
    pub range: TextRange,
    pub is_async: bool,
    /// The words of its body, and of the type that it returns.
    pub body: HashSet<&'t str>,
    pub returned: HashSet<&'t str>,
}

impl<'t> Function<'t> {
    /// Whether a call of it may make a future that nothing is done for yet.
    pub fn may_give_future(&self) -> bool {
        self.is_async || self.returned.iter().any(|it| it.ends_with("Future"))
    }
}

impl<'t> Outline<'t> {
    pub fn of(text: &'t str) -> Outline<'t> {
        let file = SourceFile::parse(text, ra_ap_span::Edition::CURRENT).tree();
        let signs = ["'_", "<'", "Guard"];
        let may_hand_on_guards = signs.iter().any(|it| text.contains(it));
        let mut outline = Outline { may_hand_on_guards, ..Outline::default() };
        for node in file.syntax().descendants() {
            match node.kind() {
                SyntaxKind::FN => outline.functions.extend(function(text, node)),
                SyntaxKind::STRUCT | SyntaxKind::ENUM | SyntaxKind::UNION => {
                    let name = ast::Adt::cast(node.clone()).and_then(|it| it.name());
                    outline.types.extend(named(text, name, &node));
                }
                SyntaxKind::TYPE_ALIAS => {
                    let alias = ast::TypeAlias::cast(node);
                    let stands_for = alias.as_ref().and_then(|it| it.ty());
                    let Some((alias, it)) = alias.zip(stands_for) else { continue };
                    outline.types.extend(named(text, alias.name(), it.syntax()));
                }
                SyntaxKind::EXPR_STMT | SyntaxKind::LET_STMT => {
                    outline.unawaited.extend(unawaited::in_statement(node));
                }
                SyntaxKind::FOR_EXPR => {
                    let at = node.text_range().start();
                    let length = ast::ForExpr::cast(node).and_then(|it| long_loops::length(&it));
                    outline.long_loops.extend(length.map(|_| at));
                }
                SyntaxKind::USE_TREE => outline.renames.extend(rename(text, node)),
                SyntaxKind::MACRO_RULES => {
                    let name = ast::MacroRules::cast(node.clone()).and_then(|it| it.name());
                    outline.macros.extend(named(text, name, &node));
                }
                _ => (),
            }
        }
        outline
    }
}

fn function(text: &str, node: SyntaxNode) -> Option<Function<'_>> {
    let range = node.text_range();
    let function = ast::Fn::cast(node)?;
    let body = function.body().map(|it| words(text, it.syntax())).unwrap_or_default();
    let returned = function.ret_type().map(|it| words(text, it.syntax())).unwrap_or_default();
    let name = part(text, function.name()?.syntax().text_range());
    Some(Function { name, range, is_async: function.async_token().is_some(), body, returned })
}

fn named<'t>(text: &'t str, name: Option<ast::Name>, node: &SyntaxNode) -> Option<Named<'t>> {
    let is_async = part(text, node.text_range()).contains("async");
    let name = part(text, name?.syntax().text_range());
    Some(Named { name, words: words(text, node), is_async })
}

fn rename(text: &str, node: SyntaxNode) -> Option<(&str, &str)> {
    let tree = ast::UseTree::cast(node)?;
    let last = tree.path()?.segment()?.name_ref()?;
    let other = tree.rename()?.name()?;
    Some((part(text, last.syntax().text_range()), part(text, other.syntax().text_range())))
}

fn words<'t>(text: &'t str, node: &SyntaxNode) -> HashSet<&'t str> {
    let tokens = node.descendants_with_tokens().filter_map(NodeOrToken::into_token);
    let names = tokens.filter(|it| it.kind() == SyntaxKind::IDENT);
    names.map(|it| part(text, it.text_range())).collect()
}

fn part(text: &str, range: TextRange) -> &str {
    &text[range]
}
