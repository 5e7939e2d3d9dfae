//! A future that nobody polls is the next to get the lock for which its own task waits.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::sleep};

fn main() {
    traps::watch(work());
}

async fn work() {
    let lock = Arc::new(Mutex::new(()));
    let taken = lock.clone().lock_owned().await;
    tokio::spawn(async move {
        sleep(Duration::from_millis(300)).await;
        drop(taken);
    });
    let mut first = Box::pin(use_it(lock.clone()));
    tokio::select! {
        _ = &mut first => println!("first"),
        _ = sleep(Duration::from_millis(100)) => {
            use_it(lock.clone()).await;
        }
    }
}

async fn use_it(lock: Arc<Mutex<()>>) {
    let _guard = lock.lock().await;
    sleep(Duration::from_millis(1)).await;
}
