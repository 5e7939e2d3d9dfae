//! The lines of a text that are shown, fit to be drawn: no byte order mark, and `\n` as the only line end.

use std::ops::Range;

use ra_ap_ide_db::text_edit::TextRange;

/// A run of whole lines.
pub(super) struct Window {
    pub(super) text: String,
    /// Counted from one.
    pub(super) first_line: usize,
    /// Where the run starts in the whole text.
    start: usize,
    /// Offsets from `start` of the bytes that were left out, in order.
    left_out: Vec<usize>,
}

impl Window {
    /// The lines from the first of `ranges` to the last.
    pub(super) fn around(text: &str, ranges: impl Iterator<Item = TextRange>) -> Option<Window> {
        let all = ranges.reduce(TextRange::cover)?;
        let from = text.floor_char_boundary(all.start().into());
        let to = text.floor_char_boundary(all.end().into());
        let start = text[..from].rfind('\n').map_or(0, |it| it + 1);
        let end = text[to..].find('\n').map_or(text.len(), |it| to + it + 1);
        let lines = &text[start..end];
        let mut left_out: Vec<usize> = lines.match_indices("\r\n").map(|(at, _)| at).collect();
        if lines.starts_with('\u{feff}') {
            left_out.splice(0..0, 0..'\u{feff}'.len_utf8());
        }
        let first_line = text[..start].matches('\n').count() + 1;
        Some(Window { text: drawable(lines), first_line, start, left_out })
    }

    /// Where `range` of the whole text is in this one.
    pub(super) fn span(&self, range: TextRange) -> Range<usize> {
        self.offset(range.start().into())..self.offset(range.end().into())
    }

    fn offset(&self, offset: usize) -> usize {
        let offset = offset.saturating_sub(self.start);
        let offset = offset - self.left_out.partition_point(|it| *it < offset);
        self.text.floor_char_boundary(offset)
    }
}

pub(super) fn drawable(text: &str) -> String {
    text.trim_start_matches('\u{feff}').replace("\r\n", "\n")
}
