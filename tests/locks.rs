//! A lock that becomes asynchronous wherever it is used: in all files of its package, in one step that compiles.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

const MANIFEST: &str = "\
[package]
name = \"house\"
edition = \"2024\"

[dependencies]
tokio = { version = \"1\", features = [\"rt-multi-thread\", \"macros\", \"time\"] }

[workspace]
";

const STORE: &str = "\
use std::sync::{Arc, Mutex, MutexGuard};

pub type Shared = Arc<Mutex<Store>>;

#[derive(Default)]
pub struct Store {
    pub names: Vec<String>,
}

pub fn shared() -> Shared {
    Arc::new(Mutex::new(Store::default()))
}

pub async fn add(store: Shared, name: &str) {
    let mut store = store.lock().unwrap();
    store.names.push(name.to_owned());
    tokio::task::yield_now().await;
    tidy(&mut store);
}

fn tidy(store: &mut MutexGuard<'_, Store>) {
    store.names.dedup();
}
";

const MAIN: &str = "\
mod store;

use std::sync::Mutex;

static OTHER: Mutex<u32> = Mutex::new(0);

#[tokio::main]
async fn main() {
    let store = store::shared();
    store::add(store.clone(), \"one\").await;
    *OTHER.lock().unwrap() += 1;
    let counting = store.clone();
    let count = tokio::task::spawn_blocking(move || counting.lock().unwrap().names.len());
    println!(\"{} {}\", count.await.unwrap(), store.lock().unwrap().names.len());
}
";

struct Project(TempDir);

impl Project {
    fn of(files: &[(&str, &str)]) -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = project.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
        for arguments in [&["init", "-q"][..], &["add", "-A"], &["commit", "-qm", "start"]] {
            let mut git = Command::new("git");
            git.args(identity).args(arguments).current_dir(project.0.path());
            assert!(git.status().unwrap().success());
        }
        project
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_async-fix"))
            .args(arguments)
            .current_dir(self.0.path())
            // What is built of tokio serves all tests.
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify"))
            .env("ASYNC_FIX_STATE_DIR", self.0.path().join("target/state"))
            .output()
            .unwrap()
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.0.path().join(path)).unwrap()
    }
}

#[test]
fn a_lock_changes_in_all_files_at_once_and_compiles() {
    let project =
        Project::of(&[("Cargo.toml", MANIFEST), ("src/main.rs", MAIN), ("src/store.rs", STORE)]);
    let output = project.run(&["--apply", "--unsafe-fixes"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));

    let store = STORE
        .replace("use std::sync::{Arc, Mutex, MutexGuard};", "use std::sync::Arc;")
        .replace("Arc<Mutex<Store>>", "Arc<tokio::sync::Mutex<Store>>")
        .replace("(Mutex::new", "(tokio::sync::Mutex::new")
        .replace("&mut MutexGuard", "&mut tokio::sync::MutexGuard")
        .replace("lock().unwrap()", "lock().await");
    assert_eq!(project.text("src/store.rs"), store);
    let main = MAIN
        .replace("counting.lock().unwrap()", "counting.blocking_lock()")
        .replace("store.lock().unwrap()", "store.lock().await");
    assert_eq!(project.text("src/main.rs"), main);
    assert!(project.text("Cargo.toml").contains("\"sync\""));
}

#[test]
fn a_lock_stays_that_a_doctest_or_an_unknown_macro_names() {
    let doctest = STORE
        .replace("pub fn shared", "/// `Mutex::new(Store::default())`, shared.\npub fn shared");
    let makro = STORE.to_owned() + "\nunknown! { Mutex<Store> }\n";
    for (store, why) in [
        (doctest, "an example of the documentation names it"),
        (makro, "a macro that is not expanded names it"),
    ] {
        let files = [("Cargo.toml", MANIFEST), ("src/main.rs", MAIN), ("src/store.rs", &store)];
        let project = Project::of(&files);
        let output = project.run(&["--unsafe-fixes"]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
