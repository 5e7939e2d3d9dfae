//! How large futures are, and what makes them so.

pub mod picture;

use std::fmt::Write;

use serde::Serialize;

use crate::{
    facts::sizes::{FutureSize, Part, all::AllFutures},
    report::{json::SCHEMA_VERSION, position::Position},
    workspace::Workspace,
};

/// What takes less than one part in so many of a future is not worth a line.
const SMALL: u64 = 10;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    /// Largest first.
    futures: Vec<Future<'a>>,
    /// Async bodies that depend on type parameters, and that the workspace never makes.
    generic: usize,
}

#[derive(Serialize)]
struct Future<'a> {
    name: &'a str,
    /// Relative to the root of the workspace; none for a future of a dependency.
    path: Option<&'a str>,
    line: Option<usize>,
    bytes: u64,
    /// Otherwise it has at least so many.
    exact: bool,
    /// What is not known, where it has more: some code, or a type.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<&'a str>,
    /// What the awaited futures in it need of the stack in a build without optimisation, and those in them.
    debug_stack_bytes: u64,
    parts: Vec<PartOf<'a>>,
}

#[derive(Serialize)]
struct PartOf<'a> {
    name: &'a str,
    bytes: u64,
    /// Otherwise other parts may have the same place at other times.
    fixed: bool,
    /// Where it is a future that is awaited: which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    future: Option<Name<'a>>,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
    path: Option<&'a str>,
    line: Option<usize>,
}

/// The `top` largest, as a document.
pub fn json(all: &AllFutures, top: usize, workspace: &Workspace) -> String {
    let futures = all.futures.iter().take(top).map(|it| of_future(it, workspace)).collect();
    let document = Document { schema_version: SCHEMA_VERSION, futures, generic: all.generic };
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    format!("{text}\n")
}

fn of_future<'a>(future: &'a FutureSize, workspace: &Workspace) -> Future<'a> {
    let part = |it: &'a Part| PartOf {
        name: &it.name,
        bytes: it.bytes,
        fixed: it.fixed,
        future: it.future.as_ref().map(|it| name(it, workspace)),
    };
    let Name { name, path, line } = name(future, workspace);
    Future {
        name,
        path,
        line,
        bytes: future.bytes,
        exact: future.is_exact(),
        unknown: future.unknown.as_deref(),
        debug_stack_bytes: future.debug_stack_bytes,
        parts: future.parts.iter().map(part).collect(),
    }
}

fn name<'a>(future: &'a FutureSize, workspace: &Workspace) -> Name<'a> {
    let path = future.at.as_ref().map(|it| it.file.as_str());
    Name { name: &future.name, path, line: line(future, workspace) }
}

fn line(future: &FutureSize, workspace: &Workspace) -> Option<usize> {
    let at = future.at.as_ref()?;
    Some(Position::of(at.range.start(), workspace.text(&at.file)?).line)
}

/// `src/lib.rs:5:`
fn place(future: &FutureSize, workspace: &Workspace) -> String {
    let at = future.at.as_ref().map(|it| it.file.as_str()).unwrap_or_default();
    let line = line(future, workspace).map(|it| format!(":{it}")).unwrap_or_default();
    format!("{at}{line}:")
}

/// The `top` largest, each as a tree of what it keeps.
pub fn text(all: &AllFutures, top: usize, workspace: &Workspace) -> String {
    let mut text = String::new();
    for future in all.futures.iter().take(top) {
        let least = if future.is_exact() { "" } else { "at least " };
        let unknown = future.unknown.as_ref().map(|it| format!(" (not known: {it})"));
        let _ = writeln!(
            text,
            "{} {}: {least}{} bytes{}, {} bytes of stack in a debug build",
            place(future, workspace),
            future.name,
            future.bytes,
            unknown.unwrap_or_default(),
            future.debug_stack_bytes
        );
        let mut tree = Tree { smallest: future.bytes / SMALL, shown: Vec::new(), text };
        tree.add(future, 1);
        text = tree.text;
    }
    if all.futures.is_empty() {
        text.push_str("There is no future of which the size can be told.\n");
    }
    if all.generic > 0 {
        let _ = writeln!(text, "Of {} more the size depends on type parameters.", all.generic);
    }
    text
}

struct Tree<'a> {
    smallest: u64,
    /// What is in them has been said.
    shown: Vec<&'a FutureSize>,
    text: String,
}

impl<'a> Tree<'a> {
    fn add(&mut self, future: &'a FutureSize, level: usize) {
        self.shown.push(future);
        let smallest = self.smallest;
        for part in future.parts.iter().filter(|it| it.bytes >= smallest) {
            let indent = "  ".repeat(level);
            let name = match &part.future {
                Some(it) => format!("{}, in `{}`", it.name, part.name),
                None => part.name.clone(),
            };
            let _ = writeln!(self.text, "{indent}{:>8}  {name}", part.bytes);
            if let Some(inner) = part.future.as_ref()
                && !self.shown.contains(&&**inner)
            {
                self.add(inner, level + 1);
            }
        }
    }
}
