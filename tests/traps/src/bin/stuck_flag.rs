//! Somebody who is given up while he works, and of whom everybody believes for ever that he is at work.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use tokio::time::{sleep, timeout};

#[derive(Default)]
struct Cache {
    loading: AtomicBool,
    loaded: AtomicUsize,
}

impl Cache {
    async fn refresh(&self, pause: Duration) {
        if self.loading.swap(true, Ordering::SeqCst) {
            return;
        }
        sleep(pause).await;
        self.loaded.fetch_add(1, Ordering::SeqCst);
        self.loading.store(false, Ordering::SeqCst);
    }
}

fn main() {
    traps::watch(work());
}

async fn work() -> bool {
    let cache = Cache::default();
    let _ = timeout(Duration::from_millis(50), cache.refresh(Duration::from_secs(1))).await;
    cache.refresh(Duration::from_millis(5)).await;
    cache.loaded.load(Ordering::SeqCst) == 1
}
