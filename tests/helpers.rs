//! What stands between async code and the call that blocks: functions of other files and packages, many of them.

use std::{fmt::Write, fs, process::Command};

use tempfile::TempDir;

const MEMBERS: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"house\"]\n";
const APP: &str = "[package]\nname = \"app\"\nedition = \"2024\"\n\n[dependencies]\nhouse = { path = \"../house\" }\n";
const HOUSE: &str = "[package]\nname = \"house\"\nedition = \"2024\"\n";

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The findings, one a line.
fn found(folder: &TempDir, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_async-fix"))
        .args(["--output-format", "concise"])
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    assert!(!said.contains("internal error"), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_helper_of_another_package_and_what_is_said_of_it() {
    let house = "\
pub fn load() -> Vec<u8> {
    std::fs::read(\"a\").unwrap_or_default()
}

// async-fix: non-blocking -- it is a pipe that always has something in it
pub fn next() -> Vec<u8> {
    std::fs::read(\"b\").unwrap_or_default()
}

pub fn quick() -> bool {
    std::path::Path::new(\"c\").exists()
}

pub fn wait() {}
";
    let app = "\
pub async fn handler() -> bool {
    house::wait();
    house::load() == house::next() && house::quick()
}
";
    let rows = "\
[[knowledge]]
crate = \"house\"
item = [
    { path = \"house::quick\", non-blocking = true },
    { path = \"house::wait\", blocks = \"timer\" },
]
";
    let folder = project(&[
        ("Cargo.toml", MEMBERS),
        ("async-fix.toml", rows),
        ("app/Cargo.toml", APP),
        ("app/src/lib.rs", app),
        ("house/Cargo.toml", HOUSE),
        ("house/src/lib.rs", house),
    ]);
    let expected = "\
app/src/lib.rs:2:5: blocking-sleep [ ] `house::wait` blocks the runtime worker
app/src/lib.rs:3:5: blocking-fs [ ] `load` blocks the runtime worker: it calls `std::fs::read`
";
    assert_eq!(found(&folder, &[]), expected);
}

/// Thousands of functions behind one call cost little, neither in a row nor in a ring.
#[test]
fn a_long_chain_and_a_large_ring_end() {
    let mut app = String::new();
    for index in (0..2000).step_by(100) {
        writeln!(app, "pub async fn asks{index}() -> u8 {{ chain{index}() }}").unwrap();
    }
    for index in 0..2000 {
        let next = index + 1;
        writeln!(app, "fn chain{index}() -> u8 {{ chain{next}() }}").unwrap();
    }
    writeln!(app, "fn chain2000() -> u8 {{ std::fs::read(\"a\").map_or(0, |it| it[0]) }}").unwrap();
    for index in 0..500 {
        let next = (index + 1) % 500;
        writeln!(app, "fn ring{index}(on: bool) -> u8 {{ if on {{ ring{next}(on) }} else {{ side{index}() }} }}").unwrap();
        writeln!(
            app,
            "fn side{index}() -> u8 {{ {} }}",
            if index == 250 { "chain1999()" } else { "1" }
        )
        .unwrap();
    }
    for index in [0, 250, 251] {
        writeln!(app, "pub async fn asks_ring{index}() -> u8 {{ ring{index}(true) }}").unwrap();
    }
    let folder = project(&[
        ("Cargo.toml", &MEMBERS.replace(", \"house\"", "")),
        ("app/Cargo.toml", &APP.replace("house = { path = \"../house\" }\n", "")),
        ("app/src/lib.rs", &app),
    ]);
    let found = found(&folder, &[]);
    assert_eq!(found.lines().count(), 23, "{found}");
    let says = |it: &str| assert!(found.contains(it), "{it} is not in\n{found}");
    says(
        "`chain0` blocks the runtime worker: it calls `chain1`, which comes to call `std::fs::read`",
    );
    says(
        "`ring251` blocks the runtime worker: it calls `ring252`, which comes to call `std::fs::read`",
    );
    says(
        "`ring250` blocks the runtime worker: it calls `side250`, which comes to call `std::fs::read`",
    );
}
