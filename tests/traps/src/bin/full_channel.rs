//! Lines come in faster than anybody stores them, and all of them wait in a channel.

use std::time::Duration;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex},
    sync::mpsc,
};

const LINES: usize = 1_000;
/// So many may wait.
const FEW: usize = 100;

fn main() {
    traps::watch(work());
}

async fn work() -> bool {
    let (ours, theirs) = duplex(64);
    tokio::spawn(say(theirs));
    let mut lines = BufReader::new(ours).lines();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let storing = tokio::spawn(async move {
        let mut most = 0;
        while let Some(line) = receiver.recv().await {
            most = most.max(receiver.len());
            store(line).await;
        }
        most
    });
    while let Ok(Some(line)) = lines.next_line().await {
        if sender.send(line).is_err() {
            break;
        }
    }
    drop(sender);
    storing.await.unwrap() < FEW
}

async fn say(mut to: DuplexStream) {
    for number in 0..LINES {
        to.write_all(format!("{number}\n").as_bytes()).await.unwrap();
    }
}

async fn store(line: String) {
    tokio::time::sleep(Duration::from_millis(1)).await;
    drop(line);
}
