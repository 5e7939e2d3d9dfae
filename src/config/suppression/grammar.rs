//! What one comment says: `// async-fix: ignore[rule, group] -- reason`.

use ra_ap_syntax::{TextRange, TextSize};

/// Which code a suppression is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `ignore`: the code below it, or the line that it ends.
    Next,
    /// `ignore-start`: all up to its `ignore-end`.
    Start,
    /// `ignore-end`
    End,
    /// `ignore-file`
    File,
}

impl Form {
    pub fn word(self) -> &'static str {
        match self {
            Form::Next => "ignore",
            Form::Start => "ignore-start",
            Form::End => "ignore-end",
            Form::File => "ignore-file",
        }
    }
}

const FORMS: [Form; 4] = [Form::Next, Form::Start, Form::End, Form::File];

/// What the user knows of the function below.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Says {
    Blocking,
    NonBlocking,
    /// Nothing is lost when its future is dropped before it is done.
    CancelSafe,
    CancelUnsafe,
}

/// A name between the brackets: of a rule or of a group, if there is one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    pub text: String,
    pub at: TextRange,
}

/// A comment that speaks to async-fix.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Words {
    Suppression {
        form: Form,
        names: Vec<Written>,
        list: TextRange,
        reason: Option<String>,
    },
    Fact {
        says: Says,
        reason: Option<String>,
    },
    /// Why it cannot be read.
    Malformed(String),
}

/// Reads the text of a comment that starts at `start`. None when it does not speak to async-fix.
pub(super) fn read(comment: &str, start: TextSize) -> Option<Words> {
    let comment = comment.trim_end();
    let Some(text) = comment.strip_prefix("//") else {
        let inside = comment.strip_prefix("/*")?.trim_start();
        let speaks = inside.starts_with("async-fix:") || is_missing_colon(inside);
        return speaks.then(|| malformed("what async-fix is told stands behind `//`"));
    };
    let text = text.trim_start();
    let Some(rest) = text.strip_prefix("async-fix:") else {
        return is_missing_colon(text)
            .then(|| malformed("between `async-fix` and `ignore` stands a colon"));
    };
    let rest = rest.trim_start();
    let end = rest.find(|it: char| !it.is_alphanumeric() && it != '-').unwrap_or(rest.len());
    let (word, rest) = rest.split_at(end);
    let says = match word {
        "blocking" => Some(Says::Blocking),
        "non-blocking" => Some(Says::NonBlocking),
        "cancel-safe" => Some(Says::CancelSafe),
        "cancel-unsafe" => Some(Says::CancelUnsafe),
        _ => None,
    };
    if let Some(says) = says {
        return Some(match reason(rest) {
            Ok(reason) => Words::Fact { says, reason },
            Err(problem) => problem,
        });
    }
    let Some(form) = FORMS.into_iter().find(|it| it.word() == word) else {
        return Some(malformed(
            "behind `async-fix:` stands `ignore`, `ignore-start`, `ignore-end`, `ignore-file`, `blocking`, \
             `non-blocking`, `cancel-safe` or `cancel-unsafe`",
        ));
    };
    // What is left of the comment is its end.
    let offset = start + size(comment.len() - rest.len());
    Some(suppression(form, rest, offset).unwrap_or_else(|it| it))
}

/// `[a, b] -- reason`, which starts at `offset`.
fn suppression(form: Form, text: &str, offset: TextSize) -> Result<Words, Words> {
    let word = form.word();
    let unnamed = || malformed(&format!("the rules are named in brackets: `{word}[RULE]`"));
    let inside = text.strip_prefix('[').ok_or_else(unnamed)?;
    let (inside, rest) = inside
        .split_once(']')
        .ok_or_else(|| malformed(&format!("the bracket of `{word}[` is not closed")))?;
    let list = TextRange::at(offset + size(1), size(inside.len()));
    let mut names = Vec::new();
    let mut at = list.start();
    for part in inside.split(',') {
        let text = part.trim();
        if text.is_empty() {
            return Err(unnamed());
        }
        let leading = part.len() - part.trim_start().len();
        let range = TextRange::at(at + size(leading), size(text.len()));
        names.push(Written { text: text.to_owned(), at: range });
        at += size(part.len() + 1);
    }
    Ok(Words::Suppression { form, names, list, reason: reason(rest)? })
}

/// ` -- reason`, or nothing.
fn reason(text: &str) -> Result<Option<String>, Words> {
    let text = text.trim();
    let Some(reason) = text.strip_prefix("--") else {
        return match text.is_empty() {
            true => Ok(None),
            false => Err(malformed("a reason stands behind ` -- `")),
        };
    };
    let reason = reason.trim();
    Ok((!reason.is_empty()).then(|| reason.to_owned()))
}

fn is_missing_colon(text: &str) -> bool {
    let rest = text.strip_prefix("async-fix").map(str::trim_start);
    rest.is_some_and(|it| it.starts_with("ignore[") || it == "ignore")
}

fn malformed(why: &str) -> Words {
    Words::Malformed(why.to_owned())
}

fn size(length: usize) -> TextSize {
    TextSize::try_from(length).expect("a file that was parsed is shorter than four gigabytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(comment: &str) -> Vec<(String, Option<String>)> {
        match read(comment, TextSize::new(0)) {
            Some(Words::Suppression { names, reason, .. }) => names
                .into_iter()
                .map(|it| {
                    assert_eq!(&comment[it.at], it.text);
                    (it.text, reason.clone())
                })
                .collect(),
            other => panic!("{comment}: {other:?}"),
        }
    }

    fn problem(comment: &str) -> String {
        match read(comment, TextSize::new(7)) {
            Some(Words::Malformed(it)) => it,
            other => panic!("{comment}: {other:?}"),
        }
    }

    #[test]
    fn names_are_where_they_say() {
        let one = |name: &str, reason: Option<&str>| (name.to_owned(), reason.map(str::to_owned));
        assert_eq!(names("// async-fix: ignore[blocking-fs]"), [one("blocking-fs", None)]);
        assert_eq!(names("//async-fix:ignore[a]-- why\r"), [one("a", Some("why"))]);
        assert_eq!(
            names("//  async-fix:  ignore-start[ a ,é, c ] -- one -- two  "),
            ["a", "é", "c"].map(|it| one(it, Some("one -- two")))
        );
        assert_eq!(names("// async-fix: ignore-file[a] --"), [one("a", None)]);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert!(problem("// async-fix: ignore").contains("`ignore[RULE]`"));
        assert!(problem("// async-fix: ignore-file[]").contains("`ignore-file[RULE]`"));
        assert!(problem("// async-fix: ignore[a,]").contains("in brackets"));
        assert!(problem("// async-fix: ignore[a").contains("not closed"));
        assert!(problem("// async-fix: ignore[a] because").contains(" -- "));
        assert!(problem("// async-fix: ignored[a]").contains("stands `ignore`"));
        assert!(problem("// async-fix:").contains("stands `ignore`"));
        assert!(problem("// async-fix ignore[a]").contains("colon"));
        assert!(problem("/* async-fix: ignore[a] */").contains("`//`"));
    }

    #[test]
    fn other_comments_are_left_alone() {
        for comment in [
            "// async-fix is a program",
            "// see async-fix: ignore[a]",
            "/* nothing */",
            "//// async-fix: ignore[a]",
            "//",
            "// async-fixes: ignore[a]",
            "// async-fix ignores this",
        ] {
            assert_eq!(read(comment, TextSize::new(0)), None, "{comment}");
        }
    }

    #[test]
    fn facts_are_known_words() {
        assert_eq!(
            read("// async-fix: non-blocking -- 64 bytes", TextSize::new(0)),
            Some(Words::Fact { says: Says::NonBlocking, reason: Some("64 bytes".to_owned()) })
        );
        assert_eq!(
            read("// async-fix: blocking", TextSize::new(0)),
            Some(Words::Fact { says: Says::Blocking, reason: None })
        );
        assert_eq!(
            read("// async-fix: cancel-safe", TextSize::new(0)),
            Some(Words::Fact { says: Says::CancelSafe, reason: None })
        );
    }
}
