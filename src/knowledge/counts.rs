//! How many things there are, and how many may run at once.

use serde::{Deserialize, Serialize};

/// What it means when nothing may run at once.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Zero {
    /// It waits for ever.
    Hangs,
    Panics,
    /// There is no limit.
    NoLimit,
}

/// How many items an adapter gives.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Counts {
    /// As many as it is given, or fewer.
    Same,
    /// As many as its argument says, or fewer.
    Argument,
    /// Pieces, in each of which there are as many items as its argument says, or fewer.
    Pieces,
    /// One, or none.
    One,
}
