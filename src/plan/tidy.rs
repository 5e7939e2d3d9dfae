//! The edited texts of a round, without the imports that the edits have left without a use.

use std::collections::BTreeMap;

use crate::{
    finding::FilePath,
    plan::imports::{self, Looked, Meaning},
    workspace::{Texts, Workspace},
};

/// Gives the workspace the `edited` texts without such imports.
pub(super) fn set_tidied(workspace: &mut Workspace, edited: &Texts) {
    let mut files: Vec<Tidying> = edited
        .iter()
        .filter_map(|(file, after)| Tidying::new(workspace, file.clone(), after.clone()))
        .collect();
    let mut tidied = edited.clone();
    tidied.extend(files.iter().filter_map(|it| it.tidied(workspace, edited)));
    for it in &mut files {
        it.looked.before = it.look(workspace);
    }
    workspace.set_texts(tidied);
    // Now the types say what is called.
    files.retain(|it| it.asks_types);
    for it in &mut files {
        it.looked.after = it.look(workspace);
    }
    let again: BTreeMap<_, _> =
        files.iter().filter_map(|it| it.tidied(workspace, edited)).collect();
    if !again.is_empty() {
        workspace.set_texts(again);
    }
}

/// One edited file.
struct Tidying {
    file: FilePath,
    before: String,
    after: String,
    meanings: Vec<Option<Meaning>>,
    asks_types: bool,
    looked: Looked,
}

impl Tidying {
    fn new(workspace: &Workspace, file: FilePath, after: String) -> Option<Tidying> {
        let before = workspace.text(&file)?.to_owned();
        let meanings = imports::meanings(workspace, &file);
        let asks_types = imports::may_call_elsewhere(&before, &after, &meanings);
        Some(Tidying { file, before, after, meanings, asks_types, looked: Looked::default() })
    }

    fn look(&self, workspace: &Workspace) -> imports::Elsewhere {
        match self.asks_types {
            true => imports::elsewhere(workspace, &self.file, &self.meanings),
            false => imports::Elsewhere::default(),
        }
    }

    fn tidied(&self, workspace: &Workspace, edited: &Texts) -> Option<(FilePath, String)> {
        let others = others_of_package(workspace, &self.file, edited);
        let (before, after) = (&self.before, &self.after);
        let text = imports::tidied(before, after, &self.meanings, &others, &self.looked)?;
        Some((self.file.clone(), text))
    }
}

/// The other Rust files that may be of the same crate, as they will be.
fn others_of_package<'t>(
    workspace: &'t Workspace,
    file: &FilePath,
    edited: &'t Texts,
) -> Vec<&'t str> {
    let package = |file: &FilePath| {
        let folders = workspace.packages().iter().map(|it| it.manifest.folder());
        folders.filter(|it| file.is_in(it)).max_by_key(|it| it.as_str().len())
    };
    let own = package(file);
    // A file outside all packages was reached by `#[path]`, by any of them.
    let may_share = |it: &FilePath| match (&own, package(it)) {
        (Some(own), Some(other)) => *own == other,
        _ => true,
    };
    let texts = workspace.texts().iter();
    let others =
        texts.filter(|it| it.0 != file && it.0.as_str().ends_with(".rs") && may_share(it.0));
    others.map(|it| edited.get(it.0).unwrap_or(it.1).as_str()).collect()
}
