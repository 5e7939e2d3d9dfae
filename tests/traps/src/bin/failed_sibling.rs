//! Somebody who is given up because another one fails, and who is counted as being at work for ever.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::time::sleep;

#[derive(Default)]
struct Context {
    running: AtomicUsize,
}

async fn upload(context: &Context) -> Result<(), &'static str> {
    context.running.fetch_add(1, Ordering::SeqCst);
    sleep(Duration::from_millis(500)).await;
    context.running.fetch_sub(1, Ordering::SeqCst);
    Ok(())
}

async fn announce() -> Result<(), &'static str> {
    sleep(Duration::from_millis(5)).await;
    Err("nobody listens")
}

fn main() {
    traps::watch(work());
}

async fn work() -> bool {
    let context = Context::default();
    let _ = tokio::try_join!(upload(&context), announce());
    sleep(Duration::from_millis(600)).await;
    context.running.load(Ordering::SeqCst) == 0
}
