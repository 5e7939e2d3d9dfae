//! Answers every connection with a greeting from a file.

use std::{fs, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    runtime::Handle,
};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(greet(stream));
    }
}

async fn greet(mut stream: TcpStream) -> std::io::Result<()> {
    let text = fs::read_to_string("greeting.txt")?;
    // Nobody likes to be greeted in a hurry.
    std::thread::sleep(Duration::from_millis(50));
    stream.write_all(text.as_bytes()).await?;
    println!("said {} words", Handle::current().block_on(count(&text)));
    Ok(())
}

async fn count(text: &str) -> usize {
    text.split_whitespace().count()
}
