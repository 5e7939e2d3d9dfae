//! What is read from the files of a workspace, and what comes of it for each file.

use std::{collections::BTreeSet, fs, path::Path, sync::LazyLock};

use async_fix::{
    config::{
        Choice, Scope, document,
        layer::Layer,
        settings::{RuleChoice, Settings},
        values::{FailOn, Level, RuleValues, Values, Verify, VerifyValues},
    },
    finding::{Applicability, FilePath, Finding, Fix, Place, Severity},
    page::Page,
    report::settings::{files, show},
    rules::RULES,
    workspace::{
        configuration,
        layout::{Layout, Member},
    },
};
use ra_ap_ide_db::text_edit::TextRange;
use tempfile::TempDir;

#[path = "settings/properties.rs"]
mod properties;

/// The rules that there are, one in preview and one on demand. Some tests ask for them a million times.
static PAGES: LazyLock<Vec<Page>> = LazyLock::new(|| {
    let mut pages: Vec<Page> = RULES.iter().map(|it| it.page()).collect();
    pages.push(Page { name: "blocking-new".to_owned(), preview: true, ..pages[0].clone() });
    pages.push(Page { name: "blocking-log".to_owned(), on_demand: true, ..pages[0].clone() });
    pages
});

fn pages() -> &'static [Page] {
    &PAGES
}

/// A workspace of the packages `a`, `a/inner` and `../out` with these files.
struct Project {
    temp: TempDir,
    layout: Layout,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Project {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap().join("root");
        fs::create_dir(&root).unwrap();
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let member = |folder: &str| Member {
            id: String::new(),
            name: folder.rsplit('/').next().unwrap_or_default().to_owned(),
            version: "0.1.0".to_owned(),
            folder: FilePath::new(folder),
            is_default: true,
        };
        let members = ["a", "a/inner", "../out", ""].map(member).into();
        Project { temp, layout: Layout { root, members } }
    }

    fn read(&self) -> Result<Settings, String> {
        configuration::read(&self.layout, pages())
    }

    /// Asserts that reading ends with this sentence.
    fn refuses(&self, sentence: &str) {
        assert_eq!(self.read().map(drop), Err(sentence.to_owned()));
    }
}

/// The settings of one file at the workspace root.
fn settings(text: &str) -> Settings {
    Project::new(&[("async-fix.toml", text)]).read().unwrap()
}

fn with_flags(text: &str, values: Values) -> Settings {
    let mut settings = settings(text);
    settings.push(Layer::of_flags(values, FilePath::new(""), pages()).unwrap());
    settings
}

fn rule(settings: &Settings, rule: &str, file: &str) -> RuleChoice {
    let pages = pages();
    let file = FilePath::new(file);
    settings.of(&file).rule(pages.iter().find(|it| it.name == rule).unwrap(), &file)
}

/// The blocking rules that are selected for `src/lib.rs`, without their common start.
fn selected(settings: &Settings) -> Vec<&'static str> {
    let names = ["blocking-sleep", "blocking-fs", "blocking-new", "blocking-log"];
    let is_on = |it: &&str| rule(settings, it, "src/lib.rs").selected;
    names.into_iter().filter(is_on).map(|it| &it["blocking-".len()..]).collect()
}

fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|it| (*it).to_owned()).collect())
}

#[test]
fn the_closer_name_counts_and_a_flag_counts_more() {
    for (text, expected) in [
        ("", &["sleep", "fs"][..]),
        ("select = ['ALL']", &["sleep", "fs", "new"]),
        ("select = ['default']", &["sleep", "fs"]),
        ("select = ['ALL', 'blocking', 'default']", &["sleep", "fs", "new"]),
        ("select = ['blocking-log']", &["log"]),
        ("select = ['blocking-log']\nignore = ['ALL']", &["log"]),
        ("extend-select = ['blocking-log']", &["sleep", "fs", "log"]),
        ("[rules]\nblocking-log = 'warn'", &["sleep", "fs", "log"]),
        ("select = ['blocking-fs']", &["fs"]),
        ("select = []", &[]),
        ("extend-select = ['blocking-new']", &["sleep", "fs", "new"]),
        ("ignore = ['blocking']", &[]),
        ("ignore = ['ALL']", &[]),
        ("select = ['blocking']\nignore = ['blocking-fs']", &["sleep"]),
        ("select = ['blocking-fs']\nignore = ['blocking']", &["fs"]),
        ("select = ['blocking-fs']\nignore = ['blocking-fs']", &[]),
        ("[rules]\nblocking-new = 'info'\nblocking-fs = 'off'", &["sleep", "new"]),
        ("ignore = ['blocking']\n[rules]\nblocking-fs = 'warn'", &["fs"]),
    ] {
        assert_eq!(selected(&settings(text)), expected, "{text}");
    }
    let off = "ignore = ['blocking-fs']\n[rules]\nblocking-sleep = 'off'";
    let flags = |values: Values| selected(&with_flags(off, values));
    assert_eq!(flags(Values::default()), [""; 0]);
    assert_eq!(
        flags(Values { select: names(&["blocking"]), ..Values::default() }),
        ["sleep", "fs"]
    );
    let extended = Values { extend_select: names(&["blocking-fs"]), ..Values::default() };
    assert_eq!(flags(extended), ["fs"]);
    let level = RuleValues::level(Level::Error);
    let rules = Some([("blocking-new".to_owned(), level)].into());
    assert_eq!(flags(Values { rules, ..Values::default() }), ["new"]);
}

#[test]
fn levels_and_tests_are_set_by_rule_and_by_path() {
    let text = "\
[rules]
blocking-fs = 'error'
blocking-sleep = { level = 'info', tests = 'reported' }

[per-path]
'tests/**' = { ignore = ['blocking-sleep'], rules = { blocking-fs = 'warn' } }
";
    let settings = settings(text);
    let fs = rule(&settings, "blocking-fs", "src/lib.rs");
    assert_eq!((fs.level, fs.quiet_in_tests, fs.selected), (Some(Severity::Error), true, true));
    let sleep = rule(&settings, "blocking-sleep", "src/lib.rs");
    assert_eq!((sleep.level, sleep.quiet_in_tests), (Some(Severity::Info), false));
    assert_eq!(rule(&settings, "blocking-fs", "tests/it.rs").level, Some(Severity::Warn));
    assert!(!rule(&settings, "blocking-sleep", "tests/it.rs").selected);
    assert_eq!(rule(&settings, "block-on-in-async", "src/lib.rs").level, None);
}

#[test]
fn fixes_are_rated_and_severity_has_no_part_in_it() {
    let text = "\
unfixable = ['block-on-in-async']
extend-safe-fixes = ['blocking']
extend-unsafe-fixes = ['blocking-fs']

[rules]
blocking-sleep = 'info'
blocking-fs = 'error'
";
    let pages = pages();
    let choice = Choice { settings: settings(text), ..Choice::default() };
    let rated = |rule: &'static str, applicability| {
        let page = pages.iter().find(|it| it.name == rule).unwrap();
        let found = finding(rule, applicability);
        let rated = choice.rated(page, &found).unwrap();
        (
            rated.severity,
            rated.fixes[0].applicability,
            choice.takes(&rated.at.file, &rated.fixes[0]),
        )
    };
    use Applicability::{Manual, Safe, Unsafe};
    assert_eq!(rated("blocking-sleep", Unsafe), (Severity::Info, Safe, true));
    assert_eq!(rated("blocking-sleep", Manual), (Severity::Info, Manual, false));
    assert_eq!(rated("blocking-fs", Safe), (Severity::Error, Unsafe, false));
    assert_eq!(rated("block-on-in-async", Safe), (Severity::Warn, Manual, false));

    let mut fix_only = choice.clone();
    fix_only.fix_only = true;
    let page = |rule| pages.iter().find(|it| it.name == rule).unwrap();
    assert!(fix_only.rated(page("blocking-sleep"), &finding("blocking-sleep", Unsafe)).is_some());
    assert!(fix_only.rated(page("blocking-fs"), &finding("blocking-fs", Safe)).is_none());
}

fn finding(rule: &'static str, applicability: Applicability) -> Finding {
    Finding {
        rule,
        severity: Severity::Warn,
        at: Place::new(FilePath::new("src/lib.rs"), TextRange::default()),
        message: String::new(),
        because: Vec::new(),
        fixes: vec![Fix {
            title: String::new(),
            applicability,
            doubt: None,
            edits: Default::default(),
            wants: Default::default(),
        }],
        behind: None,
        within: None,
        cured_at: Vec::new(),
    }
}

#[test]
fn how_fixes_are_verified_is_configured_and_a_flag_counts_more() {
    let verify = |text, mode: Option<Verify>| {
        let verify = mode.map(|it| VerifyValues { mode: Some(it) });
        with_flags(text, Values { verify, ..Values::default() }).verify()
    };
    assert_eq!(verify("", None), Verify::Cargo);
    assert_eq!(verify("verify.mode = 'syntax'", None), Verify::Syntax);
    assert_eq!(verify("verify.mode = 'syntax'", Some(Verify::None)), Verify::None);
}

#[test]
fn what_is_shown_names_the_place_that_says_it() {
    let text = "\
ignore = ['blocking-sleep']
verify.mode = 'none'

[rules]
blocking-fs = { level = 'error', tests = 'reported' }

[per-path]
'tests/**' = { ignore = ['blocking'] }
";
    let flags = Values { fail_on: Some(FailOn::Error), ..Values::default() };
    let shown = show(&with_flags(text, flags), &FilePath::new("src/lib.rs"), pages());
    let shown: Vec<String> =
        shown.lines().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "# `src/lib.rs`",
        "select = [\"default\"] # default",
        "fail-on = \"error\" # the command line",
        "verify.mode = \"none\" # async-fix.toml:2",
        "ignore = [\"blocking-sleep\"] # async-fix.toml:1",
        "rules.blocking-fs = { level = \"error\", tests = \"reported\" } # async-fix.toml:5",
        "per-path.\"tests/**\" = { ignore = [\"blocking\"] } # async-fix.toml:8",
        "# blocking-sleep off quiet safe ones written",
        "# blocking-fs error reported safe ones written",
    ] {
        assert!(shown.iter().any(|it| it == line), "{line}\n\n{}", shown.join("\n"));
    }
}

#[test]
fn the_files_that_count_are_listed() {
    let project = Project::new(&[
        ("async-fix.toml", "extend = 'shared.toml'"),
        ("shared.toml", "# nothing"),
        ("a/async-fix.toml", "workspace = true"),
        ("a/.async-fix.toml", "unsafe-fixes = true"),
    ]);
    let listed = files(&project.read().unwrap(), |it| format!("`{it}`"));
    assert_eq!(
        listed,
        "\
shared.toml: the workspace, `../out`, ``
async-fix.toml: the workspace, `../out`, ``
a/.async-fix.toml: `a`, `a/inner`
"
    );
}

#[test]
fn the_least_severity_that_fails_is_configured_and_a_flag_counts_more() {
    let fails = |text: &str, fail_on: Option<FailOn>| {
        let settings = with_flags(text, Values { fail_on, ..Values::default() });
        let choice = Choice { settings, ..Choice::default() };
        choice.fails_on(&finding("blocking-fs", Applicability::Safe))
    };
    assert!(fails("", None));
    assert!(!fails("fail-on = 'error'", None));
    assert!(fails("fail-on = 'error'", Some(FailOn::Info)));
    assert!(!fails("", Some(FailOn::Never)));
}

#[test]
fn the_scope_is_what_all_parts_of_it_allow() {
    let text = "exclude = ['**/generated/**', '!a/src/generated/ours.rs']";
    let mut choice = Choice { settings: settings(text), ..Choice::default() };
    let includes = |choice: &Choice, file: &str| {
        choice.includes(&FilePath::new(file), &Path::new("/w").join(file))
    };
    assert!(includes(&choice, "a/src/lib.rs"));
    assert!(!includes(&choice, "a/src/generated/it.rs"));
    assert!(includes(&choice, "a/src/generated/ours.rs"));
    choice.scope = Scope {
        paths: vec!["/w/a".into()],
        files: Some(BTreeSet::from(["a/inner/x.rs", "a/y.rs", "z.rs"].map(FilePath::new))),
        packages: Some(vec![FilePath::new("a")]),
    };
    assert!(includes(&choice, "a/y.rs"));
    // Another package, another path, another file.
    assert!(!includes(&choice, "a/inner/x.rs"));
    assert!(!includes(&choice, "z.rs"));
    assert!(!includes(&choice, "a/z.rs"));
}

#[test]
fn the_closest_file_counts_alone() {
    let project = Project::new(&[
        ("async-fix.toml", "select = ['blocking-fs']"),
        ("a/async-fix.toml", "ignore = ['blocking-fs']"),
        ("a/inner/Cargo.toml", "[package.metadata.async-fix]\nselect = ['blocking-sleep']"),
    ]);
    let settings = project.read().unwrap();
    let is_on = |name: &str, file: &str| rule(&settings, name, file).selected;
    assert!(is_on("blocking-fs", "src/lib.rs") && !is_on("blocking-sleep", "src/lib.rs"));
    // No part of the file above it is left.
    assert!(is_on("blocking-sleep", "a/x.rs") && !is_on("blocking-fs", "a/x.rs"));
    // The folder of the package is of the package.
    assert!(is_on("blocking-sleep", "a") && !is_on("blocking-fs", "a"));
    assert!(is_on("blocking-sleep", "a/inner/x.rs") && !is_on("blocking-fs", "a/inner/x.rs"));
    assert!(is_on("blocking-fs", "../out/x.rs") && !is_on("blocking-sleep", "../out/x.rs"));
    assert!(settings.warnings.is_empty());
}

#[test]
fn a_manifest_speaks_for_its_package_and_for_the_workspace() {
    let manifest = "\
[package.metadata.async-fix]
workspace = true
ignore = ['blocking-fs']

[workspace.metadata.async-fix]
ignore = ['blocking-sleep']
";
    let settings = Project::new(&[("Cargo.toml", manifest)]).read().unwrap();
    assert_eq!(selected(&settings), [""; 0]);
    assert!(rule(&settings, "blocking-fs", "a/x.rs").selected);
    assert!(!rule(&settings, "blocking-sleep", "a/x.rs").selected);
    assert!(settings.warnings.is_empty());
    // Metadata of other tools, and manifests that cargo will refuse, are not ours to speak of.
    for other in ["[package]\nmetadata = 1 # async-fix", "async-fix = [", "[package.metadata.deb]"]
    {
        Project::new(&[("Cargo.toml", other)]).read().unwrap();
    }
}

#[test]
fn of_two_files_in_one_folder_the_first_counts() {
    let project = Project::new(&[
        (".async-fix.toml", "select = ['blocking-fs']"),
        ("async-fix.toml", "select = ['blocking-sleep']"),
        ("Cargo.toml", "[workspace.metadata.async-fix]\nselect = ['ALL']"),
    ]);
    let settings = project.read().unwrap();
    assert_eq!(selected(&settings), ["fs"]);
    assert_eq!(
        settings.warnings,
        [
            "`.async-fix.toml` counts, and `Cargo.toml` does not",
            "`.async-fix.toml` counts, and `async-fix.toml` does not",
        ]
    );
}

#[test]
fn a_file_that_another_builds_upon_counts() {
    let project = Project::new(&[
        (".async-fix.toml", "extend = 'async-fix.toml'"),
        ("async-fix.toml", "select = ['blocking-fs']"),
    ]);
    let settings = project.read().unwrap();
    assert_eq!((selected(&settings), settings.warnings), (vec!["fs"], vec![]));
}

#[test]
fn a_file_builds_upon_others() {
    let project = Project::new(&[
        ("async-fix.toml", "extend = 'shared/base.toml'\nignore = ['blocking-fs']"),
        ("shared/base.toml", "ignore = ['blocking-sleep']\nunsafe-fixes = true"),
        ("a/async-fix.toml", "extend = '../async-fix.toml'\nextend-select = ['blocking-sleep']"),
        ("a/inner/async-fix.toml", "workspace = true\nunsafe-fixes = false"),
    ]);
    let settings = project.read().unwrap();
    assert_eq!(selected(&settings), [""; 0]);
    let chain = |file: &str| settings.of(&FilePath::new(file)).clone();
    assert!(chain("src/lib.rs").unsafe_fixes() && chain("a/x.rs").unsafe_fixes());
    assert!(!chain("a/inner/x.rs").unsafe_fixes());
    assert!(rule(&settings, "blocking-sleep", "a/x.rs").selected);
    assert!(!rule(&settings, "blocking-fs", "a/x.rs").selected);
    assert!(!rule(&settings, "blocking-fs", "a/inner/x.rs").selected);
}

#[test]
fn what_cannot_be_built_upon_is_one_sentence() {
    for (files, sentence) in [
        (
            &[("async-fix.toml", "\nextend = 'b.toml'"), ("b.toml", "extend = './async-fix.toml'")]
                [..],
            "b.toml:1: a circle: `async-fix.toml`, which extends `b.toml`, which extends `async-fix.toml`",
        ),
        (
            &[("a/async-fix.toml", "extend = '../gone.toml'")],
            "a/async-fix.toml:1: there is no file `gone.toml`",
        ),
        (
            &[("a/async-fix.toml", "workspace = true")],
            "a/async-fix.toml:1: there is no configuration at the workspace root",
        ),
        (
            &[("async-fix.toml", "workspace = true")],
            "async-fix.toml:1: this is the workspace root already",
        ),
        (
            &[("async-fix.toml", "extend = 'b'\nworkspace = true")],
            "async-fix.toml:2: `extend` and `workspace` do not go together",
        ),
        (
            &[("async-fix.toml", "workspace = false")],
            "async-fix.toml:1: `workspace` is `true`, or left out",
        ),
        (
            &[("a/async-fix.toml", "ignore = []\nknowledge = []")],
            "a/async-fix.toml:2: `knowledge` holds for the whole workspace, so it belongs at the workspace root",
        ),
        (
            &[("a/async-fix.toml", "[verify]\nmode = 'none'")],
            "a/async-fix.toml:1: `verify` holds for the whole workspace, so it belongs at the workspace root",
        ),
    ] {
        Project::new(files).refuses(sentence);
    }
}

#[test]
fn each_slip_is_told_with_its_line_and_the_nearest_name() {
    for (text, sentence) in [
        ("\nselct = []", "2: there is no key `selct`; did you mean `select`?"),
        ("select = 'blocking'", "1: invalid type: string \"blocking\", expected a sequence"),
        (
            "select = [\n'blocking-fs',\n'blocking-slep']",
            "3: there is no rule `blocking-slep`; did you mean `blocking-sleep`?",
        ),
        ("unfixable = ['zzz']", "1: there is no rule `zzz`; `async-fix rules` lists them all"),
        ("fail-on = 'warning'", "1: `warning` means nothing here; did you mean `warn`?"),
        (
            "[rules]\n\nblocking-ffs = 'warn'",
            "3: there is no rule `blocking-ffs`; did you mean `blocking-fs`?",
        ),
        (
            "[rules]\nblocking = 'warn'",
            "2: `blocking` is no rule; the name of one rule stands here",
        ),
        ("[rules]\nblocking-fs = 'eror'", "2: `eror` means nothing here; did you mean `error`?"),
        (
            "[rules]\nblocking-fs = 3",
            "2: invalid type: integer `3`, expected a level such as \"warn\", or a table",
        ),
        ("[rules.blocking-fs]\nlevl = 'warn'", "2: there is no key `levl`; did you mean `level`?"),
        (
            "[rules]\nblocking-fs = { tests = 'loud' }",
            "2: `loud` means nothing here; these are known: `quiet`, `reported`",
        ),
        (
            "exclude = ['ok',\n'a{']",
            "2: `a{` is no glob: error parsing glob 'a{': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
        ),
        (
            "[per-path]\n'tests/**' = { ignore = ['x'] }",
            "2: there is no rule `x`; `async-fix rules` lists them all",
        ),
        (
            "[per-path]\n'tests/**' = { ignored = [] }",
            "2: there is no key `ignored`; did you mean `ignore`?",
        ),
        (
            "[suppressions]\nrequire-reasons = true",
            "2: there is no key `require-reasons`; did you mean `require-reason`?",
        ),
        ("a = 1\na = 2", "2: duplicate key"),
    ] {
        Project::new(&[("async-fix.toml", text)]).refuses(&format!("async-fix.toml:{sentence}"));
    }
    let manifest = "[package]\nname = 'a'\n[package.metadata.async-fix]\nselct = []\n";
    Project::new(&[("Cargo.toml", manifest)])
        .refuses("Cargo.toml:4: there is no key `selct`; did you mean `select`?");
    let read =
        |text| document::read_setting(text, &FilePath::new(""), pages()).map(drop).unwrap_err();
    assert_eq!(
        read("fail-on=error"),
        "`--config fail-on=error`: string values must be quoted, expected literal string; \
         write the value as in TOML, a text in quotation marks"
    );
    assert_eq!(
        read("selct=[]"),
        "`--config selct=[]`: there is no key `selct`; did you mean `select`?"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let project = Project::new(&[]);
    fs::create_dir(project.layout.root.join("async-fix.toml")).unwrap();
    let said = project.read().map(drop).unwrap_err();
    assert!(said.starts_with("`async-fix.toml` cannot be read: "), "{said}");
    let gone = project.temp.path().join("gone.toml");
    let said = configuration::read_file(&project.layout, &gone, pages()).map(drop).unwrap_err();
    assert_eq!(said, format!("the configuration `{}` does not exist", gone.display()));
}
