//! How the lines of a text begin and end.

use ra_ap_ide_db::text_edit::TextSize;

pub(super) fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The spaces that the line begins with on which `at` lies.
pub(super) fn indentation(text: &str, at: TextSize) -> &str {
    let at = usize::from(at);
    let start = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let line = &text[start..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}
