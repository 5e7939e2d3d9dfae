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

/// Values without a name that are alive in one edition and gone in the other, each with the line where it is said.
const TEMPORARIES: &str = "\
use std::sync::Mutex;

pub async fn otherwise(names: &Mutex<Vec<u32>>) {
    if let Some(it) = names.lock().unwrap().pop() {
        println!(\"{it}\");
    } else {
        tokio::task::yield_now().await;
    }
}

pub async fn again(names: &Mutex<Vec<u32>>) {
    if let Some(it) = names.lock().unwrap().pop() {
        println!(\"{it}\");
    } else {
        names.lock().unwrap().push(1);
    }
}

pub async fn last(names: &Mutex<Vec<u32>>) -> usize {
    let wait = async |count: usize| {
        tokio::task::yield_now().await;
        count
    };
    wait({
        let more = 1;
        names.lock().unwrap().len() + more
    })
    .await
}

pub async fn head(names: &Mutex<Vec<u32>>) {
    while let Some(it) = names.lock().unwrap().pop() {
        println!(\"{it}\");
        tokio::task::yield_now().await;
    }
}
";

#[test]
fn values_without_a_name_live_as_long_as_the_edition_says() {
    let everywhere = ["src/main.rs:32:26: guard-across-await"];
    let before_2024 = [
        "src/main.rs:4:23: guard-across-await",
        "src/main.rs:15:9: lock-deadlock",
        "src/main.rs:26:9: guard-across-await",
    ];
    for (edition, more) in [("2024", &[][..]), ("2021", &before_2024)] {
        let manifest = MANIFEST.replace("2024", edition);
        let main = format!("{TEMPORARIES}\nfn main() {{}}\n");
        let project = Project::committed(&[("Cargo.toml", &manifest), ("src/main.rs", &main)]);
        let said = project.run(&["--output-format", "concise"]);
        let found = said.stdout.lines().filter(|it| it.starts_with("src/"));
        let places: Vec<&str> = found.filter_map(|it| it.split_once(" [").map(|it| it.0)).collect();
        let mut expected: Vec<&str> = everywhere.iter().chain(more).copied().collect();
        expected
            .sort_unstable_by_key(|it| it.split(':').nth(1).and_then(|it| it.parse::<u32>().ok()));
        assert_eq!(places, expected, "in edition {edition}: {said:?}");
    }
}

#[test]
fn a_lock_that_tells_is_suggested_where_the_crate_has_it() {
    let main = "\
use tokio::sync::Mutex;

pub struct Account {
    money: Mutex<(i64, i64)>,
}

pub async fn give(account: &Account, amount: i64) {
    let mut money = account.money.lock().await;
    money.0 -= amount;
    tokio::task::yield_now().await;
    money.1 += amount;
}

#[tokio::main]
async fn main() {
    let account = Account { money: Mutex::new((1, 0)) };
    let _ = tokio::time::timeout(std::time::Duration::ZERO, give(&account, 1)).await;
}
";
    let plain = MANIFEST.replace("\"time\"", "\"time\", \"sync\"");
    let more = plain.replace("[workspace]", "cancel-safe-futures = \"0.1.5\"\n\n[workspace]");
    for (manifest, is_suggested) in [(&plain, false), (&more, true)] {
        let project = Project::committed(&[("Cargo.toml", manifest), ("src/main.rs", main)]);
        let said = project.run(&["--select", "async-guard-across-await"]);
        assert!(said.stdout.contains("leaves it half done"), "{said:?}");
        let fix = "Make it a `RobustMutex`, which tells whoever comes next";
        assert_eq!(said.stdout.contains(fix), is_suggested, "{said:?}");
        let applied =
            project.run(&["--apply", "--unsafe-fixes", "--select", "async-guard-across-await"]);
        assert!(!project.text("src/main.rs").contains("RobustMutex"), "{applied:?}");
    }
}

/// What waits for the guard tells how bad it is: a borrow and a guard in the main future of a runtime, which no other task
/// runs beside, are warnings; what blocks a worker, or hangs on one thread, is an error.
#[test]
fn a_guard_is_as_bad_as_what_waits_for_it() {
    let main = "\
use std::{cell::RefCell, sync::Mutex};

#[tokio::main]
async fn main() {
    let hits = Mutex::new(0);
    let held = hits.lock().unwrap();
    tokio::task::yield_now().await;
    println!(\"{held}\");
    drop(held);
    tokio::join!(count(&hits), borrow(&RefCell::new(0)));
    let add = || async {
        let held = hits.lock().unwrap();
        tokio::task::yield_now().await;
        println!(\"{held}\");
    };
    add().await;
}

async fn count(hits: &Mutex<u32>) {
    let held = hits.lock().unwrap();
    tokio::task::yield_now().await;
    println!(\"{held}\");
}

async fn borrow(hits: &RefCell<u32>) {
    let held = hits.borrow();
    tokio::task::yield_now().await;
    println!(\"{held}\");
}

pub async fn both(hits: &Mutex<u32>) {
    tokio::join!(
        async {
            let held = hits.lock().unwrap();
            tokio::task::yield_now().await;
            println!(\"{held}\");
        },
        async { *hits.lock().unwrap() += 1 },
    );
}
";
    let project = Project::committed(&[("Cargo.toml", MANIFEST), ("src/main.rs", main)]);
    let said = project.run(&["--output-format", "json", "--select", "guard-across-await"]);
    let value: serde_json::Value = serde_json::from_str(&said.stdout).unwrap_or_default();
    let findings = value["findings"].as_array().cloned().unwrap_or_default();
    let found = findings.iter().map(|it| {
        let severity = it["severity"].as_str().unwrap_or_default();
        format!("{} {severity}", it["span"]["line"])
    });
    let found: Vec<String> = found.collect();
    assert_eq!(found, ["6 warn", "12 error", "20 error", "26 warn", "34 error"], "{said:?}");
}
