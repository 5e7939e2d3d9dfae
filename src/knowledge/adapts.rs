//! Adapters of iterators that a loop can do without.

use serde::{Deserialize, Serialize};

/// What an adapter makes of the items of an iterator.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Adapts {
    /// Errors are left out.
    SkipsErrors,
    /// ... when it is given a function that forgets them.
    SkipsIfForgotten,
    /// It ends with the first error, when it is given a function that forgets it.
    StopsIfForgotten,
    /// Each value is taken out of its result, when it is given a function that panics where there is none.
    TakesOutIfTaken,
    /// Items come with their number.
    Counts,
}
