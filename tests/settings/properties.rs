//! What holds for whatever is written in a configuration.

use std::{cell::Cell, collections::BTreeMap};

use async_fix::{
    config::{
        document::{self, Table},
        layer::Layer,
        values::{
            FailOn, Level, PathValues, RuleValues, SCHEMA, SuppressionValues, Tests, Values,
            Verify, VerifyValues,
        },
    },
    finding::FilePath,
    knowledge::CrateRows,
};
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::{Strategy, any, prop_oneof},
    sample::{Index, select},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::pages;

/// Runs a property on seeded inputs: the same ones each time, and a hundred times as many on demand.
fn holds<S: Strategy>(strategy: S, property: impl Fn(S::Value)) {
    let cases = if std::env::var_os("ASYNC_FIX_HEAVY").is_some() { 200_000 } else { 2_000 };
    let config = Config { cases, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let run = runner.run(&strategy, |input| {
        property(input);
        Ok(())
    });
    if let Err(failure) = run {
        panic!("{failure}");
    }
}

/// Reads `text` as everything that it could be.
fn read_all(text: &str) -> Result<Layer, String> {
    let (folder, pages) = (FilePath::new(""), pages());
    for table in [Table::Package, Table::Workspace] {
        let _ = document::read("Cargo.toml", &folder, text, table, pages);
    }
    let _ = document::read_setting(text, &folder, pages);
    document::read("async-fix.toml", &folder, text, Table::Whole, pages).map(Option::unwrap)
}

/// All that can be said.
const EXAMPLE: &str = "\
# all that can be said
ignore = [\"blocking-fs\"]
extend-select = [\"default\", 'ALL']
unfixable = [\"blocking-sleep\"]
unsafe-fixes = false
fail-on = \"error\"
exclude = [\"**/generated/**\"]

[rules]
blocking-sleep = \"error\"
blocking-fs = { level = \"warn\", tests = \"reported\" }

[per-path]
\"tests/**\" = { ignore = [\"blocking\"], rules.blocking-new = \"off\" }

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

/// The example, wrong by a few characters.
fn nearly_right() -> impl Strategy<Value = String> {
    let change = (any::<Index>(), 0..6usize, "[\"'\\[\\]{}=,.#\na-zä\u{0}]{0,3}");
    vec(change, 1..5).prop_map(|changes| {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        for (at, removed, inserted) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + removed).min(text.len());
            text.splice(at..end, inserted.chars());
        }
        text.into_iter().collect()
    })
}

#[test]
fn the_example_is_right() {
    assert_eq!(read_all(EXAMPLE).map(|it| it.values.fail_on), Ok(Some(FailOn::Error)));
}

#[test]
fn what_is_wrong_is_one_sentence_with_its_line() {
    holds(nearly_right(), |text| {
        let Err(sentence) = read_all(&text) else { return };
        let (place, problem) = sentence.split_once(": ").unwrap();
        let line = place.strip_prefix("async-fix.toml:").and_then(|it| it.parse::<usize>().ok());
        let lines = text.matches('\n').count() + 1;
        assert!(line.is_some_and(|it| (1..=lines).contains(&it)), "{sentence}");
        assert!(!problem.is_empty() && problem.lines().count() == 1, "{sentence}");
    });
}

/// A text that is nearly a configuration, or nothing like it.
fn text() -> impl Strategy<Value = String> {
    let pieces = select(vec![
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "=",
        ",",
        ".",
        "\n",
        "\"",
        "'",
        "#",
        "'''",
        "1",
        "true",
        "select",
        "ignore",
        "rules",
        "per-path",
        "knowledge",
        "extend",
        "workspace",
        "package",
        "metadata",
        "async-fix",
        "blocking-fs",
        " = [\"ALL\"]\n",
        "\u{feff}",
        "\r\n",
        "\u{1F980}",
        "\\",
        "exclude = ['a{']\n",
        "crate = 'a'\n",
        "item = [{ path = 'b::c' }]\n",
        "[[knowledge]]\n",
        "[per-path.'a/**']\n",
        "ignore = ['nothing']\n",
        "[rules]\nblocking-fs = 'loud'\n",
    ]);
    let pieces = vec(pieces, 0..24).prop_map(|it| it.concat());
    prop_oneof![pieces, vec(any::<char>(), 0..40).prop_map(|it| it.into_iter().collect())]
}

#[test]
fn no_text_is_a_panic() {
    let (wrong, right) = (Cell::new(0), Cell::new(0));
    holds(text(), |text| match read_all(&text) {
        Err(sentence) => {
            wrong.set(wrong.get() + 1);
            // One sentence, with the place.
            let place = sentence.strip_prefix("async-fix.toml:").unwrap();
            assert!(place.split(':').next().unwrap().parse::<usize>().is_ok(), "{sentence}");
            assert!(!sentence.contains('\n') || text.contains('\n'), "{sentence}");
        }
        Ok(_) => right.set(right.get() + 1),
    });
    // Both ways are gone.
    assert!(wrong.get() > 100 && right.get() > 10, "{wrong:?} {right:?}");
}

fn list() -> impl Strategy<Value = Option<Vec<String>>> {
    let names = ["ALL", "default", "blocking", "blocking-fs", "blocking-sleep", "blocking-new"];
    option::of(vec(select(names.map(str::to_owned).to_vec()), 0..3))
}

fn rules() -> impl Strategy<Value = Option<BTreeMap<String, RuleValues>>> {
    let names = ["blocking-fs", "blocking-sleep", "blocking-new"].map(str::to_owned).to_vec();
    let level = option::of(select(vec![Level::Error, Level::Warn, Level::Info, Level::Off]));
    let tests = option::of(select(vec![Tests::Quiet, Tests::Reported]));
    let values = (level, tests).prop_map(|(level, tests)| RuleValues {
        level,
        tests,
        ..RuleValues::default()
    });
    option::of(btree_map(select(names), values, 0..3))
}

fn glob() -> impl Strategy<Value = String> {
    select(["**/x/**", "!a.rs", "b c", "ä/*.rs", "it's", "\"q\""].map(str::to_owned).to_vec())
}

fn values() -> impl Strategy<Value = Values> {
    let path_values = (list(), rules()).prop_map(|(ignore, rules)| PathValues { ignore, rules });
    let lists = (list(), list(), list(), list(), list(), list(), list());
    let others = (
        option::of(any::<bool>()),
        option::of(select(vec![FailOn::Error, FailOn::Warn, FailOn::Info, FailOn::Never])),
        option::of(vec(glob(), 0..3)),
        rules(),
        option::of(btree_map(glob(), path_values, 0..3)),
        option::of(select(vec![Verify::Cargo, Verify::Analysis, Verify::Syntax, Verify::None])),
        option::of(select(vec![rows("my_app", "my_app::a"), rows("b", "b::C::d")])),
        any::<Option<(Option<bool>, Option<bool>)>>(),
        option::of(any::<bool>()),
    );
    (lists, others).prop_map(|(lists, others)| Values {
        select: lists.0,
        extend_select: lists.1,
        ignore: lists.2,
        fixable: lists.3,
        unfixable: lists.4,
        extend_safe_fixes: lists.5,
        extend_unsafe_fixes: lists.6,
        unsafe_fixes: others.0,
        follow_calls: others.8,
        fail_on: others.1,
        exclude: others.2,
        rules: others.3,
        per_path: others.4,
        verify: others.5.map(|it| VerifyValues { mode: Some(it) }),
        knowledge: others.6,
        suppressions: others.7.map(|(require_reason, honor_clippy_allow)| SuppressionValues {
            require_reason,
            honor_clippy_allow,
        }),
        ..Values::default()
    })
}

fn rows(krate: &str, path: &str) -> Vec<CrateRows> {
    let row = format!("{{ path = '{path}', blocks = 'disk', instead = '{path}($0).await' }}");
    vec![toml::from_str(&format!("crate = '{krate}'\nitem = [{row}]")).unwrap()]
}

#[test]
fn what_is_printed_is_read_again() {
    holds(values(), |values| {
        let text = toml::to_string(&values).unwrap();
        let mut read = read_all(&text).unwrap().values;
        for row in read.knowledge.iter_mut().flatten().flat_map(|it| &mut it.items) {
            assert!(row.origin.take().unwrap().starts_with("async-fix.toml:"));
        }
        assert_eq!(read, values, "{text}");
    });
}

#[test]
fn a_key_that_is_not_known_is_an_error_everywhere() {
    // Every key of any table.
    let is_known = |key: &str| SCHEMA.contains(&format!("\"{key}\": {{"));
    let tables = ["", "[rules.blocking-fs]", "[per-path.'a/**']", "[suppressions]", "[verify]"];
    let tables = [&tables[..], &["[[knowledge]]\ncrate = 'a'"]].concat();
    let near = select(vec!["selct", "Select", "select ", "rule", "crates", "items", "level s", ""]);
    let any_key = vec(any::<char>(), 0..8).prop_map(|it| it.into_iter().collect::<String>());
    let key = prop_oneof![near.prop_map(str::to_owned), any_key];
    holds((values(), key, select(tables)), |(mut values, key, table)| {
        if is_known(&key) {
            return;
        }
        // No table may be there twice, and keys of the whole file stand before all tables.
        (values.rules, values.per_path, values.verify) = (None, None, None);
        (values.knowledge, values.suppressions) = (None, None);
        let line = format!("{table}\n{} = 1\n", toml_edit::Key::new(key.as_str()));
        let text = toml::to_string(&values).unwrap() + &line;
        let sentence = read_all(&text).map(drop).unwrap_err();
        let one_line = key.lines().collect::<Vec<_>>().join("; ");
        let told = [&key, &one_line]
            .iter()
            .any(|it| sentence.contains(&format!("there is no key `{it}`")));
        assert!(told, "{sentence}\n{text}");
    });
}

#[test]
fn a_key_that_lacks_a_letter_is_known_again() {
    let keys = [
        "select",
        "extend-select",
        "ignore",
        "fixable",
        "unfixable",
        "unsafe-fixes",
        "extend",
        "extend-safe-fixes",
        "extend-unsafe-fixes",
        "fail-on",
        "exclude",
        "rules",
        "per-path",
        "follow-calls",
        "verify",
        "suppressions",
        "knowledge",
        "workspace",
    ];
    holds((select(keys.to_vec()), any::<Index>()), |(key, letter)| {
        let mut wrong = key.to_owned();
        wrong.remove(letter.index(key.len()));
        if keys.contains(&wrong.as_str()) || wrong.starts_with('-') {
            return;
        }
        let sentence = read_all(&format!("# one\n{wrong} = 1\n")).map(drop).unwrap_err();
        let start = format!("async-fix.toml:2: there is no key `{wrong}`; did you mean `");
        let near = sentence.strip_prefix(&start).and_then(|it| it.strip_suffix("`?"));
        assert!(near.is_some_and(|it| keys.contains(&it)), "{sentence}");
    });
}
