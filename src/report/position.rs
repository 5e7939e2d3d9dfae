//! Lines and columns as people count them.

use ra_ap_ide_db::text_edit::TextSize;

use crate::{finding::Place, workspace::Texts};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Both from one. A column is a character, and a tab is one of them; a byte order mark is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl Position {
    pub fn of(offset: TextSize, text: &str) -> Position {
        let before = &text[..text.floor_char_boundary(offset.into())];
        let line_start = before.rfind('\n').map_or(0, |it| it + 1);
        let line = before.matches('\n').count() + 1;
        let on_line = before[line_start..].trim_start_matches(BYTE_ORDER_MARK);
        Position { line, column: on_line.chars().count() + 1 }
    }
}

/// `src/main.rs:12:5`, or the path alone when nothing is known of the text.
pub fn label(place: &Place, texts: &Texts) -> String {
    match texts.get(&place.file) {
        Some(text) => {
            let Position { line, column } = Position::of(place.range.start(), text);
            format!("{}:{line}:{column}", place.file)
        }
        None => place.file.to_string(),
    }
}
