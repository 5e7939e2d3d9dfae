//! `cargo async-fix`: cargo runs this and puts the name of the subcommand before the arguments.

use std::process::ExitCode;

use async_fix::cli;

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|it| it == "async-fix") {
        arguments.remove(0);
    }
    cli::run("cargo async-fix", arguments)
}
