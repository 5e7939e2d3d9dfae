//! Every row of knowledge names an item that is there, in the version that it was checked against.
//!
//! `cargo test --test rows -- --ignored` lets cargo fetch each crate that has rows, and looks. Nothing is built.

use std::{collections::HashSet, fs, path::Path, process::Command};

use async_fix::{
    config::ProjectRequest,
    knowledge::{self, CrateRows, resolve::Known},
    workspace::Workspace,
};

#[test]
#[ignore = "fetches every crate that has rows"]
fn every_row_is_there() {
    let only = std::env::var("ASYNC_FIX_ROWS").unwrap_or_default();
    let files = knowledge::shipped().expect("the rows parse");
    let is_wanted = |it: &&CrateRows| {
        it.krate != "std" && (only.is_empty() || only.split(' ').any(|name| name == it.krate))
    };
    let wanted: Vec<&CrateRows> = files.iter().filter(is_wanted).collect();
    let (apart, together): (Vec<&CrateRows>, Vec<&CrateRows>) =
        wanted.into_iter().partition(|it| APART.contains(&it.krate.as_str()));
    let packages = std::iter::once(together).chain(apart.into_iter().map(|it| vec![it]));
    let packages = packages.filter(|it| !it.is_empty());
    let problems: Vec<String> = packages.flat_map(|it| absent(&it)).collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Of two rows for one item only one would count.
#[test]
fn each_item_has_one_row() {
    for file in knowledge::shipped().expect("the rows parse") {
        let mut seen = HashSet::new();
        for row in &file.items {
            assert!(seen.insert(&row.path), "{}: `{}` has two rows", file.krate, row.path);
        }
    }
}

/// Crates that cannot be in one build with others here, because both bind the same C library.
const APART: [&str; 3] = ["heed", "tokio_rusqlite", "xz2"];

/// The paths behind which there is nothing, or why that cannot be said.
fn absent(files: &[&CrateRows]) -> Vec<String> {
    let name = if files.len() == 1 { &files[0].krate } else { "all" };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rows").join(name);
    make_package(files, &folder).expect("a package can be written");
    let fetched = Command::new("cargo").args(["fetch", "--quiet"]).current_dir(&folder).output();
    let fetched = fetched.expect("cargo runs");
    if !fetched.status.success() {
        return vec![String::from_utf8_lossy(&fetched.stderr).into_owned()];
    }
    let request = ProjectRequest { start: folder, ..ProjectRequest::default() };
    match Workspace::load(&request, &|_| ()) {
        Ok(it) => files.iter().flat_map(|file| Known::absent_items(it.db(), file)).collect(),
        Err(error) => vec![format!("{error:?}")],
    }
}

fn make_package(files: &[&CrateRows], folder: &Path) -> std::io::Result<()> {
    let mut manifest = String::from(
        "[package]\nname = \"rows\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n",
    );
    let mut root = String::new();
    for file in files {
        let package = file.package.clone().unwrap_or_else(|| file.krate.replace('_', "-"));
        let version = file.checked.as_deref().unwrap_or("*");
        let features = &file.features;
        manifest.push_str(&format!(
            "{package} = {{ version = \"={version}\", features = {features:?} }}\n"
        ));
        root.push_str(&format!("pub use {};\n", file.krate));
    }
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), root)?;
    fs::write(folder.join("Cargo.toml"), manifest)
}
