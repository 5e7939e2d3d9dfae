//! What is said to `#[instrument]`, as far as it has a say in what a future keeps.

use std::collections::BTreeSet;

use ra_ap_hir_def::hir::{BindingId, Pat, Statement};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{AstNode, NodeOrToken, SyntaxToken, T, ast};

use crate::facts::body::BodyFacts;

#[derive(Default)]
pub(super) struct Arguments {
    /// Parameters are not recorded, none of them or not these.
    skip_all: bool,
    skipped: BTreeSet<String>,
    fields: Vec<Field>,
    /// The result of the function is looked at.
    pub looks_at_result: bool,
}

/// `name = value`
#[derive(Default)]
struct Field {
    name: Option<String>,
    value: Vec<SyntaxToken>,
}

impl Arguments {
    /// None where it says something that is not known here.
    pub fn of(attribute: &ast::Attr) -> Option<Arguments> {
        let mut arguments = Arguments::default();
        let Some(tree) = attribute.syntax().descendants().find_map(ast::TokenTree::cast) else {
            return Some(arguments);
        };
        for argument in split(&tree) {
            let first = argument.first()?.as_token()?.text().to_owned();
            let inside = argument.get(1).and_then(|it| ast::TokenTree::cast(it.as_node()?.clone()));
            match (first.as_str(), inside) {
                ("skip_all", None) => arguments.skip_all = true,
                ("skip", Some(names)) => {
                    arguments.skipped.extend(tokens(&names).map(|it| it.text().to_owned()));
                }
                ("fields", Some(fields)) => {
                    arguments.fields = split(&fields).iter().map(|it| field(it)).collect();
                }
                ("err" | "ret", _) => arguments.looks_at_result = true,
                ("level" | "name" | "target", None) => {}
                (name, None) if name.starts_with('"') => {}
                _ => return None,
            }
        }
        Some(arguments)
    }

    /// The parameters that are borrowed for the span; None where that cannot be told.
    pub fn recorded(
        &self,
        body: &BodyFacts<'_>,
        parameters: &[Statement],
    ) -> Option<Vec<BindingId>> {
        let mut recorded = Vec::new();
        let mut names = BTreeSet::new();
        for variable in variables(body, parameters)? {
            let name = body.body[variable].name.as_str();
            // One that nobody wrote: what a pattern takes apart.
            if name.starts_with('<') {
                continue;
            }
            if !names.insert(name.to_owned()) {
                return None;
            }
            let has_field = self.fields.iter().any(|it| it.name.as_deref() == Some(name));
            let mut is_recorded = !self.skip_all && !self.skipped.contains(name) && !has_field;
            for field in self.fields.iter().filter(|it| it.mentions(name)) {
                is_recorded |= field.borrows(body, variable)?;
            }
            recorded.extend(is_recorded.then_some(variable));
        }
        Some(recorded)
    }
}

impl Field {
    fn mentions(&self, name: &str) -> bool {
        let mut before = None;
        self.value.iter().any(|it| {
            let is_member = before.replace(it.kind()) == Some(T![.]);
            it.text() == name && !is_member
        })
    }

    /// Whether the value borrows this variable, which it mentions: and not what it refers to.
    fn borrows(&self, body: &BodyFacts<'_>, variable: BindingId) -> Option<bool> {
        if self.value.len() == 1 {
            return Some(true);
        }
        // A macro may do anything with it, and a comparison borrows both sides.
        let is_unclear = |it: &SyntaxToken| matches!(it.kind(), T![!] | T![=] | T![<] | T![>]);
        if self.value.iter().any(is_unclear) {
            return None;
        }
        let type_ = body.infer.binding_ty(variable);
        if matches!(type_.kind(), TyKind::Ref(..)) {
            return Some(false);
        }
        let glue = body.glue();
        // Or it is read by value.
        let is_copy = glue.context.type_is_copy_modulo_regions(glue.environment, type_);
        (!is_copy).then_some(true)
    }
}

/// What the parameters are called in the body.
fn variables(body: &BodyFacts<'_>, parameters: &[Statement]) -> Option<Vec<BindingId>> {
    let mut variables = Vec::new();
    let mut is_known = true;
    for parameter in parameters {
        let Statement::Let { pat, .. } = parameter else { return None };
        body.body.walk_bindings_in_pat(*pat, |it| variables.push(it));
        body.body.walk_pats(*pat, &mut |it| {
            is_known &= !matches!(
                body.body[it],
                Pat::Or(_) | Pat::Slice { .. } | Pat::Bind { subpat: Some(_), .. }
            );
        });
    }
    is_known.then_some(variables)
}

fn field(parts: &[Part]) -> Field {
    let flat: Vec<SyntaxToken> = parts.iter().flat_map(flat).collect();
    let is_sign = |it: &SyntaxToken| matches!(it.kind(), T![%] | T![?] | T![&]);
    let equals = flat.iter().position(|it| it.kind() == T![=]);
    let (name, value) = match equals {
        Some(at) => (&flat[..at], &flat[at + 1..]),
        None if flat.first().is_some_and(is_sign) => (&flat[1..], &flat[1..]),
        None => (&flat[..], &flat[..0]),
    };
    let signs = value.iter().take_while(|it| is_sign(it)).count();
    Field {
        name: match name {
            [one] => Some(one.text().to_owned()),
            _ => None,
        },
        value: value[signs..].to_vec(),
    }
}

/// A token, or several in brackets.
type Part = NodeOrToken<ra_ap_syntax::SyntaxNode, SyntaxToken>;

/// What stands between the commas, without spaces and comments.
fn split(tree: &ast::TokenTree) -> Vec<Vec<Part>> {
    let is_bracket = |it: &Part| it.kind() == T!['('] || it.kind() == T![')'];
    let parts: Vec<Part> = tree
        .syntax()
        .children_with_tokens()
        .filter(|it| !it.kind().is_trivia() && !is_bracket(it))
        .collect();
    let arguments = parts.split(|it| it.kind() == T![,]);
    arguments.filter(|it| !it.is_empty()).map(<[Part]>::to_vec).collect()
}

fn flat(part: &Part) -> Vec<SyntaxToken> {
    match part {
        NodeOrToken::Token(it) => vec![it.clone()],
        NodeOrToken::Node(it) => {
            let tokens = it.descendants_with_tokens().filter_map(NodeOrToken::into_token);
            tokens.filter(|it| !it.kind().is_trivia()).collect()
        }
    }
}

fn tokens(tree: &ast::TokenTree) -> impl Iterator<Item = SyntaxToken> {
    tree.syntax().children_with_tokens().filter_map(NodeOrToken::into_token)
}
