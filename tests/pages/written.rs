//! `git apply` of what `--dry-run` prints makes the very tree that `--apply` makes, and then nothing is left to write.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use libtest_mimic::Failed;

use crate::{Outcome, fixture::Fixture, pages, repository};

/// The ordinary run takes one example of so many, `ASYNC_FIX_HEAVY=1` takes them all.
const ONE_OF: usize = 6;

/// The examples of all pages as the modules of one package.
pub fn examples(_: &Fixture) -> Outcome {
    let temp = tempfile::tempdir()?;
    let source = temp.path().join("src");
    fs::create_dir(&source)?;
    for name in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(repository().join("tests/fixture").join(name), temp.path().join(name))?;
    }
    let mut root = String::from("#![allow(warnings)]\n");
    let step = if std::env::var_os("ASYNC_FIX_HEAVY").is_some() { 1 } else { ONE_OF };
    let pages = pages();
    let examples = pages.iter().flat_map(|page| page.examples.iter().map(move |it| (page, it)));
    for (page, example) in examples.step_by(step) {
        let name = format!("{}_line_{}", page.name.replace('-', "_"), example.line);
        fs::write(source.join(format!("{name}.rs")), &example.code)?;
        root.push_str(&format!("pub mod {name};\n"));
    }
    fs::write(source.join("lib.rs"), root)?;
    check(temp.path())
}

/// The demo, whose manifest changes too.
pub fn demo(_: &Fixture) -> Outcome {
    let temp = tempfile::tempdir()?;
    fs::create_dir(temp.path().join("src"))?;
    for name in ["Cargo.toml", "Cargo.lock", "src/main.rs"] {
        fs::copy(repository().join("tests/demo").join(name), temp.path().join(name))?;
    }
    check(temp.path())
}

fn check(project: &Path) -> Outcome {
    git(project, &["init", "-q"])?;
    git(project, &["add", "."])?;
    git(project, &["commit", "-q", "-m", "start"])?;
    let before = files(project)?;
    let patch = run(project, &["--dry-run", "--unsafe-fixes"])?;
    if files(project)? != before {
        return Err("a dry run writes".into());
    }
    let path = project.join(".git/async-fix.patch");
    fs::write(&path, patch)?;
    git(project, &["apply", &path.display().to_string()])?;
    let patched = files(project)?;
    if patched == before {
        return Err("the patch changes nothing".into());
    }
    git(project, &["checkout", "-q", "."])?;
    run(project, &["--apply", "--unsafe-fixes", "--verify", "none"])?;
    expect_same("`--apply` and the patch", &files(project)?, &patched)?;
    run(project, &["--apply", "--unsafe-fixes", "--allow-dirty", "--verify", "none"])?;
    expect_same("the second `--apply` and the first", &files(project)?, &patched)
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

fn expect_same(what: &str, left: &Files, right: &Files) -> Outcome {
    let all = left.keys().chain(right.keys());
    let differing: Vec<_> = all.filter(|it| left.get(*it) != right.get(*it)).collect();
    match differing[..] {
        [] => Ok(()),
        _ => Err(format!("{what} differ in {differing:?}").into()),
    }
}

/// All files but those of git.
fn files(project: &Path) -> Result<Files, Failed> {
    let mut files = Files::new();
    let mut folders = vec![project.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            match entry?.path() {
                it if it.file_name() == Some(OsStr::new(".git")) => (),
                it if it.is_dir() => folders.push(it),
                it => {
                    files.insert(it.strip_prefix(project)?.to_owned(), fs::read(&it)?);
                }
            }
        }
    }
    Ok(files)
}

fn run(project: &Path, arguments: &[&str]) -> Result<Vec<u8>, Failed> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_async-fix"))
        .args(arguments)
        .current_dir(project)
        .env("ASYNC_FIX_STATE_DIR", project.join(".git/state"))
        .env("CARGO_TARGET_DIR", target.join("target"))
        .output()?;
    match output.status.code() {
        Some(0 | 1) => Ok(output.stdout),
        _ => Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

fn git(project: &Path, arguments: &[&str]) -> Outcome {
    let user = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.autocrlf=false"];
    let output = Command::new("git").args(user).args(arguments).current_dir(project).output()?;
    match output.status.success() {
        true => Ok(()),
        false => {
            Err(format!("git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
        }
    }
}
