//! Workflow commands, which GitHub shows as annotations beside the code.

use std::fmt::Write;

use crate::{
    finding::{Finding, Severity},
    report::{position::Position, project::Project},
    workspace::Texts,
};

/// One command a finding. GitHub counts paths from the folder of the repository.
pub fn render(findings: &[Finding], texts: &Texts, project: &Project) -> String {
    findings.iter().map(|it| command(it, texts, project)).collect()
}

fn command(finding: &Finding, texts: &Texts, project: &Project) -> String {
    let level = match finding.severity {
        Severity::Info => "notice",
        Severity::Warn => "warning",
        Severity::Error => "error",
    };
    let file = format!("{}{}", project.below_repository, finding.at.file);
    let mut out = format!("::{level} file={}", property(&file));
    if let Some(text) = texts.get(&finding.at.file) {
        let from = Position::of(finding.at.range.start(), text);
        let to = Position::of(finding.at.range.end(), text);
        let _ = write!(out, ",line={},endLine={}", from.line, to.line);
        // Columns are taken where they are on one line only.
        if from.line == to.line {
            let _ = write!(out, ",col={},endColumn={}", from.column, to.column);
        }
    }
    let _ = writeln!(out, ",title={}::{}", property(finding.rule), data(&message(finding)));
    out
}

/// What happens, why, and what can be done.
fn message(finding: &Finding) -> String {
    let notes = finding.because.iter().map(|it| match &it.at {
        Some(at) => format!("\nnote: {} ({})", it.text, at.file),
        None => format!("\nnote: {}", it.text),
    });
    let fixes = finding
        .fixes
        .iter()
        .map(|it| format!("\nhelp: [{}] {}", it.applicability.name(), it.title));
    [finding.message.clone()].into_iter().chain(notes).chain(fixes).collect()
}

/// Text behind the `::`: a line end would end the command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text of a property, which `:` and `,` would end too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
