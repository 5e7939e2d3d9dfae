//! The rules as the command line knows them.

use crate::{
    finding::Severity,
    report::rules::{RuleRow, nearest},
    rules::RULES,
};

/// Every rule, with its page.
pub(super) fn rows() -> Vec<RuleRow<'static>> {
    let row = |name| RuleRow {
        name,
        group: None,
        level: Severity::Warn,
        fix: None,
        summary: "",
        text: "",
    };
    RULES.iter().map(|it| row(it.name)).collect()
}

/// The rules that `names` stand for: a rule, a group, or `ALL`.
pub(super) fn chosen(names: &[String]) -> Result<Vec<String>, String> {
    let rows = rows();
    let mut chosen = Vec::new();
    for name in names.iter().map(|it| it.trim()).filter(|it| !it.is_empty()) {
        let matching = |it: &&RuleRow<'_>| {
            name == "ALL" || it.name == name || it.group.is_some_and(|group| group == name)
        };
        let before = chosen.len();
        chosen.extend(rows.iter().filter(matching).map(|it| it.name.to_owned()));
        if chosen.len() == before {
            return Err(unknown(name, &rows));
        }
    }
    Ok(chosen)
}

/// The sentence for a name that no rule has.
pub(super) fn unknown(name: &str, rows: &[RuleRow<'_>]) -> String {
    let names = rows.iter().flat_map(|it| [Some(it.name), it.group]).flatten();
    match nearest(name, names) {
        Some(near) => format!("there is no rule `{name}`; did you mean `{near}`?"),
        None => format!("there is no rule `{name}`; `async-fix rules` lists them all"),
    }
}
