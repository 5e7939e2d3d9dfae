//! What `--suppress` writes: it silences every finding, and goes on to when rustfmt has been over it.

use std::{fs, process::Command};

use async_fix::{config::Remedy, finding::Finding, page::Example};

use crate::{
    Outcome,
    compile::all_examples,
    example::expect_equal,
    fixture::{Fixture, Planned, line},
};

const REASON: &str = "the example shows it";

/// In how many files the examples are: what a comment covers is read from the whole file, for each finding in it.
const FILES: usize = 8;

/// All findings of all examples.
pub fn every_finding(fixture: &Fixture) -> Outcome {
    (0..FILES).try_for_each(|file| every_finding_of(fixture, &|it| it.line % FILES == file))
}

fn every_finding_of(fixture: &Fixture, wanted: &dyn Fn(&Example) -> bool) -> Outcome {
    // What rustfmt does to comments behind a brace is not the matter here.
    let text = formatted(&all_examples(wanted))?;
    let planned = suppressed(fixture, &text);
    let (about_code, before): (Vec<Finding>, Vec<Finding>) =
        planned.plan.findings.into_iter().partition(is_about_code);
    if about_code.len() < 50 {
        return Err("there is little to suppress".into());
    }
    let formatted = formatted(&planned.after)?;
    for after in [&planned.after, &formatted] {
        let left = suppressed(fixture, after).plan.findings;
        if let Some(it) = left.iter().find(|it| is_about_code(it)) {
            return Err(format!("line {}: {} in\n{after}", line(after, it), it.message).into());
        }
        expect_equal("what is said of comments", &messages(&before), &messages(&left))?;
    }
    let is_new = |it: &&str| it.trim().starts_with("// async-fix: ") && it.ends_with(REASON);
    let without: String =
        planned.after.lines().filter(|it| !is_new(it)).map(|it| format!("{it}\n")).collect();
    expect_equal("the code without what was written", &lines(&text), &lines(&without))
}

fn suppressed(fixture: &Fixture, text: &str) -> Planned {
    fixture.plan_with(text, "ALL", Remedy::Suppress { reason: Some(REASON.to_owned()) })
}

/// What is said of comments is not cured by another comment.
fn is_about_code(finding: &Finding) -> bool {
    !finding.rule.ends_with("-suppression")
}

fn messages(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|it| it.message.as_str()).collect()
}

/// The lines without what suppressions say, to which something may have been added.
fn lines(text: &str) -> Vec<&str> {
    let code = |it| str::split(it, "async-fix: ignore").next().unwrap_or_default();
    text.lines().map(code).collect()
}

fn formatted(text: &str) -> Result<String, crate::Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("text.rs");
    fs::write(&file, text)?;
    let status = Command::new("rustfmt").args(["--edition", "2024"]).arg(&file).status()?;
    match status.success() {
        true => Ok(fs::read_to_string(file)?),
        false => Err("rustfmt does not take the examples".into()),
    }
}
