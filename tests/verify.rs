//! Fixes that are wrong: they are found, named and left out, and the others stay.

#[path = "verify/cargo.rs"]
mod cargo;
#[path = "verify/compiler.rs"]
mod compiler;
#[path = "verify/in_memory.rs"]
mod in_memory;
#[path = "shared/project.rs"]
mod project;
#[path = "verify/together.rs"]
mod together;

use project::Project;

const MANIFEST: &str = "\
[package]
name = \"house\"
edition = \"2024\"

[dependencies]
tokio = { version = \"1\", features = [\"rt\", \"time\", \"fs\"] }

[workspace]
";

/// What the fixes of `ROWS` make of calls: right for `load`, wrong for the others, each in its own way.
const LIBRARY: &str = "\
pub struct Store;

impl Store {
    pub fn load(&self, key: u32) -> u32 {
        key
    }
    pub async fn load_later(&self, key: u32) -> u32 {
        key
    }
    pub fn count(&self) -> u32 {
        1
    }
    pub async fn count_later(&self) -> u64 {
        1
    }
    pub fn old(&self) -> u32 {
        3
    }
    pub fn share(&self) -> u32 {
        2
    }
    pub async fn share_later(&self) -> u32 {
        let it = std::rc::Rc::new(2);
        std::future::ready(()).await;
        *it
    }
}

pub fn takes(_: u32) {}
";

const ROWS: &str = "\
[[knowledge]]
crate = \"house\"
item = [
    { path = \"house::Store::load\", blocks = \"disk\", instead = \"$self.load_later($0).await\" },
    { path = \"house::Store::count\", blocks = \"disk\", instead = \"$self.count_later().await\" },
    { path = \"house::Store::share\", blocks = \"disk\", instead = \"$self.share_later().await\" },
    { path = \"house::Store::old\", blocks = \"disk\", instead = \"$self.count()\" },
    { path = \"house::helper\", blocks = \"disk\", instead = \"$0.await\" },
    { path = \"house::nowhere\", blocks = \"disk\", instead = \"tokio::nowhere($0).await\" },
    { path = \"house::syntax\", blocks = \"disk\", instead = \"$0.await)\" },
]
";

/// A committed project with `code` after `LIBRARY`.
fn with_code(code: &str) -> Project {
    Project::committed(&[
        ("Cargo.toml", MANIFEST),
        ("async-fix.toml", ROWS),
        ("src/lib.rs", &format!("{LIBRARY}{code}")),
    ])
}

/// What stands after `LIBRARY`.
fn code_of(project: &Project) -> String {
    let text = project.text("src/lib.rs");
    text.strip_prefix(LIBRARY).expect("the library itself is left alone").to_owned()
}

/// The number of the line in `LIBRARY` and `code` that has `text` in it.
fn line(code: &str, text: &str) -> usize {
    let before = format!("{LIBRARY}{code}").split(text).next().unwrap().to_owned();
    before.lines().count()
}
