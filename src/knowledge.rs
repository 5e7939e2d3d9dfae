//! What single functions and types do, as data: the rows of `rules/knowledge/*.toml`.
//!
//! Rules ask for effects, never for names. A row says what one item does; `resolve` finds that item in the
//! workspace, so that re-exports and aliases need no rows of their own.

use serde::{Deserialize, Serialize};

use crate::page;

pub mod adapts;
pub mod buffers;
pub mod cancel;
pub mod chain;
pub mod contexts;
pub mod counts;
mod crate_rows;
pub mod keeps;
mod paths;
pub mod resolve;
mod row;
pub mod runtimes;
pub mod takes;

pub use crate_rows::{CrateRows, Joins, Lends, Service, Starts};
pub use row::Row;

/// What a blocking call waits for.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Wait {
    Timer,
    Disk,
    /// A socket, or the answer of a name server.
    Network,
    /// The end of another program, or what it says.
    Process,
    /// What a person types or a pipe brings.
    Stdin,
    /// Whoever holds a lock.
    Lock,
    /// A message.
    Channel,
    /// The end of a thread.
    Thread,
    /// Another thread, which says when to go on.
    Signal,
    /// The answer of a server, through a library that speaks with it.
    Server,
    Database,
    /// A repository: git.
    Repository,
    /// An archive, packed or unpacked.
    Archive,
    /// A port, a bus, the operating system.
    Device,
    /// Nothing: it computes.
    Compute,
    /// Whatever the value reads from or writes to that it is called on, or that it is given.
    Source,
    /// A future, which it polls on the calling thread until it is done.
    Future,
    /// Nobody says what: a comment says that it does.
    Said,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClosureRuns {
    /// On the calling thread, before the call returns.
    Here,
    /// On the calling thread, the first time only.
    Once,
    /// Where the result is consumed: an adapter of iterators.
    Lazy,
    /// On the thread that polls the result.
    LaterHere,
    /// On the thread that polls.
    Worker,
    /// On a thread that may block.
    Pool,
    /// On the calling thread, which the runtime has been told of.
    InPlace,
    /// On a thread of its own.
    Thread,
    /// On a thread pool for computing.
    Compute,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FutureRuns {
    /// Polled by the calling thread until it is done.
    Driven,
    /// A task of its own.
    Spawned,
    /// A task of its own that stays on this thread and need not be `Send`.
    Local,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// Other threads stand still while they wait for it.
    Sync,
    /// Other tasks wait for it, threads do not.
    Async,
    /// It marks what the current thread is doing.
    Context,
    /// What a lock gives when a thread has panicked while it held it. A guard may be in there.
    Poisoned,
}

/// What becomes of what was written and not flushed.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Unflushed {
    /// It is written some time later.
    Late,
    /// It is lost.
    Lost,
}

/// Every row that async-fix ships.
pub fn shipped() -> Result<Vec<CrateRows>, Vec<String>> {
    let (rows, problems): (Vec<_>, Vec<_>) =
        page::KNOWLEDGE.iter().map(|(name, text)| parse(name, text)).partition(Result::is_ok);
    let problems: Vec<String> = problems.into_iter().filter_map(Result::err).collect();
    if problems.is_empty() { Ok(rows.into_iter().flatten().collect()) } else { Err(problems) }
}

/// The rows in `text`, which is shipped; `name` is for the sentence that says what is wrong with it.
pub fn parse(name: &str, text: &str) -> Result<CrateRows, String> {
    let rows: CrateRows = toml::from_str(text).map_err(|it| format!("{name}: {it}"))?;
    if rows.checked.is_none() {
        return Err(format!("{name}: `checked` is missing"));
    }
    match rows.strange() {
        Some(row) => Err(format!("{name}: `{}` is not a path in `{}`", row.path, rows.krate)),
        None => Ok(rows),
    }
}
