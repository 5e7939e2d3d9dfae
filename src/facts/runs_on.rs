//! Which thread runs a piece of code, and whether it may wait there.

use ra_ap_hir_def::hir::ExprId;

use crate::knowledge::{ClosureRuns, FutureRuns};

/// The thread that runs a piece of code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Thread {
    /// One that also drives other tasks.
    Worker,
    /// The one that entered the runtime: the body of `#[tokio::main]`, or what is handed to `block_on`.
    /// It drives this one task, which need not be `Send`.
    Driver,
    /// One that may block: the blocking pool, a thread of its own, a pool for computing.
    MayBlock,
    /// That of whoever calls: an ordinary function.
    Caller,
    /// Nobody can tell.
    Unknown,
}

/// Where the walk through a body stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    pub thread: Thread,
    /// The async body that this code belongs to without a closure between: here an `.await` may be written.
    pub awaits_in: Option<ExprId>,
    /// Inside a closure, however it runs.
    pub closure: bool,
    /// The future around it may be moved to another thread, so that all it keeps across an `.await` must be `Send`.
    pub moves: bool,
    /// Inside a closure that runs the first time only.
    pub once: bool,
}

impl Context {
    /// In the body of a function, outside any async body.
    pub fn function(thread: Thread) -> Context {
        Context { thread, awaits_in: None, closure: false, moves: true, once: false }
    }

    /// Where nothing ever runs.
    pub fn never(self) -> Context {
        Context { thread: Thread::Unknown, ..self }
    }

    /// Inside a closure that is handed to a function of which `runs` is known.
    pub fn closure(self, runs: Option<ClosureRuns>) -> Context {
        let thread = match runs {
            Some(ClosureRuns::Here | ClosureRuns::Once | ClosureRuns::Lazy) => self.thread,
            // Whoever polls the result, it is not polled from in here.
            Some(ClosureRuns::LaterHere) => match self.thread {
                Thread::Driver => Thread::Driver,
                Thread::Worker | Thread::Caller => Thread::Worker,
                Thread::MayBlock | Thread::Unknown => Thread::Unknown,
            },
            Some(ClosureRuns::Worker) => Thread::Worker,
            Some(
                ClosureRuns::Pool
                | ClosureRuns::InPlace
                | ClosureRuns::Thread
                | ClosureRuns::Compute,
            ) => Thread::MayBlock,
            None => Thread::Unknown,
        };
        let once = self.once || runs == Some(ClosureRuns::Once);
        Context { thread, awaits_in: None, closure: true, moves: true, once }
    }

    /// Inside an async block or closure, or the body of an async function.
    pub fn coroutine(self, id: ExprId, runs: Option<FutureRuns>) -> Context {
        let thread = match (runs, self.thread) {
            // A thread that may block does so while it drives this future and nothing else.
            (Some(FutureRuns::Driven), Thread::MayBlock) => Thread::MayBlock,
            // A worker that drives one future has left all others waiting.
            (Some(FutureRuns::Driven), Thread::Worker) => Thread::Worker,
            (Some(FutureRuns::Driven), _) => Thread::Driver,
            _ => Thread::Worker,
        };
        let moves = !matches!(runs, Some(FutureRuns::Driven | FutureRuns::Local));
        Context { thread, awaits_in: Some(id), closure: false, moves, once: self.once }
    }
}
