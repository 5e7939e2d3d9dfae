//! What the user asked for, before anything is done about it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::{
    config::{decision::Fixes, layer::Layer, settings::Settings, values::Values},
    finding::{Applicability, FilePath, Finding, Fix},
    page::Page,
};

pub mod decision;
pub mod document;
pub mod globs;
pub mod layer;
pub mod names;
pub mod settings;
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
    pub settings: Settings,
    pub scope: Scope,
    /// Whether findings that no fix would be written for are left out.
    pub fix_only: bool,
    /// The flag that forbids to edit manifests and the lock file, when one does.
    pub locked_by: Option<&'static str>,
    pub suppressions: Suppressions,
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

/// Which files are reported on and edited. Everything is analysed all the same.
#[derive(Clone, Default, Debug)]
pub struct Scope {
    /// Files and folders on disk; empty means all.
    pub paths: Vec<PathBuf>,
    /// Single files; None means all.
    pub files: Option<BTreeSet<FilePath>>,
    /// Folders of packages; None means all.
    pub packages: Option<Vec<FilePath>>,
}

impl Choice {
    /// What `values` ask for, everywhere.
    pub fn of(values: Values, pages: &[Page]) -> Result<Choice, String> {
        let mut choice = Choice::default();
        choice.settings.push(Layer::of_flags(values, FilePath::new(""), pages)?);
        Ok(choice)
    }

    /// Whether a file that is `on_disk` is reported on and edited.
    pub fn includes(&self, file: &FilePath, on_disk: &Path) -> bool {
        let Scope { paths, files, packages } = &self.scope;
        let of_package = |packages: &Vec<FilePath>| {
            self.settings.package(file).is_none_or(|it| packages.contains(it))
        };
        (paths.is_empty() || paths.iter().any(|it| on_disk.starts_with(it)))
            && files.as_ref().is_none_or(|it| it.contains(file))
            && packages.as_ref().is_none_or(of_package)
            && !self.settings.of(file).excludes(file)
    }

    /// Whether a fix in `file` may be written.
    pub fn takes(&self, file: &FilePath, fix: &Fix) -> bool {
        let least = match self.settings.of(file).unsafe_fixes() {
            true => Applicability::Unsafe,
            false => Applicability::Safe,
        };
        fix.applicability >= least
    }

    /// The finding as it is wanted, if the rule of `page` is wanted where it is.
    pub fn rated(&self, page: &Page, finding: &Finding) -> Option<Finding> {
        let file = &finding.at.file;
        let rule = self.settings.of(file).rule(page, file);
        if !rule.selected {
            return None;
        }
        let mut finding = finding.clone();
        finding.severity = rule.level.unwrap_or(finding.severity);
        if self.remedy == Remedy::Fix {
            finding.fixes.iter_mut().for_each(|it| rule.rate(it));
        }
        let has_fix = finding.fixes.iter().any(|it| self.takes(file, it));
        (has_fix || !self.fix_only).then_some(finding)
    }

    /// Whether a finding makes the exit status 1.
    pub fn fails_on(&self, finding: &Finding) -> bool {
        let least = self.settings.of(&finding.at.file).fail_on();
        least.is_some_and(|it| finding.severity >= it)
    }
}
