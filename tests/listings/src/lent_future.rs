//! A future that is lent to `select!` and then stands still with a place in the queue for a lock.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{sync::Mutex, time::sleep};

#[tokio::main]
async fn main() {
    let lock = Arc::new(Mutex::new(0u32));
    tokio::spawn(hold(lock.clone()));
    sleep(Duration::from_millis(100)).await;

    let mut first = use_lock("first", lock.clone()).boxed();
    tokio::select! {
        count = &mut first => {
            println!("first was in time: {}", count.saturating_add(1));
        }
        _ = sleep(Duration::from_millis(500)) => {
            println!("now the second");
            use_lock("second", lock.clone()).await;
        }
    }
    futures::select! {
        count = use_lock("third", lock.clone()).fuse() => println!("{}", count.leading_zeros()),
        _ = sleep(Duration::from_millis(10)).fuse() => println!("{}", "late".to_uppercase()),
    }
    let (a, b) = futures::join!(use_lock("a", lock.clone()), use_lock("b", lock.clone()));
    println!("{} {}", a.count_ones(), b.count_ones());
    let (c, d) = tokio::join!(use_lock("c", lock.clone()), async { "d".len() });
    println!("{} {}", c.count_ones(), d.count_ones());
}

async fn use_lock(name: &str, lock: Arc<Mutex<u32>>) -> u32 {
    println!("{name} waits");
    let mut count = lock.lock().await;
    *count = count.wrapping_add(1);
    println!("{name} had the lock");
    count.swap_bytes()
}

async fn hold(lock: Arc<Mutex<u32>>) {
    let _guard = lock.lock().await;
    sleep(Duration::from_secs(5)).await;
    println!("let go");
}
