//! What the user asked for, before anything is done about it.

use std::path::PathBuf;

use crate::{
    config::decision::Fixes,
    finding::{Applicability, Fix, Severity},
};

pub mod decision;
pub mod document;
pub mod names;
pub mod suppression;
pub mod values;

/// Which project to load, and with what in it.
#[derive(Clone, Default, Debug)]
pub struct ProjectRequest {
    /// A folder or a file of the project; the manifest is looked for upwards from it.
    pub start: PathBuf,
    pub manifest_path: Option<PathBuf>,
    pub features: Vec<String>,
    pub all_features: bool,
    pub no_default_features: bool,
    /// A target triple, as for `cargo --target`.
    pub target: Option<String>,
    pub offline: bool,
    pub locked: bool,
    pub frozen: bool,
    /// Where the sources of `std` are: a `library` folder.
    pub std_sources: Option<PathBuf>,
}

/// Which findings and fixes are wanted.
#[derive(Clone, Default, Debug)]
pub struct Choice {
    /// Rules by name; empty means all.
    pub select: Vec<String>,
    pub ignore: Vec<String>,
    pub unsafe_fixes: bool,
    /// Files and folders to report on and edit; empty means all. Everything is analysed all the same.
    pub paths: Vec<PathBuf>,
    pub fail_on: Option<Severity>,
    /// The flag that forbids to edit manifests and the lock file, when one does.
    pub locked_by: Option<&'static str>,
    pub suppressions: Suppressions,
    pub reasons: Reasons,
    pub fixes: Fixes,
    pub remedy: Remedy,
}

/// What is done about a finding.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Remedy {
    #[default]
    Fix,
    /// A comment is written that suppresses it.
    Suppress { reason: Option<String> },
}

/// Whether what a comment suppresses is left alone.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Suppressions {
    #[default]
    Honoured,
    Ignored,
}

/// Whether a suppression has to give a reason.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Reasons {
    #[default]
    Optional,
    Required,
}

impl Choice {
    /// Whether `fix` may be taken without asking.
    pub fn takes(&self, fix: &Fix) -> bool {
        let least = if self.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe };
        fix.applicability >= least
    }

    pub fn wants_rule(&self, rule: &str) -> bool {
        let names = |list: &[String]| list.iter().any(|it| it == rule);
        (self.select.is_empty() || names(&self.select)) && !names(&self.ignore)
    }
}
