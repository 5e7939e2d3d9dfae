//! The documents that the editor has open, as they are in it.

use std::{collections::BTreeMap, path::PathBuf};

use gen_lsp_types::{TextDocumentContentChangeEvent, Uri};

use crate::lsp::lines::{Encoding, Lines};

/// One document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Document {
    /// As the editor writes it.
    pub uri: Uri,
    pub version: i32,
    pub text: String,
}

/// All of them, by their files.
pub(super) type Documents = BTreeMap<PathBuf, Document>;

impl Document {
    /// Makes the changes, each in the text that the one before has left.
    pub fn change(
        &mut self,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) {
        self.version = version;
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(it) => {
                    let range = Lines::new(&self.text, encoding).text_range(it.range);
                    self.text.replace_range(std::ops::Range::<usize>::from(range), &it.text);
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(it) => {
                    self.text = it.text;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_follow_each_other() {
        let mut document =
            Document {
                uri: Uri::from("file:///a".to_owned()), version: 1, text: "é🦀\nb".into()
            };
        let range = |from: [u32; 2], to: [u32; 2]| {
            json!({
                "start": { "line": from[0], "character": from[1] },
                "end": { "line": to[0], "character": to[1] },
            })
        };
        let changes = json!([
            { "range": range([0, 1], [0, 3]), "rangeLength": 2, "text": "x\ny" },
            { "range": range([2, 1], [9, 9]), "text": "!" },
        ]);
        let changes = serde_json::from_value(changes).unwrap();
        document.change(2, changes, Encoding::Utf16);
        assert_eq!((document.version, document.text.as_str()), (2, "éx\ny\nb!"));
        let whole = serde_json::from_value(json!([{ "text": "new" }])).unwrap();
        document.change(3, whole, Encoding::Utf16);
        assert_eq!(document.text, "new");
    }
}
