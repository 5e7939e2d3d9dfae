//! Words that look as if they called a method of an imported trait of the standard library, and do not.

use std::collections::{HashMap, HashSet};

use ra_ap_hir::{AsAssocItem, HasCrate, Semantics, attach_db};
use ra_ap_ide_db::RootDatabase;
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, SyntaxToken, TextRange, ast};

use crate::{
    finding::FilePath,
    plan::imports::{
        Meaning,
        mentions::{self, may_be_called, plain, words_outside_imports},
    },
    workspace::Workspace,
};

/// A macro that expands deeper than this may hold anything.
const DEEPEST: usize = 16;

/// The words of a text outside its imports, by their number in it, that call no method of a trait of the standard
/// library, whatever they are.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(in crate::plan) struct Elsewhere {
    numbers: HashSet<usize>,
    /// How many words there are.
    all: usize,
}

impl Elsewhere {
    /// As positions in `root`, whose imports may be others than those of the text that was asked.
    pub(super) fn words(&self, root: &SyntaxNode) -> HashSet<SyntaxToken> {
        let words: Vec<SyntaxToken> = words_outside_imports(root).collect();
        // What is a word may depend on the edition.
        if words.len() != self.all {
            return HashSet::new();
        }
        let words = words.into_iter().enumerate();
        words.filter(|it| self.numbers.contains(&it.0)).map(|it| it.1).collect()
    }
}

/// Those of `file` as the workspace has it now, for the traits among the `meanings` of its imports.
pub(in crate::plan) fn elsewhere(
    workspace: &Workspace,
    file: &FilePath,
    meanings: &[Option<Meaning>],
) -> Elsewhere {
    let names: HashSet<&str> = meanings.iter().flatten().flat_map(of_blocking_trait).collect();
    let id = workspace.files().find(|it| it.0 == file).map(|it| it.1);
    let Some(id) = id.filter(|_| !names.is_empty()) else { return Elsewhere::default() };
    let db = workspace.db();
    attach_db(db, || {
        let sema = Semantics::new(db);
        let root = sema.parse_guess_edition(id).syntax().clone();
        let mut asked = Asked { sema, db, names, macros: HashMap::new() };
        let words: Vec<SyntaxToken> = words_outside_imports(&root).collect();
        let all = words.len();
        let words = words.into_iter().enumerate();
        let numbers = words.filter(|it| asked.is_elsewhere(&it.1)).map(|it| it.0).collect();
        Elsewhere { numbers, all }
    })
}

fn of_blocking_trait(meaning: &Meaning) -> impl Iterator<Item = &str> {
    let items: &[String] = match meaning {
        Meaning::BlockingTrait(it) => it,
        Meaning::Name | Meaning::Trait(_) => &[],
    };
    items.iter().map(String::as_str)
}

struct Asked<'a> {
    sema: Semantics<'a, RootDatabase>,
    db: &'a RootDatabase,
    names: HashSet<&'a str>,
    /// Whether a macro call may call one of them.
    macros: HashMap<TextRange, bool>,
}

impl Asked<'_> {
    fn is_elsewhere(&mut self, word: &SyntaxToken) -> bool {
        let around = word.parent_ancestors().filter_map(ast::MacroCall::cast).last();
        let Some(around) = around else {
            return self.names.contains(plain(word)) && !self.is_one(word);
        };
        // What it is given and what it makes of it stand or fall together.
        let range = around.syntax().text_range();
        if let Some(known) = self.macros.get(&range) {
            return !known;
        }
        let may_call = self.may_call(&around, 0);
        self.macros.insert(range, may_call);
        !may_call
    }

    /// Whether code of a macro may call a method of one of the names.
    fn may_call(&self, call: &ast::MacroCall, depth: usize) -> bool {
        let Some(made) = self.sema.expand_macro_call(call).filter(|_| depth < DEEPEST) else {
            return true;
        };
        let mut inner = made.value.descendants().filter_map(ast::MacroCall::cast);
        let tokens = made.value.descendants_with_tokens().filter_map(|it| it.into_token());
        // Tokens that a macro inside is given are looked at in what it makes of them.
        let own = |it: &SyntaxToken| {
            it.kind() == SyntaxKind::IDENT
                && it.parent().is_some_and(|it| it.kind() != SyntaxKind::TOKEN_TREE)
        };
        let mut own = tokens.filter(own).filter(|it| self.names.contains(plain(it)));
        own.any(|it| self.is_one(&it)) || inner.any(|it| self.may_call(&it, depth + 1))
    }

    fn is_one(&self, word: &SyntaxToken) -> bool {
        if !may_be_called(word) {
            return false;
        }
        let call = word.parent_ancestors().find_map(ast::MethodCallExpr::cast);
        let call = call.filter(|it| it.name_ref().is_some_and(|it| it.text() == plain(word)));
        let function = call.and_then(|it| self.sema.resolve_method_call(&it));
        let Some(function) = function else { return !mentions::is_awaited(word) };
        let item = function.as_assoc_item(self.db);
        let trait_ = item.and_then(|it| it.container_or_implemented_trait(self.db));
        trait_.is_some_and(|it| it.krate(self.db).origin(self.db).is_lang())
    }
}
