//! Edits that were collected one by one.

use ra_ap_ide_db::text_edit::{TextEdit, TextRange};

/// All of them as one, in the order of the text; those at one place stay in theirs. None when two of them meet.
pub(super) fn joined(mut edits: Vec<(TextRange, String)>) -> Option<TextEdit> {
    edits.sort_by_key(|it| (it.0.start(), it.0.end()));
    let mut pairs = edits.iter().zip(edits.iter().skip(1));
    if pairs.any(|(first, second)| second.0.start() < first.0.end()) {
        return None;
    }
    let mut edit = TextEdit::builder();
    edits.into_iter().for_each(|(range, text)| edit.replace(range, text));
    Some(edit.finish())
}
