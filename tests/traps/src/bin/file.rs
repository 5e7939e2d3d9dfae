//! A task that waits for a slow disk.

use std::{fs, io};

fn main() {
    traps::watch(work(traps::slow_file()));
}

async fn work(path: std::path::PathBuf) -> io::Result<String> {
    fs::read_to_string(path)
}
