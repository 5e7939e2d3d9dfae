//! A buffer in the middle of some functions that await each other: the stack of a worker is too small for it.

use tokio::io::AsyncReadExt;

fn main() {
    traps::watch(work());
}

async fn work() -> usize {
    server().await
}

async fn server() -> usize {
    connection().await
}

async fn connection() -> usize {
    request().await
}

async fn request() -> usize {
    body().await
}

async fn body() -> usize {
    let mut reader = tokio::io::repeat(1).take(1_000_000);
    let mut buffer = [0u8; 256 * 1024];
    let mut ones = 0;
    loop {
        let count = reader.read(&mut buffer).await.unwrap();
        if count == 0 {
            return ones;
        }
        ones += buffer[..count].iter().filter(|it| **it == 1).count();
    }
}
