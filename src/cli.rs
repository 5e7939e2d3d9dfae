//! The command line.

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory, FromArgMatches};

use crate::{
    cli::{
        arguments::{Arguments, Command, RulesFormat},
        keyboard::Keyboard,
    },
    config::names,
    plan::look,
    report::{json, rules},
};

mod arguments;
mod catalogue;
mod changed;
mod checker;
mod choosing;
mod configure;
mod hints;
mod interactive;
mod keyboard;
mod load;
mod output;
mod paths;
mod progress;
mod question;
mod reports;
mod scan;
mod server;
mod sizes;
mod undo;
mod verify;
mod write;

/// How a run ended, apart from what stopped it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Clean,
    /// There is something to do at or above `--fail-on`.
    Found,
    /// A fix was wrong, and was taken back.
    TakenBack,
    /// A rule panicked: what was not found means nothing.
    Broken,
    /// The user asked it to end, and the files are as they were.
    Interrupted,
    /// The editor that was served has gone without a word.
    Abandoned,
}

const FAILURE: u8 = 2;
/// As a shell says it of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;
const TAKEN_BACK: u8 = 3;

/// Code nests as deep as people write it, and so does what reads it.
const STACK_BYTES: usize = 256 << 20;

/// Does what `arguments` ask for; `program` is what the user typed before them.
pub fn run(program: &'static str, arguments: Vec<OsString>) -> ExitCode {
    let work = std::thread::Builder::new().stack_size(STACK_BYTES);
    let (keyboard, wanted) = keyboard::keyboard();
    let working = work.spawn(move || run_here(program, arguments, &keyboard));
    let ended = working.map(|it| {
        wanted.serve();
        it.join()
    });
    match ended {
        Ok(Ok(code)) => code,
        // What went wrong in the thread has been said by it.
        Ok(Err(_)) => ExitCode::from(FAILURE),
        Err(error) => {
            output::error(&format!("no thread can be started: {error}"));
            ExitCode::from(FAILURE)
        }
    }
}

fn run_here(program: &'static str, arguments: Vec<OsString>, keyboard: &Keyboard) -> ExitCode {
    let command = with_environment(Arguments::command().bin_name(program));
    let all = [OsString::from("async-fix")].into_iter().chain(arguments.iter().cloned());
    let parsed = command.try_get_matches_from(all).and_then(|it| Arguments::from_arg_matches(&it));
    let parsed = match parsed {
        Ok(it) => it,
        Err(error) => {
            // Help that nobody reads any more is no failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(FAILURE));
        }
    };
    output::choose_colour(parsed.colour);
    let speak = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !look::is_guarded() {
            speak(panic);
        }
    }));
    let result = match parsed.command {
        Some(Command::Explain { rule }) => explain(&rule),
        Some(Command::Rules { output_format }) => list(output_format),
        Some(Command::Schema) => output::print(json::SCHEMA).map(|()| Outcome::Clean),
        Some(Command::Config(command)) => configure::configure(&command),
        Some(Command::Undo { list: true, .. }) => undo::list(),
        Some(Command::Undo { run, .. }) => undo::undo(run.as_deref()),
        Some(Command::Clean { runs }) => undo::clean(&runs),
        Some(Command::Sizes(arguments)) => sizes::print(&arguments),
        Some(Command::Lsp(arguments)) => server::serve(arguments),
        None => scan::scan(&parsed.scan, program, &hints::commands(program, &arguments), keyboard),
    };
    match result {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Found) if parsed.scan.exit_zero => ExitCode::SUCCESS,
        Ok(Outcome::Found | Outcome::Abandoned) => ExitCode::from(1),
        Ok(Outcome::TakenBack) => ExitCode::from(TAKEN_BACK),
        Ok(Outcome::Broken) => ExitCode::from(FAILURE),
        Ok(Outcome::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(sentence) => {
            output::error(&sentence);
            ExitCode::from(FAILURE)
        }
    }
}

/// What the environment says counts where nothing is said on the command line.
fn with_environment(command: clap::Command) -> clap::Command {
    match std::env::var("ASYNC_FIX_OUTPUT_FORMAT") {
        Ok(format) if !format.is_empty() => command.mut_arg("output_format", |it| {
            // It is read once, and lives as long as the command.
            it.default_value(&*Box::leak(format.into_boxed_str()))
        }),
        _ => command,
    }
}

fn explain(rule: &str) -> Result<Outcome, String> {
    let pages = catalogue::pages();
    output::print(&rules::explain(names::page(rule, &pages)?))?;
    Ok(Outcome::Clean)
}

fn list(format: RulesFormat) -> Result<Outcome, String> {
    let pages = catalogue::pages();
    let text = match format {
        RulesFormat::Full => rules::table(&pages),
        RulesFormat::Json => rules::json(&pages),
    };
    output::print(&text)?;
    Ok(Outcome::Clean)
}
