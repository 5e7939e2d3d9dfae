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
    shipped(CONFIG, source, app)
}

/// A project and what cargo has fetched for it.
fn shipped(manifest: &str, source: &str, app: &str) -> TempDir {
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
        (&format!("{FETCHED}/Cargo.toml"), manifest),
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

    pub fn answered(&self) -> bool {
        let line = std::io::stdin().lines().next().is_some();
        text(\"e\").is_ok() && line
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

/// Of all that it waits for, the nearest is told.
pub async fn third(config: &Config) -> bool {
    config.answered()
}

fn mine() -> bool {
    std::hint::black_box(false) && Config::load(\"a\").is_ok()
}
";
    let folder = with_dependency(conf, app);
    let expected = "\
app/src/lib.rs:4:22: blocking-fs [ ] `Config::load` blocks the runtime worker: it calls `text`, which calls `std::fs::read_to_string`
app/src/lib.rs:10:41: blocking-fs [ ] `mine` blocks the runtime worker: it calls `Config::load`, which comes to call `std::fs::read_to_string`
app/src/lib.rs:15:5: blocking-io [ ] `Config::answered` blocks the runtime worker: it calls `std::io::Stdin::lines`
";
    assert_eq!(found(&folder, &[]), expected);
}

#[test]
fn what_fetched_dependencies_do_is_kept() {
    let conf = "pub fn load() -> Vec<u8> {\n    std::fs::read(\"a\").unwrap_or_default()\n}\n";
    let app = "pub async fn handler() -> bool {\n    conf::load().is_empty()\n}\n";
    let folder = with_dependency(conf, app);
    let cache = folder.path().join("cache");
    let kept = cache.join("async-fix/functions");
    // Whatever else lies there is not ours to remove.
    let others = cache.join("functions/file");
    fs::create_dir_all(&others).unwrap();
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
    let sometimes = "let _ = false.then(|| std::fs::read(\"a\"));\n    Vec::new()";
    fs::write(&source, conf.replace("std::fs::read(\"a\").unwrap_or_default()", sometimes))
        .unwrap();
    assert_eq!(look(), first);
    let files = || {
        let versions = fs::read_dir(&kept).unwrap();
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
    assert!(!kept.exists());
    assert!(others.exists());
    assert_eq!(look(), first);
}

#[test]
fn a_dependency_says_what_its_functions_do() {
    let manifest = format!(
        "\
{CONFIG}
[[package.metadata.async-fix.knowledge]]
crate = \"conf\"
item = [
    {{ path = \"conf::query\", blocks = \"disk\" }},
    {{ path = \"conf::load\", non-blocking = true }},
    {{ path = \"conf::qurey\", blocks = \"database\" }},
    {{ path = \"conf::query\", blocks = \"database\" }},
    {{ path = \"conf::wait\", blocks = \"database\" }},
]

[[package.metadata.async-fix.knowledge]]
crate = \"std\"
item = [{{ path = \"std::fs::read\" }}]
"
    );
    let conf = "\
pub fn query() {}
pub fn wait() {}
pub fn load() -> Vec<u8> {
    std::fs::read(\"a\").unwrap_or_default()
}
";
    let app = "\
pub async fn handler() -> bool {
    conf::query();
    conf::wait();
    conf::load().is_empty() || std::fs::read(\"a\").is_ok()
}
";
    let folder = shipped(&manifest, conf, app);
    let rows = "\
[[knowledge]]
crate = \"conf\"
item = [{ path = \"conf::wait\", blocks = \"timer\" }]
";
    fs::write(folder.path().join("async-fix.toml"), rows).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_async-fix"))
        .args(["--output-format", "concise"])
        .current_dir(folder.path())
        .env("ASYNC_FIX_CACHE_DIR", folder.path().join("cache"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let warnings: Vec<_> = said.lines().filter_map(|it| it.strip_prefix("warning: ")).collect();
    assert_eq!(
        warnings,
        [
            "conf-1.0.0/Cargo.toml:18: `conf` says what the crate `std` does, which is not its own; that does not count",
            "conf-1.0.0/Cargo.toml:11: there is nothing at `conf::qurey`",
            "conf-1.0.0/Cargo.toml:12: `conf::query` has a row at conf-1.0.0/Cargo.toml:9 already; this one counts",
        ]
    );
    let expected = "\
app/src/lib.rs:2:5: blocking-call [ ] `conf::query` blocks the runtime worker
app/src/lib.rs:3:5: blocking-sleep [ ] `conf::wait` blocks the runtime worker
app/src/lib.rs:4:32: blocking-fs [ ] `std::fs::read` blocks the runtime worker
";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn a_closure_that_a_function_only_calls_runs_right_there() {
    let lib = "\
fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let result = work();
    println!(\"{name}\");
    result
}

fn elsewhere(work: impl FnOnce() + Send + 'static) {
    std::thread::spawn(move || work());
}

struct Clock;

impl Clock {
    fn timed(&self, times: usize, work: impl Fn()) {
        (0..times).for_each(|_| ());
        work()
    }

    fn perhaps(&self, work: impl Fn()) {
        stored(work)
    }
}

fn stored(_: impl Fn()) {}

pub async fn handler() -> bool {
    elsewhere(|| drop(std::fs::read(\"a\")));
    Clock.timed(3, || drop(std::fs::read(\"b\")));
    Clock::timed(&Clock, 3, || drop(std::fs::read(\"c\")));
    Clock.perhaps(|| drop(std::fs::read(\"d\")));
    timed(\"e\", || std::fs::read(\"e\").is_ok())
}
";
    let folder = project(&[
        ("Cargo.toml", "[package]\nname = \"app\"\nedition = \"2024\"\n\n[workspace]\n"),
        ("src/lib.rs", lib),
    ]);
    let expected = "\
src/lib.rs:28:28: blocking-fs [ ] `std::fs::read` blocks the runtime worker
src/lib.rs:29:37: blocking-fs [ ] `std::fs::read` blocks the runtime worker
src/lib.rs:31:19: blocking-fs [ ] `std::fs::read` blocks the runtime worker
";
    assert_eq!(found(&folder, &[]), expected);
}

/// An application on the runtime of actix, which hands on some of tokio.
#[test]
fn what_a_framework_hands_on_of_its_runtime_is_used() {
    let app = "\
use std::time::Duration;

async fn page(name: String) -> Vec<u8> {
    std::thread::sleep(Duration::from_millis(1));
    std::fs::read(name).unwrap_or_default()
}

#[actix_rt::main]
async fn main() {
    let _ = actix_rt::spawn(page(String::new())).await;
}
";
    let folder = project(&[
        (
            "Cargo.toml",
            "[package]\nname = \"app\"\nedition = \"2024\"\n\n[dependencies]\nactix-rt = \"2\"\n\n[workspace]\n",
        ),
        ("src/main.rs", app),
    ]);
    let patch = Command::new(env!("CARGO_BIN_EXE_async-fix"))
        .args(["--dry-run", "--unsafe-fixes", "--verify", "none"])
        .current_dir(folder.path())
        .env("ASYNC_FIX_CACHE_DIR", folder.path().join("cache"))
        .output()
        .unwrap();
    let patch = String::from_utf8(patch.stdout).unwrap();
    let added: Vec<_> = patch.lines().filter_map(|it| it.strip_prefix("+    ")).collect();
    assert_eq!(
        added,
        [
            "actix_rt::time::sleep(Duration::from_millis(1)).await;",
            "actix_rt::task::spawn_blocking(move || std::fs::read(name)).await.expect(\"the blocking call panicked\").unwrap_or_default()",
        ],
        "{patch}"
    );
}
