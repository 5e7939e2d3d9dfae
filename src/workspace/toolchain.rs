//! Which cargo and rustc are called, and how to call them without running anything of the project's.

use std::path::{Path, PathBuf};
use std::process::Command;

use ra_ap_ide_db::FxHashMap;

use crate::workspace::LoadError;

/// A Rust toolchain on this machine.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// What `rustc --print sysroot` says.
    pub sysroot: PathBuf,
    /// The compiler itself, behind all proxies.
    pub rustc: PathBuf,
}

impl Toolchain {
    /// The toolchain for `folder`: a toolchain file there may choose an installed one.
    pub fn find(folder: &Path) -> Result<Toolchain, LoadError> {
        let mut command = Command::new("rustc");
        command.args(["--print", "sysroot"]).env("RUSTUP_AUTO_INSTALL", "0");
        // One that is given by path is code of the project's: the default serves in its place.
        match names_a_path(folder) {
            true => command.current_dir("/"),
            false => command.current_dir(folder),
        };
        let output = command.output().map_err(|it| {
            LoadError::Other(format!(
                "`rustc` cannot be run: {it}; install Rust, for instance by rustup"
            ))
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let first = said.lines().next().unwrap_or_default();
            return Err(LoadError::Other(format!(
                "`rustc --print sysroot` failed in `{}`: {first}",
                folder.display()
            )));
        }
        let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        let rustc = sysroot.join("bin").join(format!("rustc{}", std::env::consts::EXE_SUFFIX));
        Ok(Toolchain { sysroot, rustc })
    }

    /// Its own `cargo`, behind all proxies; the one on the path where the two are packaged apart, as Nix does.
    pub fn cargo(&self) -> PathBuf {
        let own = self.sysroot.join("bin").join(format!("cargo{}", std::env::consts::EXE_SUFFIX));
        if own.is_file() { own } else { PathBuf::from("cargo") }
    }

    /// The name that rustup knows it by.
    pub fn rustup_name(&self) -> Option<&str> {
        let parent = self.sysroot.parent()?;
        let is_rustup =
            parent.file_name()? == "toolchains" && parent.join("../settings.toml").is_file();
        is_rustup.then(|| self.sysroot.file_name()?.to_str()).flatten()
    }

    /// The environment of every call of cargo. Only all three compiler variables together keep away what the project's
    /// `.cargo/config.toml` would have cargo run; `target_folder` keeps its own target folder untouched.
    pub fn environment(
        &self,
        target_folder: &Path,
        offline: bool,
    ) -> FxHashMap<String, Option<String>> {
        let mut variables: Vec<(&str, String)> = vec![
            ("RUSTC", self.rustc.display().to_string()),
            ("RUSTC_WRAPPER", String::new()),
            ("RUSTC_WORKSPACE_WRAPPER", String::new()),
            ("RUSTUP_AUTO_INSTALL", "0".to_owned()),
            ("RUSTUP_TOOLCHAIN", self.sysroot.display().to_string()),
            ("CARGO_TARGET_DIR", target_folder.display().to_string()),
        ];
        if offline {
            variables.push(("CARGO_NET_OFFLINE", "true".to_owned()));
        }
        variables.into_iter().map(|(key, value)| (key.to_owned(), Some(value))).collect()
    }
}

/// Whether a toolchain file of `folder` or above it, by either of its names, gives a toolchain by path.
fn names_a_path(folder: &Path) -> bool {
    let names = ["rust-toolchain.toml", "rust-toolchain"];
    folder.ancestors().flat_map(|it| names.map(|name| it.join(name))).any(|it| {
        // What is no TOML is the name of a channel.
        let table = std::fs::read_to_string(it).ok().and_then(|it| it.parse::<toml::Table>().ok());
        table.is_some_and(|it| it.get("toolchain").is_some_and(|it| it.get("path").is_some()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_may_be_packaged_apart() {
        let sysroot = tempfile::tempdir().unwrap();
        let toolchain = Toolchain { sysroot: sysroot.path().to_owned(), rustc: PathBuf::new() };
        assert_eq!(toolchain.cargo(), Path::new("cargo"));
        let own = sysroot.path().join(format!("bin/cargo{}", std::env::consts::EXE_SUFFIX));
        std::fs::create_dir(sysroot.path().join("bin")).unwrap();
        std::fs::write(&own, "").unwrap();
        assert_eq!(toolchain.cargo(), own);
    }
}
