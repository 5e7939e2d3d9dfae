//! One mutex stops a runtime: a thread holds it while it waits for a timer, and the worker that should drive the timer
//! waits for the mutex.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::runtime::Handle;

fn main() {
    traps::watch(work());
}

async fn work() -> u32 {
    let hits = Arc::new(Mutex::new(0));
    let slow = Arc::clone(&hits);
    let counting = tokio::task::spawn_blocking(move || {
        let mut hits = slow.lock().unwrap();
        *hits += 1;
        Handle::current().block_on(tokio::time::sleep(Duration::from_millis(300)));
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    *hits.lock().unwrap() += 1;
    counting.await.unwrap();
    let total = *hits.lock().unwrap();
    total
}
