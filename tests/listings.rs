//! Programs of the kind that articles show: every call in them is known, nothing in them is reported, and blocking
//! calls that are planted in them are found and repaired wherever they stand.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use async_fix::{
    config::ProjectRequest,
    facts::{
        body::BodyFacts,
        functions::{self, Mentions},
    },
    finding::Coverage,
    knowledge::{self, resolve::Known},
    workspace::Workspace,
};

fn listings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listings")
}

#[test]
fn every_call_is_known() {
    let request = ProjectRequest { start: listings(), ..ProjectRequest::default() };
    let workspace = Workspace::load(&request, &|_| ()).expect("the listings load");
    let rows = knowledge::shipped().expect("the rows parse");
    let coverage = ra_ap_hir::attach_db(workspace.db(), || {
        let known = Known::resolve(workspace.db(), &rows);
        let mut coverage = Coverage::default();
        for target in workspace.targets() {
            for it in functions::candidates(&workspace, &known, &Mentions::Everywhere, target) {
                let body = BodyFacts::new(&workspace, &known, it.function, it.entered);
                async_fix::facts::unseen::add_body(&body, &mut coverage);
            }
        }
        coverage
    });
    assert_eq!(coverage.unresolved_calls.into_iter().collect::<Vec<_>>(), Vec::<String>::new());
    assert!(coverage.calls > 60, "{} calls", coverage.calls);
}

/// File, what stands there, and what is planted in its place. Each plants one call that blocks, or as many as it says.
const PLANTED: [(&str, &str, &str); 18] = [
    // A statement.
    (
        "lent_future",
        "let _guard = lock.lock().await;\n    sleep(",
        "std::thread::sleep(Duration::from_millis(1));\n    let _guard = lock.lock().await;\n    sleep(",
    ),
    // An argument of `println!`.
    (
        "lent_future",
        "println!(\"{name} waits\");",
        "println!(\"{name} waits {}\", std::path::Path::new(name).exists());",
    ),
    // In the future of a branch of `select!`, and in a handler.
    (
        "lent_future",
        "_ = sleep(Duration::from_millis(500)) => {",
        "_ = async { std::thread::sleep(Duration::from_millis(5)) } => {",
    ),
    (
        "lent_future",
        "println!(\"now the second\");",
        "std::thread::sleep(Duration::from_millis(5));",
    ),
    (
        "lent_future",
        "count.leading_zeros()",
        "count + std::fs::read(\"count\").map_or(0, |it| it.len() as u32)",
    ),
    // In `join!`, tokio's and the other one.
    (
        "lent_future",
        "async { \"d\".len() }",
        "async { std::fs::read(\"d\").unwrap_or_default().len() }",
    ),
    (
        "lent_future",
        "use_lock(\"a\", lock.clone()), use",
        "async { std::thread::sleep(Duration::from_millis(1)); 1u32 }, use",
    ),
    // In the middle of a chain, in an async block in a closure.
    (
        "port_scan",
        "println!(\"{address} on {:?}\", thread::current().id());",
        "let own = std::fs::read_to_string(\"own\").unwrap_or_default().trim().len();\n                println!(\"{address} {own} on {:?}\", thread::current().id());",
    ),
    // As the head of `match`, `if`, `while` and of `let else`.
    (
        "port_scan",
        "    open.sort_unstable();",
        "    tokio::spawn(async {});\n    match std::fs::metadata(\"a\") {\n        Ok(it) => println!(\"{}\", it.len()),\n        Err(it) => println!(\"{it}\"),\n    }\n    open.sort_unstable();",
    ),
    (
        "port_scan",
        "    println!(\"{open:?}\");",
        "    if std::path::Path::new(\"b\").is_file() {\n        println!(\"{open:?}\");\n    }",
    ),
    (
        "cancel_log",
        "    println!(\"started\");",
        "    while !std::path::Path::new(\"start\").exists() {\n        tokio::task::yield_now().await;\n    }",
    ),
    (
        "cancel_log",
        "    println!(\"ended\");",
        "    let Ok(text) = std::fs::read_to_string(\"c\") else { return };\n    println!(\"{text}\");",
    ),
    // Nested calls, each of them blocking.
    (
        "streams",
        "    println!(\"{}\", numbers.len());",
        "    std::fs::write(\"to\", std::fs::read(\"from\")?)?;",
    ),
    // In a stream that yields, before a `?`, and as what is yielded.
    (
        "streams",
        "            yield upper.trim().to_owned();",
        "            std::fs::create_dir_all(&upper)?;\n            yield std::fs::read_to_string(upper.trim())?;",
    ),
    (
        "streams",
        "            tokio::time::sleep(Duration::from_millis(10)).await;",
        "            std::thread::sleep(Duration::from_millis(10));",
    ),
    // In the field of a struct, and as the last expression.
    (
        "streams",
        "async fn print_all()",
        "pub struct Read {\n    text: String,\n}\n\nasync fn read() -> io::Result<Read> {\n    Ok(Read { text: std::fs::read_to_string(\"text\")? })\n}\n\nasync fn remove() -> io::Result<()> {\n    std::fs::remove_file(\"text\")\n}\n\nasync fn print_all()",
    ),
    // By a short name, and in a `return`.
    (
        "streams",
        "fn check(text",
        "use std::fs as disk;\n\nasync fn copy() -> io::Result<u64> {\n    return disk::copy(\"a\", \"b\");\n}\n\nfn check(text",
    ),
    // Waiting for a future.
    (
        "lent_future",
        "use_lock(\"second\", lock.clone()).await;",
        "tokio::runtime::Handle::current().block_on(use_lock(\"second\", lock.clone()));",
    ),
];

/// How many blocking calls the texts above plant.
const CALLS: usize = 21;

#[test]
fn planted_calls_are_found_and_repaired() {
    let folder = tempfile::tempdir().expect("a folder");
    let project = folder.path();
    copy(&listings(), project);
    for (file, before, planted) in PLANTED {
        let path = project.join(format!("src/{file}.rs"));
        let text = fs::read_to_string(&path).expect("a listing");
        assert_eq!(text.matches(before).count(), 1, "{file} has once: {before}");
        fs::write(&path, text.replace(before, planted)).expect("a listing can be written");
    }
    // Planted calls block, and compile.
    cargo_check(project);

    let found = async_fix(project, &["--output-format", "concise"]);
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    assert_eq!(found.lines().count(), CALLS, "\n{found}");
    let unfixed: Vec<&str> = found.lines().filter(|it| it.contains("[ ]")).collect();
    assert!(unfixed.is_empty(), "\n{}", unfixed.join("\n"));

    async_fix(project, &["--apply", "--unsafe-fixes", "--allow-no-vcs"]);
    cargo_check(project);
    let left = async_fix(project, &["--output-format", "concise"]);
    assert_eq!(String::from_utf8_lossy(&left.stdout), "");
    assert_eq!(left.status.code(), Some(0));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("src")).expect("a folder");
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(from.join(file), to.join(file)).expect(file);
    }
    for entry in fs::read_dir(from.join("src")).expect("listings").flatten() {
        fs::copy(entry.path(), to.join("src").join(entry.file_name())).expect("a listing");
    }
}

fn async_fix(project: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_async-fix"));
    let output = command
        .args(arguments)
        .current_dir(project)
        .env("ASYNC_FIX_STATE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"))
        .output()
        .expect("async-fix runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    output
}

fn cargo_check(project: &Path) {
    let output = Command::new("cargo")
        .args(["check", "--quiet", "--locked"])
        .current_dir(project)
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
