//! A plan as one JSON document. A field is only ever added under the same `schema_version`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    finding::Coverage,
    plan::{Plan, Repair, Skipped, TakenBack},
    report::{
        Mode,
        json::finding::{JsonFinding, Span, findings, span},
        project::Project,
        summary::Counts,
        texts_after,
    },
    workspace::Texts,
};

mod finding;

pub const SCHEMA_VERSION: u32 = 1;

/// What the document looks like, as a JSON schema.
pub const SCHEMA: &str = include_str!("json/schema.json");

/// What async-fix found, and what it would repair or did.
///
/// Paths are seen from the workspace root, with `/` between the parts.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "async-fix"))]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    /// `check`, `dry-run` or `apply`.
    #[cfg_attr(test, schemars(extend("enum" = ["check", "dry-run", "apply"])))]
    mode: &'static str,
    /// What `async-fix undo` takes to put back the files; where something was written only.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JsonRepair<'a> {
    rule: &'a str,
    path: &'a str,
    /// Null for a repair of what an earlier round had already changed.
    span: Option<Span>,
    message: &'a str,
    /// Which fix of the finding was taken.
    title: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["safe", "unsafe"])))]
    applicability: &'static str,
    /// From zero. Only the first round speaks of the files as they were read.
    round: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JsonChange<'a> {
    /// The file itself, where findings speak of a link to it.
    path: &'a str,
    /// The whole new text.
    content: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JsonSkipped<'a> {
    rule: &'a str,
    path: &'a str,
    /// In the file as it was read. Null for code that an earlier round wrote.
    span: Option<Span>,
    message: &'a str,
    title: &'a str,
    /// Why it was not taken.
    reason: &'a str,
    /// The error that it would have brought, as its finder shows it; for fixes that did not pass verification only.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

pub fn render(plan: &Plan, mode: Mode, project: &Project) -> String {
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
        run: plan.run.as_deref(),
        findings: findings(&plan.findings, &plan.texts, project),
        repairs: planned.then(|| plan.repairs.iter().map(|it| repair(it, &plan.texts)).collect()),
        remaining: planned.then(|| findings(&plan.remaining, &after, project)),
        changes: planned.then(|| {
            let changed = plan.changes.iter().filter(|it| it.before != it.after);
            changed.map(|it| JsonChange { path: it.real.as_str(), content: &it.after }).collect()
        }),
        skipped_fixes: {
            let skipped = plan.skipped.iter().map(|it| skipped(it, &plan.texts));
            skipped.chain(plan.taken_back.iter().map(|it| taken_back(it, &plan.texts))).collect()
        },
        coverage: coverage(&plan.coverage),
        summary: Counts::of(plan),
    };
    serde_json::to_string_pretty(&document).expect("strings and numbers are always JSON") + "\n"
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
        error: None,
    }
}

fn taken_back<'a>(it: &'a TakenBack, texts: &Texts) -> JsonSkipped<'a> {
    JsonSkipped {
        rule: it.finding.rule,
        path: it.finding.at.file.as_str(),
        span: it.at.as_ref().and_then(|it| span(it, texts)),
        message: &it.finding.message,
        title: &it.title,
        reason: &it.error,
        error: Some(&it.rendered),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schema_is_that_of_the_document() {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let schema = settings.into_generator().into_root_schema_for::<Document<'_>>();
        let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("BLESS").is_some() {
            std::fs::write("src/report/json/schema.json", &schema).unwrap();
        }
        let published = std::fs::read_to_string("src/report/json/schema.json").unwrap();
        assert_eq!(published, schema, "BLESS=1 cargo test --lib writes the new one");
    }
}
