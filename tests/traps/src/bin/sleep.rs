//! A task that sleeps with the thread.

use std::thread;

fn main() {
    traps::watch(work());
}

async fn work() -> u8 {
    thread::sleep(traps::SLOW);
    1
}
