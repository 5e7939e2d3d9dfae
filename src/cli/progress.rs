//! What is going on, for somebody who waits at a terminal.

use std::{
    io::IsTerminal,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output;

/// What is done sooner needs no spinner.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

pub(super) struct Progress {
    bar: ProgressBar,
    /// The spinner never starts when this is gone in time.
    waiting: Option<Sender<()>>,
    verbose: bool,
}

impl Progress {
    pub(super) fn start(quiet: bool, verbose: bool) -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
            .with_style(ProgressStyle::default_spinner());
        let mut waiting = None;
        if std::io::stderr().is_terminal() && !quiet && !verbose {
            let (sender, receiver) = mpsc::channel::<()>();
            waiting = Some(sender);
            let bar = bar.clone();
            std::thread::spawn(move || {
                if receiver.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    bar.enable_steady_tick(TICK);
                }
            });
        }
        Progress { bar, waiting, verbose }
    }

    pub(super) fn say(&self, text: &str) {
        self.bar.set_message(text.to_owned());
        if self.verbose {
            output::note(&format!("{text}\n"));
        }
    }

    /// Leaves the terminal to `talk`.
    pub(super) fn pause<T>(&self, talk: impl FnOnce() -> T) -> T {
        self.bar.suspend(talk)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.waiting = None;
        self.bar.finish_and_clear();
    }
}
