//! Which files are the user's to edit: none that a tool writes, that git ignores, or that somebody else wrote.

use std::{collections::BTreeMap, path::Path};

use crate::{finding::FilePath, workspace::Texts};

/// Folders that hold other people's code.
const VENDORED: [&str; 4] = ["vendor", "vendored", "third_party", "third-party"];

/// The files that are read and left alone, each with the reason.
pub(super) fn kept_out(
    root: &Path,
    texts: &Texts,
    members: &[FilePath],
) -> BTreeMap<FilePath, &'static str> {
    let ours = not_ignored(root, members);
    let mut kept = BTreeMap::new();
    for (path, text) in texts {
        let reason = if path.as_str().split('/').any(|it| VENDORED.contains(&it)) {
            "it lies in a folder of vendored code"
        } else if path.as_str().starts_with("target/") {
            "it lies in the `target` folder"
        } else if is_generated(text) {
            "it says that it is generated"
        } else if path.as_str().ends_with(".rs") && !ours.contains(path) {
            "git ignores it"
        } else {
            continue;
        };
        kept.insert(path.clone(), reason);
    }
    kept
}

/// Generators say so in a comment at the top.
fn is_generated(text: &str) -> bool {
    let comments = text.lines().take(20).filter(|it| it.trim_start().starts_with("//"));
    comments.into_iter().any(|it| {
        let line = it.to_lowercase();
        line.contains("@generated")
            || line.contains("do not edit")
            || line.contains("automatically generated")
    })
}

fn not_ignored(root: &Path, members: &[FilePath]) -> std::collections::BTreeSet<FilePath> {
    let mut folders = members.iter().map(|it| root.join(it.as_str()));
    let Some(first) = folders.next() else { return Default::default() };
    let mut walk = ignore::WalkBuilder::new(first);
    folders.for_each(|it| {
        walk.add(it);
    });
    // Hidden folders may hold modules; what matters is what git would not keep.
    walk.hidden(false).ignore(false).follow_links(true);
    walk.build()
        .flatten()
        .filter(|it| it.path().extension().is_some_and(|it| it == "rs"))
        .map(|it| FilePath::below(root, it.path()))
        .collect()
}
