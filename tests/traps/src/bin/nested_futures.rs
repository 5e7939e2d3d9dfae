//! Futures in futures, on a stack of the size that the main thread has on Windows.

struct Page([u8; 30_000]);

fn main() {
    traps::watch_on(1 << 20, work());
}

async fn work() -> u64 {
    book().await + book().await
}

async fn book() -> u64 {
    chapter().await + chapter().await + chapter().await
}

async fn chapter() -> u64 {
    print(Page([1; 30_000])).await + print(Page([2; 30_000])).await + print(Page([3; 30_000])).await
}

async fn print(page: Page) -> u64 {
    tokio::task::yield_now().await;
    page.0.iter().copied().map(u64::from).sum()
}
