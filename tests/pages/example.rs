//! The laws of one example.

use std::fmt::Write;

use async_fix::{
    finding::{Applicability, Finding},
    page::{Example, Page},
};
use ra_ap_syntax::{AstNode, NodeOrToken, SourceFile, SyntaxKind};

use crate::{
    Outcome,
    fixture::{Fixture, Planned, line},
    repository,
};

pub fn check(fixture: &Fixture, page: &Page, example: &Example) -> Outcome {
    let planned = fixture.plan_for(page, &example.code);
    broken_only_as_expected(&planned)?;
    findings_are_the_markers(example, &planned)?;
    changes_are_the_diff(example, &planned)?;
    safety_is_as_the_title_says(example, &planned)?;
    comments_stay(example, &planned)?;
    a_second_run_changes_nothing(fixture, page, &planned)?;
    line_ends_do_not_matter(fixture, page, example, &planned)
}

/// `fix:` in the header is the best fix that any example is offered.
pub fn check_header(fixture: &Fixture, page: &Page) -> Outcome {
    let mut best: Option<Applicability> = None;
    for example in page.examples.iter().filter(|it| !it.left_alone) {
        let plan = fixture.plan_for(page, &example.code).plan;
        let fixes = plan.findings.iter().filter(|it| it.rule == page.name).flat_map(|it| &it.fixes);
        best = best.max(fixes.map(|it| it.applicability).max());
    }
    expect_equal("the best fix that is offered", &page.fix, &best)
}

/// Writes the diffs into the pages.
pub fn bless(fixture: &Fixture, pages: Vec<Page>) {
    for page in pages {
        let mut text = page.text.clone();
        for example in page.examples.iter().rev() {
            let planned = fixture.plan_for(&page, &example.code);
            let diff = diff(&example.code, &planned.after);
            let fence = match diff.is_empty() {
                true => String::new(),
                false => format!("\n```diff\n{diff}```\n"),
            };
            text.replace_range(example.diff_at.clone(), &fence);
        }
        if text != page.text {
            let path = repository().join(format!("rules/{}.md", page.name));
            std::fs::write(path, text).expect("the page can be written");
        }
    }
}

fn broken_only_as_expected(planned: &Planned) -> Outcome {
    let coverage = &planned.plan.coverage;
    expect_equal("internal errors", &Vec::<String>::new(), &coverage.internal_errors)?;
    expect_equal("files that do not parse", &0, &coverage.broken_files.len())
}

/// Every finding has its `//~` on its line, and every `//~` its finding.
fn findings_are_the_markers(example: &Example, planned: &Planned) -> Outcome {
    let mut expected: Vec<(usize, &str)> = Vec::new();
    for (index, text) in example.code.lines().enumerate() {
        expected.extend(text.split("//~").skip(1).map(|it| (index + 1, it.trim())));
    }
    let mut unexpected = String::new();
    for finding in &planned.plan.findings {
        let at = line(&example.code, finding);
        let said = all_words(finding);
        match expected.iter().position(|(line, text)| *line == at && said.contains(text)) {
            Some(index) => {
                expected.remove(index);
            }
            None => _ = writeln!(unexpected, "page line {}: {said}", example.code_line + at - 1),
        }
    }
    let missing: String = expected
        .iter()
        .map(|(line, text)| format!("page line {}: {text}\n", example.code_line + line - 1))
        .collect();
    match unexpected.is_empty() && missing.is_empty() {
        true => Ok(()),
        false => {
            Err(format!("\nfound and not marked:\n{unexpected}marked and not found:\n{missing}")
                .into())
        }
    }
}

/// The message and the reasons: a marker may speak of either.
fn all_words(finding: &Finding) -> String {
    let reasons = finding.because.iter().map(|it| it.text.as_str());
    let all: Vec<&str> = std::iter::once(finding.message.as_str()).chain(reasons).collect();
    format!("{}: {}", finding.rule, all.join("; "))
}

fn changes_are_the_diff(example: &Example, planned: &Planned) -> Outcome {
    let diff = diff(&example.code, &planned.after);
    expect_equal("the diff", example.diff.as_deref().unwrap_or_default(), diff.as_str())
}

/// A title that says `unsafe` speaks of every fix below it, and one that does not, of none.
fn safety_is_as_the_title_says(example: &Example, planned: &Planned) -> Outcome {
    let expected = match example.title.contains("unsafe") {
        true => Applicability::Unsafe,
        false => Applicability::Safe,
    };
    let other = planned.plan.repairs.iter().find(|it| it.applicability != expected);
    match other {
        None => Ok(()),
        Some(it) => {
            Err(format!("\n{} is {:?}: {}", it.finding.message, it.applicability, it.title).into())
        }
    }
}

fn diff(before: &str, after: &str) -> String {
    let diff = similar::TextDiff::from_lines(before, after);
    let changes = diff.iter_all_changes().filter(|it| it.tag() != similar::ChangeTag::Equal);
    changes.map(|it| format!("{}{}", it.tag(), it.value())).collect()
}

fn comments_stay(example: &Example, planned: &Planned) -> Outcome {
    expect_equal("the comments", &comments(&example.code), &comments(&planned.after))
}

fn comments(text: &str) -> Vec<String> {
    let file = SourceFile::parse(text, ra_ap_syntax::Edition::CURRENT).tree();
    let tokens = file.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
    let comments = tokens.filter(|it| it.kind() == SyntaxKind::COMMENT);
    let texts = comments.map(|it| it.text().trim().to_owned());
    // Those are for async-fix, which takes out what has no use, or of its own.
    texts.filter(|it| !it.contains("async-fix")).collect()
}

fn a_second_run_changes_nothing(fixture: &Fixture, page: &Page, planned: &Planned) -> Outcome {
    let second = fixture.plan_for(page, &planned.after);
    expect_equal("the text after a second run", planned.after.as_str(), second.after.as_str())?;
    expect_equal(
        "what a second run finds",
        &planned.plan.remaining.len(),
        &second.plan.findings.len(),
    )
}

fn line_ends_do_not_matter(
    fixture: &Fixture,
    page: &Page,
    example: &Example,
    planned: &Planned,
) -> Outcome {
    let code = example.code.replace('\n', "\r\n");
    let other = fixture.plan_for(page, &code);
    let places = |text: &str, planned: &Planned| -> Vec<(usize, String)> {
        planned.plan.findings.iter().map(|it| (line(text, it), it.message.clone())).collect()
    };
    expect_equal("findings with CRLF", &places(&example.code, planned), &places(&code, &other))?;
    let expected = planned.after.replace('\n', "\r\n");
    expect_equal("the text after a run with CRLF", expected.as_str(), other.after.as_str())?;
    let only_here = other.plan.changes.iter().all(|it| it.file == fixture.file());
    expect_equal("no other file changes", &true, &only_here)
}

pub fn expect_equal<T: PartialEq + std::fmt::Debug + ?Sized>(
    what: &str,
    expected: &T,
    found: &T,
) -> Outcome {
    match expected == found {
        true => Ok(()),
        false => Err(format!("\n{what}\nexpected: {expected:#?}\n   found: {found:#?}").into()),
    }
}
