//! What the program prints, over a plan made by hand.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use async_fix::{
    finding::{
        Applicability, Coverage, DependencyKind, FeatureWant, FilePath, Finding, Fix, Note, Place,
        Severity, Want,
    },
    page::Page,
    plan::{Change, Plan, Repair, Skipped},
    report::{
        Mode, Style, concise, coverage, full, json, patch, rules,
        summary::{self, Commands},
        texts_after,
    },
};
use ra_ap_ide_db::text_edit::{TextEdit, TextRange, TextSize};

const MAIN: &str = "src/main.rs";
const IO: &str = "src/io.rs";
const WINDOWS: &str = "src/windows.rs";
const LAST_LINE: &str = "tests/last line.rs";
const MANIFEST: &str = "Cargo.toml";

const MAIN_TEXT: &str = "\
use std::time::Duration;

async fn tick(café: &str) {
\tlet _ = \"äöü\"; std::thread::sleep(Duration::from_millis(10));
    let text = load();
    if let Ok(it) = std::fs::read(
        café,
    ) {
        drop(it);
    }
    drop(text);
}

fn main() {}
";

const IO_TEXT: &str = "\
pub fn load() -> String {
    read()
}

fn read() -> String {
    std::fs::read_to_string(\"config.toml\").unwrap_or_default()
}
";

const WINDOWS_TEXT: &str = "\u{feff}use std::fs;\r\n\r\nasync fn copy() {\r\n    let _ = fs::copy(\r\n        \"a\",\r\n        \"b\",\r\n    );\r\n}\r\n";

const LAST_LINE_TEXT: &str = "async fn nap() { std::thread::sleep(NAP) } // 💤";

const MANIFEST_TEXT: &str = "[dependencies]\ntokio = \"1\"\n";

fn texts() -> BTreeMap<FilePath, String> {
    let texts = [
        (MAIN, MAIN_TEXT),
        (IO, IO_TEXT),
        (WINDOWS, WINDOWS_TEXT),
        (LAST_LINE, LAST_LINE_TEXT),
        (MANIFEST, MANIFEST_TEXT),
    ];
    texts.map(|(file, text)| (FilePath::new(file), text.to_owned())).into()
}

fn range(text: &str, part: &str) -> TextRange {
    let start = text.find(part).expect(part);
    TextRange::at(TextSize::new(start as u32), TextSize::of(part))
}

fn place(file: &str, text: &str, part: &str) -> Place {
    Place::new(FilePath::new(file), range(text, part))
}

fn edit(text: &str, replacements: &[(&str, &str)]) -> TextEdit {
    let mut edit = TextEdit::builder();
    for (old, new) in replacements {
        edit.replace(range(text, old), (*new).to_owned());
    }
    edit.finish()
}

fn fix(title: &str, applicability: Applicability, edits: Vec<(&str, TextEdit)>) -> Fix {
    Fix {
        title: title.to_owned(),
        applicability,
        doubt: None,
        edits: edits.into_iter().map(|(file, edit)| (FilePath::new(file), edit)).collect(),
        wants: Default::default(),
    }
}

fn finding(rule: &'static str, severity: Severity, at: Place, message: &str) -> Finding {
    Finding { rule, severity, at, message: message.to_owned(), because: vec![], fixes: vec![] }
}

fn findings() -> Vec<Finding> {
    let sleep = "std::thread::sleep(Duration::from_millis(10))";
    let mut tick = finding(
        "blocking-sleep",
        Severity::Error,
        place(MAIN, MAIN_TEXT, sleep),
        "`std::thread::sleep` blocks the runtime worker",
    );
    tick.because.push(Note::at(place(MAIN, MAIN_TEXT, "async fn tick"), "polled by a worker"));
    tick.because.push(Note::new("the timer of tokio wakes the task instead"));
    let mut awaited = fix(
        "await `tokio::time::sleep` instead",
        Applicability::Safe,
        vec![(
            MAIN,
            edit(
                MAIN_TEXT,
                &[
                    ("std::thread::sleep", "tokio::time::sleep"),
                    ("(Duration::from_millis(10))", "(Duration::from_millis(10)).await"),
                ],
            ),
        )],
    );
    awaited.wants.insert(Want::Feature(
        FeatureWant {
            manifest: FilePath::new(MANIFEST),
            dependency: "tokio".to_owned(),
            feature: "time".to_owned(),
        },
        DependencyKind::Normal,
    ));
    tick.fixes.push(awaited);

    let mut helper = finding(
        "blocking-fs",
        Severity::Warn,
        place(MAIN, MAIN_TEXT, "load()"),
        "`load` blocks: it calls `std::fs::read_to_string`",
    );
    helper.because.push(Note::at(place(IO, IO_TEXT, "read()"), "`load` calls `read` here"));
    helper.because.push(Note::at(
        place(IO, IO_TEXT, "std::fs::read_to_string(\"config.toml\")"),
        "and `read` stands still here",
    ));
    let mut pool = fix(
        "move the call to the blocking pool",
        Applicability::Unsafe,
        vec![(
            MAIN,
            edit(
                MAIN_TEXT,
                &[("load()", "tokio::task::spawn_blocking(|| load()).await.unwrap_or_default()")],
            ),
        )],
    );
    pool.doubt = Some("a panic in `load` becomes an error".to_owned());
    helper.fixes.push(pool);

    let many_lines = finding(
        "blocking-fs",
        Severity::Warn,
        place(MAIN, MAIN_TEXT, "std::fs::read(\n        café,\n    )"),
        "`std::fs::read` blocks the runtime worker",
    );

    let mut windows = finding(
        "blocking-fs",
        Severity::Info,
        place(WINDOWS, WINDOWS_TEXT, "fs::copy(\r\n        \"a\",\r\n        \"b\",\r\n    )"),
        "`std::fs::copy` blocks the runtime worker",
    );
    windows.fixes.push(fix(
        "await `tokio::fs::copy` instead",
        Applicability::Safe,
        vec![(
            WINDOWS,
            edit(
                WINDOWS_TEXT,
                &[
                    ("use std::fs;\r\n", ""),
                    ("fs::copy(", "tokio::fs::copy("),
                    ("    );", "    )\r\n    .await;"),
                ],
            ),
        )],
    ));

    let mut nap = finding(
        "blocking-sleep",
        Severity::Error,
        place(LAST_LINE, LAST_LINE_TEXT, "std::thread::sleep(NAP)"),
        "`std::thread::sleep` blocks the runtime worker",
    );
    nap.fixes.push(fix(
        "say what it waits for",
        Applicability::Manual,
        vec![(
            LAST_LINE,
            edit(LAST_LINE_TEXT, &[("std::thread::sleep(NAP)", "notified.notified().await")]),
        )],
    ));
    vec![windows, tick, helper, many_lines, nap]
}

fn change(file: &str, before: &str, replacements: &[(&str, &str)]) -> Change {
    let mut after = before.to_owned();
    edit(before, replacements).apply(&mut after);
    let file = FilePath::new(file);
    Change { real: file.clone(), file, before: before.to_owned(), after }
}

fn plan() -> Plan {
    let findings = findings();
    let repair = |index: usize, applicability: Applicability, round: usize| Repair {
        finding: findings[index].clone(),
        title: findings[index].fixes[0].title.clone(),
        applicability,
        round,
    };
    let main = change(
        MAIN,
        MAIN_TEXT,
        &[
            ("std::thread::sleep", "tokio::time::sleep"),
            ("(Duration::from_millis(10))", "(Duration::from_millis(10)).await"),
        ],
    );
    // One line has grown by the length of `.await`; the rest has not moved.
    let remaining = [2, 3].map(|it| findings[it].clone()).map(|mut it| {
        it.at.range += TextSize::of(".await");
        for fix in &mut it.fixes {
            let pool = "tokio::task::spawn_blocking(load).await.unwrap_or_default()";
            let edit = edit(&main.after, &[("load()", pool)]);
            fix.edits.insert(FilePath::new(MAIN), edit);
        }
        it
    });
    Plan {
        repairs: vec![
            repair(0, Applicability::Safe, 0),
            repair(1, Applicability::Safe, 0),
            repair(4, Applicability::Unsafe, 1),
        ],
        remaining: remaining.into(),
        suppressed: vec![],
        changes: vec![
            change(
                MANIFEST,
                MANIFEST_TEXT,
                &[("\"1\"", "{ version = \"1\", features = [\"time\"] }")],
            ),
            main,
            change(
                WINDOWS,
                WINDOWS_TEXT,
                &[
                    ("use std::fs;\r\n", ""),
                    ("fs::copy(", "tokio::fs::copy("),
                    ("    );", "    )\r\n    .await;"),
                ],
            ),
            change(LAST_LINE, LAST_LINE_TEXT, &[("std::thread", "tokio::time")]),
        ],
        skipped: vec![Skipped {
            finding: findings[4].clone(),
            at: Some(findings[4].at.clone()),
            title: "say what it waits for".to_owned(),
            reason: "it is a sketch".to_owned(),
        }],
        texts: texts(),
        coverage: seen(),
        findings,
    }
}

fn seen() -> Coverage {
    Coverage {
        packages: 2,
        targets: 3,
        files: 12,
        bodies: 40,
        calls: 200,
        calls_resolved: 199,
        unresolved_calls: Default::default(),
        runtimes: ["tokio".to_owned()].into(),
        unexpanded_macros: [("sqlx::query".to_owned(), 3), ("derive(Parser)".to_owned(), 1)].into(),
        generated: ["src/pb.rs: `include!(concat!(env!(\"OUT_DIR\"), \"/pb.rs\"))`".to_owned()]
            .into(),
        missing_files: ["`mod gone` in src/lib.rs".to_owned()].into(),
        left_out_targets: vec!["example `shown` (it needs `--features extra`)".to_owned()],
        broken_files: [FilePath::new("src/draft.rs")].into(),
        wrong_rows: vec!["async-fix.toml:3: there is nothing at `mydb::qurey`".to_owned()],
        internal_errors: vec!["internal error in blocking-fs at src/odd.rs:3".to_owned()],
    }
}

fn commands() -> Commands {
    Commands {
        apply: "async-fix --apply --select blocking-fs".to_owned(),
        apply_unsafe: Some("async-fix --apply --unsafe-fixes --select blocking-fs".to_owned()),
    }
}

fn check(name: &str, text: &str) {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(format!("report-{name}"), text);
    });
}

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
    let json = json::render(&plan, Mode::Apply);
    assert!(json.contains("\"span\": null"), "{json}");
}

#[test]
fn two_names_of_one_file_are_one_diff() {
    let mut plan = plan();
    let mut link = change(IO, MANIFEST_TEXT, &[]);
    link.after = plan.changes[0].after.clone();
    link.real = FilePath::new(MANIFEST);
    plan.changes.push(link);
    let text = patch::render(&plan, Path::new("/project"), Style::Plain);
    assert_eq!(text.matches("+++ b/Cargo.toml").count(), 1, "{text}");
    assert!(!text.contains(IO), "{text}");
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
fn json_is_one_document() {
    check("json-check", &json::render(&plan(), Mode::Check));
    check("json-dry-run", &json::render(&plan(), Mode::DryRun));
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
        quiet_in_tests: true,
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

#[test]
fn patch_is_what_git_and_patch_apply() {
    let plan = plan();
    let text = patch::render(&plan, Path::new("/home/user/project"), Style::Plain);
    check("patch", &text);
    apply_in_a_folder(&plan, "", &text);
}

#[test]
fn patch_may_reach_outside_the_workspace() {
    let outside = "../../shared/lib.rs";
    let mut plan = plan();
    plan.changes.insert(0, change(outside, IO_TEXT, &[("read()", "read().await")]));
    let text = patch::render(&plan, Path::new("/home/user/project"), Style::Plain);
    check("patch-outside", &text);
    apply_in_a_folder(&plan, "user/project/", &text);
    assert_eq!(patch::folder(&plan, Path::new("/home/user/project")).as_deref(), Some("../.."));
}

#[test]
fn patch_quotes_strange_names_and_keeps_strange_lines() {
    let cases = [
        ("src/\"quoted\" ä.rs", "a\nb", "a\nc"),
        ("src/tab\there.rs", "a\n", "a"),
        ("src/lone.rs", "a\rb\nc\r\n", "a\rx\nc\r\n"),
        ("src/only_return.rs", "a\nb\r", "a\nc\r"),
        ("src/emptied.rs", "a\nb\n", "b\n"),
        ("src/dashes.rs", "-- a\n++ b\n", "-- b\n++ a\n"),
    ];
    let change = |(file, before, after): (&str, &str, &str)| Change {
        file: FilePath::new(file),
        real: FilePath::new(file),
        before: before.to_owned(),
        after: after.to_owned(),
    };
    let plan = Plan { changes: cases.map(change).into(), ..Plan::default() };
    let text = patch::render(&plan, Path::new("/project"), Style::Plain);
    apply_in_a_folder(&plan, "", &text);
}

#[test]
fn coloured_patch_differs_in_colours_only() {
    let plain = patch::render(&plan(), Path::new("/project"), Style::Plain);
    let styled = patch::render(&plan(), Path::new("/project"), Style::Styled);
    assert_ne!(plain, styled);
    assert_eq!(anstream::adapter::strip_str(&styled).to_string(), plain);
}

/// Both tools turn the texts before into the texts after; `root` is the workspace in the folder of the patch.
fn apply_in_a_folder(plan: &Plan, root: &str, text: &str) {
    for tool in [
        &["git", "apply", "--whitespace=nowarn", "../patch"][..],
        &["patch", "-p1", "--binary", "-i", "../patch"],
    ] {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("folder");
        let disk = |it: &Change| folder.join(root).join(it.file.as_str());
        fs::create_dir_all(folder.join(root)).unwrap();
        for change in &plan.changes {
            fs::create_dir_all(disk(change).parent().unwrap()).unwrap();
            fs::write(disk(change), &change.before).unwrap();
        }
        fs::write(temp.path().join("patch"), text).unwrap();
        let git = Command::new("git").args(["init", "-q"]).current_dir(&folder).status().unwrap();
        assert!(git.success());
        let out = Command::new(tool[0]).args(&tool[1..]).current_dir(&folder).output().unwrap();
        assert!(out.status.success(), "{tool:?}: {out:?}\n{text}");
        for change in &plan.changes {
            let now = fs::read_to_string(disk(change)).unwrap();
            assert_eq!(now, change.after, "{tool:?}: {}", change.file);
        }
    }
}
