//! A task that enters the runtime it runs on once more, which panics.

use tokio::runtime::Handle;

fn main() {
    traps::watch(work());
}

async fn work() -> u8 {
    Handle::current().block_on(answer())
}

async fn answer() -> u8 {
    tokio::time::sleep(traps::SLOW).await;
    1
}
