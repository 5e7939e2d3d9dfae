//! A `select!` in a loop polls a future once more when it is done.

use std::time::Duration;

use tokio::time::{interval, sleep};

fn main() {
    traps::watch(work());
}

async fn work() -> u8 {
    let loading = load();
    tokio::pin!(loading);
    let mut beat = interval(Duration::from_millis(100));
    let mut beats = 0;
    loop {
        tokio::select! {
            it = &mut loading => println!("{it}"),
            _ = beat.tick() => {
                beats += 1;
                if beats > 9 {
                    return beats;
                }
            }
        }
    }
}

async fn load() -> u8 {
    sleep(Duration::from_millis(250)).await;
    1
}
