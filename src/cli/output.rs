//! What goes to stdout and stderr, in colour where that is wanted.

use std::io::{self, Write};

use annotate_snippets::renderer::{DEFAULT_ERROR_STYLE, DEFAULT_WARNING_STYLE};
use anstream::{AutoStream, ColorChoice};

use crate::{cli::arguments::Colour, report::Style};

pub(super) fn choose_colour(colour: Colour) {
    let choice = match colour {
        Colour::Auto => ColorChoice::Auto,
        Colour::Always => ColorChoice::Always,
        Colour::Never => ColorChoice::Never,
    };
    choice.write_global();
}

/// Whether stdout takes colours.
pub(super) fn style() -> Style {
    match AutoStream::choice(&io::stdout()) {
        ColorChoice::Never => Style::Plain,
        _ => Style::Styled,
    }
}

/// Prints on stdout. A reader who has seen enough changes nothing of what was found.
pub(super) fn print(text: &str) -> Result<(), String> {
    // Text without colours goes out as it is: a patch may hold the very bytes that a filter of colours takes away.
    let result = match style() {
        Style::Plain => write_all(&mut io::stdout().lock(), text),
        Style::Styled => write_all(&mut anstream::stdout().lock(), text),
    };
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("the output cannot be written: {error}"))
        }
        _ => Ok(()),
    }
}

fn write_all(stream: &mut dyn Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// Prints on stderr, which may be closed without harm.
pub(super) fn note(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

pub(super) fn error(sentence: &str) {
    let style = DEFAULT_ERROR_STYLE;
    note(&format!("{style}error{style:#}: {sentence}\n"));
}

pub(super) fn warning(sentence: &str) {
    let style = DEFAULT_WARNING_STYLE;
    note(&format!("{style}warning{style:#}: {sentence}\n"));
}
