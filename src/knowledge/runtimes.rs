//! What is known of the runtimes themselves.

use std::collections::{BTreeMap, BTreeSet};

use crate::knowledge::{CrateRows, Joins, Starts};

/// A crate that is a runtime.
pub struct KnownRuntime {
    pub name: String,
    driving_features: Vec<String>,
    driving_modules: Vec<String>,
    builders: Vec<String>,
    timers: Vec<String>,
    twins: BTreeMap<String, String>,
    twins_without_value: BTreeMap<String, String>,
    several_threads: Vec<String>,
    one_thread: Vec<String>,
    /// See the fields of the same names in `CrateRows`.
    pub pool: Option<String>,
    pub in_place: Option<String>,
    pub yields: Option<String>,
    pub joins: Option<Joins>,
    pub starts: Option<Starts>,
    pub thread_per_core: bool,
}

impl KnownRuntime {
    pub(super) fn new(name: &str, file: &CrateRows) -> KnownRuntime {
        KnownRuntime {
            name: name.to_owned(),
            driving_features: file.driving_features.clone(),
            driving_modules: file.driving_modules.clone(),
            builders: file.builders.clone(),
            timers: file.timers.clone(),
            twins: file.twins.clone(),
            twins_without_value: file.twins_without_value.clone(),
            several_threads: file.several_threads.clone(),
            one_thread: file.one_thread.clone(),
            pool: file.pool.clone(),
            in_place: file.in_place.clone(),
            yields: file.yields.clone(),
            joins: file.joins.clone(),
            starts: file.starts.clone(),
            thread_per_core: file.thread_per_core,
        }
    }

    /// Whether this text starts the runtime with several threads.
    pub fn starts_several_threads(&self, text: &str) -> bool {
        self.several_threads.iter().any(|it| text.contains(it.as_str()))
    }

    /// Whether code in this text may run on a thread that is the only one of its runtime.
    pub fn may_be_of_one_thread(&self, text: &str) -> bool {
        self.one_thread.iter().any(|it| text.contains(it.as_str()))
    }

    /// What this runtime has in place of another one's function.
    pub fn twin(&self, path: &str) -> Option<&str> {
        self.twins.get(path).map(String::as_str)
    }

    /// ... where nobody asks for its value.
    pub fn twin_without_value(&self, path: &str) -> Option<&str> {
        self.twins_without_value.get(path).map(String::as_str)
    }

    /// Whether this text builds a runtime, and nothing in it turns on timers.
    pub fn is_built_without_timers(&self, text: &str) -> bool {
        let says = |words: &[String]| words.iter().any(|it| text.contains(it.as_str()));
        says(&self.builders) && !says(&self.timers)
    }

    /// Whether a function in this module of it does nothing unless it runs.
    pub fn drives_in(&self, module: &str) -> bool {
        self.driving_modules.iter().any(|it| {
            module.strip_prefix(it.as_str()).is_some_and(|it| it.is_empty() || it.starts_with("::"))
        })
    }

    /// Whether somebody who depends on it with these features lets it drive his code.
    pub fn drives(&self, features: &BTreeSet<String>) -> bool {
        self.driving_features.is_empty()
            || self.driving_features.iter().any(|it| features.contains(it))
    }
}
