//! Where the sources of the standard library are. Without them three quarters of all calls are unknown.

use std::path::{Path, PathBuf};

use crate::workspace::{LoadError, toolchain::Toolchain};

/// Where distributions put them.
const DISTRIBUTIONS: [&str; 3] = [
    // Debian's rust-src, Fedora's and Arch's.
    "/usr/lib/rustlib/src/rust/library",
    "/usr/lib/rustlib/src/library",
    "/run/current-system/sw/lib/rustlib/src/rust/library",
];

/// The `library` folder: the user's own choice, `RUST_SRC_PATH`, what the project says, the toolchain's, the
/// distribution's.
pub(super) fn find(
    chosen: Option<&Path>,
    of_project: Option<&Path>,
    toolchain: &Toolchain,
) -> Result<PathBuf, LoadError> {
    if let Some(chosen) = chosen {
        return library_in(chosen).ok_or_else(|| {
            LoadError::Other(format!(
                "there are no sources of the standard library in `{}`: --std-src wants the folder with `std/src/lib.rs` in it",
                chosen.display()
            ))
        });
    }
    let from_environment = std::env::var_os("RUST_SRC_PATH").map(PathBuf::from);
    let from_toolchain = toolchain.sysroot.join("lib/rustlib/src/rust/library");
    let distributions = DISTRIBUTIONS.iter().map(PathBuf::from).chain(debian());
    from_environment
        .into_iter()
        .chain(of_project.map(Path::to_owned))
        .chain([from_toolchain])
        .chain(distributions)
        .find_map(|it| library_in(&it))
        .ok_or_else(|| LoadError::NoStdSources { command: command(toolchain) })
}

/// The folder itself, or its `library`: both are called "the sources".
fn library_in(folder: &Path) -> Option<PathBuf> {
    let has_std = |it: &PathBuf| it.join("std/src/lib.rs").is_file();
    let found = [folder.to_owned(), folder.join("library")].into_iter().find(has_std)?;
    found.canonicalize().ok()
}

/// `/usr/src/rustc-1.96.0`, the newest first.
fn debian() -> Vec<PathBuf> {
    let folders = std::fs::read_dir("/usr/src").into_iter().flatten().flatten();
    let mut found: Vec<(semver::Version, PathBuf)> = folders
        .filter_map(|it| {
            let name = it.file_name().into_string().ok()?;
            Some((name.strip_prefix("rustc-")?.parse().ok()?, it.path()))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|it| it.1).collect()
}

fn command(toolchain: &Toolchain) -> String {
    match toolchain.rustup_name() {
        Some(name) => format!("rustup component add rust-src --toolchain {name}"),
        None if Path::new("/etc/debian_version").exists() => {
            "apt-get install -y rust-web-src".to_owned()
        }
        None => "rustup component add rust-src".to_owned(),
    }
}
