//! Chains of calls that have a twin as a whole.

use serde::{Deserialize, Serialize};

/// A chain of calls that builds something and uses it up, and its asynchronous twin.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// The call that it begins with.
    pub from: String,
    /// What to call instead; the other calls stay as they are, and the last one is awaited.
    pub to: String,
    /// The methods between that the twin has too.
    pub keeps: Vec<String>,
    /// A call to add before the last one, ...
    pub adds: Option<String>,
    /// ... unless the chain calls this method.
    pub unless: Option<String>,
}
