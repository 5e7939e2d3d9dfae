//! From the names that editors have for files to those that the disk has, and back.

use std::path::{Path, PathBuf};

use gen_lsp_types::Uri;
use url::Url;

/// The file that `uri` names, links followed as far as they are there. None for what is no file.
pub(super) fn of_uri(uri: &str) -> Option<PathBuf> {
    let url = Url::parse(uri).ok().filter(|it| it.scheme() == "file")?;
    Some(canonical(&url.to_file_path().ok()?))
}

/// Links followed; of a file that is not there, those of its folder.
pub(super) fn canonical(path: &Path) -> PathBuf {
    if let Ok(it) = path.canonicalize() {
        return it;
    }
    match (path.parent().and_then(|it| it.canonicalize().ok()), path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

pub(super) fn to_uri(path: &Path) -> Option<Uri> {
    Url::from_file_path(path).ok().map(|it| Uri::from(String::from(it)))
}
