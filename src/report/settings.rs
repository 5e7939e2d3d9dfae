//! What configures a file, and where each part of it is said.

use std::fmt::Write;

use crate::{
    config::{
        layer::{Layer, Step},
        settings::{Chain, RuleChoice, Settings},
    },
    finding::{Applicability, FilePath},
    page::Page,
};

/// Keys of which the last one that is said counts, with what counts when nothing is said.
const ONE: [(&str, &str); 6] = [
    ("select", r#"["default"]"#),
    ("fixable", r#"["ALL"]"#),
    ("unsafe-fixes", "false"),
    ("fail-on", r#""warn""#),
    ("follow-calls", "true"),
    ("verify.mode", r#""cargo""#),
];

/// Keys of which all that is said counts, one after another.
const ALL: [&str; 9] = [
    "extend-select",
    "ignore",
    "unfixable",
    "extend-safe-fixes",
    "extend-unsafe-fixes",
    "exclude",
    "rules",
    "per-path",
    "suppressions",
];

/// What counts for `file`: every key with the place that says it, then what comes of them for each rule.
pub fn show(settings: &Settings, file: &FilePath, pages: &[Page]) -> String {
    let chain = settings.of(file);
    let mut lines: Vec<(String, String)> = Vec::new();
    for (key, default) in ONE {
        let is_of_root = matches!(key, "follow-calls" | "verify.mode");
        let chain = if is_of_root { &settings.root } else { chain };
        let said = chain.0.iter().rev().find_map(|it| said(it, key));
        lines.push(said.unwrap_or_else(|| (format!("{key} = {default}"), "default".to_owned())));
    }
    lines.extend(
        ALL.iter().flat_map(|key| chain.0.iter().filter_map(|it| all_said(it, key))).flatten(),
    );
    lines.extend(knowledge(&settings.root));
    let width = lines.iter().map(|it| it.0.chars().count()).max().unwrap_or(0);
    let place = if file.as_str().is_empty() {
        "the workspace root".to_owned()
    } else {
        format!("`{file}`")
    };
    let mut out = format!("# {place}\n");
    for (text, origin) in lines {
        let _ = writeln!(out, "{text:width$}  # {origin}");
    }
    out + "\n" + &rules(chain, file, pages)
}

/// A key of one value, and where it is said.
fn said(layer: &Layer, key: &str) -> Option<(String, String)> {
    let mut value = toml::Value::try_from(&layer.values).ok()?;
    for part in key.split('.') {
        value = value.get(part)?.clone();
    }
    let steps: Vec<Step<'_>> = key.split('.').map(Step::Key).collect();
    Some((format!("{key} = {value}"), layer.source.at(&steps)))
}

/// A key, or each key of a table, and where it is said.
fn all_said(layer: &Layer, key: &str) -> Option<Vec<(String, String)>> {
    let values = toml::Value::try_from(&layer.values).ok()?;
    match values.get(key)? {
        toml::Value::Table(table) => {
            let line = |(name, value): (&String, &toml::Value)| {
                let quoted = toml::Value::String(name.clone()).to_string();
                let is_bare = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
                let name_shown = if name.chars().all(is_bare) { name.clone() } else { quoted };
                let origin = layer.source.at(&[Step::Key(key), Step::Key(name)]);
                (format!("{key}.{name_shown} = {value}"), origin)
            };
            Some(table.iter().map(line).collect())
        }
        _ => Some(said(layer, key).into_iter().collect()),
    }
}

/// The crates that the user's own rows are about.
fn knowledge(root: &Chain) -> impl Iterator<Item = (String, String)> {
    let of_layer = |layer: &'_ Layer| {
        let rows = layer.values.knowledge.iter().flatten().enumerate();
        let lines = rows.map(|(index, it)| {
            let origin = layer.source.at(&[Step::Key("knowledge"), Step::Index(index)]);
            (format!("knowledge of `{}`: {} rows", it.krate, it.items.len()), origin)
        });
        lines.collect::<Vec<_>>()
    };
    root.0.iter().flat_map(of_layer)
}

/// One line a rule.
fn rules(chain: &Chain, file: &FilePath, pages: &[Page]) -> String {
    let header = ["# rule", "level", "tests", "fixes"].map(str::to_owned);
    let cells = pages.iter().map(|page| {
        let rule = chain.rule(page, file);
        let level = rule.level.unwrap_or(page.level).name();
        let level = if rule.selected { level } else { "off" };
        let tests = if rule.quiet_in_tests { "quiet" } else { "reported" };
        [format!("# {}", page.name), level.to_owned(), tests.to_owned(), fixes(&rule, page, chain)]
    });
    let lines: Vec<[String; 4]> = [header].into_iter().chain(cells).collect();
    let width =
        |column: usize| lines.iter().map(|it| it[column].chars().count()).max().unwrap_or(0);
    let (name, level, tests) = (width(0), width(1), width(2));
    lines.iter().map(|[a, b, c, d]| format!("{a:name$}  {b:level$}  {c:tests$}  {d}\n")).collect()
}

/// Which fixes are written, at best.
fn fixes(rule: &RuleChoice, page: &Page, chain: &Chain) -> String {
    let text = match (page.fix, rule.rating, chain.unsafe_fixes()) {
        (None | Some(Applicability::Manual), ..) => "none there are",
        _ if !rule.fixable => "shown only",
        (_, Some(Applicability::Safe), _) => "written, unsafe ones as safe",
        (_, _, true) => "written, unsafe ones too",
        (_, Some(_), false) => "shown only, all as unsafe",
        (Some(Applicability::Unsafe), None, false) => "shown only, they are unsafe",
        (_, None, false) => "safe ones written",
    };
    text.to_owned()
}

/// The files that count, each with the packages that it counts for.
pub fn files(settings: &Settings, name_of: impl Fn(&FilePath) -> String) -> String {
    let mut files: Vec<(&str, Vec<String>)> = Vec::new();
    let chains = settings.packages.iter().map(|it| (name_of(&it.0), &it.1));
    let root = [("the workspace".to_owned(), &settings.root)];
    for (name, chain) in root.into_iter().chain(chains) {
        for source in chain.0.iter().map(|it| &it.source).filter(|it| it.is_file()) {
            match files.iter_mut().find(|it| it.0 == source.name) {
                Some(file) => file.1.push(name.clone()),
                None => files.push((&source.name, vec![name.clone()])),
            }
        }
    }
    match files.is_empty() {
        true => "No file configures anything here.\n".to_owned(),
        false => files.iter().map(|(file, of)| format!("{file}: {}\n", of.join(", "))).collect(),
    }
}
