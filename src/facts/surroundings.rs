//! What a body stands in: its package, and the runtime that drives its target.

use crate::{
    facts::runtime::Runtime,
    finding::{FilePath, Place},
    workspace::Workspace,
};

/// What a body stands in.
#[derive(Clone)]
pub struct Surroundings<'a> {
    pub workspace: &'a Workspace,
    /// The manifest of the package.
    pub manifest: FilePath,
    pub runtime: Runtime,
    /// It is certain that this runtime has several threads, and drives all code of the target.
    pub several_threads: bool,
    /// A file of the workspace that builds a runtime without saying that it has timers.
    pub without_timers: Option<FilePath>,
}

impl Surroundings<'_> {
    pub fn text(&self, place: &Place) -> Option<&str> {
        self.workspace.text(&place.file)
    }
}
