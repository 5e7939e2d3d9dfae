//! One line a finding, as editors and `grep` like it.

use crate::{
    finding::{Applicability, Finding},
    report::{one_line, position::label},
    workspace::Texts,
};

pub fn render(findings: &[Finding], texts: &Texts) -> String {
    findings.iter().map(|it| line(it, texts)).collect()
}

fn line(finding: &Finding, texts: &Texts) -> String {
    let best = finding.fixes.iter().map(|it| it.applicability).max();
    let mark = match best {
        Some(Applicability::Safe) => "[*]",
        Some(Applicability::Unsafe) => "[!]",
        Some(Applicability::Manual) | None => "[ ]",
    };
    let at = label(&finding.at, texts);
    format!("{at}: {} {mark} {}\n", finding.rule, one_line(&finding.message))
}
