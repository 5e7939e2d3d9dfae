//! The child process: one transaction in the workspace of the tests, by the library alone, so that hundreds of faults
//! take seconds. What the command line adds is tried in `program.rs`, with the whole program.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use async_fix::apply::{Allow, Refusal, lock, transaction::Transaction};

use super::workspace;

/// Writes, asks a verifier, changes its mind, and ends.
pub fn apply(root: &str, state: &str) -> ExitCode {
    match transaction(Path::new(root), Path::new(state)) {
        Ok(run) => {
            print!("{}", run.unwrap_or_default());
            ExitCode::SUCCESS
        }
        Err(Refusal::Interrupted) => ExitCode::from(130),
        Err(refusal) => {
            eprint!("{refusal}");
            ExitCode::from(2)
        }
    }
}

fn transaction(root: &Path, state: &Path) -> Result<Option<String>, Refusal> {
    let allow = Allow { dirty: true, no_vcs: true };
    let lock = lock::take(state, root)?;
    let mut transaction = Transaction::begin(lock, &workspace::first(), allow)?;
    transaction.write(&workspace::first())?;
    if !Command::new("true").status().is_ok_and(|it| it.success()) {
        transaction.restore()?;
        return Err(Refusal::Failed("the verifier does not run".to_owned()));
    }
    transaction.write(&workspace::last())?;
    transaction.finish()
}
