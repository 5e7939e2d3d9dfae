//! Taking runs back, and forgetting them.

use std::{path::Path, time::SystemTime};

use crate::{
    apply::{
        journal::{self, Run},
        state, undo,
    },
    cli::{Outcome, output},
    report::count,
    workspace::cache,
};

pub(super) fn undo(id: Option<&str>) -> Result<Outcome, String> {
    let state = state::folder()?;
    let here = std::env::current_dir();
    let here = here.map_err(|it| format!("the current folder cannot be read: {it}"))?;
    let run = undo::find(&state, id, &here).map_err(|it| it.to_string())?;
    put_back(&state, &run)?;
    Ok(Outcome::Clean)
}

pub(super) fn put_back(state: &Path, run: &Run) -> Result<(), String> {
    let restored = undo::undo(state, run).map_err(|it| it.to_string())?;
    let files = count(restored, "file");
    output::note(&format!("Put back {files} as before run `{}`, {}.\n", run.id, age(run)));
    Ok(())
}

/// What somebody is asked whose last run was cut off.
pub(super) fn offer(run: &Run) -> String {
    let files: Vec<String> = run.files.iter().map(|it| format!("`{it}`")).collect();
    let (age, files) = (age(run), files.join(", "));
    format!("A run was cut off while it wrote, {age}. Put {files} back as before it?")
}

/// Prints the runs, one line each, the newest first.
pub(super) fn list() -> Result<Outcome, String> {
    let runs = journal::runs(&state::folder()?);
    let mut out = String::new();
    for run in &runs {
        let state = if run.unfinished { ", not finished" } else { "" };
        let files = count(run.files.len(), "file");
        out.push_str(&format!(
            "{}  {}: {files} in `{}`{state}\n",
            run.id,
            age(run),
            run.root.display()
        ));
    }
    if runs.is_empty() {
        output::note("There is no run to undo.\n");
    }
    output::print(&out)?;
    Ok(Outcome::Clean)
}

/// Forgets the runs of these names; without names, all that are finished.
pub(super) fn clean(ids: &[String]) -> Result<Outcome, String> {
    let state = state::folder()?;
    let runs = journal::runs(&state);
    let unknown = |id: &&String| !runs.iter().any(|it| it.id == **id);
    if let Some(id) = ids.iter().find(unknown) {
        return Err(format!("there is no run `{id}`; `async-fix undo --list` lists them all"));
    }
    let chosen = |it: &Run| if ids.is_empty() { !it.unfinished } else { ids.contains(&it.id) };
    let (dropped, kept): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(chosen);
    for run in &dropped {
        undo::forget(&state, run).map_err(|it| it.to_string())?;
    }
    let said =
        format!("Forgot {}; no file of a project was touched.\n", count(dropped.len(), "run"));
    output::note(&said);
    if ids.is_empty() {
        cache::clear()?;
        for run in kept {
            let Run { id, root, .. } = run;
            output::note(&format!(
                "Kept run `{id}` in `{}`, which is not finished: `async-fix undo {id}` puts its files back, `async-fix clean {id}` leaves them as they are.\n",
                root.display()
            ));
        }
    }
    Ok(Outcome::Clean)
}

/// What to type to take a run back.
pub(super) fn hint(program: &str, run: &str) -> String {
    format!("Run `{program} undo {run}` to take this back.\n")
}

fn age(run: &Run) -> String {
    let age = SystemTime::now().duration_since(run.time).unwrap_or_default();
    let seconds = usize::try_from(age.as_secs()).unwrap_or(usize::MAX);
    match seconds {
        0..60 => "just now".to_owned(),
        60..3600 => format!("{} ago", count(seconds / 60, "minute")),
        3600..86_400 => format!("{} ago", count(seconds / 3600, "hour")),
        _ => format!("{} ago", count(seconds / 86_400, "day")),
    }
}
