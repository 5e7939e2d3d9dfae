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

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    mode: &'static str,
    /// In the files as they were read.
    findings: Vec<JsonFinding<'a>>,
    /// What `--dry-run` would repair and `--apply` repaired.
    #[serde(skip_serializing_if = "Option::is_none")]
    repairs: Option<Vec<JsonRepair<'a>>>,
    /// What is found in the files after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<Vec<JsonFinding<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<JsonChange<'a>>>,
    skipped_fixes: Vec<JsonSkipped<'a>>,
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
    rule: &'a str,
    severity: &'static str,
    path: &'a str,
    span: Option<Span>,
    message: &'a str,
    chain: Vec<Link<'a>>,
    fixes: Vec<JsonFix<'a>>,
}

/// Bytes from the start of the file, and lines and columns from one, columns in characters.
#[derive(Serialize)]
struct Span {
    start: u32,
    end: u32,
    line: usize,
    col: usize,
    end_line: usize,
    end_col: usize,
}

#[derive(Serialize)]
struct Link<'a> {
    path: Option<&'a str>,
    span: Option<Span>,
    label: &'a str,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    title: &'a str,
    applicability: &'static str,
    unsafe_because: Option<&'a str>,
    requires: Vec<Requirement<'a>>,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
struct Requirement<'a> {
    manifest: &'a str,
    dependency: &'a str,
    feature: &'a str,
}

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
    /// Nothing for a repair of what an earlier round had already changed.
    span: Option<Span>,
    message: &'a str,
    title: &'a str,
    applicability: &'static str,
    round: usize,
}

#[derive(Serialize)]
struct JsonChange<'a> {
    path: &'a str,
    content: &'a str,
}

#[derive(Serialize)]
struct JsonSkipped<'a> {
    rule: &'a str,
    path: &'a str,
    message: &'a str,
    title: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct JsonCoverage<'a> {
    packages: usize,
    targets: usize,
    files: usize,
    bodies: usize,
    runtimes: &'a BTreeSet<String>,
    calls_resolved: usize,
    calls_total: usize,
    unexpanded_macros: &'a BTreeMap<String, usize>,
    generated: &'a BTreeSet<String>,
    broken_files: Vec<&'a str>,
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
            changed.map(|it| JsonChange { path: it.file.as_str(), content: &it.after }).collect()
        }),
        skipped_fixes: plan.skipped.iter().map(skipped).collect(),
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
    }
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

fn skipped(it: &Skipped) -> JsonSkipped<'_> {
    JsonSkipped {
        rule: it.finding.rule,
        path: it.finding.at.file.as_str(),
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
        broken_files: it.broken_files.iter().map(|it| it.as_str()).collect(),
        internal_errors: &it.internal_errors,
    }
}
