//! A limit to how many futures run at once.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_hir::{ModuleDef, ScopeDef};
use ra_ap_hir_def::hir::ExprId;
use ra_ap_ide_db::text_edit::{TextRange, TextSize};
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, ast};

use crate::{
    facts::{
        body::BodyFacts,
        fan_out::{FanOut, Limit},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix, Place},
    fix::{
        edits,
        lines::{indentation, line_end},
        path,
        traits::TraitsOf,
    },
};

/// The name of the limit; one for each module.
pub(super) const NAME: &str = "MAX_CONCURRENT";

/// Puts a constant of the module, or `most`, in the place of a limit that is none.
pub fn by_name(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    it: &FanOut,
    most: u64,
) -> Option<Fix> {
    if it.limit == Limit::Unsaid {
        return None;
    }
    let edits = vec![(it.at.range, NAME.to_owned())];
    let named = Named::at_once(most, "only you know how many at once are right");
    with_constant(around, body, (&it.at, it.call), named, edits)
}

/// Makes a stream of the futures, which runs so many of them at once and gives what they give in their order.
pub fn as_stream(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    it: &FanOut,
    most: u64,
) -> Option<Fix> {
    let collect = it.row.limited.as_deref()?;
    let [futures] = body.values_of(it.call)[..] else { return None };
    let (call, futures) = (body.place_of(it.call)?, body.place_of(futures)?);
    let text = around.text(&call)?;
    let streams = TraitsOf::first(body, STREAMS)?;
    let iter = path::shortest(body, it.call, &streams.root, "futures_util::stream::iter");
    let before = TextRange::new(call.range.start(), futures.range.start());
    let behind = TextRange::new(futures.range.end(), call.range.end());
    let mut edits =
        vec![(before, format!("{iter}(")), (behind, format!(").buffered({NAME}).{collect}"))];
    let wanted = if collect.starts_with("try") { TRAITS } else { &TRAITS[..1] };
    edits.extend(streams.imports(body, it.call, wanted, text)?);
    let doubt = match wanted.len() {
        1 => "only you know how many at once are right",
        _ => "only you know how many at once are right, and an error is seen when its turn comes",
    };
    with_constant(around, body, (&it.at, it.call), Named::at_once(most, doubt), edits)
}

/// A limit that has a name.
pub(super) struct Named {
    pub name: &'static str,
    pub most: u64,
    pub title: String,
    pub doubt: &'static str,
}

impl Named {
    /// How many futures or tasks run at once.
    pub fn at_once(most: u64, doubt: &'static str) -> Named {
        let title = format!("Run {most} of them at once, or as many as `{NAME}` says");
        Named { name: NAME, most, title, doubt }
    }
}

/// These edits, which name the limit, and the limit where it is not there; for a call and its place.
pub(super) fn with_constant(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    (at, call): (&Place, ExprId),
    limit: Named,
    mut edits: Vec<(TextRange, String)>,
) -> Option<Fix> {
    let Named { name, most, title, doubt } = limit;
    if !is_there(body, name)? {
        let item = first_item(body, call)?;
        let text = around.text(at)?;
        let (indent, end) = (indentation(text, item), line_end(text));
        let declared = format!("const {name}: usize = {most};{end}{end}{indent}");
        edits.push((TextRange::empty(item), declared));
    }
    Some(Fix {
        title,
        applicability: Applicability::Unsafe,
        doubt: Some(doubt.to_owned()),
        edits: BTreeMap::from([(at.file.clone(), edits::joined(edits)?)]),
        wants: BTreeSet::new(),
    })
}

/// The traits with what is asked of a stream, and of one of results.
const TRAITS: &[&str] = &["StreamExt", "TryStreamExt"];

/// The crates with streams.
const STREAMS: &[&str] = &["futures", "futures_util"];

/// Whether the module has the constant. None when something else has its name.
fn is_there(body: &BodyFacts<'_>, name: &str) -> Option<bool> {
    let module = ra_ap_hir::Function::from(body.function).module(body.db);
    let named = module.scope(body.db, None).into_iter().filter(|it| it.0.as_str() == name);
    let found: Vec<ScopeDef<'_>> = named.map(|it| it.1).collect();
    match found[..] {
        [] => Some(false),
        [ScopeDef::ModuleDef(ModuleDef::Const(it))] => {
            it.ty(body.db).as_builtin()?.is_uint().then_some(true)
        }
        _ => None,
    }
}

/// The start of the first item of the module around a call that brings no other names in: one place for all who need
/// the limit, so that only one of them writes it.
fn first_item(body: &BodyFacts<'_>, call: ExprId) -> Option<TextSize> {
    let call: SyntaxNode = body.syntax(call)?.value.syntax().clone();
    let is_module = |it: &SyntaxNode| {
        let of_module = |it: SyntaxNode| it.kind() == SyntaxKind::MODULE;
        it.kind() == SyntaxKind::SOURCE_FILE
            || it.kind() == SyntaxKind::ITEM_LIST && it.parent().is_some_and(of_module)
    };
    let module = call.ancestors().find(is_module)?;
    let mut items = module.children().filter_map(ast::Item::cast);
    let item = items.find(|it| match it {
        ast::Item::Module(it) => it.item_list().is_some(),
        ast::Item::Use(_) | ast::Item::ExternCrate(_) | ast::Item::MacroRules(_) => false,
        _ => true,
    })?;
    Some(item.syntax().text_range().start())
}
