//! Imports in whole projects: what they stand for, and who else sees them.

use std::{fs, process::Command};

const APP: &str = "[package]\nname = \"app\"\nedition = \"2024\"\n\n[dependencies]\npollster = \"0.4\"\ntokio = { version = \"1\", features = [\"full\"] }\n";

const BEFORE: &str = "\u{feff}use pollster::FutureExt;
// For the naps.
use std::{fs::{self}, thread};
use std::time::Duration;
use tokio::{io, runtime::Handle};

mod child;

async fn fetch() -> io::Result<()> {
    Ok(())
}

pub async fn naps() -> io::Result<()> {
    thread::sleep(Duration::ZERO);
    fs::remove_file(\"a\")?;
    Handle::current().block_on(fetch())?;
    fetch().block_on()
}
";

const AFTER: &str = "\u{feff}// For the naps.
use std::fs::{self};
use std::time::Duration;
use tokio::io;

mod child;

async fn fetch() -> io::Result<()> {
    Ok(())
}

pub async fn naps() -> io::Result<()> {
    tokio::time::sleep(Duration::ZERO).await;
    tokio::fs::remove_file(\"a\").await?;
    fetch().await?;
    fetch().await
}
";

#[test]
fn imports_without_a_use_go_and_those_that_a_module_sees_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = [
        ("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"other\"]\n"),
        ("app/Cargo.toml", APP),
        ("app/src/lib.rs", BEFORE),
        ("app/src/child.rs", "use super::*;\n\npub fn read() {\n    drop(fs::read(\"a\"));\n}\n"),
        ("other/Cargo.toml", "[package]\nname = \"other\"\nedition = \"2024\"\n"),
        // Another package, whose words mean nothing here.
        (
            "other/src/lib.rs",
            "pub mod a {\n    use super::*;\n    use std::thread;\n    pub fn nap() {\n        thread::yield_now();\n    }\n}\nmod m {\n    macro_rules! nap {\n        () => {\n            thread::yield_now()\n        };\n    }\n    pub(crate) use nap;\n}\n",
        ),
    ];
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_async-fix"))
        .args(["--apply", "--unsafe-fixes", "--allow-no-vcs", "--verify", "none"])
        .current_dir(folder.path())
        .env("ASYNC_FIX_STATE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"))
        .output()
        .expect("async-fix runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    let text = fs::read_to_string(folder.path().join("app/src/lib.rs")).expect("it is there");
    assert_eq!(text, AFTER, "{said}");
}
