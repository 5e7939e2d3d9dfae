//! Code that another runtime than tokio drives gets the twins of that one, and never tokio's. What is right on several
//! threads only is done where the program has them for certain.

use std::{fs, path::Path, process::Command};

struct Runtime {
    name: &'static str,
    manifest: &'static str,
    file: &'static str,
    before: &'static str,
    after: &'static str,
}

const SMOL: Runtime = Runtime {
    name: "smol",
    manifest: "smol = \"2\"",
    file: "src/lib.rs",
    before: "use std::{fs, path::Path, thread, time::Duration};

pub async fn size(path: &Path) -> std::io::Result<u64> {
    thread::sleep(Duration::from_millis(1));
    let text = fs::read_to_string(path)?;
    fs::set_permissions(path, fs::metadata(path)?.permissions())?;
    Ok(text.len() as u64)
}

pub async fn owner(path: String) -> std::io::Result<()> {
    if Path::new(&path).exists() {
        println!(\"it is there\");
    }
    std::os::unix::fs::chown(path, None, None)
}

pub async fn nap(long: Duration) {
    thread::sleep(long)
}

pub fn start() {
    smol::spawn(async { println!(\"started\") });
}
",
    after: "use std::{path::Path, thread, time::Duration};

pub async fn size(path: &Path) -> std::io::Result<u64> {
    smol::Timer::after(Duration::from_millis(1)).await;
    let text = smol::fs::read_to_string(path).await?;
    smol::fs::set_permissions(path, smol::fs::metadata(path).await?.permissions()).await?;
    Ok(text.len() as u64)
}

pub async fn owner(path: String) -> std::io::Result<()> {
    if smol::unblock({
        let path = path.clone();
        move || Path::new(&path).exists()
    })
    .await {
        println!(\"it is there\");
    }
    smol::unblock(move || std::os::unix::fs::chown(path, None, None)).await
}

pub async fn nap(long: Duration) {
    thread::sleep(long)
}

pub fn start() {
    smol::spawn(async { println!(\"started\") }).detach();
}
",
};

const ASYNC_STD: Runtime = Runtime {
    name: "async-std",
    manifest: "async-std = \"1\"",
    file: "src/lib.rs",
    before: "use std::{fs, thread, time::Duration};

pub async fn size(path: &str) -> std::io::Result<u64> {
    thread::sleep(Duration::from_millis(1));
    let text = fs::read_to_string(path)?;
    Ok(text.len() as u64 + fs::metadata(path)?.len())
}

pub async fn owner(path: String) -> std::io::Result<()> {
    std::os::unix::fs::chown(path, None, None)
}

pub async fn nap(long: Duration) {
    thread::sleep(long)
}
",
    after: "use std::time::Duration;

pub async fn size(path: &str) -> std::io::Result<u64> {
    async_std::task::sleep(Duration::from_millis(1)).await;
    let text = async_std::fs::read_to_string(path).await?;
    Ok(text.len() as u64 + async_std::fs::metadata(path).await?.len())
}

pub async fn owner(path: String) -> std::io::Result<()> {
    async_std::task::spawn_blocking(move || std::os::unix::fs::chown(path, None, None)).await
}

pub async fn nap(long: Duration) {
    async_std::task::sleep(long).await
}
",
};

/// No task of it moves to another thread, and its timers may be off.
const MONOIO: Runtime = Runtime {
    name: "monoio",
    manifest: "bcrypt = \"0.19\"\nmonoio = \"0.2\"",
    file: "src/lib.rs",
    before: ONE_CORE,
    after: ONE_CORE,
};

const ONE_CORE: &str = "use std::{rc::Rc, thread, time::Duration};

pub async fn size(path: Rc<str>) -> std::io::Result<u64> {
    thread::sleep(Duration::from_millis(1));
    let text = std::fs::read_to_string(&*path)?;
    let hash = bcrypt::hash(&text, 10);
    println!(\"{hash:?}\");
    Ok(text.len() as u64 + path.len() as u64)
}
";

const GLOMMIO: Runtime = Runtime {
    name: "glommio",
    manifest: "bcrypt = \"0.19\"\nglommio = \"0.9\"",
    file: "src/lib.rs",
    before: ONE_CORE,
    after: "use std::{rc::Rc, time::Duration};

pub async fn size(path: Rc<str>) -> std::io::Result<u64> {
    glommio::timer::sleep(Duration::from_millis(1)).await;
    let text = std::fs::read_to_string(&*path)?;
    let hash = glommio::executor().spawn_blocking({
        let text = text.clone();
        move || bcrypt::hash(&text, 10)
    })
    .await;
    println!(\"{hash:?}\");
    Ok(text.len() as u64 + path.len() as u64)
}
",
};

const TOKIO: Runtime = Runtime {
    name: "tokio",
    manifest: "tokio = { version = \"1\", features = [\"full\"] }",
    file: "src/main.rs",
    before: "#[tokio::main]
async fn main() {
    let sizes = tokio::spawn(sizes(vec![\"a\", \"b\"])).await;
    println!(\"{sizes:?}\");
}

async fn sizes(paths: Vec<&str>) -> Vec<u64> {
    paths.iter().map(|it| std::fs::metadata(it).map_or(0, |it| it.len())).collect()
}
",
    after: "#[tokio::main]
async fn main() {
    let sizes = tokio::spawn(sizes(vec![\"a\", \"b\"])).await;
    println!(\"{sizes:?}\");
}

async fn sizes(paths: Vec<&str>) -> Vec<u64> {
    paths.iter().map(|it| tokio::task::block_in_place(|| std::fs::metadata(it)).map_or(0, |it| it.len())).collect()
}
",
};

#[test]
fn several_threads_are_told() {
    check(&TOKIO);
}

#[test]
fn one_thread_is_not_told() {
    let one =
        |it: &str| it.replace("tokio::main", "tokio::main(flavor = \"current_thread\")").leak();
    let before = one(TOKIO.before);
    check(&Runtime { name: "tokio-one", before, after: before, ..TOKIO });
}

#[test]
fn smol_has_its_own() {
    check(&SMOL);
}

#[test]
fn async_std_has_its_own() {
    check(&ASYNC_STD);
}

#[test]
fn monoio_gets_nothing_of_tokio() {
    check(&MONOIO);
}

#[test]
fn glommio_has_its_own() {
    check(&GLOMMIO);
}

/// One library, two runtimes: one by a feature that is named, and one by the defaults.
#[test]
fn a_library_that_is_built_for_two_runtimes_is_told_of_where_the_program_starts() {
    let both = "quinn = { version = \"0.11\", features = [\"runtime-smol\"] }";
    let one =
        "quinn = { version = \"0.11\", default-features = false, features = [\"runtime-tokio\"] }";
    let text = said_of_start("two", both);
    assert!(
        text.contains("`quinn` is built for smol and tokio at once\n --> src/main.rs:1:3\n"),
        "{text}"
    );
    assert!(text.contains("`runtime-smol` and `runtime-tokio` are on"), "{text}");
    let text = said_of_start("one-of-two", one);
    assert!(text.contains("Nothing found."), "{text}");
}

fn said_of_start(name: &str, dependency: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("runtime-{name}"));
    let tokio = "tokio = { version = \"1\", features = [\"full\"] }";
    let manifest = format!(
        "[package]\nname = \"app\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{dependency}\n{tokio}\n"
    );
    let main = "#[tokio::main]\nasync fn main() {\n    println!(\"started\");\n}\n";
    fs::create_dir_all(folder.join("src")).expect("a folder");
    fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    fs::write(folder.join("src/main.rs"), main).expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_async-fix"))
        .args(["--select", "mixed-runtimes"])
        .current_dir(&folder)
        .env("ASYNC_FIX_STATE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"))
        .output()
        .expect("async-fix runs");
    [output.stdout, output.stderr].iter().map(|it| String::from_utf8_lossy(it)).collect()
}

fn check(runtime: &Runtime) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("runtime-{}", runtime.name));
    let manifest = format!(
        "[package]\nname = \"app\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{}\n",
        runtime.manifest
    );
    fs::create_dir_all(folder.join("src")).expect("a folder");
    fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    fs::write(folder.join(runtime.file), runtime.before).expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_async-fix"))
        .args(["--apply", "--unsafe-fixes", "--allow-no-vcs", "--allow-dirty", "--verify", "none"])
        .current_dir(&folder)
        .env("ASYNC_FIX_STATE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"))
        .output()
        .expect("async-fix runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    let text = fs::read_to_string(folder.join(runtime.file)).expect("it is there");
    assert_eq!(text, runtime.after, "{said}");
    let checked = Command::new("cargo")
        .args(["check", "--quiet"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("target"))
        .output()
        .expect("cargo runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
