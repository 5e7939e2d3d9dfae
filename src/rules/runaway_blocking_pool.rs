//! More calls for the threads that may block than there are threads, and no limit to them.

use crate::{
    facts::{
        counts::Count,
        fan_out::{FanOut, Limit},
        item_work::{Deed, ItemWork},
        task_each::{Started, TaskEach},
    },
    finding::{Finding, Note, Severity},
    rules::{
        Pass, steps,
        unbounded_concurrency::{at_most, each_with_permit, evidence, is_needed, other_starts},
    },
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for it in pass.body.unlimited() {
        let work = pass.body.work_of(pass.effects, &it.futures);
        let is_certain = matches!(it.limit, Limit::Number(_));
        if matches!(it.limit, Limit::Nothing(_))
            || is_needed(&it.count, &work)
            || !is_certain && is_easy(&it.count, &work)
        {
            continue;
        }
        if let Some(deed) = work.uses_pool {
            fan_out(pass, &it, &deed);
        }
    }
    for it in pass.body.tasks_for_each() {
        let work = pass.body.work_of(pass.effects, &it.futures);
        if is_needed(&it.count, &work) || is_easy(&it.count, &work) {
            continue;
        }
        if work.uses_pool.is_some() || it.started == Started::OnPool {
            task_each(pass, &it, work.uses_pool.as_ref());
        }
    }
}

/// Whether each of them looks something up for a moment, and nobody can see that there are many; or there are permits for
/// so many of them.
fn is_easy(count: &Count, work: &ItemWork) -> bool {
    work.permit.is_some() || !count.is_large() && work.uses_pool.as_ref().is_some_and(|it| it.brief)
}

fn fan_out(pass: &mut Pass<'_, '_>, it: &FanOut, deed: &Deed) {
    let fix = at_most(pass, it);
    let message = format!(
        "nothing limits how many of {} wait at once for the threads that may block",
        deed.shown()
    );
    let is_number = matches!(it.limit, Limit::Number(_));
    let finding = pass.report(it.at.clone(), message);
    explain(finding, &it.count, is_number, Some(deed));
    finding.fixes.extend(fix);
}

fn task_each(pass: &mut Pass<'_, '_>, it: &TaskEach, deed: Option<&Deed>) {
    let fix = each_with_permit(pass, it);
    let what = deed.map_or("these closures".to_owned(), Deed::shown);
    let message =
        format!("nothing limits how many of {what} wait at once for the threads that may block");
    let finding = pass.report(it.first.at.clone(), message);
    let text = format!("one for each that {} brings, and no wait between", it.brings);
    finding.because.push(Note::at(it.from.clone(), text));
    finding.because.extend(other_starts(it));
    explain(finding, &it.count, false, deed);
    match fix {
        Ok(fix) => finding.fixes.push(fix),
        Err(why) => finding.because.push(Note::new(format!("no permit can be written: {why}"))),
    }
}

fn explain(finding: &mut Finding, count: &Count, is_number: bool, deed: Option<&Deed>) {
    if !is_number && !matches!(count, Count::AtMost(_)) {
        finding.severity = finding.severity.min(Severity::Info);
    }
    finding.because.push(evidence(count));
    finding.because.extend(deed.iter().flat_map(|it| steps(&it.way)));
    finding.because.push(Note::new(
        "there are 512 such threads unless the runtime is built otherwise, and what waits for one keeps its memory; no number of threads is a limit",
    ));
}
