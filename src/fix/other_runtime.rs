//! One runtime for code that uses things of two.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_hir_def::{FunctionId, hir::ExprId};
use ra_ap_ide_db::text_edit::TextRange;
use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasArgList},
};

use crate::{
    facts::{
        body::{BodyFacts, Form},
        foreign::{Entry, Foreign, Missing, Need},
        runs_on::Thread,
        runtime::{Driver, Runtime},
        surroundings::Surroundings,
        syntax::CallParts,
    },
    finding::{Applicability, FilePath, Fix, Place, Want},
    fix::{
        edits,
        lines::{indentation, line_end},
        path, twin,
    },
    knowledge::{Starts, runtimes::KnownRuntime},
};

/// What becomes of a program that cannot start a runtime, where no error of it can say so.
const UNWRAP: &str = "expect";
const REFUSED: &str = "the runtime can be started";

/// The edits of some files, in any order.
type Edits = BTreeMap<FilePath, Vec<(TextRange, String)>>;

/// All that can be done, best first.
pub fn fixes<'db>(
    around: &Surroundings<'_>,
    foreign: &Foreign<'db>,
    body: &BodyFacts<'db>,
    missing: &Missing,
) -> Vec<Fix> {
    let by_entry = match &missing.entry {
        Entry::Attribute { .. } => start_by_attribute(around, body, missing),
        Entry::Call { .. } => start_by_call(around, foreign, body, missing),
        Entry::Thread { .. } => take_handle_along(around, body, missing),
        Entry::Program => None,
    };
    let bring = match &missing.entry {
        Entry::Call { .. } => bring_along(foreign, body, missing),
        _ => None,
    };
    [twins(foreign, body, missing), by_entry, bring].into_iter().flatten().collect()
}

/// What the runtime of the entry point has in the place of all that needs another one.
fn twins<'db>(foreign: &Foreign<'db>, body: &BodyFacts<'db>, missing: &Missing) -> Option<Fix> {
    let runtime = match &missing.entry {
        Entry::Attribute { row, .. } => row.entry.as_deref(),
        Entry::Call { row, .. } => body.runtime_of_row(row),
        Entry::Thread { .. } | Entry::Program => None,
    }?;
    let mut edits = Edits::new();
    for need in &missing.needs {
        let other = foreign.body_of(need.function);
        let (at, text) = twin_of(&other, runtime, need)?;
        let all = edits.entry(at.file.clone()).or_default();
        if !all.iter().any(|it| it.0 == at.range) {
            all.push((at.range, text));
        }
    }
    fix(
        format!("Use what {runtime} has in its place"),
        Applicability::Unsafe,
        "where this code runs below another runtime, too, that one no longer has it in hand",
        edits,
        BTreeSet::new(),
    )
}

fn twin_of(body: &BodyFacts<'_>, runtime: &str, need: &Need) -> Option<(Place, String)> {
    let driver = body.driver_named(runtime)?;
    let known: &KnownRuntime = body.runtime_of(&driver)?;
    let mention = body.mention_of(need.call).filter(|it| it.form == Form::Call)?;
    let awaited = body.parent(need.call)?;
    let without_value =
        || known.twin_without_value(&need.row.path).filter(|_| body.is_without_value(awaited));
    let twin = known.twin(&need.row.path).or_else(without_value)?;
    let parts = body.call_parts(mention).filter(|it| !it.has_turbofish)?;
    let path = path::shortest(body, need.call, &driver.root(), twin);
    Some((Place::new(parts.at.file, parts.callee), path))
}

/// The runtime that is needed, where all below the entry point is served by it.
fn needed(body: &BodyFacts<'_>, missing: &Missing) -> Option<(Driver, Starts)> {
    let driver = body.driver_named(&missing.needs.first()?.runtime)?;
    let starts = body.runtime_of(&driver)?.starts.clone()?;
    Some((driver, starts))
}

/// Whether somebody else's things run below the entry point, too, who panic without it.
fn is_needed_itself(body: &BodyFacts<'_>, missing: &Missing) -> bool {
    let runtime = match &missing.entry {
        Entry::Attribute { row, .. } => row.entry.as_deref(),
        Entry::Call { row, .. } => body.runtime_of_row(row),
        Entry::Thread { .. } | Entry::Program => None,
    };
    runtime.is_some_and(|it| body.outside(it).is_some())
}

fn start_by_attribute(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    missing: &Missing,
) -> Option<Fix> {
    let (driver, starts) = needed(body, missing).filter(|_| !is_needed_itself(body, missing))?;
    let text = around.text(&missing.at)?;
    // What it is given is for that runtime.
    let behind = text[usize::from(missing.at.range.end())..].trim_start();
    if !behind.starts_with(']') {
        return None;
    }
    let written = below(&driver, &starts.attribute);
    let edits = Edits::from([(missing.at.file.clone(), vec![(missing.at.range, written.clone())])]);
    fix(
        format!("Start {} with `#[{written}]`", driver.name),
        Applicability::Unsafe,
        "tasks then run on threads of another runtime",
        edits,
        wants(around, &starts.attribute_needs, &driver),
    )
}

fn start_by_call<'db>(
    around: &Surroundings<'_>,
    foreign: &Foreign<'db>,
    body: &BodyFacts<'db>,
    missing: &Missing,
) -> Option<Fix> {
    let Entry::Call { row, function, call } = &missing.entry else { return None };
    let (driver, starts) = needed(body, missing).filter(|_| !is_needed_itself(body, missing))?;
    let (body, parts) = entry_call(foreign, *function, *call)?;
    if row.on_own_threads || parts.has_turbofish || parts.arguments.len() != 1 {
        return None;
    }
    let refused = match body.error_takes_refusals(*call) {
        true => "?".to_owned(),
        false => format!(".{UNWRAP}({REFUSED:?})"),
    };
    let new = below(&driver, &starts.new);
    let written = format!("{new}(){refused}.block_on");
    let edits = Edits::from([(parts.at.file, vec![(parts.callee, written)])]);
    fix(
        format!("Start {} with `{new}`", driver.name),
        Applicability::Unsafe,
        "tasks then run on threads of another runtime, which end when this call is over",
        edits,
        wants(around, &starts.new_needs, &driver),
    )
}

/// The call that is an entry point, in the body where it stands.
fn entry_call<'db>(
    foreign: &Foreign<'db>,
    function: FunctionId,
    call: ExprId,
) -> Option<(BodyFacts<'db>, CallParts)> {
    let body = foreign.body_of(function);
    let parts = body.call_parts(body.mention_of(call).filter(|it| it.form == Form::Call)?)?;
    Some((body, parts))
}

/// Lets a future find its runtime where it is, for whoever has the crate that can do so.
fn bring_along<'db>(
    foreign: &Foreign<'db>,
    body: &BodyFacts<'db>,
    missing: &Missing,
) -> Option<Fix> {
    let Entry::Call { function, call, .. } = &missing.entry else { return None };
    let (_, starts) = needed(body, missing)?;
    let (_, parts) = entry_call(foreign, *function, *call)?;
    let argument = parts.arguments.first()?.range;
    let edits = vec![
        (TextRange::empty(argument.start()), format!("{}(", starts.brought)),
        (TextRange::empty(argument.end()), ")".to_owned()),
    ];
    fix(
        format!("Wrap the future in `{}`", starts.brought),
        Applicability::Manual,
        "it starts a runtime of its own beside this one, and a crate has to be added for it",
        Edits::from([(parts.at.file, edits)]),
        BTreeSet::new(),
    )
}

/// Takes a handle of the runtime along to a thread that is started where it runs.
fn take_handle_along(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    missing: &Missing,
) -> Option<Fix> {
    let Entry::Thread { call, here, lives_on: true } = &missing.entry else { return None };
    let (driver, starts) = needed(body, missing)?;
    let is_task = || body.mention_of(*call).is_some_and(|it| it.thread == Thread::Worker);
    let drives_all = matches!(&around.runtime, Runtime::One(it) if it.name == driver.name);
    let is_certain = here.contains(&driver.name) || (drives_all && is_task());
    if !is_certain {
        return None;
    }
    let at = body.written(*call)?;
    let text = around.text(&at)?;
    let call: SyntaxNode = body.syntax(*call)?.value.syntax().clone();
    let arguments = match ast::Expr::cast(call.clone())? {
        ast::Expr::CallExpr(it) => it.arg_list(),
        ast::Expr::MethodCallExpr(it) => it.arg_list(),
        _ => None,
    }?;
    let closure = arguments.args().find_map(|it| match it {
        ast::Expr::ClosureExpr(it) => Some(it),
        _ => None,
    })?;
    let ast::Expr::BlockExpr(block) = closure.body()? else { return None };
    let list = block.stmt_list()?;
    let first = list.statements().next().map(|it| it.syntax().clone());
    let first = first.or_else(|| list.tail_expr().map(|it| it.syntax().clone()))?;
    let statement = call.ancestors().find(|it| {
        ast::Stmt::can_cast(it.kind())
            || it.parent().is_some_and(|it| ast::StmtList::can_cast(it.kind()))
    })?;
    let function = call.ancestors().find_map(ast::Fn::cast)?;
    let has_name = |name: &str| {
        let mut tokens = function.syntax().descendants_with_tokens();
        tokens.any(|it| it.into_token().is_some_and(|it| it.text() == name))
    };
    if has_name("handle") || has_name("_entered") {
        return None;
    }
    let current = below(&driver, &starts.current);
    let (before, inside) = (statement.text_range().start(), first.text_range().start());
    let line = |at| format!("{}{}", line_end(text), indentation(text, at));
    let mut edits = vec![
        (TextRange::empty(before), format!("let handle = {current}();{}", line(before))),
        (TextRange::empty(inside), format!("let _entered = handle.enter();{}", line(inside))),
    ];
    if closure.move_token().is_none() {
        edits.push((TextRange::empty(closure.syntax().text_range().start()), "move ".to_owned()));
    }
    fix(
        format!("Enter {} on this thread, with a handle that is taken along", driver.name),
        Applicability::Unsafe,
        "the runtime may end before this thread does",
        Edits::from([(at.file.clone(), edits)]),
        BTreeSet::new(),
    )
}

fn wants(around: &Surroundings<'_>, features: &[String], driver: &Driver) -> BTreeSet<Want> {
    features.iter().filter_map(|it| twin::feature(around, it, driver)).collect()
}

/// The path as the manifest names its crate.
fn below(driver: &Driver, path: &str) -> String {
    let behind = path.split_once("::").map_or("", |it| it.1);
    format!("{}::{behind}", driver.root())
}

fn fix(
    title: String,
    applicability: Applicability,
    doubt: &str,
    edits: Edits,
    wants: BTreeSet<Want>,
) -> Option<Fix> {
    let mut joined = BTreeMap::new();
    for (file, all) in edits {
        joined.insert(file, edits::joined(all)?);
    }
    Some(Fix { title, applicability, doubt: Some(doubt.to_owned()), edits: joined, wants })
}
