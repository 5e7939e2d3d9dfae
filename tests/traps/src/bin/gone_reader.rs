//! A reader that is taken out for each line, and is gone once nobody waited for one.

use std::time::Duration;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, duplex},
    time::{sleep, timeout},
};

struct Client {
    lines: Option<Lines<BufReader<DuplexStream>>>,
}

impl Client {
    async fn line(&mut self) -> Option<String> {
        let mut lines = self.lines.take()?;
        let line = lines.next_line().await;
        self.lines = Some(lines);
        line.ok()?
    }
}

fn main() {
    traps::watch(work());
}

async fn work() -> bool {
    let (ours, mut theirs) = duplex(64);
    tokio::spawn(async move {
        sleep(Duration::from_millis(100)).await;
        let _ = theirs.write_all(b"late\n").await;
    });
    let mut client = Client { lines: Some(BufReader::new(ours).lines()) };
    let early = timeout(Duration::from_millis(20), client.line()).await;
    assert!(early.is_err());
    client.line().await.is_some()
}
