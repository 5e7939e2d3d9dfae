//! Streams written as code that yields.

use std::{io, time::Duration};

use async_stream::{stream, try_stream};
use futures::{Stream, StreamExt, TryStreamExt, pin_mut};

fn countdown(from: u32) -> impl Stream<Item = u32> {
    stream! {
        for number in (0..from).rev() {
            tokio::time::sleep(Duration::from_millis(10)).await;
            yield number.pow(2);
        }
    }
}

fn lines(texts: Vec<String>) -> impl Stream<Item = io::Result<String>> {
    try_stream! {
        for await number in countdown(3) {
            yield number.to_string().repeat(2);
        }
        for text in texts {
            let upper: String = check(&text)?.to_uppercase();
            yield upper.trim().to_owned();
        }
    }
}

fn check(text: &str) -> io::Result<&str> {
    text.is_ascii().then_some(text).ok_or_else(|| io::Error::other("not ASCII"))
}

async fn print_all() -> io::Result<()> {
    let numbers: Vec<u32> = countdown(5).collect().await;
    println!("{}", numbers.len());
    let texts = lines(vec!["a".to_owned()]);
    pin_mut!(texts);
    while let Some(text) = texts.try_next().await? {
        println!("{}", text.len());
    }
    futures::try_join!(async { check("b").map(str::len) }, async { check("c").map(str::len) })?;
    Ok(())
}
