//! Positions as editors count them.

use gen_lsp_types::{Position, Range};
use ra_ap_ide_db::{
    line_index::{LineIndex, WideEncoding},
    text_edit::{TextRange, TextSize},
};

/// In what the characters of a line are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
    Utf32,
}

impl Encoding {
    fn measure(self, text: &str) -> usize {
        match self {
            Encoding::Utf8 => text.len(),
            Encoding::Utf16 => WideEncoding::Utf16.measure(text),
            Encoding::Utf32 => WideEncoding::Utf32.measure(text),
        }
    }
}

/// A text with its lines.
pub(super) struct Lines<'t> {
    text: &'t str,
    index: LineIndex,
    encoding: Encoding,
}

impl<'t> Lines<'t> {
    pub fn new(text: &'t str, encoding: Encoding) -> Lines<'t> {
        Lines { text, index: LineIndex::new(text), encoding }
    }

    pub fn position(&self, offset: TextSize) -> Position {
        let offset = self.text.floor_char_boundary(offset.into());
        let line = self.text[..offset].rfind('\n').map_or(0, |it| it + 1);
        let number = self.index.try_line_col(size(offset)).map_or(0, |it| it.line);
        let character = self.encoding.measure(&self.text[line..offset]);
        Position { line: number, character: u32::try_from(character).unwrap_or(u32::MAX) }
    }

    pub fn range(&self, range: TextRange) -> Range {
        Range { start: self.position(range.start()), end: self.position(range.end()) }
    }

    /// What lies behind the end of a line is its end, and what lies behind the last line is the end of the text.
    pub fn offset(&self, position: Position) -> TextSize {
        let Some(line) = self.index.line(position.line) else { return TextSize::of(self.text) };
        let text = self.text[line].trim_end_matches(['\n', '\r']);
        let mut left = usize::try_from(position.character).unwrap_or(usize::MAX);
        let mut buffer = [0; 4];
        for (at, it) in text.char_indices() {
            let width = self.encoding.measure(it.encode_utf8(&mut buffer));
            if left < width {
                return line.start() + size(at);
            }
            left -= width;
        }
        line.start() + TextSize::of(text)
    }

    /// One that ends before it starts is empty.
    pub fn text_range(&self, range: Range) -> TextRange {
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        TextRange::new(start, end.max(start))
    }

    /// The whole lines that `range` touches.
    pub fn around(&self, range: TextRange) -> TextRange {
        let from = self.text[..usize::from(range.start())].rfind('\n').map_or(0, |it| it + 1);
        let end = usize::from(range.end());
        let to = self.text[end..].find('\n').map_or(self.text.len(), |it| end + it);
        TextRange::new(size(from), size(to))
    }
}

fn size(it: usize) -> TextSize {
    TextSize::try_from(it).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\r\né🦀x\n\nlast";

    #[test]
    fn each_encoding_counts_its_own_way() {
        let crab = TextSize::try_from(TEXT.find('🦀').unwrap()).unwrap();
        let after = crab + TextSize::of('🦀');
        for (encoding, before, behind) in
            [(Encoding::Utf8, 2, 6), (Encoding::Utf16, 1, 3), (Encoding::Utf32, 1, 2)]
        {
            let lines = Lines::new(TEXT, encoding);
            assert_eq!(lines.position(crab), Position { line: 1, character: before });
            assert_eq!(lines.position(after), Position { line: 1, character: behind });
            assert_eq!(lines.offset(Position { line: 1, character: behind }), after);
            // In the middle of a character is before it.
            assert_eq!(lines.offset(Position { line: 1, character: before }), crab);
        }
        let utf16 = Lines::new(TEXT, Encoding::Utf16);
        assert_eq!(utf16.offset(Position { line: 1, character: 2 }), crab);
    }

    #[test]
    fn every_offset_comes_back() {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            let lines = Lines::new(TEXT, encoding);
            for (at, _) in TEXT.char_indices().filter(|it| it.1 != '\n') {
                assert_eq!(usize::from(lines.offset(lines.position(size(at)))), at);
            }
        }
    }

    #[test]
    fn what_is_beyond_is_the_end() {
        let lines = Lines::new(TEXT, Encoding::Utf16);
        let at = |line, character| usize::from(lines.offset(Position { line, character }));
        assert_eq!(at(0, 99), 1);
        assert_eq!(at(99, 0), TEXT.len());
        assert_eq!(at(3, 99), TEXT.len());
        assert_eq!(lines.around(TextRange::empty(size(5))), TextRange::new(size(3), size(10)));
    }
}
