//! The files that configure async-fix, as they lie in a workspace.

use std::path::Path;

use crate::config::{document, values::Values};

/// By these names a configuration is found; of two in one folder the first counts.
const NAMES: [&str; 2] = [".async-fix.toml", "async-fix.toml"];

/// What the workspace root says; nothing when there is no file.
pub fn of_root(root: &Path) -> Result<Values, String> {
    for name in NAMES {
        match std::fs::read_to_string(root.join(name)) {
            Ok(text) => return document::parse(name, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (),
            Err(error) => return Err(format!("`{name}` cannot be read: {error}")),
        }
    }
    Ok(Values::default())
}
