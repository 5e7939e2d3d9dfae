//! A function that takes the lock which its caller holds.

use std::sync::Arc;

use tokio::sync::Mutex;

fn main() {
    traps::watch(work());
}

async fn work() -> u32 {
    let hits = Arc::new(Hits { all: Mutex::new(0) });
    hits.count().await;
    let total = *hits.all.lock().await;
    total
}

struct Hits {
    all: Mutex<u32>,
}

impl Hits {
    async fn count(&self) {
        let mut all = self.all.lock().await;
        *all += 1;
        self.add().await;
    }

    async fn add(&self) {
        *self.all.lock().await += 1;
    }
}
