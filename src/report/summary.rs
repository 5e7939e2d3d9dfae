//! The last lines of a run: how much was found, and the commands to go on with.

use std::{collections::BTreeSet, fmt::Write};

use serde::Serialize;

use crate::{
    finding::{Applicability, Finding, Severity},
    plan::{Plan, Repair},
    report::{Mode, count, one_line, position::label},
};

/// Commands that work when they are pasted: the user's own flags are in them.
#[derive(Clone, Debug)]
pub struct Commands {
    pub apply: String,
    pub apply_unsafe: String,
}

#[derive(Clone, Copy, Serialize, Debug)]
pub struct Counts {
    pub findings: usize,
    pub errors: usize,
    pub warnings: usize,
    pub infos: usize,
    /// Files with findings.
    pub files: usize,
    /// Findings whose best fix is safe.
    pub safe: usize,
    /// Findings whose best fix is unsafe.
    #[serde(rename = "unsafe")]
    pub unsafe_: usize,
    /// Findings without a fix that could be applied.
    pub unfixable: usize,
    pub repaired: usize,
    pub changed_files: usize,
    pub remaining: usize,
    pub remaining_unsafe: usize,
}

impl Counts {
    pub fn of(plan: &Plan) -> Counts {
        let found = |it: Severity| plan.findings.iter().filter(|f| f.severity == it).count();
        let best =
            |it: Option<Applicability>| plan.findings.iter().filter(|f| best(f) == it).count();
        Counts {
            findings: plan.findings.len(),
            errors: found(Severity::Error),
            warnings: found(Severity::Warn),
            infos: found(Severity::Info),
            files: plan.findings.iter().map(|it| &it.at.file).collect::<BTreeSet<_>>().len(),
            safe: best(Some(Applicability::Safe)),
            unsafe_: best(Some(Applicability::Unsafe)),
            unfixable: best(None),
            repaired: plan.repairs.len(),
            changed_files: plan.changes.iter().filter(|it| it.before != it.after).count(),
            remaining: plan.remaining.len(),
            remaining_unsafe: remaining_unsafe(plan),
        }
    }
}

/// What the best fix that could be applied is.
fn best(finding: &Finding) -> Option<Applicability> {
    let best = finding.fixes.iter().map(|it| it.applicability).max();
    best.filter(|it| *it > Applicability::Manual)
}

fn remaining_unsafe(plan: &Plan) -> usize {
    plan.remaining.iter().filter(|it| best(it) == Some(Applicability::Unsafe)).count()
}

pub fn render(plan: &Plan, mode: Mode, commands: &Commands) -> String {
    let counts = Counts::of(plan);
    match mode {
        Mode::Check => check(&counts, commands),
        Mode::DryRun | Mode::Apply => {
            let mut out = match mode {
                _ if counts.repaired == 0 && counts.changed_files == 0 => {
                    format!("Nothing to fix{}\n", rest(&counts))
                }
                Mode::Apply => format!("Fixed {}\n", repaired(&counts)),
                Mode::DryRun | Mode::Check => format!("Would fix {}\n", repaired(&counts)),
            };
            skipped(plan, &mut out);
            if mode == Mode::DryRun && counts.changed_files > 0 {
                let _ = writeln!(out, "Run `{}` to write this.", commands.apply);
            }
            if counts.remaining_unsafe > 0 {
                let _ =
                    writeln!(out, "Run `{}` to write the unsafe fixes too.", commands.apply_unsafe);
            }
            out
        }
    }
}

/// What was repaired, one line each.
pub fn repairs(plan: &Plan) -> String {
    let line = |it: &Repair| {
        // Only the first round speaks of lines that the user has seen.
        let at = match it.round {
            0 => label(&it.finding.at, &plan.texts),
            _ => it.finding.at.file.to_string(),
        };
        let (rule, title) = (it.finding.rule, one_line(&it.title));
        format!("{at}: {rule} [{}] {title}\n", it.applicability.name())
    };
    plan.repairs.iter().map(line).collect()
}

fn check(counts: &Counts, commands: &Commands) -> String {
    if counts.findings == 0 {
        return "Nothing found.\n".to_owned();
    }
    let kinds = [(counts.errors, "error"), (counts.warnings, "warning"), (counts.infos, "info")];
    let kinds =
        kinds.iter().filter(|(number, _)| *number > 0).map(|(number, noun)| count(*number, noun));
    let mut out = format!(
        "Found {} in {} ({}): {} with a safe fix, {} with an unsafe one, {} with none.\n",
        count(counts.findings, "finding"),
        count(counts.files, "file"),
        kinds.collect::<Vec<_>>().join(", "),
        counts.safe,
        counts.unsafe_,
        counts.unfixable,
    );
    if counts.safe > 0 {
        let _ = writeln!(out, "Run `{}` to write the safe fixes.", commands.apply);
    }
    if counts.unsafe_ > 0 {
        let _ = writeln!(out, "Run `{}` to write the unsafe ones too.", commands.apply_unsafe);
    }
    out
}

/// `7 findings in 3 files (2 more with --unsafe-fixes); 4 findings have no fix that is applied.`
fn repaired(counts: &Counts) -> String {
    let files = count(counts.changed_files, "file");
    format!("{} in {files}{}", count(counts.repaired, "finding"), rest(counts))
}

/// What stays as it is.
fn rest(counts: &Counts) -> String {
    let mut out = String::new();
    if counts.remaining_unsafe > 0 {
        let _ = write!(out, " ({} more with --unsafe-fixes)", counts.remaining_unsafe);
    }
    match counts.remaining - counts.remaining_unsafe {
        0 => out.push('.'),
        1 => out.push_str("; 1 finding has no fix that is applied."),
        it => {
            let _ = write!(out, "; {it} findings have no fix that is applied.");
        }
    }
    out
}

fn skipped(plan: &Plan, out: &mut String) {
    for it in &plan.skipped {
        let at = label(&it.finding.at, &plan.texts);
        let reason = one_line(&it.reason);
        let _ =
            writeln!(out, "Not done: {at}: {}: {}: {reason}", it.finding.rule, one_line(&it.title));
    }
}
