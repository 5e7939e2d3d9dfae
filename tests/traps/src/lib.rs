//! A heart that beats on the only worker, and slow things to wait for.

use std::{
    fmt::Debug,
    future::Future,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use tokio::runtime::Builder;

/// How long each slow thing takes.
pub const SLOW: Duration = Duration::from_millis(1500);

/// What a worker has, where nobody says otherwise.
const STACK: usize = 2 << 20;

const BEAT: Duration = Duration::from_millis(5);

/// Runs `work` as a task beside a heartbeat, on a runtime with one worker; prints what comes of it, and how long the
/// heart stood still at most.
pub fn watch<T: Debug + Send + 'static>(work: impl Future<Output = T> + Send + 'static) {
    watch_with(1, STACK, work);
}

/// The same with several workers.
pub fn watch_on_several<T: Debug + Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) {
    watch_with(4, STACK, work);
}

/// The same on a stack of so many bytes.
pub fn watch_on<T: Debug + Send + 'static>(
    stack: usize,
    work: impl Future<Output = T> + Send + 'static,
) {
    watch_with(1, stack, work);
}

fn watch_with<T: Debug + Send + 'static>(
    workers: usize,
    stack: usize,
    work: impl Future<Output = T> + Send + 'static,
) {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(workers).thread_stack_size(stack).enable_all().build().unwrap();
    let (result, pause) = runtime.block_on(async {
        let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
        let heart = tokio::spawn(async move {
            let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
            while stopped.try_recv().is_err() {
                tokio::time::sleep(BEAT).await;
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            longest
        });
        tokio::time::sleep(4 * BEAT).await;
        let result = tokio::spawn(work).await;
        let _ = stop.send(());
        (result, heart.await.unwrap())
    });
    // Some thread may still be stuck.
    runtime.shutdown_background();
    println!("{result:?}, and the longest pause is {} ms", pause.as_millis());
    std::process::exit(i32::from(result.is_err()));
}

/// A named pipe that gives its text after a while, as a disk does that has to be woken.
pub fn slow_file() -> PathBuf {
    let path = std::env::temp_dir().join(format!("async-fix-trap-{}", std::process::id()));
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let pipe = path.clone();
    thread::spawn(move || {
        thread::sleep(SLOW);
        std::fs::write(&pipe, "text").unwrap();
        std::fs::remove_file(&pipe).unwrap();
    });
    path
}
