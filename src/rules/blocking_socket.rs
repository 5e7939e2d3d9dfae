//! Sockets whose calls wait, in the hands of a runtime.

use crate::{
    facts::blocking_sockets::BlockingSocket, finding::Note, fix::nonblocking, rules::Pass,
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for it in pass.body.blocking_sockets() {
        let (made, fix) = (made(&it), nonblocking::tell(pass.around, &it));
        let message = format!("{} takes {}, whose calls still wait", it.row.said(), what(&it));
        let finding = pass.report(it.at, message);
        finding.because.push(made);
        match fix {
            Ok(fix) => finding.fixes.extend(fix),
            Err(why) => finding.because.push(Note::new(format!(
                "`set_nonblocking(true)` has to come before it, and is not written by a fix: {why}"
            ))),
        }
    }
}

fn what(it: &BlockingSocket) -> String {
    it.name.as_ref().map_or_else(|| "a socket".to_owned(), |it| format!("`{it}`"))
}

fn made(it: &BlockingSocket) -> Note {
    let text =
        format!("{} gives one that waits, and nobody has told it otherwise", it.maker.said());
    Note::perhaps_at(it.made.clone(), text)
}
