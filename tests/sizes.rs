//! How large futures are, as `async-fix sizes` says it and as the compiler makes them.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use serde_json::Value;

#[path = "shared/project.rs"]
mod project;

use project::Project;

const MANIFEST: &str = "[package]\nname = \"app\"\nedition = \"2024\"\n";

/// Each function is about something else that decides what a future keeps.
const LIB: &str = r#"
pub struct Noisy([u8; 100]);

impl Drop for Noisy {
    fn drop(&mut self) {}
}

pub async fn pause() {}

pub fn look<T>(_: &T) {}

pub fn condition() -> bool {
    true
}

pub async fn nothing_kept() {
    let buffer = [0u8; 1000];
    look(&buffer.len());
    pause().await;
}

pub async fn kept() -> u8 {
    let buffer = [0u8; 1000];
    pause().await;
    buffer[3]
}

pub async fn borrowed_before() {
    let buffer = [0u8; 1000];
    look(&buffer);
    pause().await;
}

pub async fn in_a_block() {
    {
        let buffer = [0u8; 1000];
        look(&buffer);
    }
    pause().await;
}

pub async fn argument(buffer: [u8; 500]) {
    pause().await;
    look(&buffer);
}

pub async fn unused_argument(_buffer: [u8; 500]) {
    pause().await;
}

pub async fn dropped_at_the_end(noisy: Noisy) {
    pause().await;
    look(&noisy.0[0]);
}

pub async fn moved_on_one_way(noisy: Noisy) {
    if condition() {
        drop(noisy);
    }
    pause().await;
}

pub async fn one_after_the_other() -> u8 {
    let first = kept().await;
    let second = borrowed_before_and_kept().await;
    first + second
}

pub async fn borrowed_before_and_kept() -> u8 {
    let buffer = [0u8; 2000];
    look(&buffer);
    pause().await;
    buffer[7]
}

pub async fn in_a_loop() {
    let mut sum = 0u64;
    for part in [Noisy([0; 100]), Noisy([1; 100])] {
        pause().await;
        sum += u64::from(part.0[0]);
    }
    look(&sum);
}

pub async fn temporaries() {
    match (Noisy([0; 100]), 1u32) {
        (_, 0) => {}
        _ => pause().await,
    }
}

pub enum Mode {
    Any,
    Given(String),
}

pub async fn look_later(mode: &Mode) {
    pause().await;
    look(mode);
}

pub async fn borrowed_from_nobody() {
    // The compiler keeps it where constants are, though another variant of it would have to be dropped.
    look_later(&Mode::Any).await;
    look_later(&Mode::Given(String::new())).await;
}

pub async fn pinned() {
    {
        let first = std::pin::pin!(unused_argument([0; 500]));
        first.await;
        std::pin::pin!(unused_argument([1; 500])).await;
    }
    pause().await;
}

pub async fn boxed() {
    Box::pin(borrowed_before_and_kept()).await;
}

pub async fn in_an_option() {
    let mut future = Some(Box::pin(kept()));
    if let Some(it) = future.take() {
        it.await;
    }
    look(&future);
}

#[derive(Default)]
pub struct Request {
    pub inbox: Option<String>,
    pub payload: Option<Vec<u8>>,
    pub headers: Option<Vec<String>>,
    pub text: String,
}

/// A note for each part that is gone on some ways.
pub async fn part_by_part(request: Request) {
    if let Some(inbox) = request.inbox {
        pause().await;
        match request.headers {
            Some(headers) => look(&headers),
            None => look(&inbox),
        }
    } else {
        let payload = request.payload.unwrap_or_default();
        pause().await;
        look(&payload);
    }
    pause().await;
}

/// What is dropped at the end may panic, when what is returned has been moved already.
pub async fn returned_with_something_left(noisy: Noisy) -> (Noisy, String) {
    let text = String::from("a");
    let other = Request::default();
    look(&other);
    pause().await;
    (noisy, text)
}

pub async fn with_the_rest_of_another() -> Request {
    let request = Request { text: String::from("a"), ..Request::default() };
    pause().await;
    request
}

pub async fn borrowed_in_a_branch(request: &Request) {
    let first = if condition() { &Noisy([0; 100]) } else { &Noisy([1; 100]) };
    let second = match &request.inbox {
        Some(_) => &request.text,
        None => &String::from("c"),
    };
    pause().await;
    look(&(first, second));
}

/// The sum may be too large, and what is taken apart afterwards is there until then.
pub async fn after_a_sum(request: Request, number: u64) {
    let next = number + 1;
    let Request { inbox, payload, headers, text } = request;
    pause().await;
    look(&(inbox, payload, headers, text, next));
}

pub struct Borrowing<'a>(pub &'a str);

impl<'a> Borrowing<'a> {
    pub async fn length(&self) -> usize {
        pause().await;
        self.0.len()
    }
}

pub enum Either {
    One(String, u8),
    Other(String, u16),
    Both(Mode, Mode),
}

pub async fn alternatives(either: Either) {
    match either {
        Either::One(text, _) | Either::Other(text, _) => {
            pause().await;
            look(&text);
        }
        Either::Both(Mode::Given(first), Mode::Given(second)) if condition() => {
            pause().await;
            look(&(first, second));
        }
        Either::Both(first, Mode::Any) => {
            pause().await;
            look(&first);
        }
        Either::Both(..) => pause().await,
    }
    pause().await;
}

pub async fn replaced(noisy: Noisy) {
    let mut request = Request::default();
    pause().await;
    request.text = String::from("b");
    if condition() {
        drop((request, noisy));
    }
    pause().await;
}

pub async fn generic<T: Default>() -> T {
    let value = T::default();
    pause().await;
    value
}

pub async fn never_made<T>(value: T) {
    pause().await;
    look(&value);
}

pub async fn of_a_generic_one() {
    look(&generic::<[u16; 32]>().await);
}

pub async fn blocks() {
    let name = String::from("name");
    let block = async move {
        pause().await;
        look(&name);
    };
    block.await;
}

pub trait Work {
    fn work(&self) -> impl Future<Output = u8>;
}

impl Work for Noisy {
    async fn work(&self) -> u8 {
        kept().await
    }
}

pub async fn by_a_trait(noisy: Noisy) -> u8 {
    noisy.work().await
}
"#;

#[test]
fn futures_are_as_large_as_the_compiler_makes_them() {
    let project = Project::committed(&[("Cargo.toml", MANIFEST), ("src/lib.rs", LIB)]);
    let theirs = of_compiler(&project.path("src/lib.rs"));
    let ours = of_async_fix(project.root(), &[]);
    let futures = ours["futures"].as_array().unwrap();
    let is_function = |it: &&Value| !it["name"].as_str().unwrap().starts_with("an async block");
    let expected: BTreeMap<String, u64> = futures
        .iter()
        .filter(is_function)
        .map(|it| (it["name"].as_str().unwrap().to_owned(), it["bytes"].as_u64().unwrap()))
        .collect();
    assert!(futures.iter().all(|it| it["exact"] == true), "{futures:#?}");
    assert_eq!(expected, theirs);
    assert!(theirs.len() > 15, "{theirs:?}");
    // One of them is made with a type for its parameter.
    assert_eq!(ours["generic"], 1);
    // The largest comes first, with what makes it so.
    assert_eq!(futures[0]["name"], "one_after_the_other");
    assert_eq!(futures[0]["parts"][0]["future"]["name"], "borrowed_before_and_kept");
    assert!(futures[0]["debug_stack_bytes"].as_u64().unwrap() > 2 * expected["kept"]);
}

/// The rules by which futures are laid out belong to a compiler, and `pin!` and the types of std to its sources.
#[test]
fn each_toolchain_that_is_here_agrees() {
    let project = Project::committed(&[("Cargo.toml", MANIFEST), ("src/lib.rs", LIB)]);
    for toolchain in toolchains_with_sources() {
        let theirs = of_compiler_of(Some(&toolchain), &project.path("src/lib.rs"));
        let output = Command::new(env!("CARGO_BIN_EXE_async-fix"))
            .args(["sizes", "--top", "1000", "--output-format", "json"])
            .current_dir(project.root())
            .env("RUSTUP_TOOLCHAIN", &toolchain)
            .output()
            .unwrap();
        let ours: Value = serde_json::from_slice(&output.stdout).unwrap();
        let futures = ours["futures"].as_array().unwrap().iter();
        let size = |it: &Value| Some((it["name"].as_str()?.to_owned(), it["bytes"].as_u64()?));
        let mut ours: BTreeMap<String, u64> = futures.filter_map(size).collect();
        ours.retain(|name, _| !name.starts_with("an async block"));
        assert_eq!(ours, theirs, "{toolchain}");
    }
}

/// The toolchains of rustup that have the sources of std beside them.
fn toolchains_with_sources() -> Vec<String> {
    let said = |command: &mut Command| {
        let output = command.output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let names = said(Command::new("rustup").args(["toolchain", "list", "--quiet"]));
    let has_sources = |name: &&str| {
        let sysroot = Command::new("rustc")
            .args(["--print", "sysroot"])
            .env("RUSTUP_TOOLCHAIN", name)
            .output();
        sysroot.is_ok_and(|it| {
            let folder = String::from_utf8_lossy(&it.stdout).trim().to_owned();
            Path::new(&folder).join("lib/rustlib/src/rust/library").is_dir()
        })
    };
    let names = names.unwrap_or_default();
    names.lines().filter(has_sources).map(str::to_owned).collect()
}

#[test]
fn the_text_is_a_tree() {
    let project = Project::committed(&[("Cargo.toml", MANIFEST), ("src/lib.rs", LIB)]);
    let text = run(project.root(), &["--top", "1"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("src/lib.rs:63: one_after_the_other: "), "{text}");
    assert!(lines[1].contains("borrowed_before_and_kept, in `"), "{text}");
    assert!(lines[2].starts_with("        2000  buffer"), "{text}");
    assert!(text.ends_with("Of 1 more the size depends on type parameters.\n"), "{text}");
}

/// A buffer that is nobody's variable, so that nothing but a box makes it small.
const LARGE: &str = r#"
pub async fn pause() {}

pub fn look<T>(_: &T) {}

pub async fn store(buffer: [u8; 20_000]) {
    pause().await;
    look(&buffer);
}

pub async fn twice() {
    store([0; 20_000]).await;
    store([1; 20_000]).await;
}

pub async fn chained(condition: bool) -> u8 {
    let name = String::from("name");
    if condition {
        twice().await;
    }
    store([2; 20_000]).await;
    look(&name);
    1
}

pub async fn top() {
    chained(true).await;
    chained(false).await;
}
"#;

#[test]
fn what_a_box_makes_of_a_future_is_what_was_said() {
    let project = Project::committed(&[("Cargo.toml", MANIFEST), ("src/lib.rs", LARGE)]);
    let said = project.run(&["--select", "large-future"]);
    let is_note = |it: &&str| it.contains("with it, the future of ");
    let notes: Vec<&str> = said.lines().into_iter().filter(is_note).collect();
    // Two in `twice`, one in `chained`, and none for those that await these.
    assert_eq!(notes.len(), 3, "{notes:#?}");
    project.run(&["--select", "large-future", "--apply", "--verify", "none"]);
    let text = project.text("src/lib.rs");
    assert_eq!(text.matches("Box::pin(store(").count(), 3, "{text}");
    let sizes = of_async_fix(project.root(), &[]);
    let size = |name: &str| {
        let mut futures = sizes["futures"].as_array().unwrap().iter();
        futures.find(|it| it["name"] == name).unwrap()["bytes"].as_u64().unwrap()
    };
    let expected = format!("and {} when it is in a box", size("twice"));
    assert!(notes[0].contains(&expected), "{expected}: {notes:#?}");
    let theirs = of_compiler(&project.path("src/lib.rs"));
    for name in ["twice", "chained", "top"] {
        assert_eq!(size(name), theirs[name]);
        assert!(theirs[name] < 16_384);
    }
}

#[test]
fn the_limit_is_what_the_user_says() {
    let settings = r#"
        extend-select = ["large-future"]

        [per-path]
        "src/large.rs" = { rules = { large-future = { limit = 50_000 } } }
    "#;
    let files = [
        ("Cargo.toml", MANIFEST),
        ("async-fix.toml", settings),
        ("src/lib.rs", &format!("pub mod large;\n{LARGE}")),
        ("src/large.rs", LARGE),
    ];
    let project = Project::committed(&files);
    let said = project.run(&["--output-format", "concise"]);
    let found = said.lines().into_iter().filter(|it| it.contains("large-future"));
    let found: Vec<&str> = found.collect();
    assert_eq!(found.len(), 3, "{said:?}");
    assert!(found.iter().all(|it| it.starts_with("src/lib.rs:")), "{said:?}");

    project.write("async-fix.toml", "[rules]\nblocking-fs = { limit = 1 }\n");
    let said = project.run(&[]);
    said.refuses("async-fix.toml:2: `blocking-fs` is not about sizes, and has no limit");
}

const RECURSIVE: &str = r#"
pub async fn pause() {}

pub async fn depth(rest: u32) -> u32 {
    if rest == 0 {
        return 0;
    }
    1 + depth(rest - 1).await
}

pub struct Tree<T> {
    value: T,
    below: Vec<Tree<T>>,
}

impl<T: Copy + Into<u64>> Tree<T> {
    pub async fn sum(&self) -> u64 {
        let mut sum = self.value.into();
        for tree in &self.below {
            // One after the other.
            sum += tree.sum().await;
        }
        sum
    }
}

pub async fn even(number: u32) -> bool {
    number == 0 || odd(number - 1).await
}

pub async fn odd(number: u32) -> bool {
    number != 0 && even(number - 1).await
}

pub async fn boxed(number: u32) -> u32 {
    match number {
        0 => 0,
        _ => Box::pin(boxed(number - 1)).await,
    }
}
"#;

#[test]
fn what_would_hold_itself_is_put_in_a_box() {
    let project = Project::committed(&[("Cargo.toml", MANIFEST), ("src/lib.rs", RECURSIVE)]);
    let select = ["--select", "large-future"];
    let said = project.run(&[&select[..], &["--output-format", "concise"]].concat());
    let places: Vec<&str> =
        said.lines().into_iter().filter(|it| it.contains("hold itself")).collect();
    let lines = ["src/lib.rs:8:9: ", "src/lib.rs:21:20: ", "src/lib.rs:32:20: "];
    assert_eq!(places.len(), lines.len(), "{said:?}");
    assert!(places.iter().zip(lines).all(|(it, line)| it.starts_with(line)), "{places:#?}");
    project.run(&[&select[..], &["--apply", "--verify", "none"]].concat());
    let text = project.text("src/lib.rs");
    assert!(text.contains("    number != 0 && Box::pin(even(number - 1)).await\n"), "{text}");
    // The compiler agrees.
    assert!(of_compiler(&project.path("src/lib.rs")).contains_key("odd"));
}

#[test]
fn the_picture_is_one() {
    let project = Project::committed(&[("Cargo.toml", MANIFEST), ("src/lib.rs", LIB)]);
    let text = run(project.root(), &["--top", "1", "--output-format", "svg"]);
    assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"), "{text}");
    let bars: Vec<&str> = text.lines().filter(|it| it.starts_with("<g>")).collect();
    let widths: Vec<&str> = bars.iter().map(|it| between(it, " width=\"", "\"")).collect();
    // The future itself, and two that it awaits one after the other, each with its buffer.
    assert_eq!(widths, ["1200.0", "1198.8", "1197.6", "600.0", "598.8"], "{text}");
    assert!(bars[0].contains("<title>src/lib.rs:63: one_after_the_other: 2004 bytes"), "{text}");
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before).and_then(|it| it.1.split_once(after)).unwrap().0
}

fn of_async_fix(folder: &Path, arguments: &[&str]) -> Value {
    let all = [&["--top", "1000", "--output-format", "json"], arguments].concat();
    serde_json::from_str(&run(folder, &all)).unwrap()
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_async-fix"))
        .arg("sizes")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The async functions, generic ones with the type that each of them has here, as the compiler itself prints them.
fn of_compiler(file: &Path) -> BTreeMap<String, u64> {
    of_compiler_of(None, file)
}

fn of_compiler_of(toolchain: Option<&str>, file: &Path) -> BTreeMap<String, u64> {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("rustc")
        .envs(toolchain.map(|it| ("RUSTUP_TOOLCHAIN", it)))
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["--edition", "2024", "--crate-type", "lib", "--emit=metadata", "-Zprint-type-sizes"])
        .arg("-o")
        .arg(folder.path().join("lib.rmeta"))
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let of_line = |line: &str| {
        let rest = line.split_once("type: `{async fn body of ")?.1;
        let (name, rest) = rest.split_once("()}`: ")?;
        let bytes = rest.split(' ').next()?.parse().ok()?;
        // `<Noisy as Work>::work`
        let name =
            name.replace("<Noisy as Work>", "Noisy").replace("<[u16; 32]>", "").replace("<'_>", "");
        Some((name, bytes))
    };
    let sizes: BTreeMap<String, u64> = text.lines().filter_map(of_line).collect();
    _ = fs::remove_dir_all(folder);
    sizes
}
