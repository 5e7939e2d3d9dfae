//! A task that waits for a message from a thread.

use std::{sync::mpsc, thread};

fn main() {
    traps::watch(work());
}

async fn work() -> Result<u32, mpsc::RecvError> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        thread::sleep(traps::SLOW);
        sender.send(1).expect("somebody waits");
    });
    receiver.recv()
}
