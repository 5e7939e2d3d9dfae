//! Traits of a crate, brought into the function whose new calls need them.

use ra_ap_hir::{ModuleDef, ScopeDef, Trait};
use ra_ap_hir_def::{TraitId, hir::ExprId};
use ra_ap_ide_db::text_edit::TextRange;
use ra_ap_syntax::{AstNode, SyntaxNode, ast};

use crate::{facts::body::BodyFacts, fix::lines};

/// A dependency whose root has traits, as the package calls it.
pub(super) struct TraitsOf {
    pub root: String,
    module: ra_ap_hir::Module,
}

impl TraitsOf {
    /// The first of these crates that the package has.
    pub fn first(body: &BodyFacts<'_>, names: &[&str]) -> Option<TraitsOf> {
        let own = ra_ap_hir::Crate::from(body.krate()).dependencies(body.db);
        names.iter().find_map(|name| {
            let it = own.iter().find(|it| it.name.as_str() == *name)?;
            Some(TraitsOf { root: (*name).to_owned(), module: it.krate.root_module(body.db) })
        })
    }

    /// What brings the traits of these names into the function around `at`, as far as they are not there. None where
    /// something else has their name.
    pub fn imports(
        &self,
        body: &BodyFacts<'_>,
        at: ExprId,
        names: &[&str],
        text: &str,
    ) -> Option<Option<(TextRange, String)>> {
        let resolver = body.resolver_at(at);
        let in_scope = resolver.traits_in_scope(body.db);
        let mut missing = Vec::new();
        for name in names {
            let wanted = self.trait_(body, name)?;
            if in_scope.contains(&wanted.into()) {
                continue;
            }
            let same_name = |it: &TraitId| Trait::from(*it).name(body.db).as_str() == *name;
            if in_scope.iter().any(same_name) {
                return None;
            }
            missing.push(format!("{name} as _"));
        }
        let list = match &missing[..] {
            [] => return Some(None),
            [one] => one.clone(),
            all => format!("{{{}}}", all.join(", ")),
        };
        let node: SyntaxNode = body.syntax(at)?.value.syntax().clone();
        let function = node.ancestors().find_map(ast::Fn::cast)?;
        let import = format!("use {}::{list};", self.root);
        lines::at_start_of(&function, text, &import).map(Some)
    }

    fn trait_(&self, body: &BodyFacts<'_>, name: &str) -> Option<Trait> {
        let all = self.module.scope(body.db, None).into_iter();
        let mut named = all.filter(|it| it.0.as_str() == name).map(|it| it.1);
        named.find_map(|it| match it {
            ScopeDef::ModuleDef(ModuleDef::Trait(it)) => Some(it),
            _ => None,
        })
    }
}
