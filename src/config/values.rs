//! What may stand in `async-fix.toml`: every key, once.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{finding::Severity, knowledge::CrateRows};

/// The keys of a configuration, as they are written. What is left out has no say.
#[derive(Serialize, Deserialize, Clone, PartialEq, Default, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(title = "async-fix.toml"))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Values {
    /// Another file to build upon, seen from this one: what is said here counts more.
    pub extend: Option<String>,
    /// Builds upon the configuration of the workspace root.
    #[cfg_attr(test, schemars(with = "Option<bool>", extend("enum" = [true])))]
    pub workspace: Option<Workspace>,
    /// Rules and groups to look for, `default` or `ALL`.
    pub select: Option<Vec<String>>,
    /// Rules and groups to look for as well.
    pub extend_select: Option<Vec<String>>,
    /// Rules and groups to leave out; a rule's own name counts more than its group.
    pub ignore: Option<Vec<String>>,
    /// Rules and groups whose fixes may be written.
    pub fixable: Option<Vec<String>>,
    /// Rules and groups whose fixes are shown and never written.
    pub unfixable: Option<Vec<String>>,
    /// Whether fixes are written that may change what the program does.
    pub unsafe_fixes: Option<bool>,
    /// Rules and groups whose unsafe fixes count as safe.
    pub extend_safe_fixes: Option<Vec<String>>,
    /// Rules and groups whose safe fixes count as unsafe.
    pub extend_unsafe_fixes: Option<Vec<String>>,
    /// The least severity that makes the exit status 1.
    pub fail_on: Option<FailOn>,
    /// Files that are neither reported on nor edited: globs as in `.gitignore`, seen from this file.
    pub exclude: Option<Vec<String>>,
    /// What single rules do.
    #[cfg_attr(test, schemars(with = "Option<BTreeMap<String, RuleForm>>"))]
    pub rules: Option<BTreeMap<String, RuleValues>>,
    /// What differs for some files: globs as in `.gitignore`, seen from this file.
    pub per_path: Option<BTreeMap<String, PathValues>>,
    /// Whether what functions do is looked for where they are called. At the workspace root only.
    pub follow_calls: Option<bool>,
    /// How to make sure that fixes are right. At the workspace root only.
    pub verify: Option<VerifyValues>,
    /// What comments that suppress findings have to be like.
    pub suppressions: Option<SuppressionValues>,
    /// What functions do that async-fix knows nothing of: your own, and those of crates that it ships no rows for.
    /// At the workspace root only.
    pub knowledge: Option<Vec<CrateRows>>,
}

/// `workspace = true`, as in a manifest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Workspace;

/// How a rule is set: by its level alone, or by a table.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct RuleValues {
    pub level: Option<Level>,
    pub tests: Option<Tests>,
    pub limit: Option<u64>,
}

/// A rule in more words.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RuleTable {
    /// How much its findings matter.
    level: Option<Level>,
    /// Whether it speaks of tests, benches and build scripts.
    tests: Option<Tests>,
    /// How many bytes a rule about sizes takes for granted, and one about concurrency how many things at once.
    limit: Option<u64>,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Error,
    Warn,
    Info,
    /// It is not looked for.
    Off,
}

/// What a rule does about tests: the words of a page's header.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Tests {
    Quiet,
    Reported,
}

/// Either form of a rule.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the schema is made of it, and nothing else")]
enum RuleForm {
    Level(Level),
    Table(RuleTable),
}

/// What differs for the files that a glob stands for.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Default, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct PathValues {
    /// Rules and groups to leave out there.
    pub ignore: Option<Vec<String>>,
    /// What single rules do there.
    #[cfg_attr(test, schemars(with = "Option<BTreeMap<String, RuleForm>>"))]
    pub rules: Option<BTreeMap<String, RuleValues>>,
}

/// `[verify]`
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Default, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct VerifyValues {
    /// As for `--verify`.
    pub mode: Option<Verify>,
}

#[derive(clap::ValueEnum, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Default, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verify {
    /// No new errors in `cargo check`
    #[default]
    Cargo,
    /// Nothing new that rust-analyzer finds wrong, without a build
    Analysis,
    /// No new syntax errors
    Syntax,
    /// Not at all
    None,
}

/// `[suppressions]`
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Default, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SuppressionValues {
    /// Whether each has to give a reason.
    pub require_reason: Option<bool>,
    /// Whether what a lint of clippy is allowed to pass over is left alone by the rule that finds the same.
    pub honor_clippy_allow: Option<bool>,
}

#[derive(Serialize, Deserialize, clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    Error,
    Warn,
    Info,
    Never,
}

impl Values {
    /// A key that is there and speaks of the analysis of the whole workspace.
    pub fn key_of_root(&self) -> Option<&'static str> {
        let keys = [
            ("follow-calls", self.follow_calls.is_some()),
            ("verify", self.verify.is_some()),
            ("knowledge", self.knowledge.is_some()),
        ];
        keys.iter().find(|it| it.1).map(|it| it.0)
    }
}

impl Level {
    /// None for a rule that is off.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Level::Error => Some(Severity::Error),
            Level::Warn => Some(Severity::Warn),
            Level::Info => Some(Severity::Info),
            Level::Off => None,
        }
    }
}

impl FailOn {
    /// None when nothing does.
    pub fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warn => Some(Severity::Warn),
            FailOn::Info => Some(Severity::Info),
            FailOn::Never => None,
        }
    }
}

impl RuleValues {
    pub fn level(level: Level) -> RuleValues {
        RuleValues { level: Some(level), ..RuleValues::default() }
    }
}

impl Serialize for Workspace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        true.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Workspace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Workspace, D::Error> {
        match bool::deserialize(deserializer)? {
            true => Ok(Workspace),
            false => Err(D::Error::custom("`workspace` is `true`, or left out")),
        }
    }
}

impl Serialize for RuleValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            RuleValues { level: Some(level), tests: None, limit: None } => {
                level.serialize(serializer)
            }
            RuleValues { level, tests, limit } => {
                RuleTable { level, tests, limit }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for RuleValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RuleValues, D::Error> {
        deserializer.deserialize_any(RuleForms)
    }
}

/// Reads both forms of a rule, so that what is wrong in one is said of that one.
struct RuleForms;

impl<'de> Visitor<'de> for RuleForms {
    type Value = RuleValues;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a level such as \"warn\", or a table")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RuleValues, E> {
        Level::deserialize(serde::de::value::StrDeserializer::new(text)).map(RuleValues::level)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RuleValues, A::Error> {
        let table = RuleTable::deserialize(MapAccessDeserializer::new(map))?;
        let RuleTable { level, tests, limit } = table;
        Ok(RuleValues { level, tests, limit })
    }
}

/// Every key, as a JSON schema for editors.
pub const SCHEMA: &str = include_str!("values/schema.json");

#[cfg(test)]
mod tests {
    use super::*;

    /// `BLESS=1 cargo test --lib` writes it anew.
    #[test]
    fn the_schema_is_that_of_the_keys() {
        let schema = schemars::schema_for!(Values);
        let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("BLESS").is_some() {
            std::fs::write("src/config/values/schema.json", &schema).unwrap();
        }
        let published = std::fs::read_to_string("src/config/values/schema.json").unwrap();
        assert_eq!(published, schema, "BLESS=1 cargo test --lib writes it anew");
    }
}
