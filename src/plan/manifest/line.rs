//! One dependency in the text of a manifest, and the edits that give it a feature.

use std::ops::Range;

use toml_edit::{Array, Item, TableLike, Value};

/// Text to insert in place of a range; a range may be empty.
pub(super) type Edits = Vec<(Range<usize>, String)>;

pub(super) fn applied(text: &str, mut edits: Edits) -> String {
    let mut text = text.to_owned();
    edits.sort_by_key(|(range, _)| range.start);
    for (range, new) in edits.into_iter().rev() {
        text.replace_range(range, &new);
    }
    text
}

/// A dependency as it stands in the text.
pub(super) struct Line<'a> {
    text: &'a str,
    /// The key alone, as it is spelled.
    key: Range<usize>,
    item: &'a Item,
}

impl<'a> Line<'a> {
    pub(super) fn find(text: &'a str, lines: &'a dyn TableLike, key: &str) -> Option<Line<'a>> {
        let (key, item) = lines.get_key_value(key)?;
        Some(Line { text, key: key.span()?, item })
    }

    /// The edits that list `feature`: none where it is listed, `None` where the line is of no known form.
    pub(super) fn turn_on(&self, feature: &str) -> Option<Edits> {
        match self.item.get("features") {
            Some(Item::Value(Value::Array(features))) => {
                if features.iter().any(|listed| listed.as_str() == Some(feature)) {
                    return Some(Edits::new());
                }
                self.append_to_array(features, feature)
            }
            Some(_) => None,
            None => self.add_list(&format!("features = [\"{feature}\"]")),
        }
    }

    /// Writes `list`, a whole `features = [..]`, into a line that has none.
    fn add_list(&self, list: &str) -> Option<Edits> {
        match self.item {
            Item::Value(value @ Value::String(_)) => {
                let version = &self.text[value.span()?];
                Some(vec![(value.span()?, format!("{{ version = {version}, {list} }}"))])
            }
            Item::Value(Value::InlineTable(table)) if !table.is_dotted() => {
                let inside = inside(self.item.span()?);
                let entries = table.iter().filter_map(|(name, _)| {
                    let (key, item) = table.get_key_value(name)?;
                    Some(key.span()?.start..end_of_line_item(item)?)
                });
                Some(match entries.max_by_key(|entry| entry.end) {
                    Some(last) => append(self.text, &inside, last, " ", list),
                    None => vec![(inside, format!(" {list} "))],
                })
            }
            Item::Table(table) if !table.is_dotted() => {
                let last = table.iter().filter_map(|(_, item)| end_of_line_item(item)).max();
                // A table without a line of its own: below its header.
                let header = self.item.span()?;
                Some(self.line_after(last.unwrap_or(header.end), list))
            }
            Item::Table(table) => self.add_list_to_dotted(table, list),
            Item::Value(Value::InlineTable(table)) => self.add_list_to_dotted(table, list),
            _ => None,
        }
    }

    /// `tokio.workspace = true` alone becomes `tokio = { workspace = true, features = [..] }`;
    /// of several such lines the last gets another one below it.
    fn add_list_to_dotted(&self, parts: &dyn TableLike, list: &str) -> Option<Edits> {
        let ends = parts.iter().map(|(name, item)| {
            let (key, _) = parts.get_key_value(name)?;
            Some((end_of_line_item(item)?, key.span()?))
        });
        let ends = ends.collect::<Option<Vec<_>>>()?;
        let (end, part) = ends.iter().max_by_key(|(end, _)| *end)?.clone();
        if ends.len() == 1 {
            let rest = &self.text[part.start..end];
            let key = &self.text[self.key.clone()];
            return Some(vec![(self.key.start..end, format!("{key} = {{ {rest}, {list} }}"))]);
        }
        let start = line_start(self.text, part.start);
        let before = &self.text[start..part.start];
        // In the middle of an inline table there is no line to add one to.
        if before.contains('{') {
            return None;
        }
        Some(self.line_after(end, &format!("{}{list}", before.trim_start())))
    }

    /// A new line below the one that `at` is on, with the indentation and the line end of that one.
    fn line_after(&self, at: usize, new: &str) -> Edits {
        let end = line_end(self.text, at);
        let indentation = indentation(self.text, at);
        vec![(end..end, format!("{}{indentation}{new}", newline(self.text)))]
    }

    fn append_to_array(&self, array: &Array, feature: &str) -> Option<Edits> {
        let inside = inside(array.span()?);
        let Some(last) = array.iter().last() else {
            // Spaces in an empty list go, comments stay.
            let blank = self.text[inside.clone()].trim().is_empty();
            let range = if blank { inside } else { inside.start..inside.start };
            return Some(vec![(range, format!("\"{feature}\""))]);
        };
        let last = last.span()?;
        let quote = if self.text[last.clone()].starts_with('\'') { '\'' } else { '"' };
        let new = format!("{quote}{feature}{quote}");
        let space = if spaced(self.text, array) { " " } else { "" };
        Some(append(self.text, &inside, last, space, &new))
    }
}

/// Appends `new` to a list in its own style: on a line of its own or not, with a trailing comma or not.
/// `inside` is what stands between the brackets, `last` the last entry; `space` follows a comma within a line.
fn append(text: &str, inside: &Range<usize>, last: Range<usize>, space: &str, new: &str) -> Edits {
    let comma = comma(text, last.end..inside.end);
    let own_line = text[line_start(text, last.start)..last.start].trim().is_empty();
    if !own_line {
        return vec![match comma {
            Some(comma) => (comma + 1..comma + 1, format!("{space}{new},")),
            None => (last.end..last.end, format!(",{space}{new}")),
        }];
    }
    let below = format!("{}{}{new}", newline(text), indentation(text, last.start));
    let at = line_end(text, comma.map_or(last.end, |comma| comma + 1));
    let at = at.min(before_bracket(text, inside));
    match comma {
        Some(_) => vec![(at..at, format!("{below},"))],
        None => vec![(last.end..last.end, ",".to_owned()), (at..at, below)],
    }
}

/// The end of the last value that stands under `item` on lines of the same table.
fn end_of_line_item(item: &Item) -> Option<usize> {
    match item.as_table_like() {
        // A table with its own header stands elsewhere.
        Some(_) if item.as_table().is_some_and(|table| !table.is_dotted()) => None,
        Some(parts) if item.as_table().is_some() || item.as_inline_table()?.is_dotted() => {
            parts.iter().filter_map(|(_, item)| end_of_line_item(item)).max()
        }
        _ => Some(item.span()?.end),
    }
}

/// What stands between the brackets of `range`.
fn inside(range: Range<usize>) -> Range<usize> {
    range.start + 1..range.end - 1
}

/// The end of what stands before a closing bracket, blanks left out.
fn before_bracket(text: &str, inside: &Range<usize>) -> usize {
    inside.start + text[inside.clone()].trim_end().len()
}

/// The place of the comma in `range`, which holds blanks and comments besides.
fn comma(text: &str, range: Range<usize>) -> Option<usize> {
    let mut in_comment = false;
    let mut characters = text[range.clone()].char_indices();
    let found = characters.find(|(_, character)| {
        in_comment = match character {
            '#' => true,
            '\n' => false,
            _ => in_comment,
        };
        *character == ',' && !in_comment
    });
    found.map(|(at, _)| range.start + at)
}

/// Whether entries are parted by a comma and a space: so they are, unless the list shows otherwise.
fn spaced(text: &str, array: &Array) -> bool {
    let spans: Vec<_> = array.iter().filter_map(Value::span).collect();
    spans.windows(2).last().is_none_or(|pair| &text[pair[0].end..pair[1].start] != ",")
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The end of the line that `at` is on, before its line end.
fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    if text[at..end].ends_with('\r') { end - 1 } else { end }
}

fn indentation(text: &str, at: usize) -> &str {
    let line = &text[line_start(text, at)..at];
    &line[..line.len() - line.trim_start().len()]
}

fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}
