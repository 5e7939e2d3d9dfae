//! The futures of a stream stand still while the body of its loop waits, and so hear late of what comes first.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use tokio::time::sleep;

fn main() {
    traps::watch(work());
}

/// Whether all heard of it in time.
async fn work() -> Result<bool, ()> {
    let longest = Arc::new(std::sync::Mutex::new(Duration::ZERO));
    let mut fetched = stream::iter(0..3).map(|it| fetch(it, longest.clone())).buffer_unordered(3);
    while let Some(it) = fetched.next().await {
        // What is done with an item takes far longer than the next one needs.
        sleep(Duration::from_millis(1_000 * it)).await;
    }
    let longest = *longest.lock().unwrap();
    println!("the longest wait for 200 ms was {longest:?}");
    Ok(longest < Duration::from_millis(700))
}

async fn fetch(index: u64, longest: Arc<std::sync::Mutex<Duration>>) -> u64 {
    sleep(Duration::from_millis(100 * (2 - index.min(2)))).await;
    let begun = Instant::now();
    sleep(Duration::from_millis(200)).await;
    let mut longest = longest.lock().unwrap();
    *longest = begun.elapsed().max(*longest);
    index
}
