//! Manifests: what they turn on, how a feature is turned on in them, and the lock file that fits.

use std::collections::{BTreeMap, BTreeSet};

use async_fix::{
    finding::{
        DependencyKind::{self, Build, Dev, Normal},
        FeatureWant, FilePath,
    },
    plan::manifest::turn_on,
    workspace::{
        Dependency,
        manifest::{Chosen, Manifest},
    },
};

#[path = "manifest/lock.rs"]
mod lock;
#[path = "manifest/scratch.rs"]
mod scratch;

fn wants(wanted: &str) -> BTreeSet<FeatureWant> {
    let wanted = wanted.split_whitespace().filter_map(|want| want.split_once('/'));
    wanted
        .map(|(dependency, feature)| FeatureWant {
            manifest: FilePath::new("Cargo.toml"),
            dependency: dependency.to_owned(),
            feature: feature.to_owned(),
        })
        .collect()
}

#[track_caller]
fn turns(code: DependencyKind, wanted: &str, before: &str, after: &str) {
    let wants = wants(wanted);
    let once = turn_on(before, &wants, code).unwrap();
    assert_eq!(once, after);
    assert_eq!(turn_on(&once, &wants, code).unwrap(), after, "a second time");
    let with_crlf = |text: &str| text.replace('\n', "\r\n");
    assert_eq!(turn_on(&with_crlf(before), &wants, code).unwrap(), with_crlf(after), "CRLF");
    let (shorter, expected) = (before.trim_end(), after.trim_end());
    assert_eq!(turn_on(shorter, &wants, code).unwrap(), expected, "no final newline");
    let (marked, expected) = (format!("\u{feff}{before}"), format!("\u{feff}{after}"));
    assert_eq!(turn_on(&marked, &wants, code).unwrap(), expected, "byte order mark");
}

#[test]
fn one_line_takes_the_feature() {
    let cases = [
        (r#"tokio = "1""#, r#"tokio = { version = "1", features = ["fs"] }"#),
        (r#"tokio = '1'  # pinned"#, r#"tokio = { version = '1', features = ["fs"] }  # pinned"#),
        (r#""tokio"="1""#, r#""tokio"={ version = "1", features = ["fs"] }"#),
        (
            r#"tokio = { version = "1" } # runtime"#,
            r#"tokio = { version = "1", features = ["fs"] } # runtime"#,
        ),
        (r#"tokio = {version="1"}"#, r#"tokio = {version="1", features = ["fs"]}"#),
        (r#"tokio = {}"#, r#"tokio = { features = ["fs"] }"#),
        (
            r#"tokio = { version = "1", features = [] }"#,
            r#"tokio = { version = "1", features = ["fs"] }"#,
        ),
        (r#"tokio = { features = [ ] }"#, r#"tokio = { features = ["fs"] }"#),
        (
            r#"tokio = { features = ["rt", "time"], version = "1" }"#,
            r#"tokio = { features = ["rt", "time", "fs"], version = "1" }"#,
        ),
        (r#"tokio = { features = ["rt","time"] }"#, r#"tokio = { features = ["rt","time","fs"] }"#),
        (r#"tokio = { features = [ 'rt', ] }"#, r#"tokio = { features = [ 'rt', 'fs', ] }"#),
        (r#"tokio = { features = ["fs"] }"#, r#"tokio = { features = ["fs"] }"#),
        (r#"tokio = { workspace = true }"#, r#"tokio = { workspace = true, features = ["fs"] }"#),
        (r#"tokio.workspace = true"#, r#"tokio = { workspace = true, features = ["fs"] }"#),
        (
            r#"tokio . workspace = true # shared"#,
            r#"tokio = { workspace = true, features = ["fs"] } # shared"#,
        ),
        (r#"tokio.version = "1""#, r#"tokio = { version = "1", features = ["fs"] }"#),
        (r#"tokio.features = ["rt"]"#, r#"tokio.features = ["rt", "fs"]"#),
        (
            "tokio.version = \"1\"\ntokio.default-features = false",
            "tokio.version = \"1\"\ntokio.default-features = false\ntokio.features = [\"fs\"]",
        ),
        (
            r#"tokio = { version = "1", optional = true }"#,
            r#"tokio = { version = "1", optional = true, features = ["fs"] }"#,
        ),
    ];
    for (before, after) in cases {
        for header in ["[dependencies]", "[target.'cfg(unix)'.dependencies]"] {
            let text = |line| format!("# top\n{header}\n# above\n{line}\nserde = \"1\"\n");
            turns(Normal, "tokio/fs", &text(before), &text(after));
        }
    }
}

#[test]
fn a_list_over_several_lines_keeps_its_style() {
    let cases = [
        ("[\n    \"rt\",\n    \"time\",\n]", "[\n    \"rt\",\n    \"time\",\n    \"fs\",\n]"),
        ("[\n  \"rt\",\n  \"time\"\n]", "[\n  \"rt\",\n  \"time\",\n  \"fs\"\n]"),
        (
            "[\n\t'rt', # runtime\n\t# \"full\",\n]",
            "[\n\t'rt', # runtime\n\t'fs',\n\t# \"full\",\n]",
        ),
        ("[\n  \"rt\" # a, b\n]", "[\n  \"rt\", # a, b\n  \"fs\"\n]"),
        ("[\n  \"rt\"]", "[\n  \"rt\",\n  \"fs\"]"),
        ("[\n  \"rt\", ]", "[\n  \"rt\",\n  \"fs\", ]"),
        ("[\n  \"rt\"\n  ,\n]", "[\n  \"rt\"\n  ,\n  \"fs\",\n]"),
        ("[\n  \"rt\", \"time\",\n]", "[\n  \"rt\", \"time\", \"fs\",\n]"),
        ("[\n  # none yet\n]", "[\"fs\"\n  # none yet\n]"),
        ("[\n]", "[\"fs\"]"),
    ];
    for (before, after) in cases {
        let table = |list| format!("[dependencies.tokio]\nversion = \"1\"\nfeatures = {list}\n");
        turns(Normal, "tokio/fs", &table(before), &table(after));
        let line =
            |list| format!("[dependencies]\ntokio = {{ features = {list}, version = \"1\" }}\n");
        turns(Normal, "tokio/fs", &line(before), &line(after));
    }
}

/// As TOML 1.1 allows, and cargo with it.
#[test]
fn an_inline_table_over_several_lines_keeps_its_style() {
    let cases = [
        (
            "{\n  version = \"1\", # old\n}",
            "{\n  version = \"1\", # old\n  features = [\"fs\"],\n}",
        ),
        ("{\n  version = \"1\"\n}", "{\n  version = \"1\",\n  features = [\"fs\"]\n}"),
        ("{ version = \"1\", }", "{ version = \"1\", features = [\"fs\"], }"),
    ];
    for (before, after) in cases {
        let line = |table| format!("[dependencies]\ntokio = {table}\n");
        turns(Normal, "tokio/fs", &line(before), &line(after));
    }
}

#[test]
fn a_table_of_its_own_gets_a_line() {
    turns(
        Normal,
        "tokio/fs",
        "[dependencies.tokio] # runtime\n  version = \"1\" # pinned\n\n[features]\ndefault = []\n",
        "[dependencies.tokio] # runtime\n  version = \"1\" # pinned\n  features = [\"fs\"]\n\n[features]\ndefault = []\n",
    );
    turns(
        Normal,
        "tokio/fs",
        "[dependencies.tokio]\n\n[lib]\n",
        "[dependencies.tokio]\nfeatures = [\"fs\"]\n\n[lib]\n",
    );
    turns(
        Normal,
        "tokio/fs",
        "dependencies.tokio.workspace = true\n",
        "dependencies.tokio = { workspace = true, features = [\"fs\"] }\n",
    );
    turns(
        Normal,
        "tokio/fs",
        "dependencies = { tokio = \"1\", log.workspace = true }\n",
        "dependencies = { tokio = { version = \"1\", features = [\"fs\"] }, log.workspace = true }\n",
    );
}

#[test]
fn several_wants_are_merged() {
    turns(
        Normal,
        "tokio/time tokio/fs rt/net",
        "[dependencies]\ntokio = \"1\"\nrt = { package = \"tokio\", version = \"0.2\" }\n",
        "[dependencies]\ntokio = { version = \"1\", features = [\"fs\", \"time\"] }\nrt = { package = \"tokio\", \
         version = \"0.2\", features = [\"net\"] }\n",
    );
}

#[test]
fn the_documented_tables_are_edited() {
    let line = "tokio = \"1\"\n";
    let with_fs = "tokio = { version = \"1\", features = [\"fs\"] }\n";
    let parts = [
        "[dependencies]",
        "[dev-dependencies]",
        "[build_dependencies]",
        "[target.'cfg(unix)'.dependencies]",
        "[target.'cfg(windows)'.dependencies]",
        "[target.'cfg(unix)'.dev-dependencies]",
    ];
    let cases: [(DependencyKind, &[usize], &[usize]); 9] = [
        (Normal, &[0, 1, 2, 3, 4], &[0]),
        (Normal, &[1, 3, 4, 5], &[3, 4]),
        (Dev, &[0, 1, 3], &[1]),
        (Dev, &[0, 2, 3], &[0]),
        (Dev, &[0, 5], &[0]),
        (Dev, &[3, 4, 5], &[5]),
        (Dev, &[3, 4], &[3, 4]),
        (Build, &[0, 2], &[2]),
        (Build, &[2], &[2]),
    ];
    for (code, present, edited) in cases {
        let text = |edited: &[usize]| -> String {
            let lines = present.iter().map(|part| {
                let line = if edited.contains(part) { with_fs } else { line };
                format!("{}\n{line}", parts[*part])
            });
            lines.collect()
        };
        turns(code, "tokio/fs", &text(&[]), &text(edited));
    }
}

#[test]
fn what_cannot_be_turned_on_is_said() {
    let problem = |text: &str, code| turn_on(text, &wants("tokio/fs"), code).unwrap_err();
    assert_eq!(
        problem("[dependencies]\nserde = \"1\"\n", Normal),
        "`Cargo.toml` names no dependency `tokio`: add it with the feature `fs`"
    );
    assert_eq!(
        problem("[dev-dependencies]\ntokio = \"1\"\n", Normal),
        "`Cargo.toml` names `tokio` only under `[dev-dependencies]`, where this code cannot see it: name it under \
         `[dependencies]` with the feature `fs`"
    );
    assert_eq!(
        problem("[dependencies]\ntokio = \"1\"\n", Build),
        "`Cargo.toml` names `tokio` only under `[dependencies]`, where the build script cannot see it: name it under \
         `[build-dependencies]` with the feature `fs`"
    );
    assert_eq!(
        problem("[dependencies]\ntokio = { features = \"rt\" }\n", Normal),
        "the way `Cargo.toml` names `tokio` is not known here: turn on its feature `fs` by hand"
    );
    assert!(problem("[dependencies\n", Normal).starts_with("`Cargo.toml` cannot be read as TOML"));
}

fn tokio() -> Chosen {
    let table: [(&str, &[&str]); 7] = [
        ("default", &["macros"]),
        ("full", &["fs", "net", "time"]),
        ("fs", &["dep:bytes"]),
        ("net", &["socket2/all", "mio?/net"]),
        ("socket2", &["dep:socket2"]),
        ("macros", &[]),
        ("time", &[]),
    ];
    let owned = |(name, values): (&str, &[&str])| {
        (name.to_owned(), values.iter().map(|value| (*value).to_owned()).collect())
    };
    Chosen { version: "1.2.3".to_owned(), features: table.into_iter().map(owned).collect() }
}

fn read(member: &str, root: &str, active: &str) -> Vec<Dependency> {
    let chosen = BTreeMap::from([("tokio", tokio())]);
    let parse = |text: &str| Manifest::parse(&FilePath::new("Cargo.toml"), text).unwrap();
    let active = active.split_whitespace().map(str::to_owned).collect();
    parse(member).dependencies(&parse(root), &active, &|line| chosen.get(line.package.as_str()))
}

#[track_caller]
fn features(member: &str, root: &str, active: &str, expected: &str) {
    let dependencies = read(member, root, active);
    let found: Vec<_> = dependencies[0].features.iter().map(String::as_str).collect();
    assert_eq!(found.join(" "), expected, "{member}");
}

#[test]
fn features_are_followed_through_the_table_of_the_dependency() {
    let normal = |line: &str| format!("[dependencies]\n{line}");
    features(&normal("tokio = '1'"), "", "", "default macros");
    features(&normal("tokio = { default-features = false }"), "", "", "");
    features(&normal("tokio = { default_features = false, features = ['fs'] }"), "", "", "fs");
    features(
        &normal("tokio = { version = '1', default-features = false, features = ['full'] }"),
        "",
        "",
        "fs full net socket2 time",
    );
    features("[dependencies.rt]\npackage = 'tokio'\nversion = '1'", "", "", "default macros");
    features(&normal("tokio = { features = ['gone'] }"), "", "", "default macros");
    // Nothing is known of this one.
    features(&normal("other = { version = '1', features = ['a'] }"), "", "", "a default");
}

#[test]
fn lines_inherit_from_the_workspace() {
    let member = |line: &str| format!("[dependencies]\n{line}");
    let root = |line: &str| format!("[workspace.dependencies]\n{line}");
    let (lean, plain) =
        (root("tokio = { default-features = false, features = ['fs'] }"), root("tokio = '1'"));
    features(&member("tokio.workspace = true"), &lean, "", "fs");
    features(&member("tokio = { workspace = true, features = ['time'] }"), &lean, "", "fs time");
    features(
        &member("tokio = { workspace = true, default-features = true }"),
        &lean,
        "",
        "default fs macros",
    );
    // Cargo ignores it.
    features(
        &member("tokio = { workspace = true, default-features = false }"),
        &plain,
        "",
        "default macros",
    );
    let renamed = read(
        &member("rt = { workspace = true, optional = true }"),
        &root("rt = { package = 'tokio', version = '1.0' }"),
        "",
    );
    let rt = &renamed[0];
    assert_eq!((rt.key.as_str(), rt.package.as_str()), ("rt", "tokio"));
    assert!(rt.inherited && rt.optional && !rt.target_specific);
    assert_eq!(rt.version.as_deref(), Some("1.2.3"));
}

#[test]
fn active_features_of_the_package_count() {
    let manifest = |values: &str, line: &str| {
        format!(
            "[dependencies]\ntokio = {{ default-features = false{line} }}\n[features]\n{values}"
        )
    };
    let plain = manifest("default = ['on']\non = ['tokio/fs', 'tokio?/time']", "");
    features(&plain, "", "default", "fs time");
    features(&plain, "", "", "");
    features(&plain, "", "tokio/net", "net socket2");
    let optional =
        manifest("a = ['tokio?/time']\nb = ['dep:tokio']\nc = ['tokio/fs']", ", optional = true");
    features(&optional, "", "a", "");
    features(&optional, "", "a b", "time");
    features(&optional, "", "a c", "fs time");
    let implicit = manifest("a = ['tokio?/time']", ", optional = true");
    features(&implicit, "", "a tokio", "time");
}

#[test]
fn every_table_is_read() {
    let text = "[dependencies]\na = '1'\n[dev_dependencies]\nb = '1'\n[build-dependencies.c]\nversion = '1'\n\
                [target.'cfg(unix)'.dependencies]\nd = '1'\n[target.x86_64-unknown-linux-gnu.dev-dependencies]\ne = '1'";
    let found: Vec<_> = read(text, "", "")
        .into_iter()
        .map(|dependency| (dependency.key, dependency.kind, dependency.target_specific))
        .collect();
    let expected = [
        ("a", Normal, false),
        ("b", Dev, false),
        ("c", Build, false),
        ("d", Normal, true),
        ("e", Dev, true),
    ];
    assert_eq!(found, expected.map(|(key, kind, target)| (key.to_owned(), kind, target)));
}
