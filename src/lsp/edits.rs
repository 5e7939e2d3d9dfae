//! What a plan writes, as an edit of the editor's own: for the texts that it has, and no others.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
};

use gen_lsp_types::{
    AnnotatedTextEdit, ChangeAnnotation, DocumentChange, Edit,
    OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextDocumentIdentifier, TextEdit,
    Uri, WorkspaceEdit,
};
use ra_ap_ide_db::text_edit::{TextRange, TextSize};
use similar::{DiffTag, TextDiff};

use crate::{
    finding::FilePath,
    lsp::{diagnostics::View, lines::Lines},
    workspace::Texts,
};

/// The key of the annotation of edits that somebody should look at first.
const UNSAFE: &str = "async-fix.unsafe";

/// What becomes of a file, by its path: its text before, and after.
pub(super) type Changes = BTreeMap<FilePath, (String, String)>;

/// A text that is not what was read.
#[derive(Debug)]
pub(super) struct Gone(pub FilePath);

impl View<'_> {
    /// The edit that makes `changes`; `doubt` is what somebody should know who is asked about it.
    pub fn edit(&self, changes: &Changes, doubt: Option<&str>) -> Result<WorkspaceEdit, Gone> {
        let doubt = doubt.filter(|_| self.client.confirms);
        let mut edit = WorkspaceEdit::default();
        let mut plain = HashMap::new();
        let mut versioned = Vec::new();
        for (file, (before, after)) in changes {
            let (uri, version) = self.now(file, before)?;
            let edits = text_edits(before, after, &Lines::new(before, self.client.encoding));
            if !self.client.versioned {
                plain.insert(uri, edits);
                continue;
            }
            let edits = edits.into_iter().map(|it| match doubt {
                Some(_) => Edit::AnnotatedTextEdit(AnnotatedTextEdit {
                    annotation_id: UNSAFE.to_owned(),
                    text_edit: it,
                }),
                None => Edit::TextEdit(it),
            });
            let text_document_identifier = TextDocumentIdentifier { uri };
            versioned.push(DocumentChange::TextDocumentEdit(TextDocumentEdit {
                text_document: OptionalVersionedTextDocumentIdentifier {
                    version,
                    text_document_identifier,
                },
                edits: edits.collect(),
            }));
        }
        match self.client.versioned {
            true => edit.document_changes = Some(versioned),
            false => edit.changes = Some(plain),
        }
        edit.change_annotations = doubt.map(|doubt| {
            let annotation = ChangeAnnotation {
                label: "not safe".to_owned(),
                needs_confirmation: Some(true),
                description: Some(doubt.to_owned()),
            };
            HashMap::from([(UNSAFE.to_owned(), annotation)])
        });
        Ok(edit)
    }

    /// How the editor calls the file, and which version it has of it, if its text is still `before`.
    fn now(&self, file: &FilePath, before: &str) -> Result<(Uri, Option<i32>), Gone> {
        let gone = || Gone(file.clone());
        if let Some(it) = self.open.get(&self.path(file)) {
            return match it.text == before {
                true => Ok((it.uri.clone(), Some(it.version))),
                false => Err(gone()),
            };
        }
        let on_disk = fs::read_to_string(self.watch.workspace.disk_path(file));
        if !on_disk.is_ok_and(|it| it == before) {
            return Err(gone());
        }
        Ok((self.uri(file).ok_or_else(gone)?, None))
    }
}

/// What a fix of its own makes of the texts.
pub(super) fn changes_of(fix: &crate::finding::Fix, texts: &Texts) -> Changes {
    let edited = fix.edits.iter().filter_map(|(file, edit)| {
        let before = texts.get(file)?.clone();
        let mut after = before.clone();
        edit.apply(&mut after);
        Some((file.clone(), (before, after)))
    });
    edited.collect()
}

/// The edits that lead from one text to the other, as small as they come.
fn text_edits(before: &str, after: &str, lines: &Lines<'_>) -> Vec<TextEdit> {
    let diff = TextDiff::from_lines(before, after);
    let mut edits = Vec::new();
    let (mut old, mut new) = (0, 0);
    for op in diff.ops() {
        let length = |slices: &[&str]| slices.iter().map(|it| it.len()).sum::<usize>();
        let from = length(&diff.old_slices()[op.old_range()]);
        let to = length(&diff.new_slices()[op.new_range()]);
        if op.tag() != DiffTag::Equal {
            let (was, is) = (&before[old..old + from], &after[new..new + to]);
            let (start, end) = common(was, is);
            let range = TextRange::new(size(old + start), size(old + from - end));
            let new_text = is[start..is.len() - end].to_owned();
            edits.push(TextEdit { range: lines.range(range), new_text });
        }
        (old, new) = (old + from, new + to);
    }
    edits
}

/// How many bytes are the same at the start and at the end of both. A Windows line end is not cut in two.
fn common(a: &str, b: &str) -> (usize, usize) {
    let same = |(a, b): &(char, char)| a == b;
    let bytes = |it: (char, char)| it.0.len_utf8();
    let mut start: usize = a.chars().zip(b.chars()).take_while(same).map(bytes).sum();
    if a[..start].ends_with('\r') {
        start -= 1;
    }
    let (a, b) = (&a[start..], &b[start..]);
    let mut end: usize = a.chars().rev().zip(b.chars().rev()).take_while(same).map(bytes).sum();
    let cut = |it: &str, end: usize| {
        it[it.len() - end..].starts_with('\n') && it[..it.len() - end].ends_with('\r')
    };
    if cut(a, end) || cut(b, end) {
        end -= 1;
    }
    (start, end)
}

fn size(it: usize) -> TextSize {
    TextSize::try_from(it).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lsp::lines::Encoding;

    fn edits(before: &str, after: &str) -> Vec<(String, String)> {
        let lines = Lines::new(before, Encoding::Utf16);
        let edits = text_edits(before, after, &lines);
        let mut text = before.to_owned();
        for it in edits.iter().rev() {
            let range = lines.text_range(it.range);
            text.replace_range(std::ops::Range::<usize>::from(range), &it.new_text);
        }
        assert_eq!(text, after);
        let old = |it: &TextEdit| before[lines.text_range(it.range)].to_owned();
        edits.iter().map(|it| (old(it), it.new_text.clone())).collect()
    }

    #[test]
    fn edits_are_small() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(edits("a\n  f(é);\nb\n", "a\n  g(é);\nb\n"), [pair("f", "g")]);
        assert_eq!(
            edits("a\r\nb\r\nc\r\n", "a\r\nx\r\nb\r\nd\r\n"),
            [pair("", "x\r\n"), pair("c", "d")]
        );
        assert_eq!(edits("one\ntwo\n", "two\n"), [pair("one\n", "")]);
        assert_eq!(edits("x", "x\n"), [pair("", "\n")]);
        assert_eq!(edits("same", "same"), []);
    }

    #[test]
    fn a_windows_line_end_stays_whole() {
        for (before, after) in
            [("a\r\n", "a\n"), ("a\n", "a\r\n"), ("a\r\nb", "a\r\r\nb"), ("\r\n\r\n", "\r\n")]
        {
            edits(before, after);
        }
    }
}
