//! A plan as one JSON document. A field is only ever added under the same `schema_version`.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::TextRange;
use serde::Serialize;

use crate::{
    finding::{Coverage, Finding, Fix, Place, Want},
    plan::{Plan, Repair, Skipped},
    report::{Mode, position::Position, summary::Counts, texts_after},
    workspace::Texts,
};

pub const SCHEMA_VERSION: u32 = 1;

/// Paths are seen from the workspace root, with `/` between the parts.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    /// `check`, `dry-run` or `apply`.
    mode: &'static str,
    /// In the files as they were read.
    findings: Vec<JsonFinding<'a>>,
    /// What `--dry-run` would repair and `--apply` repaired; in these modes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    repairs: Option<Vec<JsonRepair<'a>>>,
    /// What is found in the files after that; in these modes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<Vec<JsonFinding<'a>>>,
    /// The files that are or would be written; in these modes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<JsonChange<'a>>>,
    /// Fixes that were wanted and not taken.
    skipped_fixes: Vec<JsonSkipped<'a>>,
    /// What was looked at, and what could not be seen.
    coverage: JsonCoverage<'a>,
    summary: Counts,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    /// The name of the rule, for `async-fix explain`.
    rule: &'a str,
    /// `info`, `warn` or `error`.
    severity: &'static str,
    path: &'a str,
    /// Null when the text of the file is not known.
    span: Option<Span>,
    /// What happens here. Lower case, no full stop.
    message: &'a str,
    /// The reasons, in the order in which a reader follows them.
    chain: Vec<Link<'a>>,
    /// Alternatives, best first; at most one is applied.
    fixes: Vec<JsonFix<'a>>,
    /// Why there is no fix, where that is known: the links of the chain without a place. Null when there is one.
    reason: Option<String>,
}

/// A stretch of a file.
#[derive(Serialize)]
struct Span {
    /// In bytes from the start of the file; a byte order mark counts.
    start: u32,
    /// The first byte behind it.
    end: u32,
    /// From one.
    line: usize,
    /// In characters, from one.
    col: usize,
    end_line: usize,
    /// The first character behind it.
    end_col: usize,
}

#[derive(Serialize)]
struct Link<'a> {
    /// Null for a reason that has no place.
    path: Option<&'a str>,
    span: Option<Span>,
    label: &'a str,
}

/// Applied whole or not at all.
#[derive(Serialize)]
struct JsonFix<'a> {
    /// A verb phrase.
    title: &'a str,
    /// `safe`, `unsafe` (applied with `--unsafe-fixes`) or `manual` (a sketch, never applied).
    applicability: &'static str,
    /// What keeps it from being safe, in one clause.
    unsafe_because: Option<&'a str>,
    /// Features that are turned on when they are off.
    requires: Vec<Requirement<'a>>,
    edits: Vec<JsonEdit<'a>>,
}

/// A feature of a dependency.
#[derive(Serialize)]
struct Requirement<'a> {
    /// The `Cargo.toml` that names the dependency.
    manifest: &'a str,
    /// The key in that manifest.
    dependency: &'a str,
    feature: &'a str,
}

/// `content` in place of the bytes from `start` up to `end`. Every edit of a fix speaks of the text before all of them.
#[derive(Serialize)]
struct JsonEdit<'a> {
    path: &'a str,
    start: u32,
    end: u32,
    content: &'a str,
}

#[derive(Serialize)]
struct JsonRepair<'a> {
    rule: &'a str,
    path: &'a str,
    /// Null for a repair of what an earlier round had already changed.
    span: Option<Span>,
    message: &'a str,
    /// Which fix of the finding was taken.
    title: &'a str,
    applicability: &'static str,
    /// From zero. Only the first round speaks of the files as they were read.
    round: usize,
}

#[derive(Serialize)]
struct JsonChange<'a> {
    /// The file itself, where findings speak of a link to it.
    path: &'a str,
    /// The whole new text.
    content: &'a str,
}

#[derive(Serialize)]
struct JsonSkipped<'a> {
    rule: &'a str,
    path: &'a str,
    /// In the file as it was read. Null for code that an earlier round wrote.
    span: Option<Span>,
    message: &'a str,
    title: &'a str,
    /// Why it was not taken.
    reason: &'a str,
}

#[derive(Serialize)]
struct JsonCoverage<'a> {
    packages: usize,
    targets: usize,
    /// Source files of the workspace.
    files: usize,
    /// Functions that mention something a rule asks for, and so were looked into.
    bodies: usize,
    /// The runtimes that drive the targets, by crate name.
    runtimes: &'a BTreeSet<String>,
    /// Calls in these functions whose callee is known.
    calls_resolved: usize,
    /// All calls in these functions.
    calls_total: usize,
    /// Macros by name, with how often they stayed unexpanded.
    unexpanded_macros: &'a BTreeMap<String, usize>,
    /// Code that a build script makes.
    generated: &'a BTreeSet<String>,
    /// Modules and `include!`s whose file is not among the sources of the packages.
    missing_files: &'a BTreeSet<String>,
    /// Targets that were not analysed, each with the reason.
    left_out_targets: &'a [String],
    /// Files with syntax errors, which are read as far as they parse.
    broken_files: Vec<&'a str>,
    /// The user's own rows of knowledge that name nothing, one sentence each.
    wrong_rows: &'a [String],
    /// What went wrong in async-fix itself: what was not found means nothing then.
    internal_errors: &'a [String],
}

pub fn render(plan: &Plan, mode: Mode) -> String {
    let after = texts_after(plan);
    let planned = mode != Mode::Check;
    let document = Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "async-fix", version: env!("CARGO_PKG_VERSION") },
        mode: match mode {
            Mode::Check => "check",
            Mode::DryRun => "dry-run",
            Mode::Apply => "apply",
        },
        findings: plan.findings.iter().map(|it| finding(it, &plan.texts)).collect(),
        repairs: planned.then(|| plan.repairs.iter().map(|it| repair(it, &plan.texts)).collect()),
        remaining: planned.then(|| plan.remaining.iter().map(|it| finding(it, &after)).collect()),
        changes: planned.then(|| {
            let changed = plan.changes.iter().filter(|it| it.before != it.after);
            changed.map(|it| JsonChange { path: it.real.as_str(), content: &it.after }).collect()
        }),
        skipped_fixes: plan.skipped.iter().map(|it| skipped(it, &plan.texts)).collect(),
        coverage: coverage(&plan.coverage),
        summary: Counts::of(plan),
    };
    serde_json::to_string_pretty(&document).expect("strings and numbers are always JSON") + "\n"
}

fn finding<'a>(it: &'a Finding, texts: &Texts) -> JsonFinding<'a> {
    JsonFinding {
        rule: it.rule,
        severity: it.severity.name(),
        path: it.at.file.as_str(),
        span: span(&it.at, texts),
        message: &it.message,
        chain: it
            .because
            .iter()
            .map(|it| Link {
                path: it.at.as_ref().map(|it| it.file.as_str()),
                span: it.at.as_ref().and_then(|it| span(it, texts)),
                label: &it.text,
            })
            .collect(),
        fixes: it.fixes.iter().map(fix).collect(),
        reason: it.fixes.is_empty().then(|| reason(it)).flatten(),
    }
}

fn reason(finding: &Finding) -> Option<String> {
    let placeless = finding.because.iter().filter(|it| it.at.is_none());
    let reasons: Vec<&str> = placeless.map(|it| it.text.as_str()).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

fn span(place: &Place, texts: &Texts) -> Option<Span> {
    let text = texts.get(&place.file)?;
    let from = Position::of(place.range.start(), text);
    let to = Position::of(place.range.end(), text);
    let (start, end) = bytes(place.range);
    Some(Span {
        start,
        end,
        line: from.line,
        col: from.column,
        end_line: to.line,
        end_col: to.column,
    })
}

fn bytes(range: TextRange) -> (u32, u32) {
    (range.start().into(), range.end().into())
}

fn fix(it: &Fix) -> JsonFix<'_> {
    let requires = it.wants.iter().map(|Want::Feature(it, _)| Requirement {
        manifest: it.manifest.as_str(),
        dependency: &it.dependency,
        feature: &it.feature,
    });
    let edits = it.edits.iter().flat_map(|(file, edit)| {
        edit.iter().map(|it| {
            let (start, end) = bytes(it.delete);
            JsonEdit { path: file.as_str(), start, end, content: &it.insert }
        })
    });
    JsonFix {
        title: &it.title,
        applicability: it.applicability.name(),
        unsafe_because: it.doubt.as_deref(),
        requires: requires.collect(),
        edits: edits.collect(),
    }
}

fn repair<'a>(it: &'a Repair, texts: &Texts) -> JsonRepair<'a> {
    JsonRepair {
        rule: it.finding.rule,
        path: it.finding.at.file.as_str(),
        span: if it.round == 0 { span(&it.finding.at, texts) } else { None },
        message: &it.finding.message,
        title: &it.title,
        applicability: it.applicability.name(),
        round: it.round,
    }
}

fn skipped<'a>(it: &'a Skipped, texts: &Texts) -> JsonSkipped<'a> {
    JsonSkipped {
        rule: it.finding.rule,
        path: it.finding.at.file.as_str(),
        span: it.at.as_ref().and_then(|it| span(it, texts)),
        message: &it.finding.message,
        title: &it.title,
        reason: &it.reason,
    }
}

fn coverage(it: &Coverage) -> JsonCoverage<'_> {
    JsonCoverage {
        packages: it.packages,
        targets: it.targets,
        files: it.files,
        bodies: it.bodies,
        runtimes: &it.runtimes,
        calls_resolved: it.calls_resolved,
        calls_total: it.calls,
        unexpanded_macros: &it.unexpanded_macros,
        generated: &it.generated,
        missing_files: &it.missing_files,
        left_out_targets: &it.left_out_targets,
        broken_files: it.broken_files.iter().map(|it| it.as_str()).collect(),
        wrong_rows: &it.wrong_rows,
        internal_errors: &it.internal_errors,
    }
}
