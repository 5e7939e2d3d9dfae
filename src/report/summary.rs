//! The last lines of a run: how much was found, and the commands to go on with.

use std::{collections::BTreeSet, fmt::Write};

use serde::Serialize;

use crate::{
    config::Remedy,
    finding::{Applicability, Finding, Severity},
    plan::{Plan, Repair, TakenBack},
    report::{Mode, count, one_line, position::label},
};

/// Commands that work when they are pasted: the user's own flags are in them.
#[derive(Clone, Debug)]
pub struct Commands {
    pub apply: String,
    /// Nothing when unsafe fixes are asked for already.
    pub apply_unsafe: Option<String>,
}

#[derive(Clone, Copy, Serialize, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// In the files as they were read, as are all counts up to `unfixable`.
    pub findings: usize,
    /// Findings of severity `error`; the next two are those of `warn` and `info`.
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
    /// Repairs that are planned, or were written.
    pub repaired: usize,
    /// Files that the repairs change, manifests and the lock file among them.
    pub changed_files: usize,
    /// Findings after the repairs.
    pub remaining: usize,
    /// Those of them whose best fix is unsafe.
    pub remaining_unsafe: usize,
    /// Those of them without a fix that could be applied.
    pub remaining_unfixable: usize,
    /// Findings that are left alone because a comment says so, or an attribute for clippy; no other count has them.
    pub suppressed: usize,
}

impl Counts {
    pub fn of(plan: &Plan) -> Counts {
        let found = |it: Severity| plan.findings.iter().filter(|f| f.severity == it).count();
        let fixable = |it| plan.findings.iter().filter(|f| best(f) == it).count();
        let remaining = |it| plan.remaining.iter().filter(|f| best(f) == it).count();
        Counts {
            findings: plan.findings.len(),
            errors: found(Severity::Error),
            warnings: found(Severity::Warn),
            infos: found(Severity::Info),
            files: plan.findings.iter().map(|it| &it.at.file).collect::<BTreeSet<_>>().len(),
            safe: fixable(Some(Applicability::Safe)),
            unsafe_: fixable(Some(Applicability::Unsafe)),
            unfixable: fixable(None),
            repaired: plan.repairs.len(),
            changed_files: plan.changes.iter().filter(|it| it.before != it.after).count(),
            remaining: plan.remaining.len(),
            remaining_unsafe: remaining(Some(Applicability::Unsafe)),
            remaining_unfixable: remaining(None),
            suppressed: plan.suppressed.len(),
        }
    }
}

/// What the best fix that could be applied is.
fn best(finding: &Finding) -> Option<Applicability> {
    let best = finding.fixes.iter().map(|it| it.applicability).max();
    best.filter(|it| *it > Applicability::Manual)
}

pub fn render(plan: &Plan, mode: Mode, commands: &Commands) -> String {
    let counts = Counts::of(plan);
    let (fix, fixed) = match plan.remedy {
        Remedy::Fix => ("fix", "Fixed"),
        Remedy::Suppress { .. } => ("suppress", "Suppressed"),
    };
    let by_comment = suppressed_one_by_one(plan);
    let fixed = if by_comment == counts.repaired && by_comment > 0 { "Suppressed" } else { fixed };
    match mode {
        Mode::Check => {
            let mut out = check(&counts, commands);
            suppressed(counts.suppressed, &mut out);
            skipped(plan, "Would not be done", &mut out);
            out
        }
        Mode::DryRun | Mode::Apply => {
            let mut out = match mode {
                _ if counts.repaired == 0 && !plan.taken_back.is_empty() => {
                    format!("Nothing is fixed{}\n", rest(&counts, commands))
                }
                _ if counts.repaired == 0 && counts.changed_files == 0 => {
                    format!("Nothing to {fix}{}\n", rest(&counts, commands))
                }
                Mode::Apply => format!("{fixed} {}\n", repaired(&counts, by_comment, commands)),
                Mode::DryRun | Mode::Check => {
                    format!("Would {fix} {}\n", repaired(&counts, by_comment, commands))
                }
            };
            if plan.remedy == Remedy::Fix {
                suppressed(counts.suppressed.saturating_sub(by_comment), &mut out);
            }
            skipped(plan, "Not done", &mut out);
            if mode == Mode::DryRun && counts.changed_files > 0 {
                let _ = writeln!(out, "Run `{}` to write this.", commands.apply);
            }
            if counts.remaining_unsafe > 0
                && let Some(command) = &commands.apply_unsafe
            {
                let _ = writeln!(out, "Run `{command}` to write the unsafe fixes too.");
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

/// Each fix that was wrong, with the error that it would have brought.
pub fn taken_back(plan: &Plan) -> impl Iterator<Item = String> {
    let last = plan.taken_back.len().saturating_sub(1);
    plan.taken_back.iter().enumerate().map(move |(index, it)| {
        let mut out = wrong(it, plan);
        if index == last {
            out.push_str(
                "\nA fix that does not compile is a mistake of async-fix, or of a row that the project adds. \
                 Please report it, with the lines above.",
            );
        }
        out
    })
}

fn wrong(it: &TakenBack, plan: &Plan) -> String {
    let at = match &it.at {
        Some(at) => label(at, &plan.texts),
        None => it.finding.at.file.to_string(),
    };
    let (rule, title) = (it.finding.rule, one_line(&it.title));
    let mut out = format!("{at}: {rule}: {title}: not kept, because with it there is a new error:");
    for line in it.rendered.lines() {
        let _ = write!(out, "\n  {line}");
    }
    out
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
    let Commands { apply, apply_unsafe } = commands;
    match apply_unsafe {
        None if counts.repaired > 0 => {
            let _ = writeln!(out, "Run `{apply}` to write the fixes.");
        }
        None => (),
        Some(apply_unsafe) => {
            if counts.repaired > 0 {
                let _ = writeln!(out, "Run `{apply}` to write the safe fixes.");
            }
            if counts.unsafe_ > 0 {
                let _ = writeln!(out, "Run `{apply_unsafe}` to write the unsafe ones too.");
            }
        }
    }
    out
}

/// `7 findings in 3 files (2 more with --unsafe-fixes); 4 findings have no fix.`
fn repaired(counts: &Counts, by_comment: usize, commands: &Commands) -> String {
    let files = count(counts.changed_files, "file");
    let findings = match counts.repaired - by_comment {
        fixed if fixed > 0 && by_comment > 0 => {
            format!("{}, suppressed {by_comment},", count(fixed, "finding"))
        }
        _ => count(counts.repaired, "finding"),
    };
    format!("{findings} in {files}{}", rest(counts, commands))
}

/// How many findings got a comment where others got a fix.
fn suppressed_one_by_one(plan: &Plan) -> usize {
    let by_comment = plan.repairs.iter().filter(|it| it.remedy != Remedy::Fix).count();
    if plan.remedy == Remedy::Fix { by_comment } else { 0 }
}

/// What stays as it is. Fixes that were not taken are told one by one.
fn rest(counts: &Counts, commands: &Commands) -> String {
    let more = match counts.remaining_unsafe {
        it if it > 0 && commands.apply_unsafe.is_some() => {
            format!(" ({it} more with --unsafe-fixes)")
        }
        _ => String::new(),
    };
    match counts.remaining_unfixable {
        0 => format!("{more}."),
        1 => format!("{more}; 1 finding has no fix."),
        it => format!("{more}; {it} findings have no fix."),
    }
}

fn suppressed(number: usize, out: &mut String) {
    match number {
        0 => (),
        1 => out.push_str("1 more is suppressed.\n"),
        it => _ = writeln!(out, "{it} more are suppressed."),
    }
}

fn skipped(plan: &Plan, verdict: &str, out: &mut String) {
    for it in &plan.skipped {
        // Lines of a text that the user never saw say nothing.
        let at = match &it.at {
            Some(at) => label(at, &plan.texts),
            None => it.finding.at.file.to_string(),
        };
        let reason = one_line(&it.reason);
        let (rule, title) = (it.finding.rule, one_line(&it.title));
        let _ = writeln!(out, "{verdict}: {at}: {rule}: {title}: {reason}");
    }
}
