//! Another checker that runs beside this one: what it says is passed on as it comes.

use std::{
    io::{self, BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    thread::JoinHandle,
};

use crate::{
    cli::{Outcome, arguments::ScanArguments, output},
    report::rustc_json::{self, Line},
};

/// What runs beside the analysis: nothing, where no other checker is asked for.
pub(super) struct Beside {
    running: Option<Checker>,
    end: End,
}

struct Checker {
    /// As the user wrote it.
    command: String,
    child: Child,
    listening: JoinHandle<Heard>,
}

/// What it has said.
#[derive(Default)]
struct Heard {
    messages: bool,
    /// Whether it says that it came to a good end.
    succeeded: Option<bool>,
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    Clean,
    /// It has found something.
    Found,
    /// It did not do its work.
    Failed,
}

impl End {
    /// How both ended.
    pub(super) fn with(self, outcome: Outcome) -> Outcome {
        match (self, outcome) {
            (End::Failed, _) => Outcome::Broken,
            (End::Found, Outcome::Clean) => Outcome::Found,
            (End::Clean | End::Found, it) => it,
        }
    }
}

impl Beside {
    /// Starts the checker that `arguments` name, if they do.
    pub(super) fn start(arguments: &ScanArguments) -> Result<Beside, String> {
        let running = match &arguments.cargo.with {
            Some(command) => Some(Checker::start(command, arguments)?),
            None => None,
        };
        Ok(Beside { running, end: End::Clean })
    }

    /// Waits until all is said, and says how it ended.
    pub(super) fn end(&mut self) -> End {
        if let Some(it) = self.running.take() {
            self.end = it.end();
        }
        self.end
    }
}

impl Checker {
    fn start(command: &str, arguments: &ScanArguments) -> Result<Checker, String> {
        if !arguments.format().is_rustc_json() {
            return Err("`--with` passes on the JSON of another checker: `--message-format json` goes with it".to_owned());
        }
        if arguments.output.output_file.is_some() {
            return Err("`--with` writes to stdout: `--output-file` does not go with it".to_owned());
        }
        let words = shlex::split(command).filter(|it| it.first().is_some_and(|it| !it.is_empty()));
        let words = words.ok_or_else(|| {
            format!(
                "`--with` names a command, as in `--with \"cargo clippy\"`; `{command}` is none"
            )
        })?;
        let words = told(words, arguments.for_cargo());
        let mut process = Command::new(&words[0]);
        let spawned = process.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|it| format!("`{command}` cannot be run: {it}"))?;
        let stdout = child.stdout.take();
        let listening = std::thread::spawn(move || stdout.map(listen).unwrap_or_default());
        Ok(Checker { command: command.to_owned(), child, listening })
    }

    fn end(mut self) -> End {
        let heard = self.listening.join().unwrap_or_default();
        let status = self.child.wait();
        let end = match (&status, heard.succeeded) {
            (Ok(it), succeeded) if it.success() && succeeded != Some(false) => End::Clean,
            (Ok(it), None) if !it.success() && !heard.messages => End::Failed,
            (Ok(_), _) => End::Found,
            (Err(_), _) => End::Failed,
        };
        match status {
            Ok(it) if end == End::Failed => {
                output::error(&format!("`{}` failed: {it}", self.command))
            }
            Ok(_) => (),
            Err(it) => output::error(&format!("`{}` cannot be waited for: {it}", self.command)),
        }
        end
    }
}

/// The words of a command, with `flags` if it is cargo, as far as it does not name them itself.
fn told(mut words: Vec<String>, flags: Vec<Vec<String>>) -> Vec<String> {
    let program = std::path::Path::new(&words[0]).file_stem();
    if program.is_none_or(|it| it != "cargo") {
        return words;
    }
    let end = words.iter().position(|it| it == "--").unwrap_or(words.len());
    let name = |it: &str| it.split('=').next().unwrap_or_default().to_owned();
    let named: Vec<String> = words[..end].iter().map(|it| name(it)).collect();
    // A flag that may stand twice stands once too where both say the same.
    let flags =
        flags.into_iter().filter(|it| !it.first().is_some_and(|it| named.contains(&name(it))));
    words.splice(end..end, flags.flatten());
    words
}

/// Passes on whole lines. Whether all is well is said once, by the last line of the whole run.
fn listen(stdout: impl io::Read) -> Heard {
    let mut heard = Heard::default();
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|it| it > 0) {
        match rustc_json::read(&line) {
            Line::Finished { success } => heard.succeeded = Some(success),
            it => {
                heard.messages |= it == Line::Message;
                if !line.ends_with(b"\n") {
                    line.push(b'\n');
                }
                let mut out = io::stdout().lock();
                // Who has seen enough is told no more, but the checker comes to its end.
                let _ = out.write_all(&line).and_then(|()| out.flush());
            }
        }
        line.clear();
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_told_what_it_does_not_say_itself() {
        let words = |it: &str| it.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let flags = || vec![words("--workspace"), words("--message-format=json"), words("-p a")];
        let told = |it: &str| told(words(it), flags()).join(" ");
        assert_eq!(told("cargo check"), "cargo check --workspace --message-format=json -p a");
        assert_eq!(
            told("/bin/cargo clippy --message-format json -- -D warnings"),
            "/bin/cargo clippy --message-format json --workspace -p a -- -D warnings"
        );
        assert_eq!(told("check-all --fast"), "check-all --fast");
    }
}
