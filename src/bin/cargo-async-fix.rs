//! `cargo async-fix`: cargo runs this and puts the name of the subcommand before the arguments.

use std::process::ExitCode;

use async_fix::cli;
use mimalloc::MiMalloc;

/// Two threads make what one then uses: with glibc's own allocator they wait for each other, and an analysis of 60,000
/// lines takes a third more CPU time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|it| it == "async-fix") {
        arguments.remove(0);
    }
    cli::run("cargo async-fix", arguments)
}
