//! The files that git calls changed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{cli::arguments::choosing::ScopeArguments, finding::FilePath};

/// The files that are meant by `--changed`, `--staged` or `--since`; None when none of them is given.
pub(super) fn files(
    arguments: &ScopeArguments,
    root: &Path,
) -> Result<Option<BTreeSet<FilePath>>, String> {
    let ScopeArguments { changed, staged, since, .. } = arguments;
    let (flag, commit) = match since {
        Some(commit) => ("--since", Some(commit.as_str())),
        None if *staged => ("--staged", None),
        None if *changed => ("--changed", None),
        None => return Ok(None),
    };
    let git = Git { root, flag };
    let top = git.ask(&["rev-parse", "--show-toplevel"])?;
    let git = Git { root: Path::new(top.trim_end_matches(['\n', '\r'])), flag };
    let names = match (*staged, commit) {
        (true, _) => git.ask(&["diff", "--name-only", "-z", "--cached", "--no-renames"])?,
        (false, Some(commit)) => git.since(commit)? + &git.untracked()?,
        (false, None) => git.changed()? + &git.untracked()?,
    };
    // Links are followed, as they are for what cargo names.
    let top = git.root.canonicalize().unwrap_or_else(|_| git.root.to_owned());
    let names = names.split('\0').filter(|it| !it.is_empty());
    let path = |it: &str| -> PathBuf { top.join(it) };
    Ok(Some(names.map(|it| FilePath::below(root, &path(it))).collect()))
}

/// The git of the repository around a folder, asked on behalf of a flag.
struct Git<'a> {
    root: &'a Path,
    flag: &'static str,
}

impl Git<'_> {
    fn changed(&self) -> Result<String, String> {
        let diff = ["diff", "--name-only", "-z", "--no-renames"];
        let commit = match self.ask(&["rev-parse", "--verify", "--quiet", "HEAD"]) {
            Ok(commit) => commit,
            // Before the first commit all is new.
            Err(_) => self.ask(&["hash-object", "-t", "tree", "--stdin"])?,
        };
        self.ask(&[&diff[..], &[commit.trim(), "--"]].concat())
    }

    fn since(&self, commit: &str) -> Result<String, String> {
        let name = format!("{commit}^{{commit}}");
        let verify = ["rev-parse", "--verify", "--quiet", "--end-of-options", &name];
        let found = self
            .ask(&verify)
            .map_err(|_| format!("there is no commit `{commit}`, which `--since` names"))?;
        let diff = ["diff", "--name-only", "-z", "--no-renames", "--merge-base"];
        self.ask(&[&diff[..], &[found.trim(), "--"]].concat())
    }

    fn untracked(&self) -> Result<String, String> {
        self.ask(&["ls-files", "--others", "--exclude-standard", "-z"])
    }

    fn ask(&self, arguments: &[&str]) -> Result<String, String> {
        let Git { root, flag } = self;
        let mut command = Command::new("git");
        command.arg("--no-optional-locks").arg("-C").arg(root).args(arguments);
        let output = command.stdin(Stdio::null()).output();
        let output = output.map_err(|it| format!("`{flag}` asks git, which does not run: {it}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or("no reason given");
            return Err(format!("`{flag}` asks git, which says: {said}"));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
