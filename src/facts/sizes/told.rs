//! How futures and what they keep are called, and where they stand.

use ra_ap_hir_def::{Lookup, hir::ExprId, src::HasSource};
use ra_ap_hir_expand::files::FileRange;
use ra_ap_syntax::{AstNode, ast::HasName};

use crate::{
    facts::{body::BodyFacts, names, sizes::frame::Slot, suspends::graph::Made},
    finding::Place,
};

/// Where an async block stands, or the name of an async function.
pub(super) fn place(body: &BodyFacts<'_>, coroutine: ExprId) -> Option<Place> {
    if body.is_async_block(coroutine) {
        return body.place_of(coroutine);
    }
    let source = body.function.lookup(body.db).source(body.db);
    body.place(source.file_id, source.value.name()?.syntax())
}

/// The same, for what stands in a dependency too.
pub(super) fn written(
    body: &BodyFacts<'_>,
    coroutine: ExprId,
    is_block: bool,
) -> Option<FileRange> {
    let range = match is_block {
        true => body.syntax(coroutine)?.map(|it| it.syntax().text_range()),
        false => {
            let source = body.function.lookup(body.db).source(body.db);
            let name = source.value.name()?;
            source.with_value(name.syntax().text_range())
        }
    };
    Some(range.original_node_file_range_rooted(body.db))
}

pub(super) fn name(body: &BodyFacts<'_>, coroutine: ExprId) -> String {
    let function = names::of_function(body.db, body.function);
    match body.is_async_block(coroutine) {
        true => format!("an async block in {function}"),
        false => function,
    }
}

pub(super) fn name_of_slot(body: &BodyFacts<'_>, slot: &Slot<'_>) -> String {
    match slot {
        Slot::Value { made: Made::Variable(it) | Made::Captured(it), .. } => {
            match body.body[*it].name.as_str() {
                // A name that nobody wrote: of what a `for` goes over, or a macro needs.
                generated if generated.starts_with('<') => "(of a loop or a macro)".to_owned(),
                name => name.to_owned(),
            }
        }
        Slot::Value { made: Made::Temporary(it) | Made::Awaited(it), .. } => code(body, *it),
        Slot::Value { made: Made::Hidden, .. } | Slot::Note => "(of the compiler)".to_owned(),
    }
}

/// The code on one line, or as much of it as tells what it is.
pub(super) fn code(body: &BodyFacts<'_>, expr: ExprId) -> String {
    const MOST: usize = 60;
    let place = body.place_to_show(expr);
    let text = place.as_ref().and_then(|it| Some(&body.workspace.text(&it.file)?[it.range]));
    let words: Vec<&str> = text.unwrap_or("(a temporary)").split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
