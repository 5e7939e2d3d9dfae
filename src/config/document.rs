//! The text of a configuration, and a sentence for whatever is wrong with it.

use serde::Deserialize;
use toml::de::Error;

use crate::{
    config::{
        layer::{Layer, Source, line},
        names::nearest,
        values::Values,
    },
    finding::FilePath,
    page::Page,
};

/// Where in a file the keys stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Table {
    /// It is a file of its own.
    Whole,
    /// `[package.metadata.async-fix]` of a manifest.
    Package,
    /// `[workspace.metadata.async-fix]`.
    Workspace,
}

impl Table {
    fn keys(self) -> &'static [&'static str] {
        match self {
            Table::Whole => &[],
            Table::Package => &["package", "metadata", "async-fix"],
            Table::Workspace => &["workspace", "metadata", "async-fix"],
        }
    }
}

/// Reads the configuration in `text`, the file `name` in `folder`; None for a manifest that has no such table.
pub fn read(
    name: &str,
    folder: &FilePath,
    text: &str,
    table: Table,
    pages: &[Page],
) -> Result<Option<Layer>, String> {
    let wrong = |it: Error| sentence(name, text, &it);
    let values = match table {
        Table::Whole => toml::from_str(text).map_err(wrong)?,
        Table::Package | Table::Workspace => {
            // A manifest that does not parse is cargo's to speak of, and so is metadata of any other form.
            if !text.contains("async-fix") || !has_table(text, table) {
                return Ok(None);
            }
            let manifest: Manifest = toml::from_str(text).map_err(wrong)?;
            let part = if table == Table::Package { manifest.package } else { manifest.workspace };
            part.unwrap_or_default().metadata.unwrap_or_default().values.unwrap_or_default()
        }
    };
    let (name, folder) = (name.to_owned(), folder.clone());
    let source = Source { name, folder, text: text.to_owned(), table: table.keys() };
    Layer::new(source, values, pages).map(Some)
}

/// Reads `--config KEY=VALUE`.
pub fn read_setting(text: &str, folder: &FilePath, pages: &[Page]) -> Result<Layer, String> {
    let name = format!("`--config {text}`");
    let values = toml::from_str(text).map_err(|it: Error| {
        let form = match it.message().contains("quoted") {
            true => "; write the value as in TOML, a text in quotation marks",
            false => "",
        };
        format!("{name}: {}{form}", said(&it))
    })?;
    let source = Source { name, folder: folder.clone(), text: String::new(), table: &[] };
    Layer::new(source, values, pages)
}

fn has_table(text: &str, table: Table) -> bool {
    let Ok(manifest) = text.parse::<toml::Table>() else { return false };
    let mut value = toml::Value::Table(manifest);
    table.keys().iter().all(|key| match value.get(key).cloned() {
        Some(next) => {
            value = next;
            true
        }
        None => false,
    })
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<Part>,
    workspace: Option<Part>,
}

#[derive(Deserialize, Default)]
struct Part {
    metadata: Option<Metadata>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(rename = "async-fix")]
    values: Option<Values>,
}

/// What is wrong, and where.
fn sentence(name: &str, text: &str, error: &Error) -> String {
    let line = error.span().map_or(1, |it| line(text, it.start));
    format!("{name}:{line}: {}", said(error))
}

/// What is wrong, and what was most likely meant.
fn said(error: &Error) -> String {
    let said = error.message();
    if let Some((key, near)) = unknown("unknown field", said) {
        return format!("there is no key `{key}`{near}");
    }
    if let Some((value, near)) = unknown("unknown variant", said) {
        return format!("`{value}` means nothing here{near}");
    }
    said.lines().collect::<Vec<_>>().join("; ")
}

/// The name in ``unknown field `a`, expected one of `b`, `c` `` and what could stand in its place.
fn unknown<'m>(kind: &str, message: &'m str) -> Option<(&'m str, String)> {
    // A key may hold anything, so the last part of serde's sentence is looked for from its end.
    let (wrong, names) =
        message.strip_prefix(kind)?.strip_prefix(" `")?.rsplit_once("`, expected")?;
    Some((wrong, suggestion(wrong, names.split('`').skip(1).step_by(2))))
}

/// `; did you mean ..?`, or else all that could be meant.
fn suggestion<'n>(wrong: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    match nearest(wrong, names.clone()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => {
            let names: Vec<String> = names.map(|it| format!("`{it}`")).collect();
            format!("; these are known: {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        config::values::{
            FailOn, Level, PathValues, RuleValues, SuppressionValues, Tests, Verify, VerifyValues,
        },
        plan::tests::inputs,
        rules::RULES,
    };

    const NAME: &str = "async-fix.toml";

    const EXAMPLE: &str = "\
# all that can be said
ignore = [\"blocking-fs\"]
extend-select = [\"default\", 'ALL']
unfixable = [\"block-on-in-async\"]
unsafe-fixes = false
fail-on = \"error\"
exclude = [\"**/generated/**\"]

[rules]
blocking-sleep = \"error\"
blocking-fs = { level = \"warn\", tests = \"reported\" }

[per-path]
\"tests/**\" = { ignore = [\"blocking\"], rules.blocking-io = \"off\" }

[verify]
mode = \"analysis\"

[suppressions]
require-reason = true

[[knowledge]]
crate = \"my_app\"
item = [
    { path = \"my_app::query\", blocks = \"disk\", note = \"it waits\" },
]
";

    fn read_whole(text: &str) -> Result<Values, String> {
        let pages: Vec<Page> = RULES.iter().map(|it| it.page()).collect();
        let layer = read(NAME, &FilePath::new(""), text, Table::Whole, &pages)?;
        Ok(layer.expect("a file of its own is a configuration").values)
    }

    fn names() -> impl Strategy<Value = Option<Vec<String>>> {
        let mut names: Vec<String> = RULES.iter().map(|it| it.name.to_owned()).collect();
        names.extend(["blocking", "default", "ALL"].map(str::to_owned));
        prop::option::of(prop::collection::vec(prop::sample::select(names), 0..3))
    }

    fn globs() -> impl Strategy<Value = String> {
        let parts = ["src", "**", "*.rs", "ä b", "gen[ab]", "{a,b}"];
        prop::collection::vec(prop::sample::select(parts.to_vec()), 1..4)
            .prop_map(|it| it.join("/"))
    }

    fn rules() -> impl Strategy<Value = Option<BTreeMap<String, RuleValues>>> {
        let names: Vec<String> = RULES.iter().map(|it| it.name.to_owned()).collect();
        let level = prop::sample::select(&[Level::Error, Level::Warn, Level::Info, Level::Off][..]);
        let tests = prop::sample::select(&[Tests::Quiet, Tests::Reported][..]);
        let rule = (prop::option::of(level), prop::option::of(tests))
            .prop_map(|(level, tests)| RuleValues { level, tests });
        prop::option::of(prop::collection::btree_map(prop::sample::select(names), rule, 0..4))
    }

    /// All that may be said, but for rows of knowledge, which have tests of their own.
    fn any_values() -> impl Strategy<Value = Values> {
        let lists = (names(), names(), names(), names(), names(), names(), names());
        let paths = (names(), rules()).prop_map(|(ignore, rules)| PathValues { ignore, rules });
        let paths = prop::option::of(prop::collection::btree_map(globs(), paths, 0..3));
        let fail_on = [FailOn::Error, FailOn::Warn, FailOn::Info, FailOn::Never];
        let fail_on = prop::option::of(prop::sample::select(fail_on.to_vec()));
        let modes = [Verify::Cargo, Verify::Analysis, Verify::Syntax, Verify::None];
        let verify = prop::option::of(prop::option::of(prop::sample::select(modes.to_vec())));
        let flags = any::<(Option<bool>, Option<bool>, Option<bool>)>();
        let exclude = prop::option::of(prop::collection::vec(globs(), 0..3));
        (lists, rules(), paths, fail_on, verify, flags, exclude).prop_map(
            |(lists, rules, per_path, fail_on, verify, flags, exclude)| Values {
                select: lists.0,
                extend_select: lists.1,
                ignore: lists.2,
                fixable: lists.3,
                unfixable: lists.4,
                extend_safe_fixes: lists.5,
                extend_unsafe_fixes: lists.6,
                unsafe_fixes: flags.0,
                fail_on,
                exclude,
                rules,
                per_path,
                verify: verify.map(|mode| VerifyValues { mode }),
                suppressions: flags.1.map(|it| SuppressionValues {
                    require_reason: Some(it),
                    honor_clippy_allow: flags.2,
                }),
                ..Values::default()
            },
        )
    }

    /// Texts that are right but for a few characters.
    fn any_text() -> impl Strategy<Value = String> {
        let change = (any::<prop::sample::Index>(), 0..6usize, "[\"'\\[\\]{}=,.#\na-zä\u{0}]{0,3}");
        prop::collection::vec(change, 1..5).prop_map(|changes| {
            let mut text: Vec<char> = EXAMPLE.chars().collect();
            for (at, removed, inserted) in changes {
                let at = at.index(text.len() + 1);
                let end = (at + removed).min(text.len());
                text.splice(at..end, inserted.chars());
            }
            text.into_iter().collect()
        })
    }

    proptest! {
        #![proptest_config(inputs(500))]

        #[test]
        fn what_is_written_is_read(values in any_values()) {
            let text = toml::to_string(&values).expect("every value has a form");
            prop_assert_eq!(read_whole(&text), Ok(values), "{}", text);
        }

        #[test]
        fn what_is_wrong_is_one_sentence_with_its_line(text in any_text()) {
            if let Err(sentence) = read_whole(&text) {
                let (place, problem) = sentence.split_once(": ").expect("a place and a problem");
                let line: Option<usize> =
                    place.strip_prefix("async-fix.toml:").and_then(|it| it.parse().ok());
                let lines = text.matches('\n').count() + 1;
                prop_assert!(line.is_some_and(|it| (1..=lines).contains(&it)), "{}", sentence);
                prop_assert!(!problem.is_empty() && problem.lines().count() == 1, "{}", sentence);
            }
        }

        #[test]
        fn a_key_that_lacks_a_letter_is_known_again(at: prop::sample::Index, letter: prop::sample::Index) {
            let keys = [
                "select", "extend-select", "ignore", "fixable", "unfixable", "unsafe-fixes", "extend",
                "extend-safe-fixes", "extend-unsafe-fixes", "fail-on", "exclude", "rules", "per-path",
                "verify", "suppressions", "knowledge", "workspace",
            ];
            let mut key = keys[at.index(keys.len())].to_owned();
            key.remove(letter.index(key.len()));
            prop_assume!(!keys.contains(&key.as_str()) && !key.starts_with('-'));
            let sentence = read_whole(&format!("# one\n{key} = 1\n")).expect_err("there is no such key");
            let start = format!("async-fix.toml:2: there is no key `{key}`; did you mean `");
            let near = sentence.strip_prefix(&start).and_then(|it| it.strip_suffix("`?"));
            prop_assert!(near.is_some_and(|it| keys.contains(&it)), "{}", sentence);
        }
    }

    #[test]
    fn the_example_is_right() {
        assert_eq!(read_whole(EXAMPLE).map(|it| it.fail_on), Ok(Some(FailOn::Error)));
    }
}
