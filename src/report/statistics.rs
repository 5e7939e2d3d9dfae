//! How much each rule found, and how much of that can be fixed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    finding::{Applicability, Finding},
    report::json::SCHEMA_VERSION,
};

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    /// The most frequent rule first.
    statistics: Vec<Count<'a>>,
}

/// The findings of one rule.
#[derive(Serialize, Default)]
struct Count<'a> {
    rule: &'a str,
    findings: usize,
    /// Findings whose best fix is safe.
    safe: usize,
    /// Findings whose best fix is unsafe.
    #[serde(rename = "unsafe")]
    unsafe_: usize,
    /// Findings without a fix that could be applied.
    unfixable: usize,
}

fn count(findings: &[Finding]) -> Vec<Count<'_>> {
    let mut counts: BTreeMap<&str, Count<'_>> = BTreeMap::new();
    for finding in findings {
        let count = counts.entry(finding.rule).or_default();
        count.rule = finding.rule;
        count.findings += 1;
        match finding.fixes.iter().map(|it| it.applicability).max() {
            Some(Applicability::Safe) => count.safe += 1,
            Some(Applicability::Unsafe) => count.unsafe_ += 1,
            Some(Applicability::Manual) | None => count.unfixable += 1,
        }
    }
    let mut counts: Vec<Count<'_>> = counts.into_values().collect();
    counts.sort_by_key(|it| std::cmp::Reverse(it.findings));
    counts
}

/// One line a rule; nothing when nothing was found.
pub fn table(findings: &[Finding]) -> String {
    let counts = count(findings);
    if counts.is_empty() {
        return String::new();
    }
    let header = ["findings", "safe", "unsafe", "no fix", "rule"].map(str::to_owned);
    let cells = counts.iter().map(|it| {
        let [findings, safe, unsafe_, unfixable] =
            [it.findings, it.safe, it.unsafe_, it.unfixable].map(|it| it.to_string());
        [findings, safe, unsafe_, unfixable, it.rule.to_owned()]
    });
    let line = |[findings, safe, unsafe_, unfixable, rule]: [String; 5]| {
        format!("{findings:>8}  {safe:>6}  {unsafe_:>6}  {unfixable:>6}  {rule}\n")
    };
    [header].into_iter().chain(cells).map(line).collect()
}

pub fn json(findings: &[Finding]) -> String {
    let document = Document { schema_version: SCHEMA_VERSION, statistics: count(findings) };
    serde_json::to_string_pretty(&document).expect("strings and numbers are always JSON") + "\n"
}
