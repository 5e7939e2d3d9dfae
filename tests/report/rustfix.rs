//! `rustfix`, which is what `cargo fix` applies suggestions with, does with ours what `--apply` does.

use std::collections::{BTreeMap, HashSet};

use rustfix::{Filter, Suggestion};
use serde_json::Value;

use crate::project::Project;

const MANIFEST: &str = "\
[package]
name = \"nap\"
edition = \"2024\"

[dependencies]
tokio = { version = \"1\", features = [\"rt\", \"time\", \"fs\"] }

[workspace]
";

const LIB: &str = "\
pub mod bom;
pub mod windows;

pub async fn nap(ä: &str) -> usize {
    let é = \"äöü🦀\"; std::thread::sleep(std::time::Duration::from_millis(1));
    let text = std::fs::read_to_string(ä).unwrap_or_default();
\tlet more = std::fs::read(std::path::Path::new(ä).join(é)); std::fs::remove_file(\"🦀\").ok();
    text.len() + more.map_or(0, |it| it.len())
}
";

const WINDOWS: &str = "pub async fn copy() {\r\n    let _ = std::fs::copy(\r\n        \"ä\",\r\n        \"b\",\r\n    );\r\n    std::thread::sleep(std::time::Duration::from_millis(1));\r\n}\r\n";

const BOM: &str = "\u{feff}pub async fn rest() {\n    std::thread::sleep(std::time::Duration::from_millis(1));\n}\n";

const FILES: [(&str, &str); 3] =
    [("src/lib.rs", LIB), ("src/windows.rs", WINDOWS), ("src/bom.rs", BOM)];

fn project(manifest: &str) -> Project {
    Project::new(&[&FILES[..], &[("Cargo.toml", manifest)]].concat())
}

/// By file, what `cargo fix` would apply.
fn suggestions(project: &Project) -> BTreeMap<String, Vec<Suggestion>> {
    let said = project.run(&["-q", "--output-format", "rustc-json"]);
    assert_eq!(said.status, Some(1), "{said:?}");
    let lines = said.lines().into_iter().map(|it| serde_json::from_str::<Value>(it).unwrap());
    let messages: Vec<String> =
        lines.filter_map(|it| Some(it.get("message")?.to_string())).collect();
    let all = HashSet::new();
    let found = rustfix::get_suggestions_from_json(
        &messages.join("\n"),
        &all,
        Filter::MachineApplicableOnly,
    );
    let mut by_file: BTreeMap<String, Vec<Suggestion>> = BTreeMap::new();
    for suggestion in found.unwrap() {
        by_file.entry(suggestion.snippets[0].file_name.clone()).or_default().push(suggestion);
    }
    by_file
}

#[test]
fn rustfix_writes_what_apply_writes() {
    let project = project(MANIFEST);
    let suggestions = suggestions(&project);
    assert_eq!(suggestions.values().map(Vec::len).sum::<usize>(), 7);
    let by_rustfix = FILES
        .map(|(file, text)| (file, rustfix::apply_suggestions(text, &suggestions[file]).unwrap()));
    let said = project.run(&["--apply", "-q", "--allow-no-vcs", "--verify", "none"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    for (file, text) in by_rustfix {
        assert_eq!(project.text(file), text, "{file}");
    }
}

/// A replacement in a source file cannot say that a manifest has to change too.
#[test]
fn rustfix_leaves_alone_what_needs_a_feature() {
    let project = project(&MANIFEST.replace(", \"time\"", ""));
    let suggestions = suggestions(&project);
    assert_eq!(suggestions.values().map(Vec::len).sum::<usize>(), 4);
    assert!(!suggestions.contains_key("src/bom.rs"));
}
