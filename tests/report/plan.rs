//! A plan made by hand, with what is rare in code.

use std::collections::BTreeMap;

use async_fix::{
    config::Remedy,
    finding::{
        Applicability, Coverage, DependencyKind, FeatureWant, FilePath, Finding, Fix, Note, Place,
        Severity, Want,
    },
    plan::{Change, Plan, Repair, Skipped, TakenBack},
    report::summary::Commands,
};
use ra_ap_ide_db::text_edit::{TextEdit, TextRange, TextSize};

pub const MAIN: &str = "src/main.rs";
pub const IO: &str = "src/io.rs";
pub const WINDOWS: &str = "src/windows.rs";
pub const LAST_LINE: &str = "tests/last line.rs";
pub const MANIFEST: &str = "Cargo.toml";

pub const MAIN_TEXT: &str = "\
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

pub const IO_TEXT: &str = "\
pub fn load() -> String {
    read()
}

fn read() -> String {
    std::fs::read_to_string(\"config.toml\").unwrap_or_default()
}
";

pub const WINDOWS_TEXT: &str = "\u{feff}use std::fs;\r\n\r\nasync fn copy() {\r\n    let _ = fs::copy(\r\n        \"a\",\r\n        \"b\",\r\n    );\r\n}\r\n";

pub const LAST_LINE_TEXT: &str = "async fn nap() { std::thread::sleep(NAP) } // 💤";

pub const MANIFEST_TEXT: &str = "[dependencies]\ntokio = \"1\"\n";

pub fn texts() -> BTreeMap<FilePath, String> {
    let texts = [
        (MAIN, MAIN_TEXT),
        (IO, IO_TEXT),
        (WINDOWS, WINDOWS_TEXT),
        (LAST_LINE, LAST_LINE_TEXT),
        (MANIFEST, MANIFEST_TEXT),
    ];
    texts.map(|(file, text)| (FilePath::new(file), text.to_owned())).into()
}

pub fn range(text: &str, part: &str) -> TextRange {
    let start = text.find(part).expect(part);
    TextRange::at(TextSize::new(start as u32), TextSize::of(part))
}

pub fn place(file: &str, text: &str, part: &str) -> Place {
    Place::new(FilePath::new(file), range(text, part))
}

pub fn edit(text: &str, replacements: &[(&str, &str)]) -> TextEdit {
    let mut edit = TextEdit::builder();
    for (old, new) in replacements {
        edit.replace(range(text, old), (*new).to_owned());
    }
    edit.finish()
}

pub fn fix(title: &str, applicability: Applicability, edits: Vec<(&str, TextEdit)>) -> Fix {
    Fix {
        title: title.to_owned(),
        applicability,
        doubt: None,
        edits: edits.into_iter().map(|(file, edit)| (FilePath::new(file), edit)).collect(),
        wants: Default::default(),
    }
}

pub fn finding(rule: &'static str, severity: Severity, at: Place, message: &str) -> Finding {
    Finding {
        rule,
        severity,
        at,
        message: message.to_owned(),
        because: vec![],
        fixes: vec![],
        behind: None,
        within: None,
        cured_at: Vec::new(),
    }
}

pub fn findings() -> Vec<Finding> {
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

pub fn change(file: &str, before: &str, replacements: &[(&str, &str)]) -> Change {
    let mut after = before.to_owned();
    edit(before, replacements).apply(&mut after);
    let file = FilePath::new(file);
    Change { real: file.clone(), file, before: before.to_owned(), after }
}

pub fn plan() -> Plan {
    let findings = findings();
    let repair = |index: usize, applicability: Applicability, round: usize| Repair {
        finding: findings[index].clone(),
        title: findings[index].fixes[0].title.clone(),
        applicability,
        remedy: Remedy::Fix,
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
        traces: Vec::new(),
        taken_back: vec![TakenBack {
            finding: findings[2].clone(),
            at: Some(findings[2].at.clone()),
            title: "move the call to the blocking pool".to_owned(),
            error: "error[E0308]: mismatched types".to_owned(),
            rendered: "error[E0308]: mismatched types\n --> src/main.rs:5:16".to_owned(),
        }],
        repairs: vec![
            repair(0, Applicability::Safe, 0),
            repair(1, Applicability::Safe, 0),
            repair(4, Applicability::Unsafe, 1),
        ],
        remaining: remaining.into(),
        suppressed_before: vec![],
        suppressed: vec![],
        remedy: Remedy::Fix,
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
        run: None,
        coverage: seen(),
        findings,
    }
}

pub fn seen() -> Coverage {
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

pub fn commands() -> Commands {
    Commands {
        apply: "async-fix --apply --select blocking-fs".to_owned(),
        apply_unsafe: Some("async-fix --apply --unsafe-fixes --select blocking-fs".to_owned()),
    }
}
