//! A task that waits for a future with its thread, by way of an executor that knows nothing of the runtime.

use futures::executor;

fn main() {
    traps::watch(work());
}

async fn work() -> u8 {
    executor::block_on(answer())
}

async fn answer() -> u8 {
    tokio::time::sleep(traps::SLOW).await;
    1
}
