//! `Cargo.toml` as cargo reads it: which dependencies a package names, and which of their features it turns on.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{Document, Item, Table, TableLike};

use crate::{
    finding::{DependencyKind, FilePath},
    workspace::Dependency,
};

mod features;

use features::{Activation, followed};

/// A manifest, parsed. Knows nothing of the disk.
pub struct Manifest {
    document: Document<String>,
}

/// One line of a dependency table, as far as it says which package is meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Line {
    /// The key in the manifest.
    pub key: String,
    /// The package it stands for.
    pub package: String,
    /// The version requirement, where the line or the workspace states one.
    pub requirement: Option<String>,
    pub kind: DependencyKind,
    /// What stands between `target.` and `.dependencies`: a `cfg(..)` or a triple.
    pub target: Option<String>,
}

/// What cargo chose for a line.
#[derive(Clone, Default, Debug)]
pub struct Chosen {
    pub version: String,
    /// The feature table of that version as `cargo metadata` prints it: implicit features of optional
    /// dependencies are listed.
    pub features: BTreeMap<String, Vec<String>>,
}

/// A table of dependencies in a manifest.
pub struct DependencyTable<'a> {
    pub kind: DependencyKind,
    pub target: Option<&'a str>,
    pub lines: &'a dyn TableLike,
}

impl Manifest {
    /// `file` is only named in the problem.
    pub fn parse(file: &FilePath, text: &str) -> Result<Manifest, String> {
        match Document::parse(text.to_owned()) {
            Ok(document) => Ok(Manifest { document }),
            Err(error) => Err(format!("`{file}` cannot be read as TOML: {}", summary(&error))),
        }
    }

    /// What the manifest names, after inheritance from `root`, the manifest of the workspace root (or this one).
    ///
    /// `active` are the features of the package itself that are on, `default` among them unless it is turned off;
    /// what they turn on in turn is followed here. `chosen` knows the packages behind the lines; the features of a
    /// line that it does not know are those that are written down.
    pub fn dependencies<'a>(
        &self,
        root: &Manifest,
        active: &BTreeSet<String>,
        chosen: &dyn Fn(&Line) -> Option<&'a Chosen>,
    ) -> Vec<Dependency> {
        let shared = root.shared_dependencies();
        let mut lines = Vec::new();
        for table in dependency_tables(self.document.as_table()) {
            for (key, item) in table.lines.iter() {
                lines.push((table.kind, table.target, Declared::read(key, item, shared)));
            }
        }
        let optional = lines.iter().filter(|(.., declared)| declared.optional);
        let optional = optional.map(|(.., declared)| declared.key.as_str()).collect();
        let activation = Activation::of(&self.own_features(), &optional, active);
        lines
            .into_iter()
            .map(|(kind, target, declared)| declared.resolve(kind, target, &activation, chosen))
            .collect()
    }

    fn shared_dependencies(&self) -> Option<&dyn TableLike> {
        self.document.get("workspace")?.get("dependencies")?.as_table_like()
    }

    fn own_features(&self) -> BTreeMap<String, Vec<String>> {
        let table = self.document.get("features").and_then(Item::as_table_like);
        let entries = table.into_iter().flat_map(|table| table.iter());
        entries.map(|(name, item)| (name.to_owned(), strings(item))).collect()
    }
}

/// Every table of `manifest` that cargo reads dependencies from, the unconditional ones first.
pub fn dependency_tables(manifest: &Table) -> Vec<DependencyTable<'_>> {
    let mut tables = Vec::new();
    collect_tables(manifest, None, &mut tables);
    let targets = manifest.get("target").and_then(Item::as_table_like);
    for (target, item) in targets.into_iter().flat_map(|targets| targets.iter()) {
        if let Some(within) = item.as_table_like() {
            collect_tables(within, Some(target), &mut tables);
        }
    }
    tables
}

fn collect_tables<'a>(
    within: &'a dyn TableLike,
    target: Option<&'a str>,
    tables: &mut Vec<DependencyTable<'a>>,
) {
    const NAMES: [(&str, DependencyKind); 5] = [
        ("dependencies", DependencyKind::Normal),
        ("dev-dependencies", DependencyKind::Dev),
        ("dev_dependencies", DependencyKind::Dev),
        ("build-dependencies", DependencyKind::Build),
        ("build_dependencies", DependencyKind::Build),
    ];
    for (name, kind) in NAMES {
        if let Some(lines) = within.get(name).and_then(Item::as_table_like) {
            tables.push(DependencyTable { kind, target, lines });
        }
    }
}

/// A line as it is written, with what it inherits.
struct Declared {
    key: String,
    package: String,
    requirement: Option<String>,
    optional: bool,
    inherited: bool,
    default_features: bool,
    features: BTreeSet<String>,
}

impl Declared {
    fn read(key: &str, item: &Item, shared: Option<&dyn TableLike>) -> Declared {
        let inherited = item.get("workspace").and_then(Item::as_bool) == Some(true);
        let source = if inherited { shared.and_then(|shared| shared.get(key)) } else { Some(item) };
        let of_source = |name: &str| source.and_then(|source| source.get(name));
        let requirement = source.and_then(|source| source.as_str());
        let requirement = requirement.or_else(|| of_source("version")?.as_str());
        let mut features: BTreeSet<String> =
            of_source("features").map(strings).unwrap_or_default().into_iter().collect();
        let mut default_features = source.and_then(default_features).unwrap_or(true);
        if inherited {
            features.extend(item.get("features").map(strings).unwrap_or_default());
            // Cargo lets a member turn inherited default features on, but not off.
            default_features |= self::default_features(item) == Some(true);
        }
        Declared {
            key: key.to_owned(),
            package: of_source("package").and_then(Item::as_str).unwrap_or(key).to_owned(),
            requirement: requirement.map(str::to_owned),
            optional: item.get("optional").and_then(Item::as_bool) == Some(true),
            inherited,
            default_features,
            features,
        }
    }

    fn resolve<'a>(
        self,
        kind: DependencyKind,
        target: Option<&str>,
        activation: &Activation,
        chosen: &dyn Fn(&Line) -> Option<&'a Chosen>,
    ) -> Dependency {
        let line = Line {
            key: self.key,
            package: self.package,
            requirement: self.requirement,
            kind,
            target: target.map(str::to_owned),
        };
        let chosen = chosen(&line);
        let mut requested = self.features;
        requested.extend(activation.features.get(&line.key).cloned().unwrap_or_default());
        if self.default_features {
            requested.insert("default".to_owned());
        }
        Dependency {
            features: match chosen {
                Some(chosen) => followed(&chosen.features, requested),
                None => requested,
            },
            version: chosen.map(|chosen| chosen.version.clone()),
            key: line.key,
            package: line.package,
            kind,
            optional: self.optional,
            target_specific: target.is_some(),
            inherited: self.inherited,
        }
    }
}

fn default_features(item: &Item) -> Option<bool> {
    item.get("default-features").or_else(|| item.get("default_features"))?.as_bool()
}

fn strings(item: &Item) -> Vec<String> {
    let values = item.as_array().into_iter().flatten();
    values.filter_map(|value| value.as_str()).map(str::to_owned).collect()
}

/// The error of the parser on one line, with its place.
pub fn summary(error: &toml_edit::TomlError) -> String {
    error.message().lines().next().unwrap_or("syntax error").to_owned()
}
