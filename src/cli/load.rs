//! A loaded workspace, and the sources of `std` before it when they are missing.

use std::{io, process::Command};

use crate::{
    cli::{arguments::ProjectArguments, progress::Progress, question},
    config::ProjectRequest,
    workspace::{LoadError, Workspace},
};

/// What to do when the sources of `std` are missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum StdSources {
    /// Where somebody is there to answer.
    Ask,
    Install,
}

impl StdSources {
    pub(super) fn of(arguments: &ProjectArguments) -> StdSources {
        match arguments.install_std_sources {
            true => StdSources::Install,
            false => StdSources::Ask,
        }
    }
}

pub(super) fn load(
    request: &ProjectRequest,
    std_sources: StdSources,
    progress: &Progress,
) -> Result<Workspace, String> {
    let load = || Workspace::load(request, &|it| progress.say(it));
    match load() {
        Err(LoadError::NoStdSources { command }) => {
            progress.pause(|| get(&command, std_sources))?;
            load().map_err(sentence)
        }
        result => result.map_err(sentence),
    }
}

/// What the user is told.
pub(super) fn sentence(error: LoadError) -> String {
    match error {
        LoadError::NoStdSources { command } => missing(&command),
        LoadError::Other(sentence) => sentence,
    }
}

fn missing(command: &str) -> String {
    format!(
        "the sources of std are missing, without which most calls are unknown: run `{command}`, \
         or let `--install-std-sources` run it, or name their folder with `--std-src`"
    )
}

fn get(command: &str, std_sources: StdSources) -> Result<(), String> {
    let wanted = match std_sources {
        StdSources::Install => true,
        StdSources::Ask => {
            let question = format!("The sources of std are missing. Run `{command}`?");
            question::is_possible() && question::ask(&question)
        }
    };
    if wanted { run(command) } else { Err(missing(command)) }
}

fn run(command: &str) -> Result<(), String> {
    let mut words = command.split_whitespace();
    let mut process = Command::new(words.next().unwrap_or_default());
    // Stdout is for findings.
    let status = process.args(words).stdout(io::stderr()).status();
    match status {
        Ok(it) if it.success() => Ok(()),
        Ok(it) => Err(format!("`{command}` failed: {it}")),
        Err(error) => Err(format!("`{command}` cannot be run: {error}")),
    }
}
