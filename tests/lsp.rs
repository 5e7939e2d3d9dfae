//! The language server, as editors use it.

use std::{fs, path::Path};

use serde_json::{Value, json};

#[path = "lsp/client.rs"]
mod client;
#[path = "shared/project.rs"]
mod project;

use client::{Client, capabilities, uri};
use project::Project;

const MANIFEST: &str = "[package]\nname = \"app\"\nedition = \"2024\"\n\n[dependencies]\ntokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"time\"] }\n";
const LIB: &str = "\
mod helper;

use std::{thread, time::Duration};

pub async fn first() {
    /* é🦀 */ thread::sleep(Duration::from_millis(1));
}

pub async fn second() -> u8 {
    thread::sleep(Duration::from_millis(2));
    helper::wait();
    0
}
";
const HELPER: &str =
    "pub(crate) fn wait() {\n    std::thread::sleep(std::time::Duration::from_millis(3));\n}\n";
const SLEEP: &str = "thread::sleep(Duration::from_millis(";

fn app() -> Project {
    Project::committed(&[("Cargo.toml", MANIFEST), ("src/lib.rs", LIB), ("src/helper.rs", HELPER)])
}

fn rules(found: &[(String, String)]) -> Vec<&str> {
    found.iter().map(|it| it.0.as_str()).collect()
}

/// Opens, looks, acts, fixes all, and takes it back: with the capabilities of one editor.
fn works_for(editor: &str, encoding: &str) {
    let project = app();
    let lib = project.path("src/lib.rs");
    let mut client = Client::start(&[project.root()], capabilities(editor), &[]);
    assert_eq!(client.encoding, encoding);
    client.open(&lib);
    let found = client.found(&lib);
    assert_eq!(rules(&found), ["blocking-sleep"; 3], "{found:?}");
    assert!(found[0].1.starts_with("thread::sleep(Duration::from_millis(1"), "{found:?}");

    // One fix, at the trap, behind characters that each encoding counts otherwise.
    let actions = client.actions(&lib, "thread::sleep(Dur", &["quickfix"]);
    assert_eq!(actions[0]["isPreferred"], true, "{actions:#?}");
    assert!(actions.iter().all(|it| it["kind"] == "quickfix"));
    let edit = client.resolve(&actions[0]).unwrap();
    client.apply(&edit);
    let text = client.text(&lib);
    let fixed = "    /* é🦀 */ tokio::time::sleep(Duration::from_millis(1)).await;\n";
    assert!(text.contains(fixed), "{text}");
    assert_eq!(client.found(&lib).len(), 2);

    // Where something was typed above it, the next fix is where the code is now.
    client.edit(&lib, 0..0, "// é🦀\n\n");
    let found = client.found(&lib);
    assert_eq!(found.len(), 2);
    assert!(found[0].1.starts_with("thread::sleep(Duration::from_millis(2"), "{found:?}");

    // All that is safe. The import that nobody uses any more goes along, what is not safe stays.
    let all = client.actions(&lib, "mod helper", &["source.fixAll"]);
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!(all[0]["kind"], "source.fixAll.async-fix");
    let edit = client.resolve(&all[0]).unwrap();
    client.apply(&edit);
    let text = client.text(&lib);
    assert!(text.contains("use std::time::Duration;\n"), "{text}");
    assert!(text.contains("    tokio::time::sleep(Duration::from_millis(2)).await;\n"), "{text}");
    assert!(text.contains("    helper::wait();\n"), "{text}");
    assert_eq!(rules(&client.found(&lib)), ["blocking-sleep"]);

    // As it was, found again.
    client.undo(&lib);
    client.undo(&lib);
    client.undo(&lib);
    assert_eq!(client.text(&lib), LIB);
    assert_eq!(client.found(&lib).len(), 3);
    assert_eq!(client.shutdown(), Some(0));
}

#[test]
fn works_for_vs_code() {
    works_for("vscode", "utf-16");
}

#[test]
fn works_for_helix() {
    works_for("helix", "utf-8");
}

#[test]
fn works_for_an_old_neovim() {
    works_for("neovim", "utf-16");
}

#[test]
fn works_for_eglot() {
    works_for("eglot", "utf-32");
}

#[test]
fn a_fix_spans_files_and_is_never_for_a_text_that_is_gone() {
    let project = app();
    let (lib, helper) = (project.path("src/lib.rs"), project.path("src/helper.rs"));
    let mut client = Client::start(&[project.root()], capabilities("vscode"), &[]);
    client.open(&lib);
    client.open(&helper);
    assert_eq!(client.found(&lib).len(), 3);

    // What is not safe is offered, one at a time, and asks first.
    let actions = client.actions(&lib, "helper::wait", &["quickfix"]);
    let title = |it: &Value| it["title"].as_str().unwrap().to_owned();
    let offered: Vec<String> = actions.iter().map(title).collect();
    let across =
        actions.iter().find(|it| title(it).contains("async") && title(it).contains("not safe"));
    let across = across.unwrap_or_else(|| panic!("{offered:?}")).clone();
    assert_ne!(across["isPreferred"], true);
    let edit = client.resolve(&across).unwrap();
    assert_eq!(edit["documentChanges"].as_array().unwrap().len(), 2, "{edit:#}");
    assert!(edit["changeAnnotations"]["async-fix.unsafe"]["needsConfirmation"] == true);

    // The other file is edited: what was remembered is for another text.
    client.edit(&helper, 0..0, "// new\n");
    let edit = client.resolve(&across).unwrap();
    client.apply(&edit);
    assert!(
        client.text(&helper).starts_with("// new\npub(crate) async fn wait() {"),
        "{}",
        client.text(&helper)
    );
    assert!(client.text(&lib).contains("helper::wait().await;"), "{}", client.text(&lib));

    // An action of a text that is gone has no edit.
    let actions = client.actions(&lib, SLEEP, &["quickfix"]);
    client.replace(&lib, "    0\n", "    1\n");
    let error = client.resolve(&actions[0]).unwrap_err();
    assert_eq!(error["code"], -32801, "{error}");

    // Nor has one of a file that somebody else has written, who said nothing.
    client.undo(&lib);
    client.undo(&lib);
    client.close(&helper);
    let actions = client.actions(&lib, "helper::wait", &["quickfix"]);
    project.write("src/helper.rs", &format!("\n{HELPER}"));
    let across = actions.iter().find(|it| title(it).contains("async")).unwrap();
    let error = client.resolve(across).unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("`src/helper.rs` has changed"), "{error}");
    assert_eq!(client.shutdown(), Some(0));
}

#[test]
fn says_what_it_knows() {
    let project = app();
    let lib = project.path("src/lib.rs");
    let mut client = Client::start(&[project.root()], capabilities("vscode"), &[]);
    client.open(&lib);
    let items = client.diagnostics(&lib);
    let through = items.iter().find(|it| it["message"].as_str().unwrap().contains("wait")).unwrap();
    assert_eq!((&through["source"], &through["severity"]), (&json!("async-fix"), &json!(1)));
    let page = through["codeDescription"]["href"].as_str().unwrap();
    let page = url::Url::parse(page).unwrap().to_file_path().unwrap();
    assert!(std::fs::read_to_string(&page).unwrap().contains("\n# blocking-sleep\n"), "{page:?}");
    let related = through["relatedInformation"].as_array().unwrap();
    let helper = uri(&project.path("src/helper.rs"));
    assert!(related.iter().any(|it| it["location"]["uri"] == json!(helper)), "{through:#}");

    let range = client.at(&lib, "sleep(Duration");
    let it = json!({ "textDocument": { "uri": uri(&lib) }, "position": range["start"] });
    let hover = client.request("textDocument/hover", it).unwrap();
    let shown = hover["contents"]["value"].as_str().unwrap();
    assert!(shown.starts_with("**blocking-sleep**: Puts a thread to sleep"), "{shown}");
    assert!(shown.contains("/blocking-sleep.md)"), "{shown}");
    let nowhere = client.at(&lib, "mod helper");
    let it = json!({ "textDocument": { "uri": uri(&lib) }, "position": nowhere["start"] });
    assert_eq!(client.request("textDocument/hover", it).unwrap(), Value::Null);

    // It was busy, and said so.
    let progress: Vec<&Value> =
        client.said("$/progress").iter().map(|it| &it["params"]["value"]["kind"]).collect();
    assert_eq!((progress.first(), progress.last()), (Some(&&json!("begin")), Some(&&json!("end"))));

    // A suppression is written, and heard.
    client.take(&lib, "thread::sleep(Duration::from_millis(2", "Suppress `blocking-sleep`");
    assert!(
        client.text(&lib).contains("    // async-fix: ignore[blocking-sleep]\n"),
        "{}",
        client.text(&lib)
    );
    assert_eq!(client.found(&lib).len(), 2);

    // Nothing is waited for any more that was called off.
    let id = client.ask("textDocument/diagnostic", json!({ "textDocument": { "uri": uri(&lib) } }));
    client.notify("$/cancelRequest", json!({ "id": id.parse::<i32>().unwrap() }));
    match client.answer(&id) {
        Ok(it) => assert_eq!(it["kind"], "full"),
        Err(it) => assert_eq!(it["code"], -32800),
    }
    let error = client.request("textDocument/implementation", json!({})).unwrap_err();
    assert_eq!(error["code"], -32601);
    assert_eq!(client.shutdown(), Some(0));
}

#[test]
fn follows_the_disk_and_the_configuration() {
    let project = app();
    let (lib, helper) = (project.path("src/lib.rs"), project.path("src/helper.rs"));
    let mut client = Client::start(&[project.root()], capabilities("neovim"), &[]);
    client.open(&lib);
    assert_eq!(client.found(&lib).len(), 3);

    // A closed file that another program writes. Whoever cannot watch says so when something is saved.
    let changed = |it: &Path| json!({ "changes": [{ "uri": uri(it), "type": 2 }] });
    fs::write(&helper, "pub(crate) fn wait() {}\n").unwrap();
    client.notify("workspace/didChangeWatchedFiles", changed(&helper));
    client.wait("fewer findings", |it| (it.published[&lib].1.len() == 2).then_some(()));

    project.write("async-fix.toml", "ignore = [\"blocking-sleep\"]\n");
    client.save(&lib);
    client.wait("no findings", |it| it.published[&lib].1.is_empty().then_some(()));
    project.write("async-fix.toml", "ignroe = []\n");
    client.save(&lib);
    client.wait("a complaint", |it| {
        it.said("window/showMessage")
            .iter()
            .any(|it| it.to_string().contains("ignroe"))
            .then_some(())
    });
    project.write("async-fix.toml", "");
    client.save(&lib);
    client.wait("findings again", |it| (it.published[&lib].1.len() == 2).then_some(()));

    // Another dependency: all is read anew.
    project.write("Cargo.toml", &MANIFEST.replace("\"time\"", "\"time\", \"fs\""));
    client.save(&lib);
    client.replace(&lib, "    0\n", "    std::fs::read(\"a\").map_or(0, |it| it[0])\n");
    let rules = |it: &Client| -> Vec<String> {
        it.published[&lib].1.iter().map(|it| it["code"].as_str().unwrap().to_owned()).collect()
    };
    client.wait("the disk", |it| (rules(it).last()? == "blocking-fs").then_some(()));
    assert_eq!(client.shutdown(), Some(0));
}

#[test]
fn applies_everything_on_command_and_serves_several_folders() {
    let (one, two) = (app(), app());
    let folders = [one.root(), two.root()];
    let mut client = Client::start(&folders, capabilities("helix"), &[]);
    let (first, second) = (one.path("src/lib.rs"), two.path("src/lib.rs"));
    client.open(&first);
    client.open(&second);
    assert_eq!(client.found(&first).len(), 3);
    assert_eq!(client.found(&second).len(), 3);
    client.close(&second);

    let command = json!({ "command": "async-fix.applyAll" });
    client.request("workspace/executeCommand", command).unwrap();
    let text = client.text(&first);
    assert_eq!(text.matches("    tokio::time::sleep(").count(), 1, "{text}");
    assert_eq!(text.matches("tokio::time::sleep(").count(), 2, "{text}");
    assert_eq!(client.found(&first).len(), 1);
    assert_eq!(two.text("src/lib.rs"), LIB);
    let unknown = json!({ "command": "async-fix.nothing" });
    assert_eq!(client.request("workspace/executeCommand", unknown).unwrap_err()["code"], -32602);
    // Nobody is left to serve.
    assert_eq!(client.go(), Some(1));
}

#[test]
fn a_project_that_cannot_be_read_is_no_end() {
    let project = app();
    project.write("Cargo.toml", "[package\n");
    let lib = project.path("src/lib.rs");
    let mut client = Client::start(&[project.root()], capabilities("vscode"), &[]);
    client.open(&lib);
    assert_eq!(client.diagnostics(&lib), Vec::<Value>::new());
    assert!(!client.said("window/showMessage").is_empty());
    project.write("Cargo.toml", MANIFEST);
    let changed = json!({ "changes": [{ "uri": uri(&project.path("Cargo.toml")), "type": 2 }] });
    client.notify("workspace/didChangeWatchedFiles", changed);
    client.wait("an invitation to ask again", |it| (it.refreshes > 0).then_some(()));
    assert_eq!(client.found(&lib).len(), 3);
    assert_eq!(client.shutdown(), Some(0));
}

#[test]
fn a_dropped_future_is_logged_where_somebody_points_at_it() {
    let manifest = MANIFEST
        .replace("\"time\"", "\"time\", \"io-util\", \"macros\"")
        .replace("\"macros\", ", "");
    let lib = "\
use tokio::io::{AsyncRead, AsyncReadExt};

pub async fn four(mut from: impl AsyncRead + Unpin) -> std::io::Result<[u8; 4]> {
    let mut frame = [0; 4];
    tokio::select! {
        read = from.read_exact(&mut frame) => println!(\"{}\", read?),
        _ = rest() => {}
    }
    Ok(frame)
}

async fn rest() {
    tokio::spawn(async { rest_a_little().await });
}

async fn rest_a_little() {}
";
    let project = Project::committed(&[("Cargo.toml", &manifest), ("src/lib.rs", lib)]);
    let path = project.path("src/lib.rs");
    let mut client = Client::start(&[project.root()], capabilities("vscode"), &[]);
    client.open(&path);
    assert_eq!(client.found(&path), []);
    let log = "Log when it is dropped before it is done";
    let offered = |client: &mut Client, needle: &str, only: &[&str]| {
        let actions = client.actions(&path, needle, only);
        actions.iter().map(|it| it["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };

    // Where no future is made, or somebody asks for something else, there is nothing of it.
    assert_eq!(offered(&mut client, "[0; 4];", &[]), [""; 0]);
    assert_eq!(offered(&mut client, "rest()", &["quickfix"]), [""; 0]);
    assert_eq!(offered(&mut client, "rest()", &["source.fixAll"]), [""; 0]);
    assert_eq!(offered(&mut client, "rest()", &["refactor"]), [log]);

    client.take(&path, "rest()", log);
    client.take(&path, "rest_a_little()", log);
    let text = client.text(&path);
    let rest = "        _ = cancel_debug::CancelDebug::new(\"rest\", rest()) => {}\n";
    let little = "cancel_debug::CancelDebug::new(\"rest_a_little\", rest_a_little()).await";
    assert!(text.contains(rest) && text.contains(little), "{text}");
    assert_eq!(text.matches("mod cancel_debug {").count(), 1);
    assert_eq!(client.found(&path), []);

    // It is taken out as a whole, wherever somebody points at a part of it.
    client.take(&path, "rest())", "Take out all wrappers of the crate");
    assert_eq!(client.text(&path), lib);
    assert_eq!(client.shutdown(), Some(0));
}

#[test]
fn what_is_safe_is_applied_and_no_more() {
    for (configured, rewritten) in
        [("unsafe-fixes = true\n", 2), ("extend-safe-fixes = [\"blocking-sleep\"]\n", 3)]
    {
        let project = app();
        project.write("async-fix.toml", configured);
        let lib = project.path("src/lib.rs");
        let mut client = Client::start(&[project.root()], capabilities("vscode"), &[]);
        client.open(&lib);
        assert_eq!(client.found(&lib).len(), 3);
        let all = client.actions(&lib, "mod helper", &["source.fixAll"]);
        let edit = client.resolve(&all[0]).unwrap();
        client.apply(&edit);
        assert_eq!(client.text(&lib).matches(".await;").count(), rewritten, "{configured}");
        let is_theirs = project.text("src/helper.rs") == HELPER;
        assert_eq!(is_theirs, rewritten == 2, "{configured}");
        assert_eq!(client.shutdown(), Some(0));
    }
}

#[test]
fn folders_come_and_go() {
    let (one, two) = (app(), app());
    let mut client = Client::start(&[one.root()], capabilities("neovim"), &[]);
    let (first, second) = (one.path("src/lib.rs"), two.path("src/lib.rs"));
    client.open(&first);
    assert_eq!(client.found(&first).len(), 3);
    // Nobody has opened that folder.
    client.open(&second);
    let folder = |it: &Project| json!([{ "uri": uri(it.root()), "name": "project" }]);
    let change = json!({ "event": { "added": folder(&two), "removed": folder(&one) } });
    assert!(!client.published.contains_key(&second));
    client.notify("workspace/didChangeWorkspaceFolders", change);
    client.wait("what is taken back", |it| it.published[&first].1.is_empty().then_some(()));
    client.edit(&second, 0..0, "\n");
    assert_eq!(client.found(&second).len(), 3);
    assert_eq!(client.shutdown(), Some(0));
}

#[test]
fn a_new_lock_file_is_read() {
    let project = app();
    let (lib, lock) = (project.path("src/lib.rs"), project.path("Cargo.lock"));
    let mut client = Client::start(&[project.root()], capabilities("vscode"), &[]);
    client.open(&lib);
    assert_eq!(client.found(&lib).len(), 3);
    let loads = |it: &Client| {
        let progress = it.said("$/progress");
        progress.iter().filter(|it| it["params"]["value"]["kind"] == "begin").count()
    };
    assert_eq!(loads(&client), 1);
    let changed = json!({ "changes": [{ "uri": uri(&lock), "type": 2 }] });
    // Cargo has written it, and it says what it said before.
    client.notify("workspace/didChangeWatchedFiles", changed.clone());
    assert_eq!(client.found(&lib).len(), 3);
    assert_eq!(loads(&client), 1);
    project.write("Cargo.lock", &format!("{}\n", project.text("Cargo.lock")));
    client.notify("workspace/didChangeWatchedFiles", changed);
    client.wait("another look", |it| (loads(it) == 2).then_some(()));
    assert_eq!(client.found(&lib).len(), 3);
    assert_eq!(client.shutdown(), Some(0));
}

#[test]
fn each_request_has_one_answer_to_the_end() {
    let project = app();
    let lib = project.path("src/lib.rs");
    let mut client = Client::start(&[project.root()], capabilities("vscode"), &[]);
    client.open(&lib);
    // Long before anything is known.
    let about = json!({ "textDocument": { "uri": uri(&lib) } });
    let (one, other) = (
        client.ask("textDocument/diagnostic", about.clone()),
        client.ask("textDocument/diagnostic", about.clone()),
    );
    client.notify("$/cancelRequest", json!({ "id": one.parse::<i32>().unwrap() }));
    assert_eq!(client.answer(&one).unwrap_err()["code"], -32800);
    assert_eq!(client.answer(&other).unwrap()["items"].as_array().unwrap().len(), 3);
    client.request("shutdown", Value::Null).unwrap();
    assert_eq!(client.request("textDocument/diagnostic", about).unwrap_err()["code"], -32600);
    client.notify("exit", Value::Null);
    assert_eq!(client.go(), Some(0));
}
