//! A lock that becomes asynchronous wherever it is used: in all files of its package, in one step that compiles.

#[path = "shared/project.rs"]
mod project;

use project::Project;

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

#[test]
fn a_lock_changes_in_all_files_at_once_and_compiles() {
    let project = Project::committed(&[
        ("Cargo.toml", MANIFEST),
        ("src/main.rs", MAIN),
        ("src/store.rs", STORE),
    ]);
    let said = project.run(&["--apply", "--unsafe-fixes"]);
    assert_eq!(said.status, Some(0), "{said:?}");

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
        let project = Project::committed(&files);
        let said = project.run(&["--unsafe-fixes"]);
        assert_eq!(said.status, Some(1), "{said:?}");
        assert!(said.stdout.contains(why), "{said:?}");
    }
}
