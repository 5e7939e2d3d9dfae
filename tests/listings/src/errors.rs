//! Errors that say by themselves what becomes one of them.

use std::{io, num::ParseIntError};

use thiserror::Error;

#[derive(Debug, Error)]
enum ReadError {
    #[error("it cannot be read")]
    Io(#[from] io::Error),
    #[error("line {line} is too long")]
    TooLong { line: usize },
    #[error("it is no number")]
    Number {
        #[from]
        source: ParseIntError,
    },
}

#[derive(Debug, Error)]
#[error(transparent)]
struct Failed<E: std::error::Error + 'static>(#[from] Wrapped<E>);

#[derive(Debug, Error)]
#[error("{0}")]
struct Wrapped<E: std::error::Error>(E);

/// What it gives is known only where it is known that `io::Error` can become an `E`.
trait Source<E>: Sized {
    fn lines(self) -> Result<Vec<String>, E>;
}

impl<E: From<io::Error>> Source<E> for &str {
    fn lines(self) -> Result<Vec<String>, E> {
        Ok(std::fs::read_to_string(self).map(|it| it.lines().map(str::to_owned).collect())?)
    }
}

fn numbers(path: &str) -> Result<Vec<u32>, ReadError> {
    let lines = Source::<ReadError>::lines(path)?;
    if let Some(line) = lines.iter().position(|it| it.len() > 9) {
        return Err(ReadError::TooLong { line });
    }
    let numbers: Result<Vec<u32>, ParseIntError> = lines.iter().map(|it| it.parse()).collect();
    Ok(numbers.map_err(ReadError::from)?)
}

fn wrapped(path: &str) -> Result<usize, Failed<ReadError>> {
    let error = |it: ReadError| Failed::from(Wrapped(it));
    let numbers = numbers(path).map_err(|it| {
        println!("{}", it.to_string().to_uppercase());
        error(it)
    })?;
    Ok(numbers.len())
}
