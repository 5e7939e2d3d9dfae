//! What a check finds wrong with a text, and which of it is new.

use std::collections::{HashMap, HashSet};

use crate::finding::{FilePath, Place};

/// An error of a check. Places are those of the text that was checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// `error[E0308]`, `syntax error`: what stands before the message.
    pub kind: String,
    pub message: String,
    /// Where it is shown first, and what is shown beside it.
    pub spans: Vec<Span>,
    /// The text of the first line that it is shown at.
    pub line: String,
    /// As the one who found it shows it.
    pub rendered: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    pub at: Place,
    pub role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// The error is here.
    Primary,
    /// This has to do with it.
    Secondary,
}

/// What makes two errors of two texts the same one. Lines move, so their numbers are no part of it.
type Key = (LooseKey, String);

/// ... where the line may have been edited.
pub(super) type LooseKey = (String, String, Option<FilePath>);

impl Problem {
    /// In one line.
    pub fn summary(&self) -> String {
        format!("{}: {}", self.kind, self.message)
    }

    fn key(&self) -> Key {
        (self.loose_key(), self.line.trim().to_owned())
    }

    pub(super) fn loose_key(&self) -> LooseKey {
        let file = self.primary().next().map(|it| it.file.clone());
        (self.kind.clone(), without_positions(&self.message), file)
    }

    pub(super) fn primary(&self) -> impl Iterator<Item = &Place> {
        self.spans.iter().filter(|it| it.role == Role::Primary).map(|it| &it.at)
    }
}

/// Types without a name are called by their place: `{closure@src/main.rs:2:5: 2:9}`.
fn without_positions(message: &str) -> String {
    let mut plain = String::new();
    let mut after_colon = false;
    for it in message.chars() {
        if after_colon && (it.is_ascii_digit() || it == ' ') {
            continue;
        }
        after_colon = it == ':' || (after_colon && it.is_ascii_digit());
        plain.push(it);
    }
    plain
}

/// Each error once: a file that is compiled twice, for its users and for its tests, tells all of them twice.
pub(super) fn distinct(problems: Vec<Problem>) -> Vec<Problem> {
    let mut seen = HashSet::new();
    problems.into_iter().filter(|it| seen.insert((it.key(), it.spans.clone()))).collect()
}

/// What `after` has that `before` has not.
///
/// An old error is known by its line. Where a fix has edited that line it is known by what it says, as long as the
/// old line is gone.
pub(super) fn new_problems(before: &[Problem], after: Vec<Problem>) -> Vec<Problem> {
    let mut known = Counted::of(before.iter().map(Problem::key));
    let rest: Vec<Problem> = after.into_iter().filter(|it| !known.take(&it.key())).collect();
    let (mut left, mut gone) = (known, Vec::new());
    for it in before {
        if left.take(&it.key()) {
            gone.push(it.loose_key());
        }
    }
    let mut gone = Counted::of(gone.into_iter());
    rest.into_iter().filter(|it| !gone.take(&it.loose_key())).collect()
}

struct Counted<K>(HashMap<K, usize>);

impl<K: std::hash::Hash + Eq> Counted<K> {
    fn of(keys: impl Iterator<Item = K>) -> Counted<K> {
        let mut counted = HashMap::new();
        for it in keys {
            *counted.entry(it).or_default() += 1;
        }
        Counted(counted)
    }

    /// Whether there was one left.
    fn take(&mut self, key: &K) -> bool {
        match self.0.get_mut(key) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use ra_ap_ide_db::text_edit::{TextRange, TextSize};

    use super::*;

    fn problem(message: &str, line: &str, offset: u32) -> Problem {
        let range = TextRange::empty(TextSize::new(offset));
        let at = Place::new(FilePath::new("a.rs"), range);
        Problem {
            kind: "error[E0308]".to_owned(),
            message: message.to_owned(),
            spans: vec![Span { at, role: Role::Primary }],
            line: line.to_owned(),
            rendered: String::new(),
        }
    }

    fn new(before: &[Problem], after: &[Problem]) -> Vec<String> {
        let new = new_problems(before, after.to_vec());
        new.into_iter().map(|it| format!("{} in {}", it.message, it.line)).collect()
    }

    #[test]
    fn an_old_error_may_move() {
        let closure = |it: &str| format!("expected `{{closure@a.rs:{it}}}`, found `u8`");
        let before = [problem("bad", "  f();", 1), problem(&closure("2:5: 2:19"), "g", 9)];
        let after = [problem(&closure("4:15: 4:29"), "g", 99), problem("bad", "    f();", 7)];
        assert_eq!(new(&before, &after), [""; 0]);
    }

    #[test]
    fn an_old_error_may_stand_in_an_edited_line() {
        let before = [problem("bad", "f(old)", 1)];
        assert_eq!(new(&before, &[problem("bad", "f(new)", 1)]), [""; 0]);
        // Where the old one is still there, another one is new.
        let after = [problem("bad", "f(old)", 1), problem("bad", "f(new)", 20)];
        assert_eq!(new(&before, &after), ["bad in f(new)"]);
    }

    #[test]
    fn one_more_of_the_same_is_new() {
        let before = [problem("bad", "f()", 1)];
        let after = [problem("bad", "f()", 1), problem("bad", "f()", 20)];
        assert_eq!(new(&before, &after), ["bad in f()"]);
        assert_eq!(new(&before, &distinct(vec![after[0].clone(), after[0].clone()])), [""; 0]);
        assert_eq!(new(&[], &[problem("a number: 1", "x", 1)]).len(), 1);
    }
}
