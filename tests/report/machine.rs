//! What tools read: each format as it is, and as a reader of that format takes it.

use std::collections::BTreeMap;

use async_fix::{
    finding::{Coverage, FilePath, Note, Severity},
    page::Page,
    report::{
        Mode, Style, github, json,
        project::{CargoTarget, Project},
        rustc_json, sarif, texts_after,
    },
};
use boon::{Compiler, Schemas};
use cargo_metadata::{Message, diagnostic::DiagnosticLevel};
use serde_json::Value;

use crate::{check, plan::*};

pub fn project() -> Project {
    let page = |name: &str| Page {
        name: name.to_owned(),
        summary: format!("What `{name}` finds."),
        level: Severity::Warn,
        fix: None,
        since: "0.1.0".to_owned(),
        group: "blocking".to_owned(),
        preview: false,
        on_demand: false,
        quiet_in_tests: true,
        of_programs: false,
        limit: None,
        clippy: Vec::new(),
        text: format!("---\nlevel: warn\n---\n\n# {name}\n\nWhat it finds.\n"),
        examples: Vec::new(),
    };
    Project {
        root: "/home/user/my project".into(),
        below_repository: "server/".to_owned(),
        pages: ["blocking-sleep", "blocking-fs"].map(page).into(),
    }
}

fn targets() -> BTreeMap<FilePath, CargoTarget> {
    let target = |kind: &'static str, root: &str| CargoTarget {
        package_id: "path+file:///home/user/my%20project#demo@0.1.0".to_owned(),
        manifest: "/home/user/my project/Cargo.toml".into(),
        name: "demo".to_owned(),
        kind,
        edition: "2024".to_owned(),
        root: format!("/home/user/my project/{root}").into(),
    };
    [(MAIN, "bin"), (WINDOWS, "bin"), (LAST_LINE, "test")]
        .map(|(file, kind)| (FilePath::new(file), target(kind, file)))
        .into()
}

/// What `schema` has to say against `instance`.
fn problems(schema: &Value, instance: &Value) -> Option<String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    compiler.add_resource("https://example.org/schema.json", schema.clone()).unwrap();
    let index = compiler.compile("https://example.org/schema.json", &mut schemas).unwrap();
    schemas.validate(instance, index).err().map(|it| format!("{it:#}"))
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn json_is_one_document() {
    check("json-check", &json::render(&plan(), Mode::Check, &project()));
    check("json-dry-run", &json::render(&plan(), Mode::DryRun, &project()));
}

#[test]
fn json_keeps_to_its_schema() {
    let schema = parse(json::SCHEMA);
    for mode in [Mode::Check, Mode::DryRun, Mode::Apply] {
        let mut document = parse(&json::render(&plan(), mode, &project()));
        assert_eq!(problems(&schema, &document), None);
        document["findings"][0]["severity"] = "fatal".into();
        assert_ne!(problems(&schema, &document), None);
        document["findings"][0]["severity"] = "warn".into();
        document["findings"][0]["span"].as_object_mut().unwrap().remove("col");
        assert_ne!(problems(&schema, &document), None);
    }
}

#[test]
fn github_has_one_command_a_finding() {
    let mut findings = findings();
    findings[1].message = "100%\nof `a::b`, that is".to_owned();
    findings[1].at.file = FilePath::new("src/gone, or: not.rs");
    let text = github::render(&findings, &texts(), &project());
    check("github", &text);
    assert_eq!(text.lines().count(), findings.len());
    assert!(text.lines().all(|it| it.starts_with("::")), "{text}");
}

#[test]
fn rustc_json_is_what_cargo_prints() {
    let text = rustc_json::render(&findings(), &texts(), &targets(), Style::Plain)
        + &rustc_json::finished(rustc_json::succeeds(&findings()));
    check("rustc-json", &text);
    let messages: Vec<Message> =
        Message::parse_stream(text.as_bytes()).map(|it| it.unwrap()).collect();
    assert_eq!(messages.len(), findings().len() + 1);
    for (message, finding) in messages.iter().zip(findings()) {
        let Message::CompilerMessage(it) = message else { panic!("{message:?}") };
        assert_eq!(it.message.spans[0].file_name, finding.at.file.as_str());
        assert_eq!(it.message.code.as_ref().unwrap().code, format!("async-fix::{}", finding.rule));
        for span in
            it.message.spans.iter().chain(it.message.children.iter().flat_map(|it| &it.spans))
        {
            let source = &texts()[&FilePath::new(span.file_name.as_str())];
            let bytes = &source[span.byte_start as usize..span.byte_end as usize];
            assert_eq!(highlighted(span), bytes.replace("\r\n", "\n"), "{span:?}");
        }
    }
    let Some(Message::BuildFinished(it)) = messages.last() else { panic!("{text}") };
    assert!(!it.success);
    let Message::CompilerMessage(first) = &messages[0] else { panic!("{text}") };
    assert!(matches!(first.message.level, DiagnosticLevel::Note));
}

/// What an editor underlines: it knows lines and columns, and the text of the lines.
fn highlighted(span: &cargo_metadata::diagnostic::DiagnosticSpan) -> String {
    let part = |it: &cargo_metadata::diagnostic::DiagnosticSpanLine| {
        let characters = it.text.chars().skip(it.highlight_start - 1);
        characters.take(it.highlight_end - it.highlight_start).collect::<String>()
    };
    assert_eq!(span.text.len(), span.line_end + 1 - span.line_start);
    assert_eq!(span.text[0].highlight_start, span.column_start);
    assert_eq!(span.text[span.text.len() - 1].highlight_end, span.column_end);
    span.text.iter().map(part).collect::<Vec<_>>().join("\n")
}

#[test]
fn sarif_holds_all_that_is_known() {
    let mut findings = findings();
    findings[0].at.file = FilePath::new("../shared/ä b.rs");
    findings[3].because.push(Note::new("nobody waits for it"));
    check("sarif", &sarif::render(&findings[..4], &findings[4..], &texts(), &seen(), &project()));
}

#[test]
fn sarif_keeps_to_the_schema_of_oasis() {
    let Some(schema) = sarif_schema() else {
        eprintln!("skipped: cargo cannot get the crate that the schema of SARIF comes in");
        return;
    };
    let after = (plan().remaining, texts_after(&plan()));
    for (findings, texts) in [(findings(), texts()), after, (Vec::new(), texts())] {
        for coverage in [seen(), Coverage::default()] {
            let mut log =
                parse(&sarif::render(&findings, &findings, &texts, &coverage, &project()));
            assert_eq!(problems(&schema, &log), None);
            log["runs"][0]["columnKind"] = "bytes".into();
            assert_ne!(problems(&schema, &log), None);
        }
    }
}

/// The schema as `serde-sarif` has it, a crate that is made from it. Cargo fetches the crate and keeps it; it is not built.
fn sarif_schema() -> Option<Value> {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("Cargo.toml");
    let text = "[package]\nname = \"schema\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n[dependencies]\nserde-sarif = \"=0.8.0\"\n[workspace]\n";
    std::fs::write(&manifest, text).unwrap();
    std::fs::write(folder.path().join("lib.rs"), "").unwrap();
    let metadata = |flags: &[&str]| {
        let mut command = cargo_metadata::MetadataCommand::new();
        command.cargo_path(env!("CARGO")).manifest_path(&manifest);
        command.other_options(flags.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        command.exec().ok()
    };
    let metadata = metadata(&["--offline"]).or_else(|| metadata(&[]))?;
    let package = metadata.packages.iter().find(|it| it.name.as_str() == "serde-sarif")?;
    let file = package.manifest_path.parent()?.join("src/schema.json");
    let schema = parse(&std::fs::read_to_string(file).unwrap());
    let id = schema["$id"].as_str().unwrap();
    assert!(id.contains("oasis-tcs/sarif-spec") && id.ends_with("sarif-schema-2.1.0.json"), "{id}");
    Some(schema)
}
