//! The invariants of `src/`: which module may know what.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// From the ground up: a module uses only modules before it.
const ORDER: [&str; 13] = [
    "finding",
    "page",
    "knowledge",
    "config",
    "workspace",
    "facts",
    "fix",
    "rules",
    "plan",
    "apply",
    "report",
    "lsp",
    "cli",
];

struct Source {
    /// Below `src/`, with `/`.
    path: String,
    module: String,
    /// Without the tests at the end of the file.
    text: String,
}

impl Source {
    /// The lines that are code, with their numbers.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, it)| (index + 1, it));
        lines.filter(|it| !it.1.trim_start().starts_with("//"))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files
        .iter()
        .map(|file| {
            let path = file.strip_prefix(&root).expect("below src").display().to_string();
            let path = path.replace('\\', "/");
            let module = path.split(['/', '.']).next().unwrap_or_default().to_owned();
            let text = fs::read_to_string(file).expect("sources are text");
            let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            Source { path, module, text }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is there").flatten() {
        match entry.path() {
            it if it.is_dir() => collect(&it, files),
            it if it.extension().is_some_and(|it| it == "rs") => files.push(it),
            _ => {}
        }
    }
}

/// Every line of `sources` that has one of `words`.
fn lines_with<'a>(sources: impl Iterator<Item = &'a Source>, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for (number, line) in source.lines() {
            if words.iter().any(|it| line.contains(it)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    found
}

fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_module_uses_only_modules_above_it() {
    let sources = sources();
    let mut found = Vec::new();
    for (rank, module) in ORDER.iter().enumerate() {
        let below: Vec<String> = ORDER[rank + 1..].iter().map(|it| format!("{it}::")).collect();
        let own = sources.iter().filter(|it| it.module == *module);
        for source in own {
            for (number, line) in imports_of_crate(&source.text) {
                if below.iter().any(|it| starts_a_path(&line, it)) {
                    found.push(format!("{}:{number}: {line}", source.path));
                }
            }
        }
    }
    assert_none(&found);
}

/// The lines that lie in a `use crate::..`, and all others that say `crate::`.
fn imports_of_crate(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        inside |= line.starts_with("use crate::");
        if inside || line.contains("crate::") {
            lines.push((index + 1, line.trim().to_owned()));
        }
        if line.ends_with(';') {
            inside = false;
        }
    }
    lines
}

fn starts_a_path(line: &str, module: &str) -> bool {
    line.starts_with(module) || line.contains(&format!("crate::{module}"))
}

#[test]
fn the_map_names_every_module_in_its_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
    let text = fs::read_to_string(root).expect("lib.rs is there");
    let map: Vec<&str> =
        text.lines().filter_map(|it| it.strip_prefix("//! | [`")?.split('`').next()).collect();
    assert_eq!(map, ORDER);
    let mut declared: Vec<&str> =
        text.lines().filter_map(|it| it.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    declared.sort_by_key(|it| ORDER.iter().position(|other| other == it));
    assert_eq!(declared, ORDER);
}

#[test]
fn only_some_modules_touch_the_world() {
    let sources = sources();
    let pure = sources
        .iter()
        .filter(|it| ORDER[..9].contains(&it.module.as_str()) && it.module != "workspace");
    let world =
        ["std::fs", "std::env", "std::process", "std::time", "std::io", "Command::new", "fs::read"];
    assert_none(&lines_with(pure, &world));
}

#[test]
fn only_the_report_the_server_and_the_reading_of_projects_know_json() {
    let sources = sources();
    let reads_projects = ["workspace/metadata.rs", "workspace/described.rs"];
    let knows = |it: &Source| {
        matches!(it.module.as_str(), "report" | "lsp") || reads_projects.contains(&it.path.as_str())
    };
    let others = sources.iter().filter(|it| !knows(it));
    assert_none(&lines_with(others, &["serde_json::"]));
}

#[test]
fn rules_see_facts_and_no_database() {
    let sources = sources();
    let rules = sources.iter().filter(|it| it.path.starts_with("rules/"));
    assert_none(&lines_with(rules, &["ra_ap_hir", "ra_ap_ide_db::RootDatabase", "salsa"]));
}

#[test]
fn nothing_panics_on_purpose() {
    let sources = sources();
    let found = lines_with(
        sources.iter(),
        &[".unwrap()", "panic!(", "todo!(", "unimplemented!(", "unreachable!(", "process::exit"],
    );
    assert_none(&found);
    // An `expect` states what always holds, in words.
    let all = lines_with(sources.iter(), &[".expect("]);
    let unworded = |it: &&String| !it.contains(".expect(\"") || it.matches(' ').count() < 4;
    let unworded: Vec<String> = all.iter().filter(unworded).cloned().collect();
    assert_none(&unworded);
}

#[test]
fn files_stay_short_and_open_with_a_sentence() {
    for source in sources() {
        assert!(source.text.starts_with("//! "), "{} opens with a sentence", source.path);
        let length = source.text.lines().count();
        assert!(
            length <= 450,
            "{} has {length} lines: would it be easier to live in as two?",
            source.path
        );
    }
}
