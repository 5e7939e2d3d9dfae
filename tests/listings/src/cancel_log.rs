//! A future that says so when it is dropped before it is done.

use std::{
    backtrace::Backtrace,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project::{pin_project, pinned_drop};

#[pin_project(PinnedDrop)]
pub struct CancelLog<F> {
    #[pin]
    future: F,
    label: String,
    made_at: Backtrace,
    done: bool,
}

impl<F> CancelLog<F> {
    pub fn new(label: impl Into<String>, future: F) -> CancelLog<F> {
        CancelLog { future, label: label.into(), made_at: Backtrace::force_capture(), done: false }
    }
}

impl<F: Future> Future for CancelLog<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let parts = self.project();
        let polled = parts.future.poll(context);
        if polled.is_ready() {
            *parts.done = true;
            parts.label.clear();
        }
        polled
    }
}

#[pinned_drop]
impl<F> PinnedDrop for CancelLog<F> {
    fn drop(self: Pin<&mut Self>) {
        if !self.done {
            let dropped_at = Backtrace::force_capture();
            eprintln!("{} was cancelled\nmade at\n{}\ndropped at\n{dropped_at}", self.label, self.made_at);
        }
    }
}

async fn work() {
    println!("started");
    tokio::time::sleep(Duration::from_secs(2)).await;
    println!("ended");
}

#[tokio::main]
async fn main() {
    let logged = CancelLog::new("work", work());
    if tokio::time::timeout(Duration::from_secs(1), logged).await.is_err() {
        println!("too slow");
    }
}
