//! The rules as a table, as JSON and one by one.

use serde::Serialize;

use crate::{page::Page, report::json::SCHEMA_VERSION};

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    rules: Vec<JsonRule<'a>>,
}

#[derive(Serialize)]
struct JsonRule<'a> {
    name: &'a str,
    group: &'a str,
    severity: &'static str,
    /// The best one that the rule offers.
    fix: Option<&'static str>,
    since: &'a str,
    preview: bool,
    on_demand: bool,
    summary: &'a str,
    page: &'a str,
}

/// One line a rule.
pub fn table(pages: &[Page]) -> String {
    let header = ["rule", "level", "fix", "what it finds"].map(str::to_owned);
    let cells = pages.iter().map(|it| {
        let fix = it.fix.map_or("none", |it| it.name());
        [
            it.name.clone(),
            it.level.name().to_owned(),
            fix.to_owned(),
            it.summary.clone() + it.remark(),
        ]
    });
    let lines: Vec<[String; 4]> = [header].into_iter().chain(cells).collect();
    let width =
        |column: usize| lines.iter().map(|it| it[column].chars().count()).max().unwrap_or(0);
    let (name, level, fix) = (width(0), width(1), width(2));
    lines.iter().map(|[a, b, c, d]| format!("{a:name$}  {b:level$}  {c:fix$}  {d}\n")).collect()
}

pub fn json(pages: &[Page]) -> String {
    let rules = pages.iter().map(|it| JsonRule {
        name: &it.name,
        group: &it.group,
        severity: it.level.name(),
        fix: it.fix.map(|it| it.name()),
        since: &it.since,
        preview: it.preview,
        on_demand: it.on_demand,
        summary: &it.summary,
        page: &it.text,
    });
    let document = Document { schema_version: SCHEMA_VERSION, rules: rules.collect() };
    serde_json::to_string_pretty(&document).expect("strings are always JSON") + "\n"
}

/// The page as it is read, with what its header says in a sentence.
pub fn explain(page: &Page) -> String {
    let body = body(page);
    let fix = page.fix.map_or("none", |it| it.name());
    let Page { group, since, .. } = page;
    let clippy = match page.clippy.is_empty() {
        true => String::new(),
        false => format!(" In clippy: {}.", page.clippy.join(", ")),
    };
    let demand = match page.on_demand {
        true => format!(" On demand: `--select {}` asks for it, and nothing else.", page.name),
        false => String::new(),
    };
    format!(
        "{body}\n\nLevel: {}. Best fix: {fix}. Group: {group}. Since: {since}.{clippy}{demand}\n",
        page.level.name()
    )
}

/// The page without its header.
pub fn body(page: &Page) -> &str {
    let header = page.text.strip_prefix("---\n").and_then(|it| it.split_once("\n---\n"));
    header.map_or(page.text.as_str(), |it| it.1).trim()
}
