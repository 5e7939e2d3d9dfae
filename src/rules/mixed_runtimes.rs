//! Things of one runtime where only another one runs, or none.

use std::collections::BTreeSet;

use crate::{
    facts::foreign::{Entry, Missing, Need},
    finding::{Note, Severity},
    fix::other_runtime,
    rules::Pass,
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    several(pass);
    for it in pass.foreign.missing(pass.body, pass.target) {
        let Some(first) = it.needs.first() else { continue };
        let outside = pass.body.outside(&first.runtime).map(Note::new);
        let message = message(&it, first);
        let fixes = other_runtime::fixes(pass.around, pass.foreign, pass.body, &it);
        let more = instead(pass, &it).into_iter().chain(made_for(pass, first));
        let more: Vec<Note> = more.collect();
        let finding = pass.report(it.at.clone(), message);
        finding.because.extend(first.way.iter().cloned());
        finding.because.extend(outside);
        finding.because.extend(others(&it.needs));
        finding.because.extend(more);
        finding.fixes.extend(fixes);
    }
}

/// What is built for more runtimes than one.
fn several(pass: &mut Pass<'_, '_>) {
    let Some((start, several)) = pass.foreign.built_for_several(pass.body, pass.target) else {
        return;
    };
    for it in several {
        let runtimes: BTreeSet<&str> = it.built_for.values().map(String::as_str).collect();
        let runtimes = Vec::from_iter(runtimes).join(" and ");
        let message = format!("`{}` is built for {runtimes} at once", it.name);
        let features: Vec<String> = it.built_for.keys().map(|it| format!("`{it}`")).collect();
        let finding = pass.report(start.clone(), message);
        finding.severity = finding.severity.min(Severity::Info);
        let on = format!(
            "its features {} are on: one that is on by default stays so until `default-features = false` turns it off, and every crate that depends on it may turn on one",
            features.join(" and ")
        );
        finding.because.push(Note::new(on));
        finding.because.extend(it.then.iter().map(Note::new));
    }
}

fn message(it: &Missing, first: &Need) -> String {
    let (said, runtime) = (first.row.said(), &first.runtime);
    match &it.entry {
        Entry::Attribute { written, .. } => {
            format!("{said} needs {runtime}, which does not run below `#[{written}]`")
        }
        Entry::Call { row, .. } if row.on_own_threads => {
            format!("{said} needs {runtime}, which does not run on the threads of {}", row.said())
        }
        Entry::Call { row, .. } => {
            format!("{said} needs {runtime}, which does not run below {}", row.said())
        }
        Entry::Thread { .. } => {
            format!("{said} needs {runtime}, which this thread has not entered")
        }
        Entry::Program => format!("{said} needs {runtime}, and no runtime has been started here"),
    }
}

/// What the runtime that does run has in the place of the first of them.
fn instead(pass: &Pass<'_, '_>, it: &Missing) -> Option<Note> {
    let runtime = match &it.entry {
        Entry::Attribute { row, .. } => row.entry.as_deref(),
        Entry::Call { row, .. } => pass.body.runtime_of_row(row),
        Entry::Thread { .. } | Entry::Program => None,
    }?;
    let own = it.needs.iter().find_map(|it| pass.body.in_place_of(&it.row, runtime))?;
    Some(Note::new(format!("{runtime} has `{own}` for that")))
}

/// That a library works with this runtime only.
fn made_for(pass: &Pass<'_, '_>, need: &Need) -> Option<Note> {
    match pass.body.made_for(&need.row)? {
        [only] => {
            let library = need.row.path.split("::").next().unwrap_or_default();
            Some(Note::new(format!("`{library}` is made for {only} alone")))
        }
        _ => None,
    }
}

/// What else asks for the same.
fn others(needs: &[Need]) -> Option<Note> {
    let mut names: Vec<String> = needs.iter().map(|it| it.row.said()).collect();
    let first = names.first().cloned()?;
    names.sort();
    names.dedup();
    names.retain(|it| *it != first);
    let text = match &names[..] {
        [] => return None,
        [one] => format!("so does {one}"),
        [one, other] => format!("so do {one} and {other}"),
        [one, other, rest @ ..] => format!("so do {one}, {other} and {} more", rest.len()),
    };
    Some(Note::new(text))
}
