//! A span that is entered while its task is suspended, and takes in what another task has to say.

use std::sync::{Arc, Mutex};

use tokio::{runtime, task};
use tracing::info;

fn main() {
    traps::watch(async { task::spawn_blocking(work).await.unwrap() });
}

fn work() -> bool {
    let said = Arc::new(Mutex::new(Vec::new()));
    let writer = Said(Arc::clone(&said));
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { tokio::join!(pay(), idle()) });
    let said = String::from_utf8(said.lock().unwrap().clone()).unwrap();
    let is_in_span = |what: &str| said.lines().any(|it| it.contains(what) && it.contains("payment"));
    is_in_span("paid") && !is_in_span("idle")
}

async fn pay() {
    let span = tracing::info_span!("payment");
    let _entered = span.enter();
    task::yield_now().await;
    info!("paid");
}

async fn idle() {
    info!("idle");
}

/// What was written to the log.
#[derive(Clone)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
