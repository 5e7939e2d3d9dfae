//! Tasks that empty a queue, each with the lock held by the head of a loop.

use std::sync::Arc;

use spin::Mutex;

fn main() {
    traps::watch(work());
}

async fn work() -> u32 {
    let queue = Arc::new(Mutex::new(vec![1, 2, 3, 4]));
    let other = tokio::spawn(sum(Arc::clone(&queue)));
    sum(queue).await + other.await.unwrap()
}

async fn sum(queue: Arc<Mutex<Vec<u32>>>) -> u32 {
    let mut sum = 0;
    while let Some(it) = queue.lock().pop() {
        tokio::task::yield_now().await;
        sum += it;
    }
    sum
}
