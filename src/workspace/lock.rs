//! The `Cargo.lock` that fits edited manifests, found by cargo itself in a scratch copy of the project.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use toml_edit::DocumentMut;

mod config;
mod stub;

/// Which cargo to ask, and for whom.
#[derive(Clone, Debug)]
pub struct Cargo {
    /// A toolchain's own `cargo`: a proxy would look for the toolchain file of the project beside the copy.
    pub cargo: PathBuf,
    pub rustc: PathBuf,
    /// The target triple that is built for. Packages that only other platforms need may be missing on this machine:
    /// it is enough that their index entries are known. Without a triple all of them must be here.
    pub platform: Option<String>,
}

/// The lock file that belongs to the project once `edited` is written, or `None` if the project keeps none.
///
/// `root` is the manifest of the workspace root, `members` are those of all members, `edited` the new texts of some
/// of them, and of the lock file when that is edited already; all by absolute path. Cargo resolves offline in a copy that holds manifests and empty source files, so
/// nothing in the project is touched and none of its code is run. Versions that are locked stay. A package that has
/// to be added and is not on this machine is a problem, with or without a lock file.
pub fn fitting_lock(
    root: &Path,
    members: &[PathBuf],
    edited: &BTreeMap<PathBuf, String>,
    cargo: &Cargo,
) -> Result<Option<String>, String> {
    let root = lexical(root);
    let root_folder = root.parent().unwrap_or(Path::new(""));
    let edited: BTreeMap<PathBuf, String> =
        edited.iter().map(|(path, text)| (lexical(path), text.clone())).collect();
    let old = match edited.get(&in_folder(root_folder)) {
        Some(old) => Some(old.clone()),
        None => on_disk(&in_folder(root_folder))?,
    };
    let scratch = tempfile::Builder::new().prefix("async-fix-").tempdir();
    let scratch = scratch
        .map_err(|error| format!("the folder for temporary files cannot be used: {error}"))?;
    let copy = Copy { to: scratch.path() };
    copy.write_all(&root, members, &edited)?;
    let folder = copy.place(root_folder);
    if let Some(old) = &old {
        write(&in_folder(&folder), old)?;
    }
    resolve(&folder, scratch.path(), cargo)?;
    let Some(old) = old else { return Ok(None) };
    let new = fs::read_to_string(in_folder(&folder))
        .map_err(|error| format!("cargo left no lock file for the edited manifests: {error}"))?;
    // Cargo writes its own line ends.
    let crlf = old.contains("\r\n") && !new.contains("\r\n");
    Ok(Some(if crlf { new.replace('\n', "\r\n") } else { new }))
}

fn on_disk(path: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("`{}` cannot be read: {error}", path.display())),
    }
}

fn in_folder(folder: &Path) -> PathBuf {
    folder.join("Cargo.lock")
}

fn resolve(folder: &Path, scratch: &Path, cargo: &Cargo) -> Result<(), String> {
    let mut command = Command::new(&cargo.cargo);
    command.args(["metadata", "--format-version", "1", "--offline"]).current_dir(folder);
    if let Some(platform) = &cargo.platform {
        command.args(["--filter-platform", platform]);
    }
    // Cargo asks rustc for its version. A wrapper that the user configured is a program of the project's.
    command
        .env("RUSTC", &cargo.rustc)
        .env("RUSTC_WRAPPER", "")
        .env("RUSTC_WORKSPACE_WRAPPER", "")
        .env("CARGO_TARGET_DIR", scratch.join("target"));
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let output =
        output.map_err(|error| format!("`{}` cannot be run: {error}", cargo.cargo.display()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "cargo cannot resolve the edited manifests offline ({}): turn the features on by hand while online",
        cause(&String::from_utf8_lossy(&output.stderr), scratch)
    ))
}

/// What cargo says first, and what it says last of the reasons for it.
fn cause(said: &str, scratch: &Path) -> String {
    let error = said.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or(said.trim());
    let reasons = said.split_once("Caused by:").map_or("", |(_, reasons)| reasons);
    let deepest = reasons.lines().rev().find(|line| line.starts_with("  "));
    let whole = match deepest {
        Some(reason) => format!("{error}: {}", reason.trim()),
        None => error.to_owned(),
    };
    whole.replace(&scratch.display().to_string(), "")
}

/// A copy of a project in another folder. Every file keeps its absolute path below that folder, so that members and
/// path dependencies outside the workspace root are found where the manifests say.
struct Copy<'a> {
    to: &'a Path,
}

impl Copy<'_> {
    fn place(&self, path: &Path) -> PathBuf {
        use std::path::Component::Normal;
        let parts = path.components().filter(|part| matches!(part, Normal(_)));
        parts.fold(self.to.to_owned(), |place, part| place.join(part))
    }

    fn write_all(
        &self,
        root: &Path,
        members: &[PathBuf],
        edited: &BTreeMap<PathBuf, String>,
    ) -> Result<(), String> {
        let mut open: Vec<PathBuf> = members.iter().cloned().chain([root.to_owned()]).collect();
        for folder in root.ancestors().skip(1) {
            open.extend(self.write_config(folder)?);
        }
        let mut seen = BTreeSet::new();
        while let Some(path) = open.pop() {
            let path = lexical(&path);
            // A path that leads nowhere may stand in a table that nobody inherits from; if not, cargo will say so.
            let text = edited.get(&path).cloned().or_else(|| fs::read_to_string(&path).ok());
            let (Some(text), Some(folder)) = (text, path.parent()) else { continue };
            if !seen.insert(path.clone()) {
                continue;
            }
            open.extend(self.write_manifest(&path, folder, &text)?);
            // Where cargo looks for the workspace that a package belongs to.
            open.extend(folder.ancestors().skip(1).map(|above| above.join("Cargo.toml")));
        }
        Ok(())
    }

    /// Writes one manifest with the files that it needs; returns the manifests that it names.
    fn write_manifest(
        &self,
        path: &Path,
        folder: &Path,
        text: &str,
    ) -> Result<Vec<PathBuf>, String> {
        let mut document = parse(path, text)?;
        let named = self.follow_paths(document.as_table_mut(), folder);
        stub::without_targets(document.as_table_mut());
        write(&self.place(path), &document.to_string())?;
        for stub in ["src/lib.rs", "build.rs"] {
            write(&self.place(&folder.join(stub)), "")?;
        }
        Ok(named)
    }

    /// Writes what counts here of the configuration in `folder`; returns the manifests that it names.
    fn write_config(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let path = folder.join(".cargo");
        let old_name = path.join("config");
        let path = if old_name.is_file() { old_name } else { path.join("config.toml") };
        let Ok(text) = fs::read_to_string(&path) else { return Ok(Vec::new()) };
        let mut document = parse(&path, &text)?;
        config::keep_sources(document.as_table_mut(), folder);
        let named = self.follow_paths(document.as_table_mut(), folder);
        write(&self.place(&folder.join(".cargo/config.toml")), &document.to_string())?;
        Ok(named)
    }

    /// The manifests that a text in `folder` names. Relative paths fit the copy as they are.
    fn follow_paths(&self, table: &mut toml_edit::Table, folder: &Path) -> Vec<PathBuf> {
        let mut named = Vec::new();
        stub::for_each_path(table, &mut |to| {
            let whole = lexical(&folder.join(&*to));
            if Path::new(to).is_absolute() {
                *to = self.place(&whole).display().to_string();
            }
            named.push(whole.join("Cargo.toml"));
        });
        named
    }
}

fn parse(path: &Path, text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error| {
        let what = crate::workspace::manifest::summary(&error);
        format!("`{}` cannot be read as TOML: {what}", path.display())
    })
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    written.map_err(|error| format!("`{}` cannot be written: {error}", path.display()))
}

/// `path` without `.` and `..`, as cargo reads paths in manifests.
fn lexical(path: &Path) -> PathBuf {
    use std::path::Component::{CurDir, ParentDir};
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            CurDir => {}
            ParentDir => _ = plain.pop(),
            part => plain.push(part),
        }
    }
    plain
}
