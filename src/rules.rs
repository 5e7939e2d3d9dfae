//! Every rule: a name, which is also the name of its page in `rules/`, and a check.

use crate::{
    facts::{
        body::BodyFacts,
        effects::{BlockingCall, Effects, Step},
        foreign::Foreign,
        locks::taken::{Link, TakenLocks},
        losses::Losses,
        sizes::large::LargeFutures,
        surroundings::Surroundings,
    },
    finding::{Finding, Note, Place},
    knowledge::Wait,
    page::Page,
    rules::comments::CommentsPass,
    workspace::Target,
};

mod async_guard_across_await;
mod blocking_call;
mod blocking_lock;
mod blocking_socket;
mod cancel_debug;
mod cancel_unsafe_select;
mod cancel_unsafe_timeout;
pub mod comments;
mod disabled_driver;
mod future_not_awaited;
mod futurelock;
mod guard_across_await;
mod heavy_compute;
mod held;
mod idle_buffered_stream;
mod invalid_suppression;
mod large_future;
mod large_local_across_await;
mod leftover_cancel_debug;
mod lock_deadlock;
mod lock_kind;
mod lost;
mod mixed_runtimes;
mod no_parallelism;
mod polled_wrong;
mod restarted_in_select;
mod runaway_blocking_pool;
mod select_without_else;
mod sequential_futures;
mod state_lost_on_cancel;
mod task_dropped;
mod unbounded_concurrency;
mod unused_suppression;
mod uring_borrowed_buffer;

/// A rule: its page is `rules/<name>.md`.
pub struct Rule {
    pub name: &'static str,
    /// The text of the page.
    pub text: &'static str,
    pub about: About,
    pub check: Check,
}

/// What a rule speaks of, and so in which functions it has to be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum About {
    /// In all that say a name for which some row asks.
    Rows,
    /// Futures that run side by side: in each function that can do that, too.
    Races,
    /// State that outlives futures: in each function that changes some for a time, too.
    State,
    /// Futures that are dropped before they are done: where either of the two leads.
    Dropped,
    /// What logs that for a while: in each function that has some of it, too.
    Logged,
    /// How large futures are: in each function that makes one, too.
    Futures,
    /// How large variables are that futures keep: there too.
    Locals,
    /// Which runtimes are where: in each function that starts one, or a thread, or hands one something, too.
    Runtimes,
}

/// What a rule looks at.
pub enum Check {
    Body(fn(&mut Pass<'_, '_>)),
    /// The comments of a file, once all is known that the others find.
    Comments(fn(&mut CommentsPass<'_>)),
}

macro_rules! rule {
    ($name:literal, comments: $check:expr) => {
        rule!($name, About::Rows => Check::Comments($check))
    };
    ($name:literal, races: $check:expr) => {
        rule!($name, About::Races => Check::Body($check))
    };
    ($name:literal, state: $check:expr) => {
        rule!($name, About::State => Check::Body($check))
    };
    ($name:literal, dropped: $check:expr) => {
        rule!($name, About::Dropped => Check::Body($check))
    };
    ($name:literal, logged: $check:expr) => {
        rule!($name, About::Logged => Check::Body($check))
    };
    ($name:literal, futures: $check:expr) => {
        rule!($name, About::Futures => Check::Body($check))
    };
    ($name:literal, runtimes: $check:expr) => {
        rule!($name, About::Runtimes => Check::Body($check))
    };
    ($name:literal, locals: $check:expr) => {
        rule!($name, About::Locals => Check::Body($check))
    };
    ($name:literal, $check:expr) => {
        rule!($name, About::Rows => Check::Body($check))
    };
    ($name:literal, $about:expr => $check:expr) => {
        Rule {
            name: $name,
            text: include_str!(concat!("../rules/", $name, ".md")),
            about: $about,
            check: $check,
        }
    };
}

/// In the order in which they are listed.
pub const RULES: &[Rule] = &[
    rule!("blocking-sleep", |it| blocking_call::check(it, &[Wait::Timer])),
    rule!("blocking-fs", |it| blocking_call::check(it, &[Wait::Disk])),
    rule!("blocking-io", |it| blocking_call::check(
        it,
        &[Wait::Network, Wait::Process, Wait::Stdin]
    )),
    rule!("blocking-wait", |it| blocking_call::check(
        it,
        &[Wait::Channel, Wait::Thread, Wait::Signal, Wait::Lock]
    )),
    rule!("blocking-call", |it| blocking_call::check(
        it,
        &[Wait::Server, Wait::Database, Wait::Repository, Wait::Archive, Wait::Device, Wait::Said]
    )),
    rule!("heavy-compute", heavy_compute::check),
    rule!("block-on-in-async", |it| blocking_call::check(it, &[Wait::Future])),
    rule!("guard-across-await", guard_across_await::check),
    rule!("blocking-lock", blocking_lock::check),
    rule!("blocking-socket", runtimes: blocking_socket::check),
    rule!("lock-deadlock", lock_deadlock::check),
    rule!("async-guard-across-await", async_guard_across_await::check),
    rule!("lock-kind", lock_kind::check),
    rule!("cancel-unsafe-select", races: cancel_unsafe_select::check),
    rule!("cancel-unsafe-timeout", races: cancel_unsafe_timeout::check),
    rule!("state-lost-on-cancel", state: state_lost_on_cancel::check),
    rule!("restarted-in-select", races: restarted_in_select::check),
    rule!("futurelock", races: futurelock::check),
    rule!("idle-buffered-stream", races: idle_buffered_stream::check),
    rule!("polled-wrong", races: polled_wrong::check),
    rule!("select-without-else", races: select_without_else::check),
    rule!("cancel-debug", dropped: cancel_debug::check),
    rule!("leftover-cancel-debug", logged: leftover_cancel_debug::check),
    rule!("future-not-awaited", future_not_awaited::check),
    rule!("task-dropped", task_dropped::check),
    rule!("sequential-futures", sequential_futures::check),
    rule!("large-future", futures: large_future::check),
    rule!("large-local-across-await", locals: large_local_across_await::check),
    rule!("unbounded-concurrency", races: unbounded_concurrency::check),
    rule!("disabled-driver", runtimes: disabled_driver::check),
    rule!("mixed-runtimes", runtimes: mixed_runtimes::check),
    rule!("uring-borrowed-buffer", races: uring_borrowed_buffer::check),
    rule!("runaway-blocking-pool", races: runaway_blocking_pool::check),
    rule!("no-parallelism", races: no_parallelism::check),
    rule!("unused-suppression", comments: unused_suppression::check),
    rule!("invalid-suppression", comments: invalid_suppression::check),
];

impl Rule {
    pub fn page(&self) -> Page {
        Page::parse(self.name, self.text).expect("a test has read every page that is shipped")
    }
}

/// So many places of one kind say enough.
const MOST_PLACES: usize = 3;

/// A call on the way to a lock, where it is in sight.
fn step(it: &Link) -> Option<Note> {
    Some(Note::at(it.at.clone()?, format!("`{}` calls `{}`", it.caller, it.callee)))
}

/// The calls on the way to what waits, as far as they are in sight.
fn steps(chain: &[Step]) -> impl Iterator<Item = Note> {
    chain.iter().filter_map(|it| {
        let text = format!("`{}` calls `{}`", it.caller, it.callee);
        Some(Note::at(it.at.clone()?, text))
    })
}

/// One rule on one body.
pub struct Pass<'a, 'db> {
    pub rule: &'static str,
    pub page: &'a Page,
    pub around: &'a Surroundings<'a>,
    pub body: &'a BodyFacts<'db>,
    /// The calls in the body that wait through what they call.
    pub calls: &'a [BlockingCall],
    /// What functions wait for, where calls are followed.
    pub effects: Option<&'a Effects<'a, 'db>>,
    /// The locks that functions take.
    pub locks: &'a TakenLocks<'db>,
    /// What is lost with futures that are dropped.
    pub losses: &'a Losses<'db>,
    /// What asks for runtimes.
    pub foreign: &'a Foreign<'db>,
    /// What the body is compiled for.
    pub target: &'a Target,
    /// The futures that are made in functions and are large.
    pub large_futures: &'a LargeFutures<'a, 'db>,
    /// How much the user takes for granted, or the page.
    pub limit: Option<u64>,
    pub findings: Vec<Finding>,
}

impl Pass<'_, '_> {
    pub fn report(&mut self, at: Place, message: String) -> &mut Finding {
        self.findings.push(Finding {
            rule: self.rule,
            severity: self.page.level,
            at,
            message,
            because: Vec::new(),
            fixes: Vec::new(),
            behind: None,
            within: None,
            cured_at: Vec::new(),
        });
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }
}

/// Every rule with its page.
pub fn with_pages() -> Vec<(&'static Rule, Page)> {
    RULES.iter().map(|it| (it, it.page())).collect()
}
