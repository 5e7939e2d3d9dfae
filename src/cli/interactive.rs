//! Asks about each fix. Nothing is written before the last answer.

use std::io::{self, IsTerminal};

use crate::{
    apply::interrupt::PutOff,
    cli::{
        arguments::ScanArguments,
        interactive::session::{Enter, Session, Then},
        keyboard::Keyboard,
        output,
    },
    config::{Choice, decision::Fixes},
    plan::Plan,
    report::{Mode, Style},
};

mod draft;
mod session;

/// Refuses to ask where nobody can answer, before there is work that would be lost.
pub(super) fn check(arguments: &ScanArguments) -> Result<(), String> {
    let because = if !arguments.interactive {
        return Ok(());
    } else if arguments.mode() != Mode::Apply {
        "it asks what to write, so it goes with `--apply`"
    } else if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        "it asks in a terminal, and this is none"
    } else {
        return Ok(());
    };
    Err(format!("`--interactive` cannot be used here: {because}"))
}

/// The fixes of `plan` that the user wants; nothing when everything is to stay as it is.
pub(super) fn ask(
    arguments: &ScanArguments,
    plan: &Plan,
    choice: &Choice,
    keyboard: &Keyboard,
) -> io::Result<Option<Fixes>> {
    // A signal in the middle of a question must leave the keyboard as it was.
    let signals = PutOff::start()?;
    let enter = if arguments.default_no { Enter::No } else { Enter::Yes };
    let mut session = Session::new(plan, choice, enter);
    while let Some(question) = session.question(Style::Styled) {
        output::note(&question);
        // It may have come while the user was in the editor.
        if signals.came() {
            output::note("\n");
            return Ok(None);
        }
        match session.answer(&keyboard.read()?) {
            Then::Ask(text) => output::note(&text),
            Then::Edit(draft) => {
                output::note("edit\n");
                match draft.edit() {
                    Ok(fix) => output::note(&session.edited(fix)),
                    Err(error) => output::error(&error.to_string()),
                }
            }
            Then::End => {
                output::note("\n");
                return Ok(None);
            }
        }
    }
    Ok(Some(Fixes::Chosen(session.decisions)))
}
