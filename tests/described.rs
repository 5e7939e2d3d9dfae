//! Projects that cargo does not build: a `rust-project.json` describes them, here with real crates and real `std`.

use std::{collections::HashMap, process::Command};

use serde_json::{Value, json};

#[path = "lsp/client.rs"]
mod client;
#[path = "shared/project.rs"]
mod project;

use client::{Client, capabilities, uri};
use project::{Project, succeed};

const MANIFEST: &str = "[package]\nname = \"app\"\nedition = \"2024\"\n\n[dependencies]\ntokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"time\"] }\n";
const MAIN: &str = "\
mod part;

use std::time::Duration;

#[tokio::main]
async fn main() {
    let _ = tokio::spawn(part::first(\"a\".to_owned())).await;
    tokio::select! {
        _ = part::second() => std::thread::sleep(Duration::from_millis(1)),
        else => {}
    }
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn sleeps() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}
";
const PART: &str = "\
pub async fn first(path: String) -> usize {
    std::fs::read(path).map_or(0, |it| it.len())
}

pub async fn second() {
    helper::wait();
    std::thread::sleep(std::time::Duration::from_millis(2));
}
";
const HELPER: &str =
    "pub fn wait() {\n    std::thread::sleep(std::time::Duration::from_millis(3));\n}\n";

/// The crates that a package depends on, as cargo has resolved them, each after those that it depends on itself.
fn crates(project: &Project) -> Vec<Value> {
    let host = succeed(Command::new("rustc").args(["--print", "host-tuple"]));
    let host = String::from_utf8(host.stdout).unwrap();
    let mut cargo = project.command(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--filter-platform", host.trim()]);
    let metadata: Value = serde_json::from_slice(&succeed(&mut cargo).stdout).unwrap();
    let list = |it: &Value| it.as_array().unwrap().clone();
    let packages: HashMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|it| (it["id"].to_string(), it)).collect();
    let library = |package: &Value| {
        let kinds = |it: &Value| list(&it["kind"]);
        let is_library = |it: &Value| kinds(it).iter().any(|it| it == "lib" || it == "proc-macro");
        list(&package["targets"]).into_iter().find(is_library)
    };
    let nodes: Vec<(Value, Value, Value)> = list(&metadata["resolve"]["nodes"])
        .into_iter()
        .filter_map(|node| {
            let package = packages[&node["id"].to_string()].clone();
            let library = library(&package).filter(|_| !package["source"].is_null())?;
            Some((node, package, library))
        })
        .collect();
    let index = |id: &Value| nodes.iter().position(|it| it.0["id"] == *id);
    let described = nodes.iter().map(|(node, package, library)| {
        let is_normal = |it: &Value| list(&it["dep_kinds"]).iter().any(|it| it["kind"].is_null());
        let dependencies = list(&node["deps"]).into_iter().filter(is_normal);
        let named = |it: Value| Some(json!({ "crate": index(&it["pkg"])?, "name": it["name"] }));
        let features = list(&node["features"]);
        let features = features.iter().map(|it| format!("feature={it}"));
        json!({
            "display_name": library["name"],
            "root_module": library["src_path"],
            "edition": library["edition"],
            "version": package["version"],
            "deps": dependencies.filter_map(named).collect::<Vec<_>>(),
            "cfg": features.collect::<Vec<_>>(),
            "is_workspace_member": false,
            "is_proc_macro": list(&library["kind"]).iter().any(|it| it == "proc-macro"),
        })
    });
    described.collect()
}

/// A program, a library that it uses, and somebody else's crate in a folder of the project, as Bazel describes them.
fn description(mut crates: Vec<Value>) -> Value {
    let tokio = crates.iter().position(|it| it["display_name"] == "tokio").unwrap();
    let own = |name: &str, root: &str, is_ours: bool, deps: Vec<(usize, &str)>| {
        let deps: Vec<Value> =
            deps.iter().map(|it| json!({ "crate": it.0, "name": it.1 })).collect();
        json!({
            "display_name": name, "root_module": root, "edition": "2024", "deps": deps,
            "cfg": ["test"], "cfg_groups": ["all"], "is_workspace_member": is_ours, "env": {},
        })
    };
    let first = crates.len();
    crates.push(own("helper", "helper/lib.rs", true, Vec::new()));
    crates.push(own("theirs", "vendored/theirs/lib.rs", false, vec![(tokio, "tokio")]));
    crates.push(own("app", "app/main.rs", true, vec![(tokio, "tokio"), (first, "helper")]));
    json!({ "crates": crates, "cfg_groups": { "all": ["debug_assertions"] } })
}

/// What lies in it, and what is found there.
fn described(change: impl FnOnce(&mut Value)) -> Project {
    let built_by_cargo = Project::new(&[("Cargo.toml", MANIFEST), ("src/lib.rs", "")]);
    let mut description = description(crates(&built_by_cargo));
    change(&mut description);
    let theirs = "pub async fn nap() {\n    std::thread::sleep(std::time::Duration::ZERO);\n}\n";
    let project = Project::new(&[
        ("rust-project.json", &description.to_string()),
        ("app/main.rs", MAIN),
        ("app/part.rs", PART),
        ("helper/lib.rs", HELPER),
        ("vendored/theirs/lib.rs", theirs),
    ]);
    project.git(&["init", "-q"]);
    project.commit();
    project
}

#[test]
fn findings_are_those_of_cargo() {
    let project = described(|_| ());
    let said = project.run(&["--output-format", "concise"]);
    assert_eq!(
        said.lines(),
        [
            "app/main.rs:9:31: blocking-sleep [*] `std::thread::sleep` blocks the thread that drives this task",
            "app/part.rs:2:5: blocking-fs [*] `std::fs::read` blocks the runtime worker",
            "app/part.rs:6:5: blocking-sleep [!] `wait` blocks the runtime worker: it calls `std::thread::sleep`",
            "app/part.rs:7:5: blocking-sleep [*] `std::thread::sleep` blocks the runtime worker",
        ],
        "{}",
        said.stderr
    );
    assert_eq!(said.status, Some(1));
    // The same code, built by cargo.
    let manifest = format!("{MANIFEST}helper = {{ path = \"../helper\" }}\n");
    let cargo = Project::committed(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"app\", \"helper\"]\nresolver = \"3\"\n"),
        ("app/Cargo.toml", &format!("{manifest}\n[[bin]]\nname = \"app\"\npath = \"main.rs\"\n")),
        ("app/main.rs", MAIN),
        ("app/part.rs", PART),
        (
            "helper/Cargo.toml",
            "[package]\nname = \"helper\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n",
        ),
        ("helper/lib.rs", HELPER),
    ]);
    assert_eq!(cargo.run(&["--output-format", "concise"]).stdout, said.stdout);
    // One crate, by its name; and what is configured beside it.
    assert_eq!(project.run(&["-p", "helper", "--output-format", "concise"]).stdout, "");
    project.write("app/async-fix.toml", "ignore = [\"blocking-sleep\"]\n");
    assert_eq!(project.run(&["--output-format", "concise"]).lines().len(), 1);
}

#[test]
fn what_cargo_cannot_do_is_said() {
    let project = described(|_| ());
    let said = project.run(&["--apply"]);
    let note =
        "note: cargo does not build this project, so the fixes are verified by analysis alone\n";
    assert!(said.stderr.contains(note), "{}", said.stderr);
    // The feature is off, and there is no manifest to turn it on in.
    let skipped = "it needs the feature `fs` of `tokio`: turn it on where that is built, by hand";
    let verbose = project.run(&["--dry-run", "--verbose"]);
    assert!(verbose.stderr.contains(skipped), "{}", verbose.stderr);
    assert!(project.text("app/part.rs").contains("std::fs::read"));
    assert!(project.text("app/part.rs").contains("tokio::time::sleep"));
    assert!(project.text("app/main.rs").contains("=> tokio::time::sleep"));
    project.run(&["undo"]);
    assert_eq!(project.text("app/part.rs"), PART);
    project
        .run(&["--features", "a"])
        .refuses("`rust-project.json` says which features are on: no flag changes it");
}

#[test]
fn features_that_are_on_are_known() {
    let project = described(|it| {
        let crates = it["crates"].as_array_mut().unwrap();
        let tokio = crates.iter_mut().find(|it| it["display_name"] == "tokio").unwrap();
        tokio["cfg"].as_array_mut().unwrap().push(json!("feature=\"fs\""));
    });
    project.run(&["--apply"]);
    let text = project.text("app/part.rs");
    assert!(text.contains("tokio::fs::read(path).await.map_or"), "{text}");
}

#[test]
fn one_that_is_named_counts_more_than_a_manifest() {
    let project = described(|_| ());
    project.write("Cargo.toml", "[workspace]\nmembers = []\n");
    assert_eq!(project.run(&["--output-format", "concise"]).stdout, "");
    let named = ["--manifest-path", "rust-project.json", "--output-format", "concise"];
    assert_eq!(project.run(&named).lines().len(), 4);
    let part = project.path("app/part.rs");
    let mut client = Client::start(&[project.root()], capabilities("vscode"), &named[..2]);
    client.open(&part);
    assert_eq!(client.found(&part).len(), 3);
    assert_eq!(client.shutdown(), Some(0));
}

#[test]
fn nothing_that_it_names_is_run() {
    let project = described(|it| {
        it["sysroot"] = json!("toolchain");
        it["runnables"] =
            json!([{ "program": "toolchain/bin/rustc", "args": [], "cwd": ".", "kind": "check" }]);
    });
    let ran = project.path("ran");
    let script = format!("#!/bin/sh\necho > '{}'\nexit 1\n", ran.display());
    for program in ["rustc", "cargo"] {
        let program = format!("toolchain/bin/{program}");
        project.write(&program, &script);
        succeed(Command::new("chmod").arg("+x").arg(project.path(&program)));
    }
    let said = project.run(&["--output-format", "concise"]);
    assert_eq!(said.lines().len(), 4, "{}", said.stderr);
    assert!(!ran.exists());
}

#[test]
fn one_that_cannot_be_read_is_told_of() {
    let project = Project::new(&[("rust-project.json", "{ \"crates\": [{}] }")]);
    let path = project.root().canonicalize().unwrap().join("rust-project.json");
    let said = project.run(&[]);
    let start = format!("error: `{}` cannot be read: missing field", path.display());
    assert!(said.stderr.starts_with(&start), "{}", said.stderr);
    assert_eq!(said.status, Some(2));
    let dangling = json!({ "crates": [{
        "root_module": "a.rs", "edition": "2024", "deps": [{ "crate": 7, "name": "b" }],
    }] });
    project.write("rust-project.json", &dangling.to_string());
    let sentence = "there is no crate 7, which `b` is to be";
    project.run(&[]).refuses(&format!("`{}` cannot be read: {sentence}", path.display()));
}

#[test]
fn an_editor_is_served() {
    let project = described(|_| ());
    let part = project.path("app/part.rs");
    let mut client = Client::start(&[project.root()], capabilities("vscode"), &[]);
    client.open(&part);
    assert_eq!(client.found(&part).len(), 3);
    let actions = client.actions(&part, "std::thread::sleep", &["quickfix"]);
    let edit = client.resolve(&actions[0]).unwrap();
    client.apply(&edit);
    assert!(client.text(&part).contains("tokio::time::sleep"), "{}", client.text(&part));
    assert_eq!(client.found(&part).len(), 2);
    // It is written anew, by whoever knows how the project is built.
    let mut description: Value = serde_json::from_str(&project.text("rust-project.json")).unwrap();
    let crates = description["crates"].as_array_mut().unwrap();
    crates.last_mut().unwrap()["is_workspace_member"] = json!(false);
    project.write("rust-project.json", &description.to_string());
    let path = project.path("rust-project.json");
    let changed = json!({ "changes": [{ "uri": uri(&path), "type": 2 }] });
    client.notify("workspace/didChangeWatchedFiles", changed);
    client.wait("the new description", |it| it.found(&part).is_empty().then_some(()));
    assert_eq!(client.shutdown(), Some(0));
}
