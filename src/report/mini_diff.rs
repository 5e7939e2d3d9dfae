//! A fix as a small diff, in the shape of rustc's suggestions.

use std::fmt::Write;

use annotate_snippets::{
    normalize_untrusted_str,
    renderer::{
        DEFAULT_ADDITION_STYLE, DEFAULT_EMPHASIS_STYLE, DEFAULT_HELP_STYLE, DEFAULT_LINE_NUM_STYLE,
        DEFAULT_REMOVAL_STYLE,
    },
};
use ra_ap_ide_db::text_edit::TextEdit;
use similar::{ChangeTag, TextDiff};

use crate::{
    finding::{FilePath, Fix, Want},
    report::{
        Style, one_line,
        window::{Window, drawable},
    },
    workspace::Texts,
};

/// Unchanged lines between two changes that are shown rather than cut.
const CONTEXT: usize = 1;

/// Draws `fix` of a finding in `home`, whose line numbers are `gutter` characters wide.
pub(super) fn render(
    fix: &Fix,
    home: &FilePath,
    texts: &Texts,
    gutter: usize,
    style: Style,
) -> String {
    let windows: Vec<_> = fix
        .edits
        .iter()
        .filter_map(|(file, edit)| {
            let ranges = edit.iter().map(|it| it.delete);
            Some((file, edit, Window::around(texts.get(file)?, ranges)?))
        })
        .collect();
    let widest = windows.iter().map(|(_, edit, it)| last_line(it, edit).to_string().len()).max();
    let mut pen = Pen { out: String::new(), gutter: widest.unwrap_or(0).max(gutter), style };
    pen.title(fix);
    for (file, edit, window) in &windows {
        if *file != home {
            pen.path(file);
        }
        pen.bar();
        pen.diff(window, edit);
        pen.bar();
    }
    if let Some(doubt) = &fix.doubt {
        pen.note(&format!("not safe: {doubt}"));
    }
    for want in &fix.wants {
        let Want::Feature(it, _) = want;
        pen.note(&format!(
            "turns on the feature `{}` of `{}` in `{}`, where it is off",
            it.feature, it.dependency, it.manifest
        ));
    }
    pen.out
}

fn last_line(window: &Window, edit: &TextEdit) -> usize {
    let added: usize = edit.iter().map(|it| it.insert.matches('\n').count()).sum();
    window.first_line + window.text.matches('\n').count() + added
}

struct Pen {
    out: String,
    gutter: usize,
    style: Style,
}

impl Pen {
    fn paint(&self, style: anstyle::Style, text: &str) -> String {
        match self.style {
            Style::Plain => text.to_owned(),
            Style::Styled => format!("{style}{text}{style:#}"),
        }
    }

    fn title(&mut self, fix: &Fix) {
        let help = self.paint(DEFAULT_HELP_STYLE, "help");
        let title = normalize_untrusted_str(&one_line(&fix.title));
        let _ = writeln!(self.out, "{help}: [{}] {title}", fix.applicability.name());
    }

    fn path(&mut self, file: &FilePath) {
        let arrow = self.paint(DEFAULT_LINE_NUM_STYLE, "-->");
        let _ = writeln!(self.out, "{:1$}{arrow} {file}", "", self.gutter);
    }

    fn bar(&mut self) {
        let bar = self.paint(DEFAULT_LINE_NUM_STYLE, "|");
        let _ = writeln!(self.out, "{:1$} {bar}", "", self.gutter);
    }

    fn note(&mut self, text: &str) {
        let sign = self.paint(DEFAULT_LINE_NUM_STYLE, "=");
        let note = self.paint(DEFAULT_EMPHASIS_STYLE, "note");
        let text = normalize_untrusted_str(&one_line(text));
        let _ = writeln!(self.out, "{:1$} {sign} {note}: {text}", "", self.gutter);
    }

    fn diff(&mut self, window: &Window, edit: &TextEdit) {
        let mut after = window.text.clone();
        // From the last to the first, so that earlier places stay where they are.
        for it in edit.iter().collect::<Vec<_>>().into_iter().rev() {
            after.replace_range(window.span(it.delete), &drawable(&it.insert));
        }
        let before: Vec<&str> = window.text.split_inclusive('\n').collect();
        let after: Vec<&str> = after.split_inclusive('\n').collect();
        let diff = TextDiff::from_slices(&before, &after);
        for (number, group) in diff.grouped_ops(CONTEXT).into_iter().enumerate() {
            if number > 0 {
                self.out.push_str("...\n");
            }
            let lines: Vec<_> = group.iter().flat_map(|it| diff.iter_changes(it)).collect();
            let changed = |it: &similar::Change<&str>| it.tag() != ChangeTag::Equal;
            let first = lines.iter().position(changed).unwrap_or(0);
            let last = lines.iter().rposition(changed).unwrap_or(0);
            for line in &lines[first..=last] {
                self.line(line, window.first_line);
            }
        }
    }

    fn line(&mut self, line: &similar::Change<&str>, first_line: usize) {
        let (sign, style) = match line.tag() {
            ChangeTag::Equal => ("|", DEFAULT_LINE_NUM_STYLE),
            ChangeTag::Delete => ("-", DEFAULT_REMOVAL_STYLE),
            ChangeTag::Insert => ("+", DEFAULT_ADDITION_STYLE),
        };
        let index = line.new_index().or(line.old_index()).unwrap_or(0);
        let number = format!("{:1$}", first_line + index, self.gutter);
        let number = self.paint(DEFAULT_LINE_NUM_STYLE, &number);
        let text = normalize_untrusted_str(line.value().trim_end_matches('\n'));
        let text = if line.tag() == ChangeTag::Equal { text } else { self.paint(style, &text) };
        let whole = format!("{number} {} {text}", self.paint(style, sign));
        let _ = writeln!(self.out, "{}", whole.trim_end());
    }
}
