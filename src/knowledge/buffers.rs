//! What becomes of buffers on which the kernel works in its own time, as it does with io_uring.

use serde::{Deserialize, Serialize};

/// What a call does with the buffers that it is given.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Buffers {
    /// It takes one, and gives it back when it is done.
    Taken,
    /// It tells the kernel where one is, which from then on reads it or writes to it.
    PointedAt,
    /// What it makes lets the kernel work on those of whoever reads and writes.
    Borrowed,
    /// What it makes has some of its own, and copies what is read and written.
    Copied,
}
