//! SARIF 2.1.0, which code scanning services and editors read.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use url::Url;

use crate::{
    finding::{Applicability, Coverage, FilePath, Finding, Fix, Note, Place, Severity, Want},
    page::Page,
    report::{
        coverage,
        fingerprint::{fingerprints, sha256},
        position::Position,
        project::{Project, url},
        rules,
    },
    workspace::Texts,
};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name that stands for the folder of the workspace.
const ROOT: &str = "ROOT";

/// What a path in a URI says as it is.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One log with one run. `suppressed` are findings that a comment suppresses: they are told, and marked as such. Unsafe
/// fixes are among the fixes, and say so; sketches are not.
pub fn render(
    findings: &[Finding],
    suppressed: &[Finding],
    texts: &Texts,
    coverage: &Coverage,
    project: &Project,
) -> String {
    let all = [findings, suppressed].concat();
    let mut results = results(&all, texts, project);
    for result in &mut results[findings.len()..] {
        result["suppressions"] = json!([{ "kind": "inSource" }]);
    }
    let mut run = json!({
        "tool": { "driver": driver(project) },
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation(coverage)],
        "artifacts": artifacts(&all, texts),
        "results": results,
    });
    if let Ok(root) = Url::from_directory_path(&project.root) {
        run["originalUriBaseIds"] = json!({ ROOT: { "uri": root.as_str() } });
    }
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] });
    serde_json::to_string_pretty(&log).expect("strings and numbers are always JSON") + "\n"
}

fn driver(project: &Project) -> Value {
    let mut driver = json!({
        "name": "async-fix",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": project.pages.iter().map(rule).collect::<Vec<_>>(),
    });
    if !env!("CARGO_PKG_REPOSITORY").is_empty() {
        driver["informationUri"] = json!(env!("CARGO_PKG_REPOSITORY"));
    }
    driver
}

fn rule(page: &Page) -> Value {
    let body = rules::body(page);
    let mut rule = json!({
        "id": page.name,
        "shortDescription": { "text": page.summary },
        "help": { "text": body, "markdown": body },
        "defaultConfiguration": { "level": level(page.level) },
        "properties": { "tags": ["async", page.group] },
    });
    if let Some(url) = url(&page.name) {
        rule["helpUri"] = json!(url);
    }
    rule
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warn => "warning",
        Severity::Error => "error",
    }
}

fn invocation(coverage: &Coverage) -> Value {
    let note = |level: &str, text: &str| json!({ "level": level, "message": { "text": text } });
    let errors = coverage::errors(coverage).map(|it| note("error", &it));
    let warnings = coverage::warnings(coverage).map(|it| note("warning", it));
    let seen = coverage::render(coverage);
    let seen = seen.lines().map(|it| note("note", it));
    json!({
        "executionSuccessful": coverage.internal_errors.is_empty(),
        "toolExecutionNotifications": errors.chain(warnings).chain(seen).collect::<Vec<_>>(),
    })
}

/// The files that results speak of.
fn artifacts(findings: &[Finding], texts: &Texts) -> Value {
    let places = findings.iter().flat_map(|it| {
        let notes = it.because.iter().filter_map(|it| it.at.as_ref());
        notes
            .chain([&it.at])
            .map(|it| &it.file)
            .chain(it.fixes.iter().flat_map(|it| it.edits.keys()))
    });
    let files: BTreeSet<&FilePath> = places.collect();
    let artifact = |file: &FilePath| {
        let text = texts.get(file)?;
        Some(json!({
            "location": artifact_location(file),
            "length": text.len(),
            "hashes": { "sha-256": sha256(text) },
        }))
    };
    files.into_iter().filter_map(artifact).collect()
}

fn results(findings: &[Finding], texts: &Texts, project: &Project) -> Vec<Value> {
    let results = findings.iter().zip(fingerprints(findings, texts));
    results.map(|(finding, fingerprint)| result(finding, fingerprint, texts, project)).collect()
}

fn result(finding: &Finding, fingerprint: String, texts: &Texts, project: &Project) -> Value {
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": { "text": message(finding) },
        "locations": [location(&finding.at, texts)],
        "partialFingerprints": { "asyncFix/v1": fingerprint },
    });
    if let Some(index) = project.pages.iter().position(|it| it.name == finding.rule) {
        result["ruleIndex"] = json!(index);
    }
    let chain = chain(finding, texts);
    if !chain.is_empty() {
        let steps: Vec<Value> = chain.iter().map(|it| json!({ "location": it })).collect();
        result["codeFlows"] = json!([{ "threadFlows": [{ "locations": steps }] }]);
        result["relatedLocations"] = chain.into_iter().collect();
    }
    let offered = finding.fixes.iter().filter(|it| it.applicability > Applicability::Manual);
    let fixes: Vec<Value> = offered.map(|it| fix(it, texts)).collect();
    if !fixes.is_empty() {
        result["fixes"] = json!(fixes);
    }
    result
}

/// What happens here, and the reasons that have no place of their own.
fn message(finding: &Finding) -> String {
    let placeless = finding.because.iter().filter(|it| it.at.is_none());
    let lines = [finding.message.as_str()].into_iter().chain(placeless.map(|it| it.text.as_str()));
    lines.collect::<Vec<_>>().join("\n")
}

/// The reasons that have a place, in the order in which a reader follows them.
fn chain(finding: &Finding, texts: &Texts) -> Vec<Value> {
    let with_place = |Note { at, text }: &Note| {
        let mut location = location(at.as_ref()?, texts);
        location["message"] = json!({ "text": text });
        Some(location)
    };
    finding.because.iter().filter_map(with_place).collect()
}

fn fix(fix: &Fix, texts: &Texts) -> Value {
    let changes = fix.edits.iter().map(|(file, edit)| {
        let replacements = edit.iter().map(|it| {
            let place = Place::new(file.clone(), it.delete);
            json!({ "deletedRegion": region(&place, texts), "insertedContent": { "text": it.insert } })
        });
        json!({
            "artifactLocation": artifact_location(file),
            "replacements": replacements.collect::<Vec<_>>(),
        })
    });
    json!({
        "description": { "text": description(fix) },
        "artifactChanges": changes.collect::<Vec<_>>(),
        "properties": { "applicability": fix.applicability.name() },
    })
}

fn description(fix: &Fix) -> String {
    let mut text = format!("[{}] {}", fix.applicability.name(), fix.title);
    if let Some(doubt) = &fix.doubt {
        text += &format!("\nnot safe: {doubt}");
    }
    for Want::Feature(it, _) in &fix.wants {
        let (feature, dependency, manifest) = (&it.feature, &it.dependency, &it.manifest);
        text += &format!("\nneeds the feature `{feature}` of `{dependency}` in `{manifest}`");
    }
    text
}

fn location(at: &Place, texts: &Texts) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": artifact_location(&at.file),
            "region": region(at, texts),
        },
    })
}

fn artifact_location(file: &FilePath) -> Value {
    let path = utf8_percent_encode(file.as_str(), PLAIN).to_string();
    json!({ "uri": path, "uriBaseId": ROOT })
}

/// Lines, columns and bytes; the bytes alone when the text is not known.
fn region(at: &Place, texts: &Texts) -> Value {
    let mut region = json!({
        "byteOffset": u32::from(at.range.start()),
        "byteLength": u32::from(at.range.len()),
    });
    if let Some(text) = texts.get(&at.file) {
        let from = Position::of(at.range.start(), text);
        let to = Position::of(at.range.end(), text);
        region["startLine"] = json!(from.line);
        region["startColumn"] = json!(from.column);
        region["endLine"] = json!(to.line);
        region["endColumn"] = json!(to.column);
    }
    region
}
