//! What features turn on: those of a package in its dependencies, and those of a dependency in itself.

use std::collections::{BTreeMap, BTreeSet};

/// What the features of a package turn on in its dependencies, by the keys of these.
#[derive(Default)]
pub(super) struct Activation {
    pub(super) features: BTreeMap<String, BTreeSet<String>>,
}

impl Activation {
    pub(super) fn of(
        table: &BTreeMap<String, Vec<String>>,
        optional: &BTreeSet<&str>,
        active: &BTreeSet<String>,
    ) -> Activation {
        let mut activation = Activation::default();
        let mut turned_on = BTreeSet::new();
        let mut weak = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = active.iter().map(String::as_str).collect();
        while let Some(name) = open.pop() {
            if !seen.insert(name) {
                continue;
            }
            match Value::parse(name) {
                Value::Feature(feature) => match table.get(feature) {
                    Some(values) => open.extend(values.iter().map(String::as_str)),
                    // The implicit feature of an optional dependency.
                    None => _ = turned_on.insert(feature),
                },
                Value::Dependency(key) => _ = turned_on.insert(key),
                Value::OfDependency { key, feature, weak: true } => weak.push((key, feature)),
                Value::OfDependency { key, feature, weak: false } => {
                    activation.add(key, feature);
                    if optional.contains(key) {
                        turned_on.insert(key);
                        // Cargo turns on the feature of that name as well, where there is one.
                        open.push(key);
                    }
                }
            }
        }
        for (key, feature) in weak {
            if !optional.contains(key) || turned_on.contains(key) {
                activation.add(key, feature);
            }
        }
        activation
    }

    fn add(&mut self, key: &str, feature: &str) {
        self.features.entry(key.to_owned()).or_default().insert(feature.to_owned());
    }
}

/// The features of a package that are on when `requested` are asked for. Without a feature named `default`
/// asking for it means nothing.
pub(super) fn followed(
    table: &BTreeMap<String, Vec<String>>,
    requested: BTreeSet<String>,
) -> BTreeSet<String> {
    let mut on = BTreeSet::new();
    let mut open: Vec<&str> = requested.iter().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        let feature = match Value::parse(name) {
            Value::Feature(feature) => feature,
            Value::OfDependency { key, weak: false, .. } => key,
            Value::Dependency(_) | Value::OfDependency { .. } => continue,
        };
        let Some(values) = table.get(feature) else { continue };
        if on.insert(feature.to_owned()) {
            open.extend(values.iter().map(String::as_str));
        }
    }
    on
}

/// One entry of a feature's list.
enum Value<'a> {
    Feature(&'a str),
    Dependency(&'a str),
    OfDependency { key: &'a str, feature: &'a str, weak: bool },
}

impl Value<'_> {
    fn parse(text: &str) -> Value<'_> {
        if let Some(key) = text.strip_prefix("dep:") {
            return Value::Dependency(key);
        }
        let Some((key, feature)) = text.split_once('/') else { return Value::Feature(text) };
        match key.strip_suffix('?') {
            Some(key) => Value::OfDependency { key, feature, weak: true },
            None => Value::OfDependency { key, feature, weak: false },
        }
    }
}
