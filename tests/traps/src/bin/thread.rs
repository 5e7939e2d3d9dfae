//! A task that waits for a thread.

use std::thread;

fn main() {
    traps::watch(work());
}

async fn work() -> u8 {
    let slow = thread::spawn(|| {
        thread::sleep(traps::SLOW);
        1
    });
    slow.join().expect("the thread does not panic")
}
