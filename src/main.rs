//! `async-fix`, by its own name.

use std::process::ExitCode;

use async_fix::cli;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1).collect();
    cli::run("async-fix", arguments)
}
