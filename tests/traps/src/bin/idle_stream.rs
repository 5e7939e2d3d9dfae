//! The futures of a stream are next to get the permits for which the body of its loop waits.

use std::sync::Arc;

use futures::{StreamExt, stream};
use tokio::{sync::Semaphore, task::yield_now};

fn main() {
    traps::watch(work());
}

async fn work() -> u32 {
    let permits = Arc::new(Semaphore::new(2));
    let mut sum = 0;
    let mut fetched = stream::iter(0..9).map(|it| fetch(it, permits.clone())).buffer_unordered(4);
    while let Some(it) = fetched.next().await {
        let _permit = permits.acquire().await;
        sum += it;
    }
    sum
}

async fn fetch(index: u32, permits: Arc<Semaphore>) -> u32 {
    let _permit = permits.acquire().await;
    yield_now().await;
    index
}
