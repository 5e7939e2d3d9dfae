//! Many connections at once, all of them driven by one task.

use std::{thread, time::Duration};

use futures::StreamExt;
use tokio::{net::TcpStream, time::timeout};

#[tokio::main]
async fn main() {
    let mut open: Vec<u16> = futures::stream::iter(1..=u16::MAX)
        .map(|port| {
            let address = format!("127.0.0.1:{port}");
            async move {
                println!("{address} on {:?}", thread::current().id());
                let connected = timeout(Duration::from_millis(200), TcpStream::connect(address)).await;
                matches!(connected, Ok(Ok(_))).then_some(port)
            }
        })
        .buffer_unordered(999_999_999)
        .filter_map(|port| async move { port })
        .collect()
        .await;
    open.sort_unstable();
    println!("{open:?}");
}
