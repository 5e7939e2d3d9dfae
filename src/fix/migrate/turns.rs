//! How a loop over the twin of an iterator takes its next item.

use ra_ap_ide_db::text_edit::TextRange;
use ra_ap_syntax::{AstNode, ast, ast::HasName};

use crate::{
    facts::journey::Adapter,
    finding::Note,
    fix::{
        lines::{indentation, line_end},
        migrate::{
            Migration,
            loops::{First, ForLoop},
        },
    },
};

/// What turns an `Option<Result<T, E>>` round, and is not needed where the error is handled right there.
const TURN: &str = ".transpose()";

/// The pattern of an item, and the expression that it is matched with.
struct Item {
    pattern: String,
    value: String,
}

/// What becomes of an error.
enum OnError<'a> {
    /// It is the loop's own affair.
    Given,
    Skip,
    Stop,
    /// `.unwrap()`
    Panic(&'a str),
}

impl Migration<'_, '_> {
    /// `while let Some(pattern) = values.next().await`, to stand in place of `for pattern in values`. `next` is a call on
    /// `name`.
    pub(super) fn head(
        &mut self,
        it: &ForLoop,
        name: &str,
        next: &str,
        adapters: &[Adapter],
    ) -> Result<String, Note> {
        let (on_error, counts) = steps(adapters)?;
        let plain = next.strip_suffix(TURN);
        if plain.is_none() && !matches!(on_error, OnError::Given) {
            return Err(Note::new("what the loop leaves out is not known of its twin"));
        }
        let plain = plain.unwrap_or(next);
        let (number, pattern) = match counts {
            true => {
                it.numbered().ok_or_else(|| Note::new("the loop keeps number and item together"))?
            }
            false => (None, it.pattern.clone()),
        };
        let mut first_line = None;
        let value = |rest: &str| format!("{name}.{rest}");
        let item = match on_error {
            OnError::Given => match First::new(&pattern, &it.body).filter(|_| plain != next) {
                Some(first) => {
                    self.edits.push((first.range, String::new()));
                    let value = value(&format!("{plain}{}", first.handling));
                    Item { pattern: format!("Some({})", first.pattern), value }
                }
                None => Item { pattern: format!("Some({})", pattern.syntax()), value: value(next) },
            },
            OnError::Panic(how) => {
                let value = value(&format!("{plain}{how}"));
                Item { pattern: format!("Some({})", pattern.syntax()), value }
            }
            OnError::Stop => {
                Item { pattern: format!("Ok(Some({}))", pattern.syntax()), value: value(plain) }
            }
            OnError::Skip => {
                let item = self.item_name(it, &pattern);
                first_line =
                    Some(format!("let Ok({}) = {item} else {{ continue }};", pattern.syntax()));
                Item { pattern: format!("Some({item})"), value: value(next) }
            }
        };
        let Item { pattern, value } = item;
        let mut lines = Vec::new();
        let head = match number {
            Some(number) => {
                lines.push(format!("let {pattern} = {value} else {{ break }};"));
                format!("{}for {number} in 0_usize..", it.label)
            }
            None => format!("{}while let {pattern} = {value}", it.label),
        };
        lines.extend(first_line);
        self.begin(it, &lines);
        Ok(head)
    }

    /// The first lines of the body of a loop that does not end, with `value` for the next item.
    pub(super) fn endless_lines(
        &mut self,
        it: &ForLoop,
        value: &str,
        adapters: &[Adapter],
    ) -> Result<(), Note> {
        let (on_error, counts) = steps(adapters)?;
        if counts {
            return Err(Note::new("the loop over it counts, and its twin does not"));
        }
        let pattern = it.pattern.syntax();
        let line = match on_error {
            OnError::Given => match First::new(&it.pattern, &it.body) {
                Some(first) => {
                    let text = format!("let {} = {value}{};", first.pattern, first.handling);
                    self.edits.push((first.statement, text));
                    return Ok(());
                }
                None => format!("let {pattern} = {value};"),
            },
            OnError::Panic(how) => format!("let {pattern} = {value}{how};"),
            OnError::Skip => format!("let Ok({pattern}) = {value} else {{ continue }};"),
            OnError::Stop => format!("let Ok({pattern}) = {value} else {{ break }};"),
        };
        self.begin(it, &[line]);
        Ok(())
    }

    /// Writes lines at the start of the loop's body.
    fn begin(&mut self, it: &ForLoop, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let is_on_one_line = !self.text[it.body.syntax().text_range()].contains('\n');
        let before = match is_on_one_line {
            true => " ".to_owned(),
            false => {
                format!("{}{}    ", line_end(self.text), indentation(self.text, it.whole.start()))
            }
        };
        let text: String = lines.iter().map(|it| format!("{before}{it}")).collect();
        self.edits.push((TextRange::empty(it.body_start), text));
    }

    /// What an item is called before its error is looked at: as afterwards, where that is a plain name.
    fn item_name(&self, it: &ForLoop, pattern: &ast::Pat) -> String {
        match pattern {
            ast::Pat::IdentPat(own) if own.at_token().is_none() => {
                own.name().map(|it| it.text().to_string())
            }
            _ => None,
        }
        .unwrap_or_else(|| self.free_name("item", &it.node))
    }
}

/// What the adapters do, as far as a loop can do it.
fn steps(adapters: &[Adapter]) -> Result<(OnError<'_>, bool), Note> {
    let (on_error, rest) = match adapters {
        [Adapter::SkipsErrors, rest @ ..] => (OnError::Skip, rest),
        [Adapter::StopsAtErrors, rest @ ..] => (OnError::Stop, rest),
        [Adapter::TakesOut(it), rest @ ..] => (OnError::Panic(it), rest),
        rest => (OnError::Given, rest),
    };
    match rest {
        [] => Ok((on_error, false)),
        [Adapter::Counts] => Ok((on_error, true)),
        _ => Err(Note::new("what the loop does with each item first is too much for its twin")),
    }
}

impl ForLoop {
    /// The number and the item of `(number, item)`. None for a number that nobody wants.
    fn numbered(&self) -> Option<(Option<String>, ast::Pat)> {
        let ast::Pat::TuplePat(it) = &self.pattern else { return None };
        let fields: Vec<ast::Pat> = it.fields().collect();
        let [number, item] = &fields[..] else { return None };
        let is_rest = |it: &ast::Pat| matches!(it, ast::Pat::RestPat(_));
        if is_rest(number) || is_rest(item) {
            return None;
        }
        let is_unused = matches!(number, ast::Pat::WildcardPat(_));
        let number = (!is_unused).then(|| number.syntax().text().to_string());
        Some((number, item.clone()))
    }
}
