//! The traits whose methods the runtime's values have, brought into scope where no other call means something else then.

use std::collections::BTreeSet;

use ra_ap_hir::{AsAssocItem, HasCrate, ModuleDef, Trait};
use ra_ap_hir_def::hir::{Expr, ExprId};
use ra_ap_ide_db::text_edit::TextRange;
use ra_ap_rustc_type_ir::TypeVisitableExt;
use ra_ap_syntax::{
    AstNode, NodeOrToken, SyntaxKind, SyntaxNode, SyntaxToken, T, ast, ast::HasModuleItem,
};

use crate::{
    finding::Note,
    fix::{
        lines::{self, indentation, line_end},
        migrate::Migration,
    },
};

impl Migration<'_, '_> {
    /// In the module where no other call could mean the traits, else in the function alone.
    pub(super) fn import(&mut self) -> Result<(), Note> {
        let missing: Vec<(String, Option<Trait>)> = std::mem::take(&mut self.traits)
            .into_iter()
            .map(|it| (it.clone(), self.find(&it)))
            .filter(|it| it.1.is_none_or(|it| !self.is_in_scope(it)))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let unclear = || Note::new("a trait that it needs cannot be imported here");
        let function = self.function().ok_or_else(unclear)?;
        let names = self.method_names(&missing);
        let traits: Vec<Trait> = missing.iter().filter_map(|it| it.1).collect();
        if self.other_call(&names, &traits) {
            return Err(Note::new(
                "the function also reads or writes something else, whose methods have the same names",
            ));
        }
        let module = function
            .syntax()
            .ancestors()
            .skip(1)
            .find(|it| matches!(it.kind(), SyntaxKind::ITEM_LIST | SyntaxKind::SOURCE_FILE));
        let module = module.filter(|it| !self.is_seen_elsewhere(it, &function, &names));
        let edit = match module {
            Some(it) => self.in_module(&it, &missing).ok_or_else(unclear)?,
            None => self.in_function(&function, &missing).ok_or_else(unclear)?,
        };
        self.edits.push(edit);
        Ok(())
    }

    /// `tokio::io::AsyncReadExt`, by the name that the manifest gives its crate.
    fn find(&self, path: &str) -> Option<Trait> {
        let mut segments = path.split("::").skip(1);
        let db = self.body.db;
        let krate = ra_ap_hir::Crate::from(self.body.krate());
        let root = self.driver.root();
        let dependency = krate.dependencies(db).into_iter().find(|it| it.name.as_str() == root)?;
        let mut module = dependency.krate.root_module(db);
        loop {
            let segment = segments.next()?;
            let definitions = module.scope(db, None);
            let found = definitions.into_iter().filter(|it| it.0.as_str() == segment);
            let mut found = found.filter_map(|it| match it.1 {
                ra_ap_hir::ScopeDef::ModuleDef(it) => Some(it),
                _ => None,
            });
            let next = found.find_map(|it| match it {
                ModuleDef::Module(it) => Some(Err(it)),
                ModuleDef::Trait(it) => Some(Ok(it)),
                _ => None,
            })?;
            match next {
                Ok(it) => return Some(it),
                Err(it) => module = it,
            }
        }
    }

    fn is_in_scope(&self, it: Trait) -> bool {
        let call = self.journey.calls.iter().next();
        let Some(call) = call else { return false };
        self.body.resolver_at(*call).traits_in_scope(self.body.db).contains(&it.into())
    }

    fn method_names(&self, traits: &[(String, Option<Trait>)]) -> BTreeSet<String> {
        let db = self.body.db;
        let traits = traits.iter().filter_map(|it| it.1);
        let items = traits.flat_map(|it| it.items(db));
        items.filter_map(|it| Some(it.name(db)?.as_str().to_owned())).collect()
    }

    /// Whether the function calls a trait's method of one of these names on something that stays what it is, and that
    /// one of `traits` may mean too.
    fn other_call(&self, names: &BTreeSet<String>, traits: &[Trait]) -> bool {
        self.body.body.exprs().any(|(expr, it)| {
            let Expr::MethodCall { receiver, method_name, .. } = it else { return false };
            if !names.contains(method_name.as_str()) || self.journey.calls.contains(&expr) {
                return false;
            }
            match self.body.infer.method_resolution(expr) {
                Some((function, _)) => {
                    let function = ra_ap_hir::Function::from(function);
                    let container = function.as_assoc_item(self.body.db);
                    let of_trait =
                        container.and_then(|it| it.container_or_implemented_trait(self.body.db));
                    of_trait.is_some_and(|it| it.krate(self.body.db).origin(self.body.db).is_lang())
                        && self.may_have(*receiver, traits)
                }
                None => true,
            }
        })
    }

    /// Whether a value, or what it leads to, has one of the traits, or nobody knows.
    fn may_have(&self, value: ExprId, traits: &[Trait]) -> bool {
        let infer = self.body.infer;
        let steps = infer.expr_adjustment(value).unwrap_or_default();
        let types = steps.iter().map(|it| it.target.as_ref());
        let mut types = std::iter::once(infer.expr_ty(value)).chain(types);
        types.any(|it| {
            it.references_non_lt_error()
                || it.has_param()
                || traits.iter().any(|of| self.body.implements(it, (*of).into()))
        })
    }

    /// Whether other code that would see the import calls a method of one of these names.
    fn is_seen_elsewhere(
        &self,
        module: &SyntaxNode,
        function: &ast::Fn,
        names: &BTreeSet<String>,
    ) -> bool {
        let own = function.syntax().text_range();
        let modules = module.descendants().filter_map(ast::Module::cast);
        let has_child = modules.filter(|it| it.item_list().is_none()).count() > 0;
        let tokens = module.descendants_with_tokens().filter_map(NodeOrToken::into_token);
        let mut words = tokens.filter(|it| {
            it.kind() == SyntaxKind::IDENT
                && names.contains(it.text())
                && !own.contains_range(it.text_range())
                && !it.parent_ancestors().any(|it| ast::Use::can_cast(it.kind()))
                && it.prev_token().is_some_and(|it| it.kind() == T![.])
                && !is_awaited(it)
        });
        has_child || words.next().is_some()
    }

    fn in_module(
        &self,
        module: &SyntaxNode,
        traits: &[(String, Option<Trait>)],
    ) -> Option<(TextRange, String)> {
        let items: Vec<ast::Item> = match ast::SourceFile::cast(module.clone()) {
            Some(it) => it.items().collect(),
            None => ast::ItemList::cast(module.clone())?.items().collect(),
        };
        let uses = items.iter().filter_map(|it| match it {
            ast::Item::Use(it) => Some(it.syntax().clone()),
            _ => None,
        });
        let uses: Vec<SyntaxNode> = uses.collect();
        let root = self.driver.root();
        let of_runtime = uses
            .iter()
            .rfind(|it| it.text().to_string().trim_start().starts_with(&format!("use {root}::")));
        let line = line_end(self.text);
        if let Some(anchor) = of_runtime.or(uses.last()) {
            let semicolon = anchor.last_token()?.text_range();
            let indent = indentation(self.text, semicolon.start());
            return Some((semicolon, format!(";{line}{indent}{}", self.line(traits, false))));
        }
        let first = items.first()?.syntax();
        let token = first.children_with_tokens().find(|it| !it.kind().is_trivia())?;
        let at = token.text_range().start();
        let indent = indentation(self.text, at);
        let before = first.children_with_tokens().next()?.text_range().start();
        let text = format!("{}{line}{line}{indent}", self.line(traits, false));
        Some((TextRange::empty(before), text))
    }

    fn in_function(
        &self,
        function: &ast::Fn,
        traits: &[(String, Option<Trait>)],
    ) -> Option<(TextRange, String)> {
        lines::at_start_of(function, self.text, &self.line(traits, true))
    }

    /// `use tokio::io::{AsyncReadExt, AsyncWriteExt};`
    fn line(&self, traits: &[(String, Option<Trait>)], unnamed: bool) -> String {
        let suffix = if unnamed { " as _" } else { "" };
        let root = self.driver.root();
        let parts: Vec<(&str, &str)> =
            traits.iter().filter_map(|it| it.0.rsplit_once("::")).collect();
        let module = parts.first().map_or("", |it| it.0);
        let module = module.split_once("::").map_or(module, |it| it.1);
        let names: Vec<String> = parts.iter().map(|it| format!("{}{suffix}", it.1)).collect();
        match &names[..] {
            [one] => format!("use {root}::{module}::{one};"),
            all => format!("use {root}::{module}::{{{}}};", all.join(", ")),
        }
    }
}

/// What is awaited is no method of the standard library's traits.
fn is_awaited(word: &SyntaxToken) -> bool {
    let call = word.parent_ancestors().find_map(ast::MethodCallExpr::cast);
    let around = call.and_then(|it| it.syntax().parent());
    around.is_some_and(|it| ast::AwaitExpr::can_cast(it.kind()))
}
