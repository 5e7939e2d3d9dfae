//! What may stand in `async-fix.toml`: every key, once.

use serde::Deserialize;

use crate::knowledge::CrateRows;

/// The keys of a configuration, as they are written.
#[derive(Deserialize, Clone, Default, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Values {
    /// What functions do that async-fix knows nothing of: your own, and those of crates that it ships no rows for.
    #[serde(default)]
    pub knowledge: Vec<CrateRows>,
}
