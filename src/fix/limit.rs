//! A limit to how many futures run at once.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_hir::{ModuleDef, ScopeDef};
use ra_ap_ide_db::text_edit::{TextRange, TextSize};
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode};

use crate::{
    facts::{
        body::BodyFacts,
        fan_out::{FanOut, Limit},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix},
    fix::{
        edits,
        lines::{indentation, line_end},
    },
};

/// The name of the limit; one for each module.
const NAME: &str = "MAX_CONCURRENT";

/// So many requests at once harm nobody, and hide that each of them waits.
const LIMIT: usize = 32;

/// Puts a constant of the module in the place of a limit that is none.
pub fn by_name(around: &Surroundings<'_>, body: &BodyFacts<'_>, it: &FanOut) -> Option<Fix> {
    if it.limit == Limit::Unsaid {
        return None;
    }
    let mut all = vec![(it.at.range, NAME.to_owned())];
    if !is_there(body)? {
        let at = item_around(body, it)?;
        let text = around.text(&it.at)?;
        let (indent, end) = (indentation(text, at), line_end(text));
        let declared = format!("const {NAME}: usize = {LIMIT};{end}{end}{indent}");
        all.push((TextRange::empty(at), declared));
    }
    Some(Fix {
        title: format!("Run {LIMIT} of them at once, or as many as `{NAME}` says"),
        applicability: Applicability::Unsafe,
        doubt: Some("only you know how many at once are right".to_owned()),
        edits: BTreeMap::from([(it.at.file.clone(), edits::joined(all)?)]),
        wants: BTreeSet::new(),
    })
}

/// Whether the module has the constant. None when something else has its name.
fn is_there(body: &BodyFacts<'_>) -> Option<bool> {
    let module = ra_ap_hir::Function::from(body.function).module(body.db);
    let named = module.scope(body.db, None).into_iter().filter(|it| it.0.as_str() == NAME);
    let found: Vec<ScopeDef<'_>> = named.map(|it| it.1).collect();
    match found[..] {
        [] => Some(false),
        [ScopeDef::ModuleDef(ModuleDef::Const(it))] => {
            it.ty(body.db).as_builtin()?.is_uint().then_some(true)
        }
        _ => None,
    }
}

/// The start of the item of the module that the call stands in, with its comments.
fn item_around(body: &BodyFacts<'_>, it: &FanOut) -> Option<TextSize> {
    let call: SyntaxNode = body.syntax(it.call)?.value.syntax().clone();
    let is_of_module = |it: &SyntaxNode| {
        it.parent().is_some_and(|it| {
            matches!(it.kind(), SyntaxKind::SOURCE_FILE)
                || it.kind() == SyntaxKind::ITEM_LIST
                    && it.parent().is_some_and(|it| it.kind() == SyntaxKind::MODULE)
        })
    };
    Some(call.ancestors().find(is_of_module)?.text_range().start())
}
