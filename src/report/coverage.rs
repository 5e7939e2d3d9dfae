//! What was looked at, and what nobody saw.

use std::fmt::Write;

use crate::{finding::Coverage, report::count};

/// Below this share of known calls, silence says little.
const ENOUGH_PERCENT: usize = 75;

/// How many names a line lists before it says how many more there are.
const LISTED: usize = 5;

pub fn render(coverage: &Coverage) -> String {
    let mut out = format!(
        "Looked at {}, {} and {}",
        count(coverage.packages, "package"),
        count(coverage.targets, "target"),
        count(coverage.files, "file"),
    );
    if !coverage.runtimes.is_empty() {
        let _ = write!(out, " on {}", list(coverage.runtimes.iter().cloned()));
    }
    if coverage.calls > 0 {
        let _ = write!(
            out,
            "; {}% of {} in {} known",
            percent(coverage),
            count(coverage.calls, "call"),
            count(coverage.bodies, "function"),
        );
    }
    out.push_str(".\n");
    if coverage.calls > 0 && percent(coverage) < ENOUGH_PERCENT {
        out.push_str(
            "warning: most findings need to know what is called, so many may be missing\n",
        );
    }
    unseen(coverage, &mut out);
    out
}

fn unseen(coverage: &Coverage, out: &mut String) {
    let macros = coverage.unexpanded_macros.iter().map(|(name, times)| match times {
        1 => format!("`{name}`"),
        _ => format!("`{name}` ({times} times)"),
    });
    let lines = [
        ("macros that need the project's own code to run", list(macros)),
        ("code that a build script makes", list(coverage.generated.iter().cloned())),
        (
            "files that are not among the sources of the packages",
            list(coverage.missing_files.iter().cloned()),
        ),
        ("targets", list(coverage.left_out_targets.iter().cloned())),
        (
            "what follows syntax errors in",
            list(coverage.broken_files.iter().map(|it| it.to_string())),
        ),
    ];
    for (what, names) in lines.iter().filter(|(_, names)| !names.is_empty()) {
        let _ = writeln!(out, "Not seen: {what}: {names}");
    }
}

/// What in the user's configuration points at nothing.
pub fn warnings(coverage: &Coverage) -> impl Iterator<Item = &str> {
    coverage.wrong_rows.iter().map(String::as_str)
}

/// Every call in a body that was looked into and whose callee is not known, one a line.
pub fn unresolved(coverage: &Coverage) -> String {
    coverage.unresolved_calls.iter().map(|it| format!("Not known: {it}\n")).collect()
}

/// What went wrong in async-fix itself, one sentence each.
pub fn errors(coverage: &Coverage) -> impl Iterator<Item = String> {
    let sentence = |it| format!("{it}; this is a bug in async-fix, please report it");
    coverage.internal_errors.iter().map(sentence)
}

fn percent(coverage: &Coverage) -> usize {
    coverage.calls_resolved * 100 / coverage.calls.max(1)
}

fn list(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let shown = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
