//! What cargo itself says of edited manifests, and the lock file that it writes for them.

use std::{collections::BTreeMap, path::PathBuf};

use async_fix::{
    finding::DependencyKind::Normal, plan::manifest::turn_on, workspace::lock::fitting_lock,
};

use crate::{
    scratch::{Scratch, this_cargo},
    wants,
};

const TOKIO: &str = "[package]\nname = \"tokio\"\nversion = \"1.0.0\"\n[dependencies]\n\
                     socket2 = { path = \"../socket2\", optional = true }\n\
                     [features]\nfull = [\"fs\", \"net\"]\nfs = []\nnet = [\"dep:socket2\"]\n";
const SOCKET2: &str = "[package]\nname = \"socket2\"\nversion = \"0.5.0\"\n";

#[test]
fn cargo_turns_on_what_was_written() {
    let lines = [
        "tokio = { path = \"../tokio\" }",
        "tokio = { path = \"../tokio\", features = [\n    \"fs\", # files\n] }",
        "rt = { package = \"tokio\", path = \"../tokio\" }",
        "tokio.workspace = true",
    ];
    for line in lines {
        let manifest = format!(
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\n{line}\n\
             [workspace.dependencies]\ntokio = {{ path = \"../tokio\" }}\n"
        );
        let project = Scratch::new(&[
            ("app/Cargo.toml", &manifest),
            ("tokio/Cargo.toml", TOKIO),
            ("socket2/Cargo.toml", SOCKET2),
        ]);
        let key = if line.starts_with("rt") { "rt" } else { "tokio" };
        let wanted = wants(&format!("{key}/fs {key}/net"));
        let edited = turn_on(&manifest, &wanted, Normal).unwrap();
        project.write("app/Cargo.toml", &edited);
        assert_eq!(project.features("app", "tokio"), ["fs", "net"], "{edited}");
    }
}

/// A workspace with every kind of neighbour: members inside and outside the root, a path dependency with a workspace
/// of its own, an excluded folder, a patch, all kinds of targets, and a configuration that must not be followed.
fn large() -> Scratch {
    let project = Scratch::new(&[
        (
            "app/crates/a/Cargo.toml",
            "[package]\nname = \"a\"\nversion.workspace = true\n\
            links = \"z\"\nbuild = \"custom.rs\"\ndefault-run = \"tool\"\n\
            [[bin]]\nname = \"tool\"\n[[bench]]\nname = \"speed\"\nharness = false\n\
            [dependencies]\ntokio.workspace = true\nforeign = { path = \"../../../foreign/inner\" }\n",
        ),
        (
            "beside/Cargo.toml",
            "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nworkspace = \"../app\"\n\
            [dependencies]\nexcluded = { path = \"../app/excluded\" }\n",
        ),
        ("app/excluded/Cargo.toml", "[package]\nname = \"excluded\"\nversion = \"0.1.0\"\n"),
        ("foreign/inner/Cargo.toml", "[package]\nname = \"foreign\"\nversion.workspace = true\n"),
        ("tokio/Cargo.toml", TOKIO),
        ("socket2/Cargo.toml", SOCKET2),
    ]);
    project.write(
        "foreign/Cargo.toml",
        "[workspace]\nmembers = [\"inner\"]\n\
        [workspace.package]\nversion = \"7.0.0\"\n",
    );
    project.write(
        "app/Cargo.toml",
        "[workspace]\nmembers = [\"crates/*\", \"../beside\"]\n\
        exclude = [\"excluded\"]\nresolver = \"2\"\n[workspace.package]\nversion = \"0.3.0\"\n\
        [workspace.dependencies]\ntokio = \"1\"\nnowhere = { path = \"../nowhere\" }\n\
        [patch.crates-io]\ntokio = { path = \"../tokio\" }\n",
    );
    project.write("app/crates/a/src/bin/tool.rs", "");
    project.write("app/crates/a/benches/speed.rs", "");
    project.write("app/crates/a/custom.rs", "");
    project.write(
        "app/.cargo/config.toml",
        "[build]\nrustc = \"/no/such\"\nrustc-wrapper = \"/no/such\"\n\
        [env]\nA = \"b\"\n[alias]\nmetadata = \"run\"\n[net]\nretry = 1\n",
    );
    project
}

fn members(project: &Scratch) -> Vec<PathBuf> {
    vec![project.path("app/crates/a/Cargo.toml"), project.path("beside/Cargo.toml")]
}

#[test]
fn the_lock_follows_without_a_touch_on_the_project() {
    let project = large();
    let root = project.path("app/Cargo.toml");
    let manifest = members(&project)[0].clone();
    let lock = |edited: &BTreeMap<PathBuf, String>| {
        fitting_lock(&root, &members(&project), edited, &this_cargo())
    };
    let config = project.read("app/.cargo/config.toml");
    project.write("app/.cargo/config.toml", "");
    project.cargo_ok("app", &["generate-lockfile", "--offline"]);
    project.write("app/.cargo/config.toml", &config);
    let old = project.read("app/Cargo.lock");
    let before = project.all();
    assert_eq!(lock(&BTreeMap::new()).unwrap().as_deref(), Some(old.as_str()));

    let text = project.read("app/crates/a/Cargo.toml");
    let added = text.clone() + "new = { path = \"../new\" }\n";
    let edited = BTreeMap::from([
        (manifest.clone(), added),
        (project.path("app/crates/new/Cargo.toml"), "[package]\nname = \"new\"\n".to_owned()),
    ]);
    let new = lock(&edited).unwrap().unwrap();
    assert_eq!(new.matches("name = \"new\"").count(), 1);
    assert_eq!(new.matches("[[package]]").count(), old.matches("[[package]]").count() + 1);

    let net = turn_on(&text, &wants("tokio/net"), Normal).unwrap();
    let edited = BTreeMap::from([(manifest, net.clone())]);
    let new = lock(&edited).unwrap().unwrap();
    assert!(new.contains("name = \"socket2\""), "{new}");
    assert_eq!(project.all(), before);

    project.write("app/Cargo.lock", &old.replace('\n', "\r\n"));
    assert_eq!(lock(&edited).unwrap().unwrap(), new.replace('\n', "\r\n"));
    std::fs::remove_file(project.path("app/Cargo.lock")).unwrap();
    assert_eq!(lock(&edited).unwrap(), None);

    // What is edited in memory already counts, by whatever path it is named.
    let mut again = edited.clone();
    again.insert(project.path("app/crates/../Cargo.lock"), old.replace('\n', "\r\n"));
    assert_eq!(lock(&again).unwrap().unwrap(), new.replace('\n', "\r\n"));

    // Together they are what cargo would have made of the real project.
    project.write("app/.cargo/config.toml", "");
    project.write("app/crates/a/Cargo.toml", &net);
    project.write("app/Cargo.lock", &new);
    project.cargo_ok("app", &["metadata", "--format-version", "1", "--locked", "--offline"]);
}

#[test]
fn paths_may_be_absolute() {
    let project = Scratch::new(&[("tokio/Cargo.toml", TOKIO), ("socket2/Cargo.toml", SOCKET2)]);
    let manifest = format!(
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\ntokio = {{ path = {:?} }}\n\
         socket2 = {{ path = \"../socket2\" }}\n",
        project.path("tokio")
    );
    project.write("app/Cargo.toml", &manifest);
    project.write("app/src/lib.rs", "");
    project.cargo_ok("app", &["generate-lockfile", "--offline"]);
    let root = project.path("app/Cargo.toml");
    let lock = fitting_lock(&root, &[], &BTreeMap::new(), &this_cargo()).unwrap();
    assert_eq!(lock, Some(project.read("app/Cargo.lock")));
}

#[test]
fn sources_and_patches_of_the_configuration_count() {
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\n";
    let vendored = "[package]\nname = \"vendored\"\nversion = \"1.2.0\"\n";
    let patched = "[package]\nname = \"patched\"\nversion = \"1.3.0\"\n";
    let project = Scratch::new(&[
        ("app/Cargo.toml", manifest),
        ("vendor/vendored/Cargo.toml", vendored),
        ("patched/Cargo.toml", patched),
    ]);
    project.write("vendor/vendored/.cargo-checksum.json", "{\"files\":{}}");
    project.write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\ndirectory = \"vendor\"\n\
         [patch.crates-io]\npatched = { path = \"patched\" }\n",
    );
    project.cargo_ok("app", &["generate-lockfile", "--offline"]);
    let root = project.path("app/Cargo.toml");
    let text = format!("{manifest}vendored = \"1\"\npatched = \"1\"\n");
    let edited = BTreeMap::from([(root.clone(), text.clone())]);
    let new = fitting_lock(&root, &[], &edited, &this_cargo()).unwrap().unwrap();
    project.write("app/Cargo.toml", &text);
    project.cargo_ok("app", &["generate-lockfile", "--offline"]);
    assert_eq!(new, project.read("app/Cargo.lock"));
}

#[test]
fn a_package_that_is_not_here_is_a_problem() {
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\n";
    let project = Scratch::new(&[("Cargo.toml", manifest)]);
    let root = project.path("Cargo.toml");
    let text = format!("{manifest}async-fix-no-such-package = \"1\"\n");
    let edited = BTreeMap::from([(root.clone(), text)]);
    let problem = fitting_lock(&root, &[], &edited, &this_cargo()).unwrap_err();
    assert!(
        problem
            .starts_with("cargo cannot resolve the edited manifests offline (no matching package"),
        "{problem}"
    );
}

#[test]
fn real_tokio_gets_what_net_needs() {
    let lean = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                [dependencies]\ntokio = { version = \"1\", default-features = false }\n";
    let full = turn_on(lean, &wants("tokio/net tokio/fs"), Normal).unwrap();
    let project = Scratch::new(&[("lean/Cargo.toml", lean), ("full/Cargo.toml", &full)]);
    // Needs the registry unless all is here.
    project.cargo_ok("full", &["fetch"]);
    project.cargo_ok("lean", &["generate-lockfile", "--offline"]);
    let old = project.read("lean/Cargo.lock");
    let root = project.path("lean/Cargo.toml");
    let edited = BTreeMap::from([(root.clone(), full)]);
    let new = fitting_lock(&root, std::slice::from_ref(&root), &edited, &this_cargo());
    let new = new.unwrap().unwrap();
    assert_eq!(project.read("lean/Cargo.lock"), old);
    assert!(new.contains("name = \"mio\"") && new.contains("name = \"socket2\""), "{new}");
    assert_eq!(new, project.read("full/Cargo.lock"));
}
