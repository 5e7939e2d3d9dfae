//! Futures above 16 KiB in several forms, for `tests/ecosystem/boxes`: each is large because of what is at its bottom.

pub fn look<T>(_: &T) {}

/// The bytes are given to it, so that only a box makes those small that await it.
pub async fn store(picture: [u8; 20_000]) -> u8 {
    tokio::task::yield_now().await;
    picture[0]
}

pub mod chain {
    use super::store;

    async fn first() -> u8 {
        store([1; 20_000]).await
    }

    async fn second() -> u8 {
        first().await + 1
    }

    async fn third() -> u8 {
        second().await + 1
    }

    pub async fn fourth() -> u8 {
        third().await + 1
    }
}

pub mod fan {
    use super::store;

    async fn bottom(number: u8) -> u8 {
        store([number; 20_000]).await
    }

    pub async fn one() -> u8 {
        bottom(1).await
    }

    pub async fn two() -> u8 {
        bottom(1).await + bottom(2).await
    }

    pub async fn three() -> u8 {
        one().await + two().await
    }

    pub async fn four() -> u8 {
        let mut sum = 0;
        for number in 0..4 {
            sum += bottom(number).await;
        }
        sum + three().await
    }
}

pub mod raced {
    use std::time::Duration;

    use super::store;

    async fn load() -> u8 {
        store([1; 20_000]).await
    }

    pub async fn first_of_two() -> u8 {
        tokio::select! {
            it = load() => it,
            () = tokio::time::sleep(Duration::from_secs(1)) => 0,
        }
    }

    pub async fn in_time() -> u8 {
        tokio::time::timeout(Duration::from_secs(1), load()).await.unwrap_or_default()
    }

    pub async fn either(picture: [u8; 20_000]) -> u8 {
        tokio::select! {
            it = store(picture) => it,
            it = first_of_two() => it,
        }
    }
}

pub mod joined {
    use super::store;

    async fn load(number: u8) -> u8 {
        store([number; 20_000]).await
    }

    pub async fn both() -> u8 {
        let (one, other) = tokio::join!(load(1), load(2));
        one + other
    }

    pub async fn four() -> u8 {
        let (one, other) = tokio::join!(both(), both());
        one + other
    }
}

pub mod spawned {
    use super::store;

    async fn serve(number: u8) -> u8 {
        super::look(&number);
        store([number; 20_000]).await
    }

    pub async fn tasks() -> u8 {
        let one = tokio::spawn(serve(1));
        let other = tokio::spawn(async move { serve(2).await + serve(3).await });
        let mut set = tokio::task::JoinSet::new();
        set.spawn(serve(4));
        one.await.unwrap_or_default() + other.await.unwrap_or_default()
    }
}

pub mod retried {
    use super::store;

    async fn retry<F: Future<Output = u8>>(work: impl Fn() -> F) -> u8 {
        for _ in 0..3 {
            let result = work().await;
            if result > 0 {
                return result;
            }
        }
        0
    }

    pub async fn patient() -> u8 {
        retry(|| store([7; 20_000])).await
    }

    pub async fn more_patient() -> u8 {
        retry(|| async { patient().await + patient().await }).await
    }
}

pub mod buffers {
    use tokio::io::{AsyncRead, AsyncReadExt};

    async fn copy(reader: &mut (impl AsyncRead + Unpin)) -> usize {
        let mut buffer = [0u8; 32_768];
        let mut sum = 0;
        while let Ok(count @ 1..) = reader.read(&mut buffer).await {
            sum += count;
        }
        sum
    }

    pub async fn from_file(file: &mut tokio::fs::File) -> usize {
        copy(file).await
    }

    pub async fn from_both(file: &mut tokio::fs::File, other: &mut tokio::fs::File) -> usize {
        from_file(file).await + from_file(other).await
    }
}
