//! Keys of the terminal.

use std::{
    io,
    sync::mpsc::{Receiver, Sender, channel},
};

use console::{Key, Term};

type Answer = Sender<io::Result<Key>>;

/// Asks the main thread for keys. Signals reach that thread, so one that comes while it waits for a key ends the wait,
/// and the terminal gets back the settings that it had.
pub(super) struct Keyboard(Sender<Answer>);

/// What the main thread is asked for.
pub(super) struct Wanted(Receiver<Answer>);

pub(super) fn keyboard() -> (Keyboard, Wanted) {
    let (asking, asked) = channel();
    (Keyboard(asking), Wanted(asked))
}

impl Keyboard {
    /// The next key; Ctrl-C too when a signal has come.
    pub(super) fn read(&self) -> io::Result<Key> {
        let gone = || io::Error::other("nobody reads the keyboard");
        let (answer, answered) = channel();
        self.0.send(answer).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

impl Wanted {
    /// Reads keys until nobody can ask for more.
    pub(super) fn serve(self) {
        let terminal = Term::stderr();
        for answer in self.0 {
            // Who asked may be gone.
            let _ = answer.send(terminal.read_key_raw());
        }
    }
}
