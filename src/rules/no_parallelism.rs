//! Futures that compute, or are very many, and take turns on one thread where there are others.

use crate::{
    facts::{
        fan_out::{FanOut, Joined, Limit},
        idle::tasks::Tasks,
        item_work::Deed,
        runtime::Runtime,
    },
    finding::{Finding, Fix, Note, Severity},
    fix::spawn_items,
    rules::{Pass, steps},
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    if !has_several_threads(pass) {
        return;
    }
    for it in pass.body.fan_outs() {
        fan_out(pass, &it);
    }
    for it in pass.body.joined() {
        joined(pass, &it);
    }
}

/// Whether tasks of this code may run on other threads than the one that starts them.
fn has_several_threads(pass: &Pass<'_, '_>) -> bool {
    let Runtime::One(driver) = &pass.around.runtime else { return false };
    let several = ["rt-multi-thread", "full"].iter().any(|it| driver.features.contains(*it));
    pass.around.several_threads || several && driver.name == "tokio"
}

fn fan_out(pass: &mut Pass<'_, '_>, it: &FanOut) {
    if it.count.is_one() || it.limit == Limit::One {
        return;
    }
    let name = it.row.name();
    let computes = pass.body.work_of(pass.effects, &it.futures).computes;
    let is_large = it.count.is_large() && it.limit != Limit::Given && !it.futures.is_empty();
    let message = match &computes {
        Some(deed) => format!(
            "the futures of `{name}` run on one thread, one after the other: {} computes",
            deed.shown()
        ),
        None if is_large => {
            format!("all futures of `{name}` run on one thread, however many there are")
        }
        None => return,
    };
    let tasks = pass.body.each_as_task(it);
    let fix = tasks.and_then(|it| spawn_items::spawn(pass.around, pass.body, &it));
    let certain = pass.around.several_threads;
    let finding = pass.report(it.named_at.clone(), message);
    if computes.is_none() || !certain {
        finding.severity = finding.severity.min(Severity::Info);
    }
    // With a limit there are few.
    finding.cured_at.extend(computes.is_none().then(|| it.at.clone()));
    explain(finding, computes.as_slice(), fix);
}

fn joined(pass: &mut Pass<'_, '_>, it: &Joined) {
    let work =
        |it: &_| pass.body.work_of_future(pass.effects, *it).computes.map(|deed| (*it, deed));
    let heavy: Vec<_> = it.futures.iter().filter_map(work).collect();
    if heavy.len() < 2 {
        return;
    }
    let tasks: Result<Vec<Tasks>, String> =
        heavy.iter().map(|it| pass.body.branch_as_task(it.0)).collect();
    let fix = tasks.and_then(|it| spawn_items::spawn_all(pass.around, pass.body, &it));
    let certain = pass.around.several_threads;
    let message =
        format!("{} futures of `{}` compute, and take turns on one thread", heavy.len(), it.name);
    let finding = pass.report(it.at.clone(), message);
    if !certain {
        finding.severity = finding.severity.min(Severity::Info);
    }
    let deeds: Vec<Deed> = heavy.into_iter().map(|it| it.1).collect();
    explain(finding, &deeds, fix);
}

fn explain(finding: &mut Finding, deeds: &[Deed], fix: Result<Fix, String>) {
    finding.because.extend(deeds.iter().flat_map(|it| steps(&it.way)));
    let calls = deeds.iter().flat_map(|it| &it.way);
    finding.cured_at.extend(calls.filter_map(|it| it.at.clone()));
    match fix {
        Ok(fix) => finding.fixes.push(fix),
        Err(why) => {
            finding
                .because
                .push(Note::new(format!("they cannot be made tasks as they are: {why}")));
        }
    }
}
