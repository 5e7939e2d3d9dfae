//! Writes a plan: either every file is written, or the tree is as it was.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use crate::{
    finding::FilePath,
    plan::{Change, Plan},
};

pub mod guard;
mod write;

/// What the user allows to be overwritten, apart from what version control has.
#[derive(Clone, Copy, Default, Debug)]
pub struct Allow {
    /// Files with unstaged changes and untracked files.
    pub dirty: bool,
    /// Files outside version control.
    pub no_vcs: bool,
}

/// Why nothing was written, or why what was written was taken back.
#[derive(Debug)]
pub enum Refusal {
    /// Version control could not give these files back.
    Guard(guard::Unsaved),
    /// One sentence each.
    Unfit(Vec<String>),
    /// A file could not be written. `stuck` are files that were written before and could not be restored.
    Failed { problem: String, stuck: Vec<PathBuf> },
}

/// A file about to be written.
struct Job<'a> {
    /// With links followed.
    path: PathBuf,
    change: &'a Change,
}

/// Writes the changes of `plan`; `disk_path` says where a file is. The number of files written comes back.
pub fn apply(
    plan: &Plan,
    disk_path: impl Fn(&FilePath) -> PathBuf,
    allow: Allow,
) -> Result<usize, Refusal> {
    let jobs = jobs(plan, disk_path).map_err(Refusal::Unfit)?;
    let files: Vec<_> = jobs.iter().map(|it| (it.path.as_path(), &it.change.file)).collect();
    guard::check(&files, allow).map_err(Refusal::Guard)?;

    // All new texts are on disk before the first old one is gone: a full disk is noticed in time.
    let mut staged = Vec::new();
    for job in &jobs {
        match write::stage(&job.path, &job.change.after) {
            Ok(it) => staged.push(it),
            Err(error) => return Err(failed(job, &error, Vec::new())),
        }
    }
    for (done, (job, staged)) in jobs.iter().zip(staged).enumerate() {
        if let Err(error) = staged.commit() {
            // The file at hand may be half written when it could not be replaced as a whole.
            return Err(failed(job, &error, restore(&jobs[..=done])));
        }
    }
    Ok(jobs.len())
}

fn failed(job: &Job<'_>, error: &io::Error, stuck: Vec<PathBuf>) -> Refusal {
    let problem = format!("`{}` could not be written: {error}", job.path.display());
    Refusal::Failed { problem, stuck }
}

/// Puts the old texts back and says where that failed.
fn restore(jobs: &[Job<'_>]) -> Vec<PathBuf> {
    let untouched =
        |job: &Job<'_>| fs::read(&job.path).is_ok_and(|it| it == job.change.before.as_bytes());
    let put_back = |job: &Job<'_>| {
        untouched(job)
            || write::stage(&job.path, &job.change.before).and_then(write::Staged::commit).is_ok()
    };
    jobs.iter().filter(|it| !put_back(it)).map(|it| it.path.clone()).collect()
}

/// What is to be written, once every file is known to take it.
fn jobs(
    plan: &Plan,
    disk_path: impl Fn(&FilePath) -> PathBuf,
) -> Result<Vec<Job<'_>>, Vec<String>> {
    let mut jobs: BTreeMap<PathBuf, Job<'_>> = BTreeMap::new();
    let mut problems = Vec::new();
    for change in plan.changes.iter().filter(|it| it.before != it.after) {
        match fit(&disk_path(&change.file), change) {
            Err(problem) => problems.push(problem),
            Ok(path) => match jobs.get(&path) {
                // Two names of one file that agree are one change.
                Some(other) if other.change.after != change.after => problems.push(format!(
                    "`{}` and `{}` are one file and would be changed in two ways",
                    other.change.file, change.file
                )),
                Some(_) => (),
                None => {
                    jobs.insert(path.clone(), Job { path, change });
                }
            },
        }
    }
    if problems.is_empty() { Ok(jobs.into_values().collect()) } else { Err(problems) }
}

/// Checks that the file takes a new text and still has the one that was analysed.
fn fit(disk_path: &Path, change: &Change) -> Result<PathBuf, String> {
    let file = &change.file;
    let unreadable = |error: io::Error| format!("`{file}` cannot be read: {error}");
    let path = fs::canonicalize(disk_path).map_err(unreadable)?;
    let bytes = fs::read(&path).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| format!("`{file}` is not UTF-8"))?;
    if text != change.before {
        return Err(format!("`{file}` has changed since it was analysed"));
    }
    // The bits are asked as well as the system: nothing is read-only to root.
    if fs::metadata(&path).map_err(unreadable)?.permissions().readonly() {
        return Err(format!("`{file}` is read-only"));
    }
    match fs::OpenOptions::new().write(true).open(&path) {
        Ok(_) => Ok(path),
        Err(error) => Err(format!("`{file}` cannot be written: {error}")),
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Guard(unsaved) => unsaved.fmt(f),
            Refusal::Unfit(problems) => {
                write!(f, "{}; nothing was written", problems.join("; "))
            }
            Refusal::Failed { problem, stuck } if stuck.is_empty() => {
                write!(f, "{problem}; all files are as they were")
            }
            Refusal::Failed { problem, stuck } => {
                let stuck: Vec<_> = stuck.iter().map(|it| format!("`{}`", it.display())).collect();
                write!(f, "{problem}; these could not be put back: {}", stuck.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_taken_back() {
        let temp = tempfile::tempdir().unwrap();
        let change = Change {
            file: FilePath::new("a.rs"),
            real: FilePath::new("a.rs"),
            before: "before".to_owned(),
            after: "after".to_owned(),
        };
        let job = |name: &str| Job { path: temp.path().join(name), change: &change };
        fs::write(temp.path().join("written.rs"), "after").unwrap();
        fs::write(temp.path().join("untouched.rs"), "before").unwrap();
        let stuck = restore(&[job("written.rs"), job("untouched.rs"), job("folder/gone.rs")]);
        assert_eq!(stuck, [temp.path().join("folder/gone.rs")]);
        assert_eq!(fs::read_to_string(temp.path().join("written.rs")).unwrap(), "before");
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 2);
    }
}
