//! Edits of suppressions: a new one above the code it is about, one more name, one name less.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::{TextEdit, TextEditBuilder, TextRange, TextSize};
use ra_ap_syntax::{
    AstNode, NodeOrToken, SyntaxKind, SyntaxNode, SyntaxToken, ast,
    ast::{AstToken, Item},
};

use crate::config::suppression::{
    Comments, Suppression,
    cover::{Standing, first_code, line},
    grammar::Form,
};

/// Where a suppression can stand so that it covers a certain place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Spot {
    /// On a line of its own above the code that starts here.
    Above(TextSize),
    /// In this one of the suppressions that are there.
    In(usize),
}

/// The innermost spot from which the code at `range` is covered. None in a file that does not parse: there nobody knows
/// what is a comment.
pub fn spot(comments: &Comments, range: TextRange) -> Option<Spot> {
    if !comments.parses || !comments.root().text_range().contains_range(range) {
        return None;
    }
    let anchors = comments.anchors(range);
    let ancestors = comments.root().covering_element(range).ancestors();
    ancestors.filter(may_stand_above).find_map(|node| {
        let first = first_code(&NodeOrToken::Node(node)).filter(starts_a_line)?;
        let code = first.text_range().start();
        let covers = |it: &Suppression| it.names.iter().any(|it| it.covers(&anchors));
        let there = comments
            .suppressions
            .iter()
            .rposition(|it| is_own_line(it) && it.works() && it.before == Some(code) && covers(it));
        there
            .map(Spot::In)
            .or_else(|| covers_from(comments, code, &anchors).then_some(Spot::Above(code)))
    })
}

/// Above these rustfmt leaves a comment where it is.
fn may_stand_above(node: &SyntaxNode) -> bool {
    let is_statement = node.parent().is_some_and(|it| it.kind() == SyntaxKind::STMT_LIST);
    is_statement
        || matches!(
            node.kind(),
            SyntaxKind::MATCH_ARM
                | SyntaxKind::RECORD_EXPR_FIELD
                | SyntaxKind::RECORD_FIELD
                | SyntaxKind::VARIANT
        )
        || Item::can_cast(node.kind())
            && node.parent().is_some_and(|it| {
                matches!(
                    it.kind(),
                    SyntaxKind::SOURCE_FILE
                        | SyntaxKind::ITEM_LIST
                        | SyntaxKind::ASSOC_ITEM_LIST
                        | SyntaxKind::EXTERN_ITEM_LIST
                )
            })
}

fn is_own_line(it: &Suppression) -> bool {
    it.form == Form::Next && it.standing == Standing::OwnLine
}

fn starts_a_line(token: &SyntaxToken) -> bool {
    token.prev_token().is_none_or(|it| {
        it.kind() == SyntaxKind::WHITESPACE
            && (it.text().contains('\n') || it.prev_token().is_none())
    })
}

/// Whether a suppression above `code` would be read as covering one of `anchors`.
fn covers_from(comments: &Comments, code: TextSize, anchors: &[TextSize]) -> bool {
    let (at, line) = own_line(comments, code, "ignore[it]");
    let mut text = comments.text().to_owned();
    text.insert_str(at.into(), &line);
    let moved: Vec<TextSize> = anchors.iter().map(|it| *it + TextSize::of(&line)).collect();
    let read = Comments::read(&text);
    let new = read.suppressions.iter().find(|it| it.at.start() >= at);
    new.is_some_and(|it| it.works() && it.names.iter().any(|it| it.covers(&moved)))
}

/// The edit that suppresses `names` at `spot`. A reason that is there already stays.
pub fn suppress(
    comments: &Comments,
    spot: Spot,
    names: &BTreeSet<&str>,
    reason: Option<&str>,
) -> TextEdit {
    let mut edit = TextEdit::builder();
    add(comments, spot, names, reason, &mut edit);
    edit.finish()
}

fn add(
    comments: &Comments,
    spot: Spot,
    names: &BTreeSet<&str>,
    reason: Option<&str>,
    edit: &mut TextEditBuilder,
) {
    match spot {
        Spot::Above(code) => {
            let words = words(names.iter().copied(), reason);
            let (at, line) = own_line(comments, code, &format!("{}{words}", Form::Next.word()));
            edit.insert(at, line);
        }
        Spot::In(there) => {
            let there = &comments.suppressions[there];
            let old = there.names.iter().map(|it| it.text.as_str());
            let new = names.iter().copied().filter(|name| old.clone().all(|it| it != *name));
            let all: Vec<&str> = old.clone().chain(new).collect();
            edit.replace(there.list, all.join(", "));
            if let (None, Some(reason)) = (&there.reason, reason) {
                edit.insert(there.at.end(), format!(" -- {reason}"));
            }
        }
    }
}

/// `[a, b] -- reason`
fn words<'a>(names: impl Iterator<Item = &'a str>, reason: Option<&str>) -> String {
    let names = names.collect::<Vec<_>>().join(", ");
    let reason = reason.map(|it| format!(" -- {it}")).unwrap_or_default();
    format!("[{names}]{reason}")
}

/// A comment for the line above `code`, and where it goes.
fn own_line(comments: &Comments, code: TextSize, words: &str) -> (TextSize, String) {
    let text = comments.text();
    let start = line(code, text).start().max(comments.start());
    let indentation = &text[TextRange::new(start, code)];
    (start, format!("{indentation}// async-fix: {words}{}", line_break(text)))
}

fn line_break(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The edit that takes names out of suppressions; one without names goes, with its line where nothing else is on it.
pub fn without(comments: &Comments, names: &BTreeMap<usize, BTreeSet<usize>>) -> TextEdit {
    let mut edit = TextEdit::builder();
    for (at, out) in names {
        let suppression = &comments.suppressions[*at];
        let left = suppression.names.iter().enumerate().filter(|it| !out.contains(&it.0));
        let left: Vec<&str> = left.map(|it| it.1.text.as_str()).collect();
        match left.is_empty() {
            true => edit.delete(removal(comments, suppression.at)),
            false => edit.replace(suppression.list, left.join(", ")),
        }
    }
    edit.finish()
}

/// What goes with a comment: its line, or the space before it.
fn removal(comments: &Comments, comment: TextRange) -> TextRange {
    let text = comments.text();
    let line = line(comment.start(), text);
    let line = TextRange::new(line.start().max(comments.start()), line.end());
    let before = &text[TextRange::new(line.start(), comment.start())];
    if !before.trim().is_empty() {
        let space = TextSize::of(before) - TextSize::of(before.trim_end());
        return TextRange::new(comment.start() - space, comment.end());
    }
    let after = usize::from(line.end());
    match text[after..].starts_with('\n') {
        true => TextRange::new(line.start(), line.end() + TextSize::new(1)),
        false => line,
    }
}

/// The edit that puts a suppression where it works, and the code that it then covers. None when there is no such place.
pub fn moved(comments: &Comments, suppression: &Suppression) -> Option<(TextEdit, TextRange)> {
    let removal = removal(comments, suppression.at);
    let mut edit = TextEdit::builder();
    edit.delete(removal);
    match suppression.form {
        Form::File => {
            let code = top(comments)?;
            let names = suppression.names.iter().map(|it| it.text.as_str());
            let words = words(names, suppression.reason.as_deref());
            let (at, line) = own_line(comments, code, &format!("{}{words}", Form::File.word()));
            edit.insert(at, line);
            Some((edit.finish(), comments.root().text_range()))
        }
        _ => {
            let brace = brace_before(comments, suppression)?;
            let spot = spot(comments, brace)?;
            let names = suppression.names.iter().map(|it| it.text.as_str()).collect();
            add(comments, spot, &names, suppression.reason.as_deref(), &mut edit);
            let code = match spot {
                Spot::Above(code) => code,
                Spot::In(there) => comments.suppressions[there].before?,
            };
            Some((edit.finish(), comments.beginning_at(code)?))
        }
    }
}

fn brace_before(comments: &Comments, suppression: &Suppression) -> Option<TextRange> {
    let comment = comments.root().token_at_offset(suppression.at.start()).right_biased()?;
    let before = std::iter::successors(comment.prev_token(), |it| it.prev_token());
    let brace = before.into_iter().find(|it| !it.kind().is_trivia())?;
    Some(brace.text_range())
}

/// Where the first item starts, with the documentation of it, if that is the start of a line.
fn top(comments: &Comments) -> Option<TextSize> {
    let item = comments.root().children().find_map(Item::cast)?;
    let mut tokens = item.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
    let first = tokens.find(|it| {
        !it.kind().is_trivia() || ast::Comment::cast(it.clone()).is_some_and(|it| it.is_doc())
    });
    Some(first.filter(starts_a_line)?.text_range().start())
}
