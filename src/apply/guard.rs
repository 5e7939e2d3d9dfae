//! Whether version control could give back what is about to be overwritten.

use std::{collections::BTreeMap, fmt, path::Path, process::Command};

use crate::{apply::Allow, finding::FilePath};

/// So many paths fit on a command line everywhere.
const PATHS_AT_ONCE: usize = 200;

/// Files whose present text would be lost.
#[derive(Default, Debug)]
pub struct Unsaved {
    /// With changes that are not staged.
    pub changed: Vec<FilePath>,
    /// In a repository that does not know them.
    pub untracked: Vec<FilePath>,
    /// In no repository.
    pub outside: Vec<FilePath>,
    /// Repositories that could not be asked, each with the reason.
    pub unknown: Vec<String>,
}

/// A file by its place on disk, with links followed, and by the name that the user knows.
pub type Named<'a> = (&'a Path, &'a FilePath);

/// Looks at exactly these files.
pub fn check(files: &[Named<'_>], allow: Allow) -> Result<(), Unsaved> {
    let mut unsaved = Unsaved::default();
    let mut repositories: BTreeMap<&Path, Vec<Named<'_>>> = BTreeMap::new();
    for &(path, name) in files {
        match path.ancestors().skip(1).find(|it| it.join(".git").exists()) {
            Some(repository) => repositories.entry(repository).or_default().push((path, name)),
            None if allow.no_vcs => (),
            None => unsaved.outside.push(name.clone()),
        }
    }
    if !allow.dirty {
        for (repository, files) in repositories {
            for files in files.chunks(PATHS_AT_ONCE) {
                ask_git(repository, files, &mut unsaved);
            }
        }
    }
    if unsaved.is_empty() { Ok(()) } else { Err(unsaved) }
}

fn ask_git(repository: &Path, files: &[Named<'_>], unsaved: &mut Unsaved) {
    let output = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(["--no-optional-locks", "--literal-pathspecs", "status", "--porcelain=v1", "-z"])
        .args(["--untracked-files=all", "--ignored=matching", "--"])
        .args(files.iter().map(|it| it.0))
        .output();
    let output = match output {
        Ok(it) => it,
        Err(error) => return unsaved.unknown.push(format!("git does not run: {error}")),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or("no reason given").to_owned();
        return unsaved.unknown.push(format!("git says of `{}`: {said}", repository.display()));
    }
    for (state, name) in entries(&String::from_utf8_lossy(&output.stdout)) {
        let place = repository.join(name);
        // A folder stands for all that is in it.
        let meant = files.iter().filter(|it| it.0.starts_with(&place)).map(|it| it.1.clone());
        match state {
            State::Untracked => unsaved.untracked.extend(meant),
            // Cargo makes an ignored lock file anew whenever it likes.
            State::Ignored => unsaved.untracked.extend(meant.filter(|it| !is_lock_file(it))),
            State::Changed => unsaved.changed.extend(meant),
            State::Staged => (),
        }
    }
}

fn is_lock_file(file: &FilePath) -> bool {
    file.as_str().rsplit('/').next() == Some("Cargo.lock")
}

enum State {
    Untracked,
    Ignored,
    Changed,
    /// What is staged can be had back.
    Staged,
}

/// The entries of `git status --porcelain=v1 -z`.
fn entries(output: &str) -> Vec<(State, &str)> {
    let mut entries = Vec::new();
    let mut fields = output.split('\0');
    while let Some(field) = fields.next() {
        let (Some(state), Some(name)) = (field.get(..2), field.get(3..)) else { continue };
        // A move is followed by the old name.
        if state.contains(['R', 'C']) {
            fields.next();
        }
        let state = match state {
            "??" => State::Untracked,
            "!!" => State::Ignored,
            _ if state.ends_with(' ') => State::Staged,
            _ => State::Changed,
        };
        entries.push((state, name));
    }
    entries
}

impl Unsaved {
    fn is_empty(&self) -> bool {
        let Unsaved { changed, untracked, outside, unknown } = self;
        changed.is_empty() && untracked.is_empty() && outside.is_empty() && unknown.is_empty()
    }
}

impl fmt::Display for Unsaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "nothing was written, because what would be overwritten could not be had back",
        )?;
        for reason in &self.unknown {
            write!(f, "\n  {reason}")?;
        }
        let lists = [
            ("unstaged changes", &self.changed),
            ("not tracked", &self.untracked),
            ("not under version control", &self.outside),
        ];
        for (why, files) in lists {
            for file in files {
                write!(f, "\n  {file} ({why})")?;
            }
        }
        let dirty =
            !(self.changed.is_empty() && self.untracked.is_empty() && self.unknown.is_empty());
        match (dirty, !self.outside.is_empty()) {
            (true, true) => f.write_str(
                "\nCommit or stage them, or allow it with `--allow-dirty --allow-no-vcs`.",
            ),
            (true, false) => {
                f.write_str("\nCommit or stage them, or allow it with `--allow-dirty`.")
            }
            (false, _) => {
                f.write_str("\nPut them under version control, or allow it with `--allow-no-vcs`.")
            }
        }
    }
}
