//! Every place in a crate that speaks of the wrapper.

use ra_ap_hir::Semantics;
use ra_ap_syntax::{
    AstNode, Direction, NodeOrToken, SyntaxKind, SyntaxToken, T, TextRange,
    ast::{self, HasModuleItem, HasName},
};

use crate::{
    facts::{
        cancel_debug::{MODULE, TYPE},
        functions,
    },
    finding::{FilePath, Note, Place},
    workspace::Workspace,
};

/// All that is written of it in one crate.
pub struct Written {
    pub calls: Vec<Call>,
    /// The module, with the space before it.
    pub module: Place,
    /// The words of the module.
    pub words: Vec<String>,
}

/// `cancel_debug::CancelDebug::new("name", future)`
pub struct Call {
    pub file: FilePath,
    /// What stands around the future, without comments.
    pub around: Vec<TextRange>,
}

/// Finds it in the crate with this root; or says where something is that is not as it was written.
pub fn in_crate(workspace: &Workspace, root: &FilePath) -> Result<Written, Note> {
    let sema = Semantics::new(workspace.db());
    let target = workspace.targets().iter().find(|it| it.root == *root);
    let target = target.ok_or_else(|| Note::new("its crate is not in sight"))?;
    let mut found = Written {
        calls: Vec::new(),
        module: Place::new(root.clone(), TextRange::default()),
        words: Vec::new(),
    };
    let mut files: Vec<&FilePath> = functions::files(workspace, target).collect();
    files.sort();
    files.dedup();
    for (path, id) in workspace.files().filter(|it| files.binary_search(&it.0).is_ok()) {
        if !workspace.text(path).is_some_and(|it| it.contains(TYPE)) {
            continue;
        }
        let tree = sema.parse_guess_edition(id);
        let module = (path == root).then(|| module(&tree)).flatten();
        if let Some(module) = &module {
            found.module.range = with_space_before(module);
            found.words = words(module.syntax());
        }
        let inside = module.map(|it| it.syntax().text_range());
        let tokens = tree.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
        let names = tokens.filter(|it| it.kind() == SyntaxKind::IDENT && it.text() == TYPE);
        for name in names {
            if inside.is_some_and(|it| it.contains_range(name.text_range())) {
                continue;
            }
            let around = around_future(&name).ok_or_else(|| {
                let text = format!("`{TYPE}` is named here in a way of somebody's own");
                Note::at(Place::new(path.clone(), name.text_range()), text)
            })?;
            found.calls.push(Call { file: path.clone(), around });
        }
    }
    match found.words.is_empty() {
        true => Err(Note::new(format!("the module `{MODULE}` is not in the root of the crate"))),
        false => Ok(found),
    }
}

/// The words of a piece of code, without those that come and go with line breaks.
pub fn words(node: &ra_ap_syntax::SyntaxNode) -> Vec<String> {
    let tokens = node.descendants_with_tokens().filter_map(NodeOrToken::into_token);
    let mut words: Vec<String> = Vec::new();
    for token in tokens.filter(|it| !it.kind().is_trivia()) {
        if matches!(token.kind(), T!['}'] | T![')']) && words.last().is_some_and(|it| it == ",") {
            words.pop();
        }
        words.push(token.text().to_owned());
    }
    words
}

fn module(tree: &ast::SourceFile) -> Option<ast::Module> {
    tree.items().find_map(|it| match it {
        ast::Item::Module(it) => it.name().is_some_and(|name| name.text() == MODULE).then_some(it),
        _ => None,
    })
}

fn with_space_before(module: &ast::Module) -> TextRange {
    let range = module.syntax().text_range();
    match module.syntax().prev_sibling_or_token() {
        Some(NodeOrToken::Token(it)) if it.kind() == SyntaxKind::WHITESPACE => {
            it.text_range().cover(range)
        }
        _ => range,
    }
}

/// What stands around the future in the call that names the type here. It may be given to a macro, so that only words are
/// known of it.
fn around_future(name: &SyntaxToken) -> Option<Vec<TextRange>> {
    let mut start = name.clone();
    for expected in ["::", MODULE, "::", "crate"] {
        match back(&start, expected) {
            Some(it) => start = it,
            None if expected == "::" && start.text() == MODULE => break,
            None => return None,
        }
    }
    let open = ["::", "new", "("].iter().try_fold(name.clone(), |at, it| on(&at, it))?;
    let close = open.parent()?.last_token().filter(|it| it.kind() == T![')'])?;
    let callee = start.text_range().cover(open.text_range());
    let is_name = |it: SyntaxKind| matches!(it, SyntaxKind::STRING | T![,]);
    let before = skipped(open.next_token()?, Direction::Next, &is_name);
    let behind = skipped(close.prev_token()?, Direction::Prev, &|it| it == T![,]);
    Some([vec![callee, close.text_range()], before, behind].concat())
}

/// The tokens from here on that are `meant`, and the space between them where no comment is.
fn skipped(
    from: SyntaxToken,
    direction: Direction,
    meant: &dyn Fn(SyntaxKind) -> bool,
) -> Vec<TextRange> {
    let next = |it: &SyntaxToken| step(it, direction);
    let tokens = std::iter::successors(Some(from), next);
    let tokens = tokens.take_while(|it| it.kind().is_trivia() || meant(it.kind()));
    let tokens: Vec<SyntaxToken> = tokens.collect();
    let has_comment = tokens.iter().any(|it| it.kind() == SyntaxKind::COMMENT);
    let goes = |it: &&SyntaxToken| meant(it.kind()) || !has_comment;
    tokens.iter().filter(goes).map(SyntaxToken::text_range).collect()
}

/// The next words when they are these. In the tokens of a macro `::` is two.
fn on(from: &SyntaxToken, expected: &str) -> Option<SyntaxToken> {
    follow(from, expected, Direction::Next)
}

fn back(from: &SyntaxToken, expected: &str) -> Option<SyntaxToken> {
    follow(from, expected, Direction::Prev)
}

fn follow(from: &SyntaxToken, expected: &str, direction: Direction) -> Option<SyntaxToken> {
    let solid = |from: &SyntaxToken| {
        let mut after = std::iter::successors(step(from, direction), |it| step(it, direction));
        after.find(|it| !it.kind().is_trivia())
    };
    let one = solid(from)?;
    if one.text() == expected {
        return Some(one);
    }
    let other = step(&one, direction)?;
    (expected == "::" && one.text() == ":" && other.text() == ":").then_some(other)
}

fn step(from: &SyntaxToken, direction: Direction) -> Option<SyntaxToken> {
    match direction {
        Direction::Next => from.next_token(),
        Direction::Prev => from.prev_token(),
    }
}
