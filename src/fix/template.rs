//! The `instead` of a row: what to write in place of a call, and the smallest edit that gets there.

use std::collections::BTreeMap;

use ra_ap_ide_db::text_edit::{TextEdit, TextRange, TextSize};

use crate::facts::syntax::{Argument, CallParts};

/// `tokio::fs::try_exists(&$self).await.unwrap_or(false)`, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// The path at the start, up to the opening bracket: `tokio::fs::try_exists`.
    pub path: Option<String>,
    pieces: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Receiver,
    Argument(usize),
}

impl Template {
    pub fn parse(text: &str) -> Template {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            push_text(&mut pieces, &rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix("self") {
                pieces.push(Piece::Receiver);
                rest = after;
            } else {
                let digits =
                    rest.len() - rest.trim_start_matches(|it: char| it.is_ascii_digit()).len();
                let (number, after) = rest.split_at(digits);
                pieces.push(Piece::Argument(number.parse().unwrap_or_default()));
                rest = after;
            }
        }
        push_text(&mut pieces, rest);
        let path = match pieces.first() {
            Some(Piece::Text(it)) => it.split_once('(').map(|it| it.0.to_owned()),
            _ => None,
        };
        Template { path, pieces }
    }

    /// The crate that the path starts with.
    pub fn root(&self) -> Option<&str> {
        self.path.as_deref()?.split("::").next()
    }

    pub fn uses_receiver(&self) -> bool {
        self.pieces.contains(&Piece::Receiver)
    }

    /// The parts of `call` that are written right before a dot: the futures that will be awaited.
    pub fn awaited<'c>(&self, call: &'c CallParts) -> Vec<&'c Argument> {
        let pairs = self.pieces.windows(2);
        let before_dot =
            pairs.filter(|it| matches!(&it[1], Piece::Text(text) if text.starts_with('.')));
        before_dot
            .filter_map(|it| match it[0] {
                Piece::Argument(index) => call.arguments.get(index),
                Piece::Receiver => call.receiver.as_ref(),
                Piece::Text(_) => None,
            })
            .collect()
    }

    /// The edit that turns the call in `text` into this template, with `path` for the template's own path.
    /// None when arguments would change places, or be lost.
    pub fn edit(&self, text: &str, call: &CallParts, path: Option<&str>) -> Option<TextEdit> {
        let slots = Slots::new(self, call)?;
        let mut gaps =
            Gaps { text, at: call.at.range.start(), new: String::new(), edits: BTreeMap::new() };
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Text(it) if index == 0 && self.path.is_some() => {
                    let after = it.split_once('(').map(|it| it.1)?;
                    let path = path?;
                    gaps.new.push_str(&format!("{path}({after}"));
                }
                Piece::Text(it) => gaps.new.push_str(it),
                Piece::Receiver | Piece::Argument(_) => {
                    let slot = slots.get(piece)?;
                    let awaited = matches!(self.pieces.get(index + 1), Some(Piece::Text(it)) if it.starts_with('.'));
                    gaps.pass(slot, awaited)?;
                }
            }
        }
        gaps.close(call.at.range.end())
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// The placeholders and what stands for them in the call.
struct Slots {
    receiver: Option<Argument>,
    arguments: Vec<Argument>,
}

impl Slots {
    fn new(template: &Template, call: &CallParts) -> Option<Slots> {
        let mut arguments = call.arguments.clone();
        let receiver = match &call.receiver {
            Some(it) => Some(*it),
            // `Path::exists(&path)`: the receiver is the first argument. Where its type came from what the method asks
            // for, or is reached through what it points to, the twin would ask for something else.
            None if template.uses_receiver() && !arguments.is_empty() => {
                Some(arguments.remove(0)).filter(|it| it.has_own_type && it.derefs == 0)
            }
            None => None,
        };
        if template.uses_receiver() && receiver.is_none() {
            return None;
        }
        // What the parameters were told by hand, the arguments have to say by themselves.
        if call.has_turbofish && !arguments.iter().all(|it| it.has_own_type) {
            return None;
        }
        let used = |it: usize| template.pieces.contains(&Piece::Argument(it));
        // An argument without a place in the new call would be lost with all it does.
        (0..arguments.len()).all(used).then_some(Slots { receiver, arguments })
    }

    fn get(&self, piece: &Piece) -> Option<&Argument> {
        match piece {
            Piece::Receiver => self.receiver.as_ref(),
            Piece::Argument(it) => self.arguments.get(*it),
            Piece::Text(_) => None,
        }
    }
}

/// The text between the placeholders, old and new.
struct Gaps<'a> {
    text: &'a str,
    at: TextSize,
    new: String,
    edits: BTreeMap<TextSize, (TextSize, String)>,
}

impl Gaps<'_> {
    /// Goes past an argument, which stays as it is.
    fn pass(&mut self, argument: &Argument, awaited: bool) -> Option<()> {
        let mut range = argument.range;
        let by_reference = self.new.ends_with('&');
        // `&$self`: one reference is enough, and a value made on the spot needs none.
        let is_reference = is_reference(self.text, range);
        if by_reference && argument.derefs == 0 && (!argument.is_place || is_reference) {
            self.new.pop();
        }
        if by_reference {
            self.new.extend(std::iter::repeat_n('*', argument.derefs));
        }
        let dereferenced = by_reference && argument.derefs > 0;
        let brackets = (awaited || dereferenced) && argument.needs_brackets;
        if brackets {
            self.new.push('(');
        }
        if range.start() < self.at {
            return None;
        }
        self.close_gap(range.start())?;
        range = TextRange::new(self.at, range.end());
        self.at = range.end();
        if brackets {
            self.new.push(')');
        }
        Some(())
    }

    fn close(mut self, end: TextSize) -> Option<TextEdit> {
        self.close_gap(end)?;
        let mut builder = TextEdit::builder();
        for (start, (end, text)) in self.edits {
            builder.replace(TextRange::new(start, end), text);
        }
        Some(builder.finish())
    }

    /// Replaces what stands up to `end` by the new text, leaving what the two begin and end with.
    fn close_gap(&mut self, end: TextSize) -> Option<()> {
        let old = &self.text[TextRange::new(self.at, end)];
        let new = std::mem::take(&mut self.new);
        let start = self.at;
        self.at = end;
        if squeezed(old) == squeezed(&new) {
            return Some(());
        }
        // `)` after a trailing comma or on a line of its own stays where it is.
        if let Some(after) = new.strip_prefix(')').filter(|_| squeezed(old) == ")") {
            self.edits.insert(end, (end, after.to_owned()));
            return Some(());
        }
        // Spaces and comments at the ends of a gap belong to the arguments beside it.
        let leading = match old.trim_start() {
            // A method that becomes a function takes the line break in front of its dot along.
            code if code.starts_with('.') && new.starts_with(')') => 0,
            _ => leading_trivia(old),
        };
        let trailing = trailing_trivia(&old[leading..]);
        let (start, old) =
            (start + TextSize::new(leading as u32), &old[leading..old.len() - trailing]);
        if old.contains("//") || old.contains("/*") {
            return None;
        }
        let suffix = common_suffix(old, &new);
        let prefix = common_prefix(&old[..old.len() - suffix], &new[..new.len() - suffix]);
        let offset = |it: usize| start + TextSize::new(it as u32);
        let text = new[prefix..new.len() - suffix].to_owned();
        self.edits.insert(offset(prefix), (offset(old.len() - suffix), text));
        Some(())
    }
}

fn is_reference(text: &str, range: TextRange) -> bool {
    text[range].starts_with('&')
}

/// Without spaces, comments and trailing commas: what a formatter may change.
fn squeezed(text: &str) -> String {
    let mut squeezed = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let trivia = leading_trivia(rest);
        if trivia == 0 {
            squeezed.push(first);
        }
        rest = &rest[if trivia == 0 { first.len_utf8() } else { trivia }..];
    }
    squeezed.replace(",)", ")")
}

/// How many bytes of spaces and comments the text begins with.
fn leading_trivia(text: &str) -> usize {
    let mut rest = text.trim_start();
    loop {
        rest = match rest {
            it if it.starts_with("//") => it.find('\n').map_or("", |end| &it[end..]),
            it if it.starts_with("/*") => after_block_comment(it),
            _ => return text.len() - rest.len(),
        }
        .trim_start();
    }
}

/// Block comments nest.
fn after_block_comment(text: &str) -> &str {
    let mut depth = 0;
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("/*") {
            (depth, rest) = (depth + 1, after);
        } else if let Some(after) = rest.strip_prefix("*/") {
            (depth, rest) = (depth - 1, after);
            if depth == 0 {
                return rest;
            }
        } else {
            let mut chars = rest.chars();
            chars.next();
            rest = chars.as_str();
        }
    }
    rest
}

/// ... and ends with, after what is code.
fn trailing_trivia(text: &str) -> usize {
    let mut code = 0;
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        match leading_trivia(&text[at..]) {
            0 => {
                at += first.len_utf8();
                code = at;
            }
            trivia => at += trivia,
        }
    }
    text.len() - code
}

fn common_prefix(a: &str, b: &str) -> usize {
    let same = a.char_indices().zip(b.chars()).take_while(|((_, a), b)| a == b);
    same.map(|((at, it), _)| at + it.len_utf8()).last().unwrap_or(0)
}

fn common_suffix(a: &str, b: &str) -> usize {
    let same = a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b);
    // Words are replaced whole.
    let mut length: usize = same.map(|(it, _)| it.len_utf8()).sum();
    let is_word = |it: char| it.is_alphanumeric() || it == '_';
    while length > 0 {
        let cut = |it: &str| it[..it.len() - length].chars().next_back().is_some_and(is_word);
        let first = a[a.len() - length..].chars().next().unwrap_or(' ');
        if !(is_word(first) && (cut(a) || cut(b))) {
            break;
        }
        length -= first.len_utf8();
    }
    length
}
