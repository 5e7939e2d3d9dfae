//! A finding with all that is known of it.

use std::collections::BTreeMap;

use ra_ap_ide_db::text_edit::TextRange;
use serde::Serialize;

use crate::{
    finding::{FilePath, Finding, Fix, Place, Want},
    report::{
        fingerprint::{fingerprints, sha256},
        position::Position,
        project::{Project, url},
    },
    workspace::Texts,
};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct JsonFinding<'a> {
    /// The name of the rule, for `async-fix explain`.
    rule: &'a str,
    /// What the rule belongs to, for `--select` and `--ignore`.
    group: Option<&'a str>,
    /// `info`, `warn` or `error`.
    #[cfg_attr(test, schemars(extend("enum" = ["info", "warn", "error"])))]
    severity: &'static str,
    path: &'a str,
    /// Null when the text of the file is not known.
    span: Option<Span>,
    /// What happens here. Lower case, no full stop.
    message: &'a str,
    /// The reasons, in the order in which a reader follows them.
    chain: Vec<Link<'a>>,
    /// The same for the same code under the same items of the same file, wherever its lines go.
    fingerprint: String,
    /// Where the page of the rule can be read. Null as long as it is published nowhere.
    url: Option<String>,
    /// Alternatives, best first; at most one is applied.
    fixes: Vec<JsonFix<'a>>,
    /// Why there is no fix, where that is known: the links of the chain without a place. Null when there is one.
    reason: Option<String>,
}

/// A stretch of a file. Columns count characters, which are Unicode scalar values: a tab is one, a letter with an accent is
/// one or two, as it is written. A byte order mark is a part of no line.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Span {
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Link<'a> {
    /// Null for a reason that has no place.
    path: Option<&'a str>,
    span: Option<Span>,
    label: &'a str,
}

/// Applied whole or not at all.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JsonFix<'a> {
    /// A verb phrase.
    title: &'a str,
    /// `safe`, `unsafe` (applied with `--unsafe-fixes`) or `manual` (a sketch, never applied).
    #[cfg_attr(test, schemars(extend("enum" = ["safe", "unsafe", "manual"])))]
    applicability: &'static str,
    /// What keeps it from being safe, in one clause.
    unsafe_because: Option<&'a str>,
    /// Features that the manifest does not turn on yet; `--apply` does.
    requires: Vec<Requirement<'a>>,
    edits: Vec<JsonEdit<'a>>,
}

/// A feature of a dependency.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Requirement<'a> {
    /// The `Cargo.toml` that names the dependency.
    manifest: &'a str,
    /// The key in that manifest.
    dependency: &'a str,
    feature: &'a str,
}

/// `content` in place of the bytes from `start` up to `end`. Every edit of a fix speaks of the text before all of them.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JsonEdit<'a> {
    path: &'a str,
    /// The SHA-256 of the text that the edit speaks of, in lower case. Null when the text is not known.
    sha256: Option<String>,
    start: u32,
    end: u32,
    content: &'a str,
}

pub(super) fn findings<'a>(
    findings: &'a [Finding],
    texts: &Texts,
    project: &'a Project,
) -> Vec<JsonFinding<'a>> {
    let mut hashes = Hashes { texts, known: BTreeMap::new() };
    let findings = findings.iter().zip(fingerprints(findings, texts));
    findings.map(|(it, print)| finding(it, print, &mut hashes, project)).collect()
}

/// The hashes of texts, each computed once.
struct Hashes<'t> {
    texts: &'t Texts,
    known: BTreeMap<FilePath, String>,
}

impl Hashes<'_> {
    fn of(&mut self, file: &FilePath) -> Option<String> {
        let text = self.texts.get(file)?;
        Some(self.known.entry(file.clone()).or_insert_with(|| sha256(text)).clone())
    }
}

fn finding<'a>(
    it: &'a Finding,
    fingerprint: String,
    hashes: &mut Hashes<'_>,
    project: &'a Project,
) -> JsonFinding<'a> {
    let texts = hashes.texts;
    JsonFinding {
        rule: it.rule,
        group: project.page(it.rule).map(|it| it.group.as_str()),
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
        fingerprint,
        url: url(it.rule),
        fixes: it.fixes.iter().map(|it| fix(it, hashes)).collect(),
        reason: it.fixes.is_empty().then(|| reason(it)).flatten(),
    }
}

fn reason(finding: &Finding) -> Option<String> {
    let placeless = finding.because.iter().filter(|it| it.at.is_none());
    let reasons: Vec<&str> = placeless.map(|it| it.text.as_str()).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

pub(super) fn span(place: &Place, texts: &Texts) -> Option<Span> {
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

fn fix<'a>(it: &'a Fix, hashes: &mut Hashes<'_>) -> JsonFix<'a> {
    let requires = it.wants.iter().map(|Want::Feature(it, _)| Requirement {
        manifest: it.manifest.as_str(),
        dependency: &it.dependency,
        feature: &it.feature,
    });
    let mut edits = Vec::new();
    for (file, edit) in &it.edits {
        let (path, sha256) = (file.as_str(), hashes.of(file));
        edits.extend(edit.iter().map(|it| {
            let ((start, end), sha256) = (bytes(it.delete), sha256.clone());
            JsonEdit { path, sha256, start, end, content: &it.insert }
        }));
    }
    JsonFix {
        title: &it.title,
        applicability: it.applicability.name(),
        unsafe_because: it.doubt.as_deref(),
        requires: requires.collect(),
        edits,
    }
}
