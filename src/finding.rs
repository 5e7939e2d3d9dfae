//! The words that every layer shares: what was found, why, and what can be done about it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    fmt,
    path::Path,
    sync::Arc,
};

use ra_ap_ide_db::text_edit::{TextEdit, TextRange};

/// A file of the project, by its path from the workspace root, with `/` between the parts.
///
/// A member that lives outside the workspace root starts with `../`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(Arc<str>);

impl FilePath {
    pub fn new(path: impl Into<Arc<str>>) -> FilePath {
        FilePath(path.into())
    }

    /// The path of a file on disk, seen from `root`; both are absolute.
    pub fn below(root: &Path, path: &Path) -> FilePath {
        let shared = root.components().zip(path.components()).take_while(|(a, b)| a == b).count();
        let up = root.components().skip(shared).map(|_| "..".into());
        let down = path.components().skip(shared).map(|it| it.as_os_str().to_string_lossy());
        let parts: Vec<std::borrow::Cow<'_, str>> = up.chain(down).collect();
        FilePath::new(parts.join("/"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder that it lies in; the workspace root is the empty path.
    pub fn folder(&self) -> FilePath {
        FilePath::new(self.0.rsplit_once('/').map_or("", |it| it.0))
    }

    /// Whether it lies in `folder` or below it.
    pub fn is_in(&self, folder: &FilePath) -> bool {
        match self.0.strip_prefix(folder.as_str()) {
            Some(rest) => {
                (folder.0.is_empty() && !self.0.starts_with("../")) || rest.starts_with('/')
            }
            None => false,
        }
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A stretch of a file, in bytes from its start; a byte order mark counts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    pub file: FilePath,
    pub range: TextRange,
}

impl Place {
    pub fn new(file: FilePath, range: TextRange) -> Place {
        Place { file, range }
    }

    /// Whether both have some text in common.
    pub fn meets(&self, other: &Place) -> bool {
        let both = self.range.intersect(other.range);
        self.file == other.file && both.is_some_and(|it| !it.is_empty())
    }

    fn key(&self) -> (&FilePath, u32, u32) {
        (&self.file, self.range.start().into(), self.range.end().into())
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Place) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Place) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// How much a finding matters. Ordered, so that `--fail-on` is a comparison.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    Info,
    Warn,
    Error,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warn => "warn",
            Severity::Error => "error",
        }
    }
}

/// What may be done with a fix. Ordered, so that a threshold is a comparison.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Applicability {
    /// A sketch: shown, never applied.
    Manual,
    /// Meant to compile, but it may change what the program does: applied with `--unsafe-fixes`.
    Unsafe,
    /// Applied without asking. The page of the rule says what is promised.
    Safe,
}

impl Applicability {
    pub fn name(self) -> &'static str {
        match self {
            Applicability::Manual => "manual",
            Applicability::Unsafe => "unsafe",
            Applicability::Safe => "safe",
        }
    }
}

/// One reason behind a finding, with the place that shows it where there is one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Note {
    pub at: Option<Place>,
    pub text: String,
}

impl Note {
    pub fn new(text: impl Into<String>) -> Note {
        Note { at: None, text: text.into() }
    }

    pub fn at(place: Place, text: impl Into<String>) -> Note {
        Note { at: Some(place), text: text.into() }
    }

    /// At the place, where it is known.
    pub fn perhaps_at(place: Option<Place>, text: impl Into<String>) -> Note {
        Note { at: place, text: text.into() }
    }
}

/// Something that a fix needs besides its own edits. Fixes share wants; each is met once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Want {
    /// A Cargo feature of a dependency that the package already names, and whose code needs it.
    Feature(FeatureWant, DependencyKind),
}

/// In which kind of table a dependency stands, and whose code sees it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DependencyKind {
    Normal,
    Dev,
    Build,
}

/// A Cargo feature to turn on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FeatureWant {
    /// The `Cargo.toml` of the package whose code needs it.
    pub manifest: FilePath,
    /// The key of the dependency in that manifest: its new name where it is renamed.
    pub dependency: String,
    /// The feature, as the dependency's own manifest calls it.
    pub feature: String,
}

/// A repair: applied whole or not at all.
#[derive(Clone, Debug)]
pub struct Fix {
    /// A verb phrase.
    pub title: String,
    pub applicability: Applicability,
    /// What keeps the fix from being `Safe`, in one clause.
    pub doubt: Option<String>,
    pub edits: BTreeMap<FilePath, TextEdit>,
    pub wants: BTreeSet<Want>,
}

/// A trap in the user's code.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The name of the rule, which is also the name of its page.
    pub rule: &'static str,
    pub severity: Severity,
    pub at: Place,
    /// What happens here, in the code's own names. Lower case, no full stop.
    pub message: String,
    /// The chain of reasons, in the order in which a reader follows it.
    pub because: Vec<Note>,
    /// Alternatives, best first; at most one is applied.
    pub fixes: Vec<Fix>,
    /// Of one that speaks of a call which waits for several things: how many of these are surer.
    pub behind: Option<usize>,
    /// Of one that speaks of a call: the function that calls.
    pub within: Option<Place>,
    /// Where another finding may be whose fix leaves nothing to repair here; it goes first.
    pub cured_at: Vec<Place>,
}

impl Finding {
    /// What makes two findings the same one when two crates share a file.
    pub fn key(&self) -> (&Place, &'static str, &str) {
        (&self.at, self.rule, &self.message)
    }
}

/// Of a call that waits for several things what is surest, since it is one call to mend; and of calls of one function
/// by another the first, with the places of the others.
pub fn told_once(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut surest: HashMap<Place, usize> = HashMap::new();
    for it in &findings {
        let Some(behind) = it.behind else { continue };
        let least = surest.entry(it.at.clone()).or_insert(behind);
        *least = behind.min(*least);
    }
    findings.retain(|it| it.behind.is_none_or(|behind| surest[&it.at] == behind));
    let mut first = HashMap::new();
    let mut told: Vec<Finding> = Vec::new();
    for it in findings {
        if let Some(within) = &it.within {
            match first.entry((within.clone(), it.rule, it.message.clone())) {
                Entry::Occupied(at) => {
                    let first: &mut Finding = &mut told[*at.get()];
                    first.because.push(Note::at(it.at, "the same call once more"));
                    continue;
                }
                Entry::Vacant(at) => _ = at.insert(told.len()),
            }
        }
        told.push(it);
    }
    told
}

/// What was looked at, and what could not be seen: silence about code that nobody saw is no news.
#[derive(Clone, Default, Debug)]
pub struct Coverage {
    pub packages: usize,
    pub targets: usize,
    /// Source files of the workspace that were read.
    pub files: usize,
    /// Bodies that mention something a rule asks for, and so were looked into.
    pub bodies: usize,
    /// Calls in those bodies.
    pub calls: usize,
    /// Calls whose callee is known.
    pub calls_resolved: usize,
    /// The others, as `path:line: code`.
    pub unresolved_calls: BTreeSet<String>,
    /// The runtimes that drive the targets, by crate name.
    pub runtimes: BTreeSet<String>,
    /// Macros that stayed unexpanded, with how often: derives, attributes, calls.
    pub unexpanded_macros: BTreeMap<String, usize>,
    /// Modules and `include!`s whose text is made by a build script, which is not run.
    pub generated: BTreeSet<String>,
    /// Modules and `include!`s whose file is not there, or is not among the sources of the packages.
    pub missing_files: BTreeSet<String>,
    /// Targets that cannot be analysed as things are, each with the reason.
    pub left_out_targets: Vec<String>,
    /// Files with syntax errors: read as far as they parse.
    pub broken_files: BTreeSet<FilePath>,
    /// The user's own rows of knowledge that name nothing, one sentence each.
    pub wrong_rows: Vec<String>,
    /// Rules that panicked: the other findings still stand.
    pub internal_errors: Vec<String>,
}
