//! What the fact `suspends` says of a crate's own futures, for `tests/ecosystem/futures` to compare with the compiler.

use std::{collections::BTreeSet, path::PathBuf};

use ra_ap_base_db::SourceDatabase;
use ra_ap_syntax::{
    AstNode, Edition, SourceFile, TextRange,
    ast::{self, HasName},
};

use async_fix::{
    config::ProjectRequest,
    facts::{
        body::BodyFacts,
        functions::{self, Mentions},
        sizes::{Met, Sizes},
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

/// Prints a line for each future that the library in that folder has, by itself or from a dependency: where it is
/// written, what it is called, how large it is, and what is not known of it.
#[test]
#[ignore = "tests/ecosystem/sizes runs it"]
fn sizes() {
    print_lines(|workspace, known| {
        let is_library = |it: &&Target| !it.cfg_test && it.kind == TargetKind::Lib;
        let library = workspace.targets().iter().find(is_library).expect("there is a library");
        let sizes = Sizes::new(workspace, known, library.krate).expect("the target is known");
        let candidates =
            functions::candidates(workspace, known, &Mentions::Everywhere, library).into_iter();
        for it in candidates {
            let body = BodyFacts::new(workspace, known, it.function, it.entered);
            sizes.measure_all_in(&body);
        }
        let line = |(index, it): (usize, &Met)| line_of_future(workspace, it, index);
        sizes.measured().iter().enumerate().map(line).collect()
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

/// `index` keeps those apart that are alike.
fn line_of_future(workspace: &Workspace, met: &Met, index: usize) -> String {
    let db = workspace.db();
    let file = met.written.file_id.file_id(db);
    let root = db.source_root(db.file_source_root(file).source_root_id(db)).source_root(db);
    let path = root.path_for_file(&file).map(|it| it.to_string()).unwrap_or_default();
    let text = db.file_text(file).text(db);
    let start: usize = met.written.range.start().into();
    let line = text[..start].matches('\n').count() + 1;
    let column = text[..start].rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let kind = if met.is_block { "block" } else { "fn" };
    let name = met.size.name.replace(' ', "_");
    let unknown = met.size.unknown.as_deref().unwrap_or_default();
    format!("future {kind} {path} {line}:{column} {name} {} {index} {unknown}", met.size.bytes)
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
