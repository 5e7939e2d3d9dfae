//! A task that copies what a slow disk gives, line by line.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

fn main() {
    let copy = std::env::temp_dir().join(format!("async-fix-lines-{}", std::process::id()));
    traps::watch(work(traps::slow_file(), copy));
}

async fn work(path: PathBuf, copy: PathBuf) -> io::Result<String> {
    let lines = copied(&path, &copy).await?;
    // All that was written has to be there by now.
    let text = std::fs::read_to_string(&copy)?;
    std::fs::remove_file(&copy)?;
    assert_eq!(text, format!("{lines}: text\n"));
    Ok(text)
}

async fn copied(path: &Path, copy: &Path) -> io::Result<usize> {
    let mut number = 0;
    let mut file = File::create(copy)?;
    for line in BufReader::new(File::open(path)?).lines() {
        let line = line?;
        number += 1;
        writeln!(file, "{number}: {line}")?;
    }
    Ok(number)
}
