//! Which names stand for functions that may come to something that a row names. Names only tell where to look.

use std::collections::{HashMap, HashSet};

use crate::facts::outline::Outline;

/// The ordinary functions of some texts by the names that their bodies mention.
#[derive(Default)]
pub(super) struct Helpers<'t> {
    by_mention: HashMap<&'t str, Vec<&'t str>>,
}

impl<'t> Helpers<'t> {
    pub fn of(outlines: &[Outline<'t>]) -> Helpers<'t> {
        let mut helpers = Helpers::default();
        let functions = outlines.iter().flat_map(|it| &it.functions);
        // What an async function calls is its own affair.
        for function in functions.filter(|it| !it.is_async) {
            for mention in &function.body {
                helpers.by_mention.entry(mention).or_default().push(function.name);
            }
        }
        helpers
    }

    /// Adds the functions that mention one of `names`, and those that mention these, and so on.
    pub fn add_names(&self, names: &mut HashSet<String>) {
        let mut waiting: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = waiting.pop() {
            for helper in self.by_mention.get(name.as_str()).into_iter().flatten() {
                if names.insert((*helper).to_owned()) {
                    waiting.push((*helper).to_owned());
                }
            }
        }
    }
}
