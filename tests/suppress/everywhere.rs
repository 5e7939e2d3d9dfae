//! Findings in all places where a comment has to find its own.

use std::{fs, thread, time::Duration};

mod windows;

pub struct Read {
    pub bytes: Vec<u8>,
    pub size: u8,
}

#[inline]
pub async fn everywhere(which: u8) -> std::io::Result<Read> {
    // A remark about reading.
    let data = fs::read_to_string("x")?
        .lines()
        .map(|it| it.len())
        .sum::<usize>();
    // async-fix: ignore[blocking-sleep] -- known
    for _ in fs::read_dir("y")? {
        thread::sleep(Duration::from_secs(1));
    }
    let future = async move { fs::read("inline") };
    let _ = future.await;
    let bytes = match which {
        0 => fs::read("a")?,
        1 if fs::exists("c")? => vec![],
        _ => {
            thread::sleep(Duration::from_secs(1));
            vec![]
        }
    };
    println!("{data} {:?}", fs::read("argument"));
    tokio::select! {
        _ = tokio::time::sleep(Duration::from_secs(1)) => {
            thread::sleep(Duration::from_secs(1));
            fs::read("in select")?;
        }
        _ = tokio::task::yield_now() => {}
    }
    if fs::exists("d")? {
        drop(bytes);
    } else if fs::exists("e")? {
        fs::remove_file("e")?;
    }
    let read = Read {
        bytes: fs::read("field")?,
        size: 1,
    };
    drop(read);
    windows::load().await;
    fs::read("tail").map(|bytes| Read { bytes, size: 0 })
}
