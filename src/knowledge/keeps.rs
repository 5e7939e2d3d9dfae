//! Calls that lose what they have read, and their siblings that keep it.

use serde::{Deserialize, Serialize};

/// Of a call that fills a text with the next piece and counts its bytes, none at the end: what gives the same pieces, and
/// keeps half a piece until the rest of it comes.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Keeps {
    /// The method that makes it, once, of what is read from.
    pub before: String,
    /// Its method that gives the next piece, as an `Option` in the same `Result`.
    pub then: String,
    /// The method by which the text is emptied for the next piece.
    pub emptied_by: String,
    /// What the pieces lack, as the end of "they are without ...".
    pub without: String,
}
