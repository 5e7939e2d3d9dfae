//! A number of which one half comes before the time is up, and the other after.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time::{sleep, timeout},
};

fn main() {
    traps::watch(work());
}

async fn work() -> bool {
    let (mut ours, mut theirs) = duplex(64);
    tokio::spawn(async move {
        for half in [[0, 0], [1, 2]] {
            theirs.write_all(&half).await.expect("somebody reads");
            sleep(Duration::from_millis(80)).await;
        }
    });
    let mut number = [0; 4];
    loop {
        match timeout(Duration::from_millis(50), ours.read_exact(&mut number)).await {
            Ok(read) => return read.is_ok(),
            Err(_) => println!("still waiting"),
        }
    }
}
