//! Messages as `cargo check --message-format=json` prints them, for whatever reads those of cargo.

use std::collections::BTreeMap;

use ra_ap_syntax::TextRange;
use serde::{Deserialize, Serialize};

use crate::{
    finding::{Applicability, FilePath, Finding, Fix, Note, Place, Severity, Want},
    report::{
        Style, full,
        position::Position,
        project::{CargoTarget, url},
    },
    workspace::Texts,
};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// One line of the output.
#[derive(Serialize)]
struct CompilerMessage<'a> {
    reason: &'static str,
    package_id: &'a str,
    manifest_path: String,
    target: Target<'a>,
    message: Diagnostic,
}

/// The last line.
#[derive(Serialize)]
struct BuildFinished {
    reason: &'static str,
    success: bool,
}

#[derive(Serialize)]
struct Target<'a> {
    kind: [&'a str; 1],
    crate_types: [&'a str; 1],
    name: &'a str,
    src_path: String,
    edition: &'a str,
    doc: bool,
    doctest: bool,
    test: bool,
}

/// As rustc has it. A field that may be null is there all the same.
#[derive(Serialize)]
struct Diagnostic {
    #[serde(rename = "$message_type", skip_serializing_if = "Option::is_none")]
    message_type: Option<&'static str>,
    message: String,
    code: Option<Code>,
    level: &'static str,
    spans: Vec<Span>,
    children: Vec<Diagnostic>,
    rendered: Option<String>,
}

#[derive(Serialize)]
struct Code {
    code: String,
    explanation: Option<String>,
}

/// Bytes count from the start of the file. Lines and columns are counted from one, a column is a character.
#[derive(Serialize)]
struct Span {
    file_name: String,
    byte_start: u32,
    byte_end: u32,
    line_start: usize,
    line_end: usize,
    column_start: usize,
    column_end: usize,
    is_primary: bool,
    text: Vec<SourceLine>,
    label: Option<String>,
    suggested_replacement: Option<String>,
    suggestion_applicability: Option<&'static str>,
    expansion: Option<()>,
}

#[derive(Serialize)]
struct SourceLine {
    text: String,
    highlight_start: usize,
    highlight_end: usize,
}

/// What a line of somebody who speaks as cargo does is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// The last one.
    Finished {
        success: bool,
    },
    Message,
    /// Nothing of cargo's.
    Other,
}

/// One line a finding. `targets` are what compiles the files; `style` is that of the text for people in each line.
pub fn render(
    findings: &[Finding],
    texts: &Texts,
    targets: &BTreeMap<FilePath, CargoTarget>,
    style: Style,
) -> String {
    let messages = findings.iter().filter_map(|it| {
        let target = targets.get(&it.at.file)?;
        Some(line(&message(it, texts, target, style)))
    });
    messages.collect()
}

/// The line that says that there are no more.
pub fn finished(success: bool) -> String {
    line(&BuildFinished { reason: "build-finished", success })
}

/// Whether nothing of this would keep a program from being built.
pub fn succeeds(findings: &[Finding]) -> bool {
    findings.iter().all(|it| it.severity < Severity::Error)
}

/// A message that is about nothing in a package: who shows messages by package forgets what it showed of this one.
pub fn nothing_found(target: &CargoTarget) -> String {
    line(&envelope(target, child("note", "async-fix has found nothing".to_owned(), Vec::new())))
}

pub fn read(line: &[u8]) -> Line {
    #[derive(Deserialize)]
    struct Said {
        reason: String,
        #[serde(default)]
        success: bool,
    }
    match serde_json::from_slice(line) {
        Ok(Said { reason, success }) if reason == "build-finished" => Line::Finished { success },
        Ok(_) => Line::Message,
        Err(_) => Line::Other,
    }
}

fn line(it: &impl Serialize) -> String {
    serde_json::to_string(it).expect("strings and numbers are always JSON") + "\n"
}

fn message<'a>(
    finding: &Finding,
    texts: &Texts,
    target: &'a CargoTarget,
    style: Style,
) -> CompilerMessage<'a> {
    envelope(target, diagnostic(finding, texts, style))
}

fn envelope(target: &CargoTarget, message: Diagnostic) -> CompilerMessage<'_> {
    CompilerMessage {
        reason: "compiler-message",
        package_id: &target.package_id,
        manifest_path: target.manifest.to_string_lossy().into_owned(),
        target: Target {
            kind: [target.kind],
            crate_types: [match target.kind {
                "lib" => "lib",
                _ => "bin",
            }],
            name: &target.name,
            src_path: target.root.to_string_lossy().into_owned(),
            edition: &target.edition,
            doc: matches!(target.kind, "lib" | "bin"),
            doctest: target.kind == "lib",
            test: target.kind != "bench" && target.kind != "example",
        },
        message: Diagnostic { message_type: Some("diagnostic"), ..message },
    }
}

fn diagnostic(finding: &Finding, texts: &Texts, style: Style) -> Diagnostic {
    let primary = span(&finding.at, texts).map(|it| Span { is_primary: true, ..it });
    let labels = finding.because.iter().filter_map(|it| {
        let place = span(it.at.as_ref()?, texts)?;
        Some(Span { label: Some(it.text.clone()), ..place })
    });
    let mut children: Vec<Diagnostic> = finding
        .because
        .iter()
        .filter(|it| it.at.is_none())
        .map(|Note { text, .. }| child("note", text.clone(), Vec::new()))
        .collect();
    let page = match url(finding.rule) {
        Some(url) => format!("for further information visit {url}"),
        None => format!("for further information run `async-fix explain {}`", finding.rule),
    };
    children.push(child("help", page, Vec::new()));
    // All fixes of one message that a machine may apply would be applied together.
    let first = finding.fixes.iter().position(is_whole);
    children.extend(finding.fixes.iter().enumerate().map(|(index, fix)| {
        let applicability = match fix.applicability {
            Applicability::Safe if Some(index) == first => "MachineApplicable",
            Applicability::Safe | Applicability::Unsafe => "MaybeIncorrect",
            Applicability::Manual => "HasPlaceholders",
        };
        child("help", title(fix), replacements(finding, fix, applicability, texts))
    }));
    Diagnostic {
        message_type: None,
        message: finding.message.clone(),
        code: Some(Code { code: format!("async-fix::{}", finding.rule), explanation: None }),
        level: match finding.severity {
            Severity::Info => "note",
            Severity::Warn => "warning",
            Severity::Error => "error",
        },
        spans: primary.into_iter().chain(labels).collect(),
        children,
        rendered: Some(full::render(std::slice::from_ref(finding), texts, style)),
    }
}

/// Whether a machine that knows nothing but replacements in one file does all that `fix` does.
fn is_whole(fix: &Fix) -> bool {
    fix.applicability == Applicability::Safe && fix.wants.is_empty() && fix.edits.len() == 1
}

fn child(level: &'static str, message: String, spans: Vec<Span>) -> Diagnostic {
    Diagnostic {
        message_type: None,
        message,
        code: None,
        level,
        spans,
        children: Vec::new(),
        rendered: None,
    }
}

/// What the fix does, with what a replacement cannot say.
fn title(fix: &Fix) -> String {
    let mut title = fix.title.clone();
    for Want::Feature(it, _) in &fix.wants {
        title += &format!(
            ", and turn on the feature `{}` of `{}` in `{}`",
            it.feature, it.dependency, it.manifest
        );
    }
    match &fix.doubt {
        Some(doubt) => format!("{title} (not safe: {doubt})"),
        None => title,
    }
}

fn replacements(
    finding: &Finding,
    fix: &Fix,
    applicability: &'static str,
    texts: &Texts,
) -> Vec<Span> {
    let mut spans = Vec::new();
    for (file, edit) in &fix.edits {
        for it in edit.iter() {
            let place = Place::new(file.clone(), it.delete);
            spans.extend(span(&place, texts).map(|place| Span {
                is_primary: true,
                suggested_replacement: Some(it.insert.clone()),
                suggestion_applicability: Some(applicability),
                ..place
            }));
        }
    }
    let at = &finding.at;
    let is_there = |it: &Span| {
        let range = TextRange::new(it.byte_start.into(), it.byte_end.into());
        it.file_name == at.file.as_str() && at.range.intersect(range).is_some()
    };
    // An editor offers a fix where its first span is, which should be where the trap is.
    if !spans.first().is_some_and(is_there) {
        spans.splice(0..0, span(at, texts).map(|it| Span { is_primary: true, ..it }));
    }
    spans
}

fn span(place: &Place, texts: &Texts) -> Option<Span> {
    let text = texts.get(&place.file)?;
    let from = Position::of(place.range.start(), text);
    let to = Position::of(place.range.end(), text);
    Some(Span {
        file_name: place.file.to_string(),
        byte_start: place.range.start().into(),
        byte_end: place.range.end().into(),
        line_start: from.line,
        line_end: to.line,
        column_start: from.column,
        column_end: to.column,
        is_primary: false,
        text: source_lines(text, from, to),
        label: None,
        suggested_replacement: None,
        suggestion_applicability: None,
        expansion: None,
    })
}

/// The whole lines from the one to the other, with what of each is meant.
fn source_lines(text: &str, from: Position, to: Position) -> Vec<SourceLine> {
    let lines = text.trim_start_matches(BYTE_ORDER_MARK).split('\n').enumerate();
    let lines = lines.skip(from.line - 1).take(to.line + 1 - from.line);
    lines
        .map(|(index, line)| {
            let line = line.trim_end_matches('\r');
            let end = line.chars().count() + 1;
            SourceLine {
                text: line.to_owned(),
                highlight_start: if index + 1 == from.line { from.column } else { 1 },
                highlight_end: if index + 1 == to.line { to.column } else { end },
            }
        })
        .collect()
}
