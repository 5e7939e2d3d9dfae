//! The wrapper that logs when a future is dropped before it is done: written around one, and taken out everywhere.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::TextRange;
use ra_ap_syntax::{
    AstNode, Edition, SourceFile, TextSize,
    ast::{self, HasAttrs, HasModuleItem},
};

use crate::{
    facts::{
        cancel_debug::{
            MODULE, TYPE, Wrapping,
            written::{self, Written},
        },
        surroundings::Surroundings,
    },
    finding::{Applicability, DependencyKind, FilePath, Fix, Note},
    fix::{edits, lines::line_end},
};

/// What logs, and the crate that has it: the first one that the package depends on.
const LOGGERS: [(Option<&str>, &str); 3] =
    [(Some("tracing"), "tracing::warn!"), (Some("log"), "log::warn!"), (None, "eprintln!")];

/// Written as rustfmt would. `LOG!` stands for what logs.
const WRITTEN: &str = include_str!("cancel_debug/wrapper.txt");

/// Writes the wrapper around a future, and its type at the end of the crate's root where it is not there yet.
pub fn wrap(around: &Surroundings<'_>, it: &Wrapping) -> Result<Fix, &'static str> {
    let Wrapping { at, name, root, is_in_root, has_type } = it;
    let krate = if *is_in_root { "" } else { "crate::" };
    let before = format!("{krate}{MODULE}::{TYPE}::new(\"{name}\", ");
    let mut all: BTreeMap<&FilePath, Vec<(TextRange, String)>> = BTreeMap::new();
    let here = all.entry(&at.file).or_default();
    here.push((TextRange::empty(at.range.start()), before));
    here.push((TextRange::empty(at.range.end()), ")".to_owned()));
    if !has_type {
        let text = around.workspace.text(root).ok_or("the root of its crate is not in sight")?;
        let (place, module) = module(text, logger(around));
        all.entry(root).or_default().push((TextRange::empty(place), module));
    }
    let mut edits = BTreeMap::new();
    for (file, of_file) in all {
        edits.insert(file.clone(), edits::joined(of_file).ok_or("it stands in its own way")?);
    }
    Ok(Fix {
        title: "Log when it is dropped before it is done".to_owned(),
        applicability: Applicability::Unsafe,
        doubt: Some("the future is another one then, which lies in a box".to_owned()),
        edits,
        wants: BTreeSet::new(),
    })
}

/// Takes the wrapper out of the whole crate with this root, and its type as well; or says what is in the way.
pub fn unwrap(around: &Surroundings<'_>, root: &FilePath) -> Result<Fix, Note> {
    let Written { calls, module, words } = written::in_crate(around.workspace, root)?;
    let is_ours = LOGGERS.iter().any(|(_, log)| words == written::words(parse(log).syntax()));
    if !is_ours {
        return Err(Note::at(module, "somebody has changed this, so take it out by hand"));
    }
    let mut all: BTreeMap<FilePath, Vec<(TextRange, String)>> = BTreeMap::new();
    all.entry(module.file).or_default().push((module.range, String::new()));
    for it in calls {
        let of_file = all.entry(it.file).or_default();
        of_file.extend(it.around.into_iter().map(|it| (it, String::new())));
    }
    let mut edits = BTreeMap::new();
    for (file, of_file) in all {
        let joined = edits::joined(of_file);
        edits.insert(file, joined.ok_or_else(|| Note::new("one is written in another one"))?);
    }
    Ok(Fix {
        title: "Take out all wrappers of the crate".to_owned(),
        applicability: Applicability::Unsafe,
        doubt: Some("the futures do not lie in a box then".to_owned()),
        edits,
        wants: BTreeSet::new(),
    })
}

fn logger(around: &Surroundings<'_>) -> &'static str {
    let mut packages = around.workspace.packages().iter();
    let package = packages.find(|it| it.manifest == around.manifest);
    let has = |krate: &str| {
        package.is_some_and(|it| {
            it.dependencies.iter().any(|it| {
                let is_certain = !it.optional && !it.target_specific;
                it.key == krate && it.kind == DependencyKind::Normal && is_certain
            })
        })
    };
    let found = LOGGERS.iter().find(|it| it.0.is_none_or(has));
    found.map_or("eprintln!", |it| it.1)
}

/// The module, and where it goes: behind all items but the tests.
fn module(text: &str, log: &str) -> (TextSize, String) {
    let tree = SourceFile::parse(text, Edition::CURRENT).tree();
    let is_tests = |it: &ast::Item| {
        let names = |it: ast::Attr| it.syntax().text().to_string();
        matches!(it, ast::Item::Module(_)) && it.attrs().map(names).any(|it| it.contains("test"))
    };
    let items: Vec<ast::Item> = tree.items().collect();
    let last = items.iter().rev().find(|it| !is_tests(it));
    let end = line_end(text);
    let written = WRITTEN.replace("LOG!", log).trim_end().replace('\n', end);
    match last {
        Some(it) => (it.syntax().text_range().end(), format!("{end}{end}{written}")),
        None => (tree.syntax().text_range().end(), format!("{end}{written}{end}")),
    }
}

fn parse(log: &str) -> SourceFile {
    SourceFile::parse(&WRITTEN.replace("LOG!", log), Edition::CURRENT).tree()
}
