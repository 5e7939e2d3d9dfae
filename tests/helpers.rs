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
        .env("ASYNC_FIX_CACHE_DIR", folder.path().join("cache"))
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
        writeln!(app, "pub async fn asks_ring{index}(on: bool) -> u8 {{ ring{index}(on) }}")
            .unwrap();
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

const CONFIG: &str = "[package]\nname = \"conf\"\nversion = \"1.0.0\"\nedition = \"2024\"\n";

/// Where cargo puts what it has fetched, and so what nobody edits.
const FETCHED: &str = "registry/src/index/conf-1.0.0";

fn with_dependency(source: &str, app: &str) -> TempDir {
    let member = format!(
        "[package]\nname = \"app\"\nedition = \"2024\"\n\n[dependencies]\nconf = {{ path = \"../{FETCHED}\" }}\n"
    );
    project(&[
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"app\"]\nexclude = [\"registry\"]\n",
        ),
        ("app/Cargo.toml", &member),
        ("app/src/lib.rs", app),
        (&format!("{FETCHED}/Cargo.toml"), CONFIG),
        (&format!("{FETCHED}/src/lib.rs"), source),
    ])
}

#[test]
fn what_a_dependency_does_each_time_counts() {
    let conf = "\
pub struct Config(pub String);

impl Config {
    pub fn load(path: &str) -> std::io::Result<Config> {
        if path.is_empty() {
            return Err(std::io::ErrorKind::NotFound.into());
        }
        Ok(Config(text(path)?))
    }

    pub fn get(&mut self, path: &str) -> &str {
        if self.0.is_empty() {
            self.0 = text(path).unwrap_or_default();
        }
        &self.0
    }

    pub fn cached(self, path: &str) -> String {
        if !self.0.is_empty() {
            return self.0;
        }
        text(path).unwrap_or_default()
    }

    pub fn or(self, path: &str) -> bool {
        self.0.is_empty() || text(path).is_ok()
    }

    pub async fn later(path: &str) -> std::io::Result<String> {
        text(path)
    }

    pub fn elsewhere(path: String) {
        std::thread::spawn(move || text(&path));
    }
}

fn text(path: &str) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}
";
    let app = "\
use conf::Config;

pub async fn handler() -> bool {
    let mut config = Config::load(\"a\").unwrap();
    config.get(\"b\").len() > 3 && Config(String::new()).or(\"d\") || config.cached(\"c\").is_empty()
}

pub async fn other() -> bool {
    Config::elsewhere(String::new());
    Config::later(\"a\").await.is_ok() && mine()
}

fn mine() -> bool {
    std::hint::black_box(false) && Config::load(\"a\").is_ok()
}
";
    let folder = with_dependency(conf, app);
    let expected = "\
app/src/lib.rs:4:22: blocking-fs [ ] `Config::load` blocks the runtime worker: it calls `text`, which calls `std::fs::read_to_string`
app/src/lib.rs:10:41: blocking-fs [ ] `mine` blocks the runtime worker: it calls `Config::load`, which comes to call `std::fs::read_to_string`
";
    assert_eq!(found(&folder, &[]), expected);
}

#[test]
fn what_fetched_dependencies_do_is_kept() {
    let conf = "pub fn load() -> Vec<u8> {\n    std::fs::read(\"a\").unwrap_or_default()\n}\n";
    let app = "pub async fn handler() -> bool {\n    conf::load().is_empty()\n}\n";
    let folder = with_dependency(conf, app);
    let cache = folder.path().join("cache");
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_async-fix"))
            .args(arguments)
            .current_dir(folder.path())
            .env("ASYNC_FIX_CACHE_DIR", &cache)
            .env("ASYNC_FIX_STATE_DIR", folder.path().join("state"))
            .output()
            .unwrap();
        assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let look = || run(&["--output-format", "json"]);
    let first = look();
    assert!(
        first.contains("`load` blocks the runtime worker: it calls `std::fs::read`"),
        "{first}"
    );
    assert_eq!(look(), first);
    // Nobody edits what cargo has fetched; who does it all the same shows that it is not read again.
    let source = folder.path().join(FETCHED).join("src/lib.rs");
    fs::write(&source, conf.replace("std::fs::read(\"a\").unwrap_or_default()", "Vec::new()"))
        .unwrap();
    assert_eq!(look(), first);
    let files = || {
        let versions = fs::read_dir(cache.join("functions")).unwrap();
        let files = versions.flat_map(|it| fs::read_dir(it.unwrap().path()).unwrap());
        files.map(|it| it.unwrap().path()).collect::<Vec<_>>()
    };
    assert!(!files().is_empty());
    for file in files() {
        fs::write(file, "functions = 1").unwrap();
    }
    assert!(!look().contains("`load`"));
    fs::write(&source, conf).unwrap();
    run(&["clean"]);
    assert!(!cache.join("functions").exists());
    assert_eq!(look(), first);
}
