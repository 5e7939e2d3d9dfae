//! `async-fix`, by its own name.

use std::process::ExitCode;

use async_fix::cli;
use mimalloc::MiMalloc;

/// Two threads make what one then uses: with glibc's own allocator they wait for each other, and an analysis of 60,000
/// lines takes a third more CPU time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1).collect();
    cli::run("async-fix", arguments)
}
