//! The lines that a fix makes, for the user to edit.

use std::{collections::BTreeMap, env, fs, io, process::Command};

use ra_ap_ide_db::text_edit::{TextEdit, TextRange, TextSize};

use crate::{
    finding::{Applicability, FilePath, Fix},
    workspace::Texts,
};

/// What stands above the lines, and before each line that is no part of them.
const REMARK: &str = "//# ";

/// The lines of a file that a fix edits, as it leaves them.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    fix: Fix,
    file: FilePath,
    /// Whole lines of the text as it was read.
    range: TextRange,
    lines: String,
    line_end: &'static str,
    number: usize,
}

impl Draft {
    /// Nothing where the fix edits several files.
    pub(super) fn of(fix: &Fix, texts: &Texts) -> Option<Draft> {
        let [(file, edit)] = fix.edits.iter().collect::<Vec<_>>()[..] else { return None };
        let before = texts.get(file)?;
        let edited = edit.iter().map(|it| it.delete).reduce(TextRange::cover)?;
        let start = before[..usize::from(edited.start())].rfind('\n').map_or(0, |it| it + 1);
        // A byte order mark stays where it is.
        let start = if start == 0 && before.starts_with('\u{feff}') { 3 } else { start };
        let end = usize::from(edited.end());
        let end = before[end..].find('\n').map_or(before.len(), |it| end + it + 1);
        let mut after = before.clone();
        edit.apply(&mut after);
        let lines = after.get(start..(after.len() + end).checked_sub(before.len())?)?.to_owned();
        let size = |it: usize| TextSize::try_from(it).ok();
        Some(Draft {
            fix: fix.clone(),
            file: file.clone(),
            range: TextRange::new(size(start)?, size(end)?),
            lines,
            line_end: if before.contains("\r\n") { "\r\n" } else { "\n" },
            number: before[..start].matches('\n').count() + 1,
        })
    }

    /// What the user is shown.
    pub(super) fn text(&self) -> String {
        let Draft { file, number, lines, .. } = self;
        format!(
            "{REMARK}What stands below is written in place of the lines from {file}:{number} on.\n\
             {REMARK}Lines that start with `{}` are left out. Without any other line nothing is written.\n{}",
            REMARK.trim_end(),
            lines.replace("\r\n", "\n")
        )
    }

    /// The fix that writes `text`; nothing when no line is left of it.
    pub(super) fn edited(&self, text: &str) -> Option<Fix> {
        let is_kept = |it: &&str| !it.starts_with(REMARK.trim_end());
        let lines: Vec<&str> = text.lines().filter(is_kept).collect();
        if lines.iter().all(|it| it.trim().is_empty()) {
            return None;
        }
        let mut text = lines.join(self.line_end);
        if self.lines.ends_with('\n') {
            text.push_str(self.line_end);
        }
        let edit = TextEdit::replace(self.range, text);
        Some(Fix {
            title: format!("{}, as edited", self.fix.title),
            applicability: Applicability::Safe,
            doubt: None,
            edits: BTreeMap::from([(self.file.clone(), edit)]),
            wants: self.fix.wants.clone(),
        })
    }

    /// Lets the user edit it, in the editor that git would take.
    pub(super) fn edit(&self) -> io::Result<Option<Fix>> {
        let named = ["VISUAL", "EDITOR"].into_iter().filter_map(|it| env::var(it).ok());
        let editor = named.into_iter().find(|it| !it.trim().is_empty());
        let editor = editor.unwrap_or_else(|| "vi".to_owned());
        let file = tempfile::Builder::new().prefix("async-fix-").suffix(".rs").tempfile()?;
        fs::write(file.path(), self.text())?;
        // It may come with arguments: `code --wait`.
        let mut words = editor.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        let status = command.args(words).arg(file.path()).status();
        let status =
            status.map_err(|it| io::Error::other(format!("`{editor}` cannot be run: {it}")))?;
        if !status.success() {
            return Err(io::Error::other(format!("`{editor}` failed: {status}")));
        }
        Ok(self.edited(&fs::read_to_string(file.path())?))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn draft(before: &str, old: &str, new: &str) -> (Draft, Texts) {
        let file = FilePath::new("a.rs");
        let at = TextSize::try_from(before.find(old).unwrap()).unwrap();
        let edit = TextEdit::replace(TextRange::at(at, TextSize::of(old)), new.to_owned());
        let fix = Fix {
            title: "Wait".to_owned(),
            applicability: Applicability::Unsafe,
            doubt: None,
            edits: BTreeMap::from([(file.clone(), edit)]),
            wants: BTreeSet::new(),
        };
        let texts = Texts::from([(file, before.to_owned())]);
        (Draft::of(&fix, &texts).unwrap(), texts)
    }

    fn after(draft: &Draft, texts: &Texts, text: &str) -> Option<String> {
        let fix = draft.edited(text)?;
        let mut text = texts[&draft.file].clone();
        fix.edits[&draft.file].apply(&mut text);
        Some(text)
    }

    #[test]
    fn whole_lines_are_edited_and_the_rest_stays() {
        let (draft, texts) = draft("\u{feff}one\r\n  two(2)\r\nthree", "two(2)", "2\r\n  .await");
        let text = draft.text();
        assert!(text.starts_with("//# ") && text.contains("a.rs:2 on."), "{text}");
        assert!(text.ends_with("\n  2\n  .await\n"), "{text}");
        // What is not edited is what the fix writes.
        let plain = "\u{feff}one\r\n  2\r\n  .await\r\nthree";
        assert_eq!(after(&draft, &texts, &text).as_deref(), Some(plain));
        let edited = text.replace("2\n", "two\n  and a half\n");
        let expected = "\u{feff}one\r\n  two\r\n  and a half\r\n  .await\r\nthree";
        assert_eq!(after(&draft, &texts, &edited).as_deref(), Some(expected));
        assert_eq!(after(&draft, &texts, "//# none\n\n"), None);
    }

    #[test]
    fn the_first_and_the_last_line_are_lines_too() {
        let (draft, texts) = draft("\u{feff}f()", "f()", "g()");
        assert_eq!(after(&draft, &texts, &draft.text()).as_deref(), Some("\u{feff}g()"));
        assert_eq!(after(&draft, &texts, "h()\n").as_deref(), Some("\u{feff}h()"));
    }
}
