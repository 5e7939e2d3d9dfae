//! The rules as a table, as JSON and one by one.

use serde::Serialize;

use crate::finding::Severity;

/// What is shown of a rule.
#[derive(Clone, Debug)]
pub struct RuleRow<'a> {
    pub name: &'a str,
    pub group: Option<&'a str>,
    pub level: Severity,
    pub fix: Option<&'a str>,
    pub summary: &'a str,
    /// The whole page, in Markdown.
    pub text: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    rules: Vec<JsonRule<'a>>,
}

#[derive(Serialize)]
struct JsonRule<'a> {
    name: &'a str,
    group: Option<&'a str>,
    severity: &'static str,
    fix: Option<&'a str>,
    summary: &'a str,
    page: &'a str,
}

/// One line a rule.
pub fn table(rows: &[RuleRow<'_>]) -> String {
    let header = ["rule", "level", "fix", "what it finds"].map(str::to_owned);
    let cells = rows.iter().map(|it| {
        [it.name, it.level.name(), it.fix.unwrap_or("none"), it.summary].map(str::to_owned)
    });
    let lines: Vec<[String; 4]> = [header].into_iter().chain(cells).collect();
    let width =
        |column: usize| lines.iter().map(|it| it[column].chars().count()).max().unwrap_or(0);
    let (name, level, fix) = (width(0), width(1), width(2));
    lines
        .iter()
        .map(|[a, b, c, d]| {
            format!("{a:name$}  {b:level$}  {c:fix$}  {d}").trim_end().to_owned() + "\n"
        })
        .collect()
}

pub fn json(rows: &[RuleRow<'_>]) -> String {
    let rules = rows.iter().map(|it| JsonRule {
        name: it.name,
        group: it.group,
        severity: it.level.name(),
        fix: it.fix,
        summary: it.summary,
        page: it.text,
    });
    let document = Document { schema_version: 1, rules: rules.collect() };
    serde_json::to_string_pretty(&document).expect("strings are always JSON") + "\n"
}

/// The name among `names` that `wrong` was most likely meant to be.
pub fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.map(|it| (strsim::jaro_winkler(&wrong.to_lowercase(), it), it));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.7).then_some(best.1)
}
