//! Two tasks that count, each with the lock held while it is suspended.

use std::sync::Arc;

use spin::Mutex;

fn main() {
    traps::watch(work());
}

async fn work() -> u32 {
    let hits = Arc::new(Mutex::new(0));
    let other = tokio::spawn(count(Arc::clone(&hits)));
    count(Arc::clone(&hits)).await;
    other.await.unwrap();
    let total = *hits.lock();
    total
}

async fn count(hits: Arc<Mutex<u32>>) {
    let mut hits = hits.lock();
    *hits += 1;
    tokio::task::yield_now().await;
}
