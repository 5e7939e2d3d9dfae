//! Findings as editors show them, and the page of a rule below the pointer.

use std::path::PathBuf;

use gen_lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    Hover, Location, MarkupContent, MarkupKind, Position, Uri,
};

use crate::{
    finding::{FilePath, Finding, Place, Severity},
    lsp::{client::Client, documents::Documents, lines::Lines, pages, paths},
    page::Page,
    plan::watch::Watch,
};

/// What an engine knows, as its editor sees it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub watch: &'a Watch,
    pub client: &'a Client,
    pub open: &'a Documents,
}

impl View<'_> {
    /// Where a file is, links followed: so the open documents are known.
    pub fn path(&self, file: &FilePath) -> PathBuf {
        paths::canonical(&self.watch.workspace.disk_path(file))
    }

    /// As the editor calls it, where it has it open.
    pub fn uri(&self, file: &FilePath) -> Option<Uri> {
        let path = self.path(file);
        let open = self.open.get(&path).map(|it| it.uri.clone());
        open.or_else(|| paths::to_uri(&self.watch.workspace.disk_path(file)))
    }

    pub fn lines(&self, file: &FilePath) -> Option<Lines<'_>> {
        Some(Lines::new(self.watch.workspace.text(file)?, self.client.encoding))
    }

    /// What is found in a file.
    pub fn diagnostics(&self, file: &FilePath) -> Vec<Diagnostic> {
        let findings = self.watch.findings(file);
        let Some(lines) = self.lines(file).filter(|_| !findings.is_empty()) else {
            return Vec::new();
        };
        findings.iter().map(|it| self.diagnostic(it, &lines)).collect()
    }

    pub fn diagnostic(&self, finding: &Finding, lines: &Lines<'_>) -> Diagnostic {
        let mut message = finding.message.clone();
        let mut related = Vec::new();
        for note in &finding.because {
            let location = note.at.as_ref().filter(|_| self.client.related);
            match location.and_then(|it| self.location(it)) {
                Some(location) => {
                    let message = note.text.clone();
                    related.push(DiagnosticRelatedInformation { location, message });
                }
                None => message += &format!("\n{}", note.text),
            }
        }
        let unused = self.client.tags && finding.rule == "unused-suppression";
        Diagnostic {
            range: lines.range(finding.at.range),
            severity: Some(match finding.severity {
                Severity::Error => DiagnosticSeverity::Error,
                Severity::Warn => DiagnosticSeverity::Warning,
                Severity::Info => DiagnosticSeverity::Information,
            }),
            code: Some(finding.rule.into()),
            code_description: pages::link(finding.rule).map(|href| CodeDescription { href }),
            source: Some("async-fix".to_owned()),
            message: message.into(),
            tags: unused.then(|| vec![DiagnosticTag::Unnecessary]),
            related_information: (!related.is_empty()).then_some(related),
            data: None,
        }
    }

    fn location(&self, place: &Place) -> Option<Location> {
        let range = self.lines(&place.file)?.range(place.range);
        Some(Location { uri: self.uri(&place.file)?, range })
    }

    /// What the pages say of all that is found at a place.
    pub fn hover(&self, file: &FilePath, position: Position) -> Option<Hover> {
        let lines = self.lines(file)?;
        let at = lines.offset(position);
        let findings = self.watch.findings(file);
        let here = findings.iter().filter(|it| it.at.range.contains_inclusive(at));
        let mut shown: Vec<(&Finding, String)> = Vec::new();
        for finding in here {
            if !shown.iter().any(|it| it.0.rule == finding.rule)
                && let Some(page) = self.watch.page(finding.rule)
            {
                shown.push((finding, about(page)));
            }
        }
        let range = lines.range(shown.first()?.0.at.range);
        let texts: Vec<String> = shown.into_iter().map(|it| it.1).collect();
        let kind = match self.client.markdown {
            true => MarkupKind::Markdown,
            false => MarkupKind::PlainText,
        };
        let contents = MarkupContent { kind, value: texts.join("\n\n---\n\n") };
        Some(Hover { contents: contents.into(), range: Some(range) })
    }
}

/// What the rule finds, and why that matters.
fn about(page: &Page) -> String {
    let why = page.section("Why").unwrap_or_default();
    let more = match pages::link(&page.name) {
        Some(url) => format!("[The whole page]({})", url.0.as_str()),
        None => format!("The whole page: `async-fix explain {}`", page.name),
    };
    format!("**{}**: {}\n\n{why}\n\n{more}", page.name, page.summary)
}
