//! Two thousand answers are asked for at once, and all of them are in memory at once.

use futures::future::join_all;

const ANSWERS: u32 = 2_000;
const BYTES: usize = 50_000;
/// Half of what all answers take, in kilobytes.
const ENOUGH: u64 = 50_000;

fn main() {
    traps::watch(work());
}

async fn work() -> bool {
    let lengths = join_all((0..ANSWERS).map(ask)).await;
    assert!(lengths.into_iter().all(|it| it == BYTES));
    most_memory().await < ENOUGH
}

async fn ask(number: u32) -> usize {
    let answer = vec![number as u8; BYTES];
    tokio::task::yield_now().await;
    answer.len()
}

/// The most that the process ever had, in kilobytes, as Linux tells it.
async fn most_memory() -> u64 {
    let status = tokio::fs::read_to_string("/proc/self/status").await.unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}
