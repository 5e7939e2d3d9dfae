//! Yes or no, from somebody at a terminal.

use std::io::{self, IsTerminal, Write};

/// Whether somebody is there to answer.
pub(super) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether the answer is yes. Nothing said is a no.
pub(super) fn ask(question: &str) -> bool {
    let mut stderr = io::stderr();
    let question = format!("{question} [y/N] ");
    let asked = stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush());
    let mut answer = String::new();
    asked.and_then(|()| io::stdin().read_line(&mut answer)).is_ok()
        && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}
