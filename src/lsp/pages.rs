//! The pages of the rules, where an editor can open them.

use std::{fs, io, path::PathBuf, sync::LazyLock};

use gen_lsp_types::Uri;

use crate::{apply::state, lsp::paths, report::project, rules::RULES};

/// Where the page of a rule can be read: where the sources of this version are, or else in a file that was written for it.
/// None where there is no folder for that.
pub(super) fn link(rule: &str) -> Option<Uri> {
    static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| write().ok());
    project::url(rule)
        .map(Uri::from)
        .or_else(|| paths::to_uri(&FOLDER.as_ref()?.join(format!("{rule}.md"))))
}

/// Writes all pages of this version, as far as they are not there.
fn write() -> io::Result<PathBuf> {
    let state = state::folder().map_err(io::Error::other)?;
    let folder = state.join("pages").join(env!("CARGO_PKG_VERSION"));
    state::make_private(&folder)?;
    for rule in RULES {
        let file = folder.join(format!("{}.md", rule.name));
        if !fs::read_to_string(&file).is_ok_and(|it| it == rule.text) {
            fs::write(&file, rule.text)?;
        }
    }
    Ok(folder)
}
