//! Two thousand ports are asked at once, by one thread where there are several.

use std::{collections::HashSet, sync::Mutex, thread::ThreadId};

use futures::{StreamExt, stream};

const PORTS: u16 = 2_000;

static THREADS: Mutex<Option<HashSet<ThreadId>>> = Mutex::new(None);

fn main() {
    traps::watch_on_several(work());
}

async fn work() -> bool {
    let probes = stream::iter(1..PORTS).map(is_open);
    let open = probes.buffer_unordered(999_999_999);
    let open = open.filter(|it| std::future::ready(*it)).count().await;
    assert!(open < usize::from(PORTS));
    let threads = THREADS.lock().unwrap().take().unwrap_or_default();
    threads.len() > 1
}

async fn is_open(port: u16) -> bool {
    let connected = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok();
    note_thread();
    connected
}

fn note_thread() {
    let mut threads = THREADS.lock().unwrap();
    threads.get_or_insert_default().insert(std::thread::current().id());
}
