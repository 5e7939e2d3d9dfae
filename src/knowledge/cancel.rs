//! What becomes of the work of a future that is dropped before it is done.

use serde::{Deserialize, Serialize};

/// What a call leaves behind whose future is dropped before it is done. For a type: what it means to drop a wait for such
/// a value, or the value itself.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Cancel {
    /// Nothing: the next call goes on as if this one had not been.
    Safe,
    /// As the futures that it is given.
    AsGiven,
    /// It loses its turn among those who wait, and nothing else.
    Turn,
    /// The next call begins to wait anew: a timer, a signal that is heard only while somebody waits for it.
    Restarts,
    /// The work goes on, and nobody hears what comes of it.
    GoesOn,
    /// What it did up to then stays done.
    HalfDone,
    /// What it had gathered is lost, though what it gathered it from is used up so far.
    LosesWork,
    /// What it had read is lost, and whoever reads next goes on behind it.
    LosesRead,
    /// A part is written, and nobody knows how much.
    HalfWritten,
    /// The value that it was given is dropped with it.
    LosesArgument,
    /// It ends the task that it stands for.
    EndsTask,
}
