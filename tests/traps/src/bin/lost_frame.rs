//! Frames that come byte by byte, beside something that comes more often: none is ever whole.

use std::{sync::Mutex, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::{interval, sleep},
};

static SEEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn main() {
    traps::watch(work());
}

async fn work() -> bool {
    let (mut ours, mut theirs) = duplex(64);
    tokio::spawn(async move {
        for it in 0..8 {
            theirs.write_all(&[it]).await.expect("somebody reads");
            sleep(Duration::from_millis(20)).await;
        }
    });
    let mut beat = interval(Duration::from_millis(5));
    loop {
        tokio::select! {
            _ = collect(&mut ours) => break,
            _ = beat.tick() => {}
        }
    }
    let seen = SEEN.lock().expect("nobody panics");
    *seen == [0, 1, 2, 3, 4, 5, 6, 7]
}

async fn collect(from: &mut DuplexStream) {
    let mut frame = [0; 4];
    while from.read_exact(&mut frame).await.is_ok() {
        SEEN.lock().expect("nobody panics").extend(frame);
    }
}
