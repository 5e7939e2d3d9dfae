//! How locks are taken, and which of them keep out which.

use serde::{Deserialize, Serialize};

/// How a lock is taken.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Takes {
    /// Nobody else may have it.
    Alone,
    /// Others who read may have it too, unless somebody waits to write.
    Shared,
    /// Others who read may have it too, whoever waits.
    Together,
    /// To read, and perhaps to write later: one at a time, beside those who read.
    Upgradable,
}

impl Takes {
    /// Whether one who has taken it so keeps another from taking it, and how surely.
    pub fn keeps_out(self, other: Takes) -> Option<Surely> {
        use Takes::*;
        match (self, other) {
            (Alone, _) | (_, Alone) | (Upgradable, Upgradable) => Some(Surely::Always),
            (Shared, Shared) => Some(Surely::WhenOneWaits),
            _ => None,
        }
    }
}

/// How surely one lock keeps out another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Surely {
    Always,
    /// When somebody waits to write in between.
    WhenOneWaits,
}

/// What becomes of a call on a lock when tasks wait for it.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OnAsynchronous {
    /// It is awaited.
    Awaited,
    /// It asks whether the lock is free, and goes on.
    Tried,
    /// It stays as it is.
    Same,
}
