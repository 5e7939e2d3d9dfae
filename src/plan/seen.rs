//! What one look leaves for the next: where there was nothing to find, an edit elsewhere brings nothing.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use ra_ap_hir_def::FunctionId;
use ra_ap_syntax::TextRange;

use crate::{
    facts::functions::Mentions,
    finding::{FilePath, Place},
    knowledge::resolve::Known,
    workspace::Workspace,
};

/// What an edit leaves to look at.
pub(super) struct Again<'a> {
    /// The files that it has changed, and those that have something to do with them. It takes findings away from what
    /// it leaves as it is, and brings none.
    pub files: &'a BTreeSet<FilePath>,
    /// Bodies of which it is known what is found in them.
    pub kept: Option<&'a BTreeSet<Place>>,
    pub seen: Seen,
}

/// Asynchronous functions, by the view of a target, that somebody calls who does more than to drive them. No edit takes
/// such a call away.
pub(super) type Shared = HashSet<(usize, FunctionId)>;

/// What an edit leaves as it was, whatever it edits.
#[derive(Clone, Default)]
pub(super) struct Lasting {
    pub mentions: Option<Mentions>,
    pub known: Option<Arc<Known>>,
    /// The views of targets that compile each file.
    pub views: BTreeMap<FilePath, BTreeSet<usize>>,
}

impl Lasting {
    /// Whether this view of a target may compile one of `files`.
    pub fn may_compile(&self, view: usize, files: &BTreeSet<FilePath>) -> bool {
        // A file that nobody compiled may have become a module.
        files.iter().any(|it| self.views.get(it).is_none_or(|it| it.contains(&view)))
    }
}

/// What another look need not look for again.
#[derive(Default)]
pub(super) struct Seen {
    pub lasting: Lasting,
    pub shared: Shared,
    /// The functions, by their texts, in which there was nothing to find and nothing that could not be told.
    quiet: BTreeMap<FilePath, HashSet<String>>,
}

impl Seen {
    /// What an edit leaves that may be anywhere and of any kind.
    pub fn of(lasting: Lasting) -> Seen {
        Seen { lasting, ..Seen::default() }
    }

    pub fn is_quiet(&self, workspace: &Workspace, function: &Place) -> bool {
        let quiet = self.quiet.get(&function.file);
        quiet.is_some_and(|it| text_of(workspace, function).is_some_and(|text| it.contains(text)))
    }

    /// `told` are the places of which there is something to say.
    pub fn add<'p>(
        &mut self,
        workspace: &Workspace,
        functions: impl Iterator<Item = &'p Place>,
        told: impl Iterator<Item = &'p Place>,
    ) {
        let mut told_in: BTreeMap<&FilePath, Vec<TextRange>> = BTreeMap::new();
        for it in told {
            told_in.entry(&it.file).or_default().push(it.range);
        }
        let mut loud = Vec::new();
        for function in functions {
            let Some(text) = text_of(workspace, function) else { continue };
            let mut told = told_in.get(&function.file).into_iter().flatten();
            match told.any(|it| function.range.contains_range(*it)) {
                true => loud.push((&function.file, text)),
                false => {
                    let quiet = self.quiet.entry(function.file.clone()).or_default();
                    quiet.insert(text.to_owned());
                }
            }
        }
        for (file, text) in loud {
            self.quiet.get_mut(file).map(|it| it.remove(text));
        }
    }
}

fn text_of<'w>(workspace: &'w Workspace, place: &Place) -> Option<&'w str> {
    workspace.text(&place.file)?.get(std::ops::Range::<usize>::from(place.range))
}
