//! Which names stand for functions that may come to something that a row names. Names only tell where to look.

use std::collections::{HashMap, HashSet};

use ra_ap_syntax::{AstNode, NodeOrToken, SourceFile, SyntaxKind, SyntaxNode, ast};

/// The ordinary functions of some texts by the names that their bodies mention.
#[derive(Default)]
pub(super) struct Helpers {
    by_mention: HashMap<String, Vec<String>>,
}

impl Helpers {
    pub fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Helpers {
        let mut helpers = Helpers::default();
        for text in texts {
            let file = SourceFile::parse(text, ra_ap_span::Edition::CURRENT).tree();
            for function in file.syntax().descendants().filter_map(ast::Fn::cast) {
                // What an async function calls is its own affair.
                if function.async_token().is_none() {
                    helpers.add(&function);
                }
            }
        }
        helpers
    }

    fn add(&mut self, function: &ast::Fn) {
        let (Some(name), Some(body)) = (ast::HasName::name(function), function.body()) else {
            return;
        };
        for mention in names(body.syntax()) {
            self.by_mention.entry(mention).or_default().push(name.text().to_string());
        }
    }

    /// Adds the functions that mention one of `names`, and those that mention these, and so on.
    pub fn add_names(&self, names: &mut HashSet<String>) {
        let mut waiting: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = waiting.pop() {
            for helper in self.by_mention.get(&name).into_iter().flatten() {
                if names.insert(helper.clone()) {
                    waiting.push(helper.clone());
                }
            }
        }
    }
}

fn names(node: &SyntaxNode) -> HashSet<String> {
    let tokens = node.descendants_with_tokens().filter_map(NodeOrToken::into_token);
    let names = tokens.filter(|it| it.kind() == SyntaxKind::IDENT);
    names.map(|it| it.text().to_owned()).collect()
}
