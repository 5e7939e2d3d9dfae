//! What people read.

use async_fix::{
    finding::{Applicability, Coverage, FilePath, Note, Severity},
    page::Page,
    plan::Plan,
    report::{
        Mode, Style, concise, coverage, full, json, rules,
        summary::{self, Commands},
        texts_after,
    },
};
use ra_ap_ide_db::text_edit::{TextRange, TextSize};

use crate::{check, plan::*};

#[test]
fn full_shows_places_reasons_and_fixes() {
    check("full", &full::render(&findings(), &texts(), Style::Plain));
}

#[test]
fn full_shows_what_remains_in_the_new_texts() {
    let plan = plan();
    check("full-remaining", &full::render(&plan.remaining, &texts_after(&plan), Style::Plain));
}

#[test]
fn labels_of_one_place_are_in_one_order() {
    let mut finding = findings().remove(1);
    finding.because.push(Note::at(place(MAIN, MAIN_TEXT, "async fn tick"), "alive here"));
    let one = full::render(&[finding.clone()], &texts(), Style::Plain);
    finding.because.reverse();
    assert_eq!(full::render(&[finding], &texts(), Style::Plain), one);
}

#[test]
fn code_of_a_later_round_has_no_line() {
    let mut plan = plan();
    plan.skipped[0].at = None;
    let text = summary::render(&plan, Mode::Apply, &commands());
    assert!(text.contains("\nNot done: tests/last line.rs: blocking-sleep: "), "{text}");
    let json = json::render(&plan, Mode::Apply, &crate::machine::project());
    assert!(json.contains("\"span\": null"), "{json}");
}

#[test]
fn full_survives_places_that_fit_no_text() {
    let mut far = findings().remove(0);
    far.at.range = TextRange::new(TextSize::new(5000), TextSize::new(6000));
    let mut unknown = findings().remove(1);
    unknown.at.file = FilePath::new("src/gone.rs");
    let mut inside_a_character = findings().remove(4);
    let start = TextSize::of(LAST_LINE_TEXT) - TextSize::new(2);
    inside_a_character.at.range = TextRange::at(start, TextSize::new(1));
    let text = full::render(&[far, unknown, inside_a_character], &texts(), Style::Styled);
    assert!(text.contains("src/gone.rs"), "{text}");
}

#[test]
fn concise_is_one_line_a_finding() {
    check("concise", &concise::render(&findings(), &texts()));
}

#[test]
fn summaries_name_the_next_command() {
    for (name, mode) in [("check", Mode::Check), ("dry-run", Mode::DryRun), ("apply", Mode::Apply)]
    {
        check(&format!("summary-{name}"), &summary::render(&plan(), mode, &commands()));
    }
    let already = Commands { apply_unsafe: None, ..commands() };
    check("summary-unsafe-already", &summary::render(&plan(), Mode::Check, &already));
    let nothing = Plan::default();
    assert_eq!(summary::render(&nothing, Mode::Check, &commands()), "Nothing found.\n");
}

#[test]
fn coverage_says_what_was_not_seen() {
    check("coverage", &coverage::render(&seen()));
    let errors: Vec<_> = coverage::errors(&seen()).collect();
    let error = "internal error in blocking-fs at src/odd.rs:3; this is a bug in async-fix, please report it";
    assert_eq!(errors, [error]);
    let blind = Coverage { calls_resolved: 20, calls: 80, bodies: 1, ..Coverage::default() };
    check("coverage-blind", &coverage::render(&blind));
}

#[test]
fn rules_as_table_and_json() {
    let page = |name: &str, fix, summary: &str| Page {
        name: name.to_owned(),
        summary: summary.to_owned(),
        level: Severity::Error,
        fix,
        since: "0.1.0".to_owned(),
        group: "blocking".to_owned(),
        preview: fix.is_none(),
        on_demand: false,
        quiet_in_tests: true,
        of_programs: false,
        limit: None,
        clippy: Vec::new(),
        text: format!("# {name}\n"),
        examples: Vec::new(),
    };
    let safe = Some(Applicability::Safe);
    let pages = [
        page("blocking-sleep", safe, "Sleeps on a thread that has other tasks to run."),
        page("block-on", None, "Waits for a future where only `.await` may wait."),
    ];
    check("rules-table", &rules::table(&pages));
    check("rules-json", &rules::json(&pages));
    let text = "---\nlevel: error\n---\n\n# block-on\n\nIt waits.\n".to_owned();
    let page = Page { text, ..pages[0].clone() };
    assert_eq!(
        rules::explain(&page),
        "# block-on\n\nIt waits.\n\nLevel: error. Best fix: safe. Group: blocking. Since: 0.1.0.\n"
    );
}
