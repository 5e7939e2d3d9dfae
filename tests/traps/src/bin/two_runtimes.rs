//! A timer of tokio on a thread that only has the executor of `futures`, which panics there.

use std::thread;

use tokio::sync::oneshot;

fn main() {
    traps::watch(work());
}

async fn work() -> u8 {
    let (sender, receiver) = oneshot::channel();
    thread::spawn(|| futures::executor::block_on(answer(sender)));
    receiver.await.expect("the thread has something to say")
}

async fn answer(sender: oneshot::Sender<u8>) {
    tokio::time::sleep(traps::SLOW).await;
    let _ = sender.send(1);
}
