//! The form of one file of rows: what is known of one crate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::knowledge::Row;

/// One file: what is known of one crate.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CrateRows {
    /// The crate, as paths in Rust code name it.
    #[serde(rename = "crate")]
    pub krate: String,
    /// The version whose sources the rows were checked against. Whoever writes of his own code needs none.
    #[serde(default)]
    pub checked: Option<String>,
    /// The name of the package, where it is not that of the crate with `-` for `_`.
    pub package: Option<String>,
    /// Features of the package without which some of the items are not there.
    #[serde(default)]
    pub features: Vec<String>,
    /// The name of the asynchronous runtime that the crate is.
    pub runtime: Option<String>,
    /// Features of a runtime that only a user turns on who lets it drive his code. Empty means that every user does.
    #[serde(default, rename = "driving-features")]
    pub driving_features: Vec<String>,
    /// The modules of a runtime whose functions do nothing unless it runs.
    #[serde(default, rename = "driving-modules")]
    pub driving_modules: Vec<String>,
    /// What becomes of whoever asks for something of this runtime where it does not run, in one clause. A runtime of
    /// which nothing is said serves everybody, with threads of its own.
    pub outside: Option<String>,
    /// How the runtime is started, and found again.
    pub starts: Option<Starts>,
    /// The runtime has one thread for each core, between which no task moves: nothing has to be `Send` there.
    #[serde(default, rename = "thread-per-core")]
    pub thread_per_core: bool,
    /// The crate polls futures and has no sockets and no timers of its own.
    #[serde(default)]
    pub executor: bool,
    /// What the crate has of what every runtime has: the path of a timer, of a socket, of a lock.
    #[serde(default)]
    pub serves: BTreeMap<Service, String>,
    /// The runtimes on one of which the futures of a library have to be polled. None at all where any will do.
    #[serde(rename = "runs-on")]
    pub runs_on: Option<Vec<String>>,
    /// Features of the crate, each with the runtime for which it is built then, ...
    #[serde(default, rename = "built-for")]
    pub built_for: BTreeMap<String, String>,
    /// ... and what it does where it is built for more than one, in one clause.
    #[serde(rename = "with-several")]
    pub with_several: Option<String>,
    /// Other runtimes that run wherever this one does, ...
    #[serde(default)]
    pub hosts: Vec<String>,
    /// ... or do so when one of these features is on, each as `crate/feature`.
    #[serde(default, rename = "hosts-with")]
    pub hosts_with: BTreeMap<String, String>,
    /// The runtime that drives whoever uses this crate, and what of it this crate hands on.
    pub lends: Option<Lends>,
    /// The runtime's own functions that do what those of another runtime do, by the paths of those.
    #[serde(default)]
    pub twins: BTreeMap<String, String>,
    /// ... except that they give back something else, which only matters where it is used.
    #[serde(default, rename = "twins-without-value")]
    pub twins_without_value: BTreeMap<String, String>,
    /// The runtime's function that runs a closure on a thread that may block, and gives back what the closure does.
    pub pool: Option<String>,
    /// The runtime's function that tells it that the calling thread is going to block, where it has several threads.
    #[serde(rename = "in-place")]
    pub in_place: Option<String>,
    /// The runtime's function whose future lets others have their turn.
    pub yields: Option<String>,
    /// The runtime's macros that await several futures at once.
    pub joins: Option<Joins>,
    /// Words that start it with several threads, ...
    #[serde(default, rename = "several-threads")]
    pub several_threads: Vec<String>,
    /// ... and words of code that may run on one thread only.
    #[serde(default, rename = "one-thread")]
    pub one_thread: Vec<String>,
    /// Words that begin the building of a runtime by hand, ...
    #[serde(default)]
    pub builders: Vec<String>,
    /// ... and those that give it timers.
    #[serde(default)]
    pub timers: Vec<String>,
    /// The parts that a runtime has only if it is built with them, by the modules whose functions need them.
    #[serde(default)]
    pub parts: BTreeMap<String, String>,
    /// The method of its builder that builds it with all of them.
    pub whole: Option<String>,
    /// The names of the functions and macros that give guards.
    #[serde(default, rename = "guard-givers")]
    pub guard_givers: Vec<String>,
    #[serde(rename = "item", default)]
    pub items: Vec<Row>,
}

impl CrateRows {
    /// The first row whose path does not start with the crate.
    pub fn strange(&self) -> Option<&Row> {
        self.items.iter().find(|it| !it.path.starts_with(&format!("{}::", self.krate)))
    }
}

/// The macros of a runtime that await several futures at once.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Joins {
    /// The one that awaits all of them.
    pub all: String,
    /// The one that ends with the first error.
    pub until_error: String,
    /// The feature of the runtime with which they are there.
    pub feature: String,
}

/// What every runtime has, or could have.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// The attribute of `main`.
    Main,
    /// What polls a future on the calling thread.
    Start,
    Spawn,
    Sleep,
    Timeout,
    Interval,
    /// What runs a closure where it may block.
    Pool,
    Yields,
    Mutex,
    Rwlock,
    Semaphore,
    /// A channel with room for so many messages.
    Channel,
    TcpStream,
    TcpListener,
    UdpSocket,
    File,
    ReadFile,
    Process,
    CtrlC,
    /// The trait of what can be read from.
    Read,
}

/// How a runtime is started, and found again.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Starts {
    /// The attribute of an asynchronous `main`, and the features of the runtime with which it is there.
    pub attribute: String,
    pub attribute_needs: Vec<String>,
    /// The function that makes one, or an error of the system; it has a method `block_on`. And what that needs.
    pub new: String,
    pub new_needs: Vec<String>,
    /// The function that gives a handle of the one that runs here; it has a method `enter`.
    pub current: String,
    /// The function of another crate that lets a future find the runtime wherever it is polled.
    pub brought: String,
}

/// A runtime that comes with another crate.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Lends {
    /// The name of the runtime.
    pub runtime: String,
    /// Where the crate has items of it, behind its own name.
    pub below: String,
    /// Those that it has, by their paths in the runtime.
    pub items: Vec<String>,
}
