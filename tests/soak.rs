//! A long day in an editor: random edits, saves, undos and requests, after which all is as in a fresh start.
//!
//! `cargo test` does a part of it; `ASYNC_FIX_HEAVY=1 cargo test --test soak` does 10,000 of each day.

use std::{
    env,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

#[path = "lsp/client.rs"]
mod client;
#[path = "shared/project.rs"]
mod project;

use client::{Client, PATIENCE, capabilities, uri};
use project::Project;

const MANIFEST: &str = "[package]\nname = \"app\"\nedition = \"2024\"\n\n[dependencies]\ntokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"time\", \"sync\", \"fs\"] }\n";
const LIB: &str = "\
mod helper;
mod state;

use std::{thread, time::Duration};

pub async fn first() {
    /* é🦀 */ thread::sleep(Duration::from_millis(1));
    helper::wait();
}

pub async fn second(path: &str) -> usize {
    // async-fix: ignore[blocking-fs] -- it is small
    let text = std::fs::read_to_string(path).unwrap_or_default();
    thread::sleep(Duration::from_millis(2));
    text.len() + helper::load(path)
}
";
const HELPER: &str = "\
pub(crate) fn wait() {
    std::thread::sleep(std::time::Duration::from_millis(3));
}

pub(crate) fn load(path: &str) -> usize {
    read(path)
}

fn read(path: &str) -> usize {
    std::fs::read(path).map_or(0, |it| it.len())
}
";
const STATE: &str = "\
use std::sync::Mutex;

pub struct State {
    count: Mutex<u64>,
}

impl State {
    pub async fn count(&self) -> u64 {
        let mut count = self.count.lock().unwrap();
        *count += 1;
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        crate::helper::wait();
        *count
    }
}
";
/// What is typed.
const TYPED: [&str; 16] = [
    "é🦀",
    "\n",
    "\r\n",
    "{",
    "}",
    "\"",
    "let x = 1;\n",
    "async ",
    ".await",
    "pub fn typed() {}\n",
    "std::thread::sleep(std::time::Duration::from_millis(4));\n",
    "let _ = std::fs::read(\"a\");\n",
    "// async-fix: ignore[blocking-sleep]\n",
    "use std::fs;\n",
    "helper::wait();\n",
    "/*",
];

/// Numbers that are the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % end.max(1)
    }
}

struct Day {
    client: Client,
    files: Vec<(PathBuf, &'static str)>,
    edits: Vec<usize>,
    chance: Chance,
}

impl Day {
    fn step(&mut self) {
        let index = self.chance.below(self.files.len());
        let (path, original) = self.files[index].clone();
        match self.chance.below(24) {
            0..=7 => {
                let new = TYPED[self.chance.below(TYPED.len())];
                let at = self.boundary(&path);
                self.edit(index, at..at, new);
            }
            8..=10 => {
                let (a, b) = (self.boundary(&path), self.chance.below(20));
                let text = self.client.text(&path);
                let b = (a + b..=text.len()).find(|it| text.is_char_boundary(*it)).unwrap_or(a);
                self.edit(index, a..b, "");
            }
            11..=13 => {
                if self.edits[index] > 0 {
                    self.edits[index] -= 1;
                    self.client.undo(&path);
                }
            }
            14 => {
                let all = 0..self.client.text(&path).len();
                self.edit(index, all, original);
            }
            15 => self.client.save(&path),
            16..=18 => {
                let it = json!({ "textDocument": { "uri": uri(&path) } });
                self.ask("textDocument/diagnostic", it);
            }
            19 => {
                let at = self.position(&path);
                let it = json!({ "textDocument": { "uri": uri(&path) }, "position": at });
                self.ask("textDocument/hover", it);
            }
            20 => std::thread::sleep(Duration::from_millis(450)),
            21 => self.act(index, &["source.fixAll.async-fix"]),
            _ => self.act(index, &["quickfix"]),
        }
        self.client.pump();
    }

    /// Takes something that is offered somewhere.
    fn act(&mut self, index: usize, only: &[&str]) {
        let path = self.files[index].0.clone();
        let at = self.position(&path);
        let range = json!({ "start": at, "end": at });
        let it = json!({ "uri": uri(&path) });
        let context = json!({ "diagnostics": [], "only": only });
        let offered = self.ask(
            "textDocument/codeAction",
            json!({ "textDocument": it, "range": range, "context": context }),
        );
        let offered = offered.and_then(|it| it.as_array().cloned()).unwrap_or_default();
        if offered.is_empty() {
            return;
        }
        let action = offered[self.chance.below(offered.len())].clone();
        let Some(resolved) = self.ask("codeAction/resolve", action) else { return };
        let before: Vec<String> = self.files.iter().map(|it| self.client.text(&it.0)).collect();
        self.client.apply(&resolved["edit"]);
        for (index, before) in before.iter().enumerate() {
            if self.client.text(&self.files[index].0) != *before {
                self.edits[index] += 1;
            }
        }
    }

    /// The answer. There may be none for a text that is gone, but never because something broke.
    fn ask(&mut self, method: &str, parameters: Value) -> Option<Value> {
        match self.client.request(method, parameters) {
            Ok(it) => Some(it),
            Err(error) => {
                let allowed = [-32801, -32803].map(|it| json!(it));
                assert!(allowed.contains(&error["code"]), "{method}: {error}");
                None
            }
        }
    }

    fn edit(&mut self, index: usize, range: std::ops::Range<usize>, new: &str) {
        self.edits[index] += 1;
        self.client.edit(&self.files[index].0.clone(), range, new);
    }

    fn boundary(&mut self, path: &Path) -> usize {
        let text = self.client.text(path);
        let at = self.chance.below(text.len() + 1);
        (at..=text.len()).find(|it| text.is_char_boundary(*it)).unwrap_or(0)
    }

    fn position(&mut self, path: &Path) -> Value {
        let at = self.boundary(path);
        self.client.range(path, at..at)["start"].clone()
    }

    /// What is found in each file.
    fn found(&mut self) -> Vec<Vec<String>> {
        let of = |client: &mut Client, path: &Path| -> Vec<String> {
            client.diagnostics(path).iter().map(Value::to_string).collect()
        };
        self.files.clone().iter().map(|it| of(&mut self.client, &it.0)).collect()
    }
}

#[test]
fn a_long_day() {
    let (rounds, steps) =
        if env::var_os("ASYNC_FIX_HEAVY").is_some() { (40, 250) } else { (2, 125) };
    let project = Project::committed(&[
        ("Cargo.toml", MANIFEST),
        ("src/lib.rs", LIB),
        ("src/helper.rs", HELPER),
        ("src/state.rs", STATE),
    ]);
    let files = [("src/lib.rs", LIB), ("src/helper.rs", HELPER), ("src/state.rs", STATE)];
    let files: Vec<_> = files.map(|it| (project.path(it.0), it.1)).into();
    let start = || Client::start(&[project.root()], capabilities("vscode"), &[]);
    let mut client = start();
    files.iter().for_each(|it| client.open(&it.0));
    let mut day = Day { client, edits: vec![0; files.len()], files, chance: Chance(0x5eed_cafe) };
    assert!(!day.found()[0].is_empty());
    let mut memory = Vec::new();
    for round in 0..rounds {
        (0..steps).for_each(|_| day.step());
        // Something is to be found at the end, too.
        let (lib, original) = day.files[0].clone();
        let all = 0..day.client.text(&lib).len();
        day.edit(0, all, original);
        memory.push(day.client.memory());
        let mut fresh = start();
        for (path, _) in &day.files {
            fresh.open_as(path, &day.client.text(path));
        }
        let files = day.files.clone();
        let mut fresh = Day { client: fresh, files, edits: Vec::new(), chance: Chance(1) };
        // What texts mean for functions in other files is known after a pause, in both.
        std::thread::sleep(Duration::from_millis(600));
        let end = Instant::now() + PATIENCE;
        while day.found() != fresh.found() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(200));
        }
        let expected = fresh.found();
        assert!(!expected[0].is_empty());
        let texts: Vec<String> = day.files.iter().map(|it| day.client.text(&it.0)).collect();
        assert_eq!(day.found(), expected, "round {round} ends with {texts:#?}");
        assert_eq!(fresh.client.shutdown(), Some(0));
        println!("round {round}: {} kB", memory[round]);
    }
    let mut heard = day.client.heard.iter().map(Value::to_string);
    assert_eq!(heard.find(|it| it.contains("internal error")), None);
    // What is asked for the first time is remembered.
    let (first, last) = (memory[0], memory[rounds - 1]);
    println!("{rounds} rounds of {steps} steps, from {first} to {last} kB");
    assert!(last * 10 <= first * 13, "memory grew: {memory:?}");
    assert_eq!(day.client.shutdown(), Some(0));
}
