//! An answer that was paid for and is forgotten: it is kept only once somebody has been told of it, who is slow.

use std::{collections::HashMap, time::Duration};

use tokio::time::{sleep, timeout};

#[derive(Default)]
struct Cache {
    known: HashMap<u32, String>,
}

impl Cache {
    async fn get(&mut self, key: u32) {
        let answer = ask(key).await;
        tell(answer.clone()).await;
        self.known.insert(key, answer);
    }
}

fn main() {
    traps::watch(work());
}

async fn work() -> bool {
    let mut cache = Cache::default();
    let _ = timeout(Duration::from_millis(50), cache.get(3)).await;
    cache.known.contains_key(&3)
}

async fn ask(key: u32) -> String {
    sleep(Duration::from_millis(5)).await;
    key.to_string()
}

async fn tell(answer: String) {
    sleep(Duration::from_secs(1)).await;
    println!("{answer}");
}
