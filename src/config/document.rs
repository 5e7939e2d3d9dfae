//! One text of configuration: its values, and the line on which each stands.

use toml::{
    Spanned,
    de::{DeTable, DeValue, Error},
};

use crate::config::{names::nearest, values::Values};

/// Reads the configuration in `text`; `name` is for the sentence that says what is wrong with it.
pub fn parse(name: &str, text: &str) -> Result<Values, String> {
    let mut values: Values = toml::from_str(text).map_err(|it| sentence(name, text, &it))?;
    let lines = Lines::new(text);
    for (index, rows) in values.knowledge.iter_mut().enumerate() {
        let file = [Step::Key("knowledge"), Step::Index(index), Step::Key("item")];
        for (index, row) in rows.items.iter_mut().enumerate() {
            let line = lines.of(file.iter().copied().chain([Step::Index(index)]));
            row.origin = Some(format!("{name}:{line}"));
        }
        if let Some((row, origin)) = rows.strange().and_then(|it| Some((it, it.origin.as_ref()?))) {
            let (path, krate) = (&row.path, &rows.krate);
            return Err(format!("{origin}: `{path}` is not a path in the crate `{krate}`"));
        }
    }
    Ok(values)
}

/// A step towards a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// Where each value of a text stands.
pub(super) struct Lines<'a> {
    text: &'a str,
    table: Option<DeTable<'a>>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Lines<'a> {
        Lines { text, table: DeTable::parse(text).ok().map(Spanned::into_inner) }
    }

    /// The line, from 1, of the value that `steps` lead to, or of the last one before it on the way.
    pub(super) fn of<'s>(&self, steps: impl IntoIterator<Item = Step<'s>>) -> usize {
        let mut steps = steps.into_iter();
        let (Some(Step::Key(first)), Some(table)) = (steps.next(), &self.table) else { return 1 };
        let Some((key, mut value)) = table.get_key_value(first) else { return 1 };
        let mut at = key.span().start;
        for step in steps {
            let next = match (value.get_ref(), step) {
                (DeValue::Table(it), Step::Key(key)) => it.get_key_value(key),
                (DeValue::Array(it), Step::Index(index)) => {
                    let Some(next) = it.get(index) else { break };
                    (value, at) = (next, next.span().start);
                    continue;
                }
                _ => None,
            };
            let Some((key, next)) = next else { break };
            (value, at) = (next, key.span().start);
        }
        line(self.text, at)
    }
}

fn line(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}

/// What is wrong, where, and what was most likely meant.
fn sentence(name: &str, text: &str, error: &Error) -> String {
    let line = error.span().map_or(1, |it| line(text, it.start));
    let said = error.message();
    let said = unknown("unknown field", said)
        .map(|(key, near)| format!("there is no key `{key}`{near}"))
        .or_else(|| {
            unknown("unknown variant", said)
                .map(|(it, near)| format!("`{it}` means nothing here{near}"))
        })
        .unwrap_or_else(|| said.lines().collect::<Vec<_>>().join("; "));
    format!("{name}:{line}: {said}")
}

/// The name in ``unknown field `a`, expected one of `b`, `c` `` and what could stand in its place.
fn unknown<'m>(kind: &str, message: &'m str) -> Option<(&'m str, String)> {
    // A key may hold anything, so the last part of serde's sentence is looked for from its end.
    let (wrong, names) =
        message.strip_prefix(kind)?.strip_prefix(" `")?.rsplit_once("`, expected")?;
    Some((wrong, suggestion(wrong, names.split('`').skip(1).step_by(2))))
}

/// `; did you mean ..?`, or else all that could be meant.
fn suggestion<'n>(wrong: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    match nearest(wrong, names.clone()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => {
            let names: Vec<String> = names.map(|it| format!("`{it}`")).collect();
            format!("; these are known: {}", names.join(", "))
        }
    }
}
