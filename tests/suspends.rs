//! What the fact `suspends` says of a crate's own futures, for `tests/ecosystem/futures` to compare with the compiler.

use std::{collections::BTreeSet, path::PathBuf, rc::Rc};

use ra_ap_syntax::{
    AstNode, Edition, SourceFile, TextRange,
    ast::{self, HasName},
};

use async_fix::{
    config::ProjectRequest,
    facts::{
        body::BodyFacts,
        functions::{self, Mentions},
        sizes::{FutureSize, Sizes},
    },
    knowledge::{self, resolve::Known},
    workspace::{Target, TargetKind, Workspace},
};

/// Prints a line for each async body of the crate in the folder `ASYNC_FIX_CRATE`: its function, its line, and the
/// variables that are saved in it.
#[test]
#[ignore = "tests/ecosystem/futures runs it"]
fn saved_variables() {
    print_lines(|workspace, known| {
        let targets = workspace.targets().iter().filter(|it| !it.cfg_test);
        let candidates = targets
            .flat_map(|it| functions::candidates(workspace, known, &Mentions::Everywhere, it));
        candidates.flat_map(|it| lines_of(workspace, known, &it)).collect()
    });
}

/// Prints a line for each async body of the library in that folder: its function, its line, and how large its future is.
#[test]
#[ignore = "tests/ecosystem/sizes runs it"]
fn sizes() {
    print_lines(|workspace, known| {
        let is_library = |it: &&Target| !it.cfg_test && it.kind == TargetKind::Lib;
        let library = workspace.targets().iter().find(is_library).expect("there is a library");
        let sizes = Sizes::new(workspace, known, library.krate).expect("the target is known");
        let candidates =
            functions::candidates(workspace, known, &Mentions::Everywhere, library).into_iter();
        candidates.flat_map(|it| sizes_of(workspace, known, &sizes, &it)).collect()
    });
}

fn print_lines(lines: impl FnOnce(&Workspace, &Known) -> BTreeSet<String>) {
    let start = PathBuf::from(std::env::var_os("ASYNC_FIX_CRATE").expect("the folder is named"));
    let request = ProjectRequest { start, offline: true, ..ProjectRequest::default() };
    let workspace = Workspace::load(&request, &|_| ()).expect("the crate loads");
    let rows = knowledge::shipped().expect("the rows parse");
    let lines = ra_ap_hir::attach_db(workspace.db(), || {
        lines(&workspace, &Known::resolve(workspace.db(), &rows))
    });
    assert!(!lines.is_empty(), "there is no async body");
    lines.iter().for_each(|it| println!("{it}"));
}

fn sizes_of<'w>(
    workspace: &'w Workspace,
    known: &'w Known,
    sizes: &Sizes<'w>,
    candidate: &functions::Candidate,
) -> Vec<String> {
    let Some(at) = &candidate.at else { return Vec::new() };
    let facts = BodyFacts::new(workspace, known, candidate.function, candidate.entered);
    let text = workspace.text(&at.file).unwrap_or_default();
    let name = name_of(text, at.range);
    let line_of = |size: Rc<FutureSize>| {
        let kind = if size.name.starts_with("an async block") { "block" } else { "fn" };
        let start = size.at.as_ref().map_or(at.range.start(), |it| it.range.start());
        let line = text[..start.into()].matches('\n').count() + 1;
        let exact = if size.exact { "exact" } else { "least" };
        format!("future {kind} {} {line} {name} {} {exact}", at.file, size.bytes)
    };
    sizes.of_function(&facts).0.into_iter().map(line_of).collect()
}

fn lines_of(workspace: &Workspace, known: &Known, candidate: &functions::Candidate) -> Vec<String> {
    let Some(at) = &candidate.at else { return Vec::new() };
    let facts = BodyFacts::new(workspace, known, candidate.function, candidate.entered);
    let text = workspace.text(&at.file).unwrap_or_default();
    // The attribute makes another body of it, and stays unexpanded here.
    if text[at.range].contains("instrument") {
        return Vec::new();
    }
    let name = name_of(text, at.range);
    let line = |offset: usize| text[..offset].matches('\n').count() + 1;
    let line_of = |body| {
        let names: Vec<String> = facts.saved_names(body).into_iter().collect();
        let place = facts.block_place(body.coroutine());
        let kind = if place.is_some() { "block" } else { "fn" };
        let range = place.map_or(at.range, |it| it.range);
        let (from, to) = (line(range.start().into()), line(range.end().into()));
        format!("future {kind} {} {from} {to} {name} {}", at.file, names.join(","))
    };
    facts.async_bodies().iter().map(line_of).collect()
}

/// `Type::method`, or the name of a function by itself.
fn name_of(text: &str, range: TextRange) -> String {
    let file = SourceFile::parse(text, Edition::CURRENT).tree();
    let covering = file.syntax().covering_element(range);
    let mut around = covering.ancestors();
    let function = around.find_map(ast::Fn::cast).and_then(|it| it.name());
    let name = function.map(|it| it.text().to_string()).unwrap_or_default();
    let owner = around.find_map(ast::Impl::cast).and_then(|it| it.self_ty());
    match owner {
        Some(it) => {
            let type_ = it.syntax().text().to_string();
            format!("{}::{name}", type_.split('<').next().unwrap_or_default())
        }
        None => name,
    }
}
