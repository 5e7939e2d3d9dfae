//! The comments by which a user speaks to async-fix: which findings to leave alone, and where.

use ra_ap_syntax::{
    AstNode, NodeOrToken, SourceFile, SyntaxNode, SyntaxToken, TextRange, TextSize, ast,
    ast::AstToken,
};

pub mod cover;
pub mod edit;
pub mod grammar;

use self::{
    cover::Standing,
    grammar::{Form, Says, Words, Written},
};

/// The comments of one file that speak to async-fix, in their order.
pub struct Comments {
    text: String,
    /// Where the text starts, behind a byte order mark.
    start: TextSize,
    root: SyntaxNode,
    pub suppressions: Vec<Suppression>,
    pub facts: Vec<Fact>,
    pub malformed: Vec<Malformed>,
    /// Whether all of the file parses.
    pub parses: bool,
}

/// `// async-fix: ignore[..]`
#[derive(Clone, Debug)]
pub struct Suppression {
    /// The comment, without the end of its line.
    pub at: TextRange,
    pub form: Form,
    pub names: Vec<Name>,
    /// What stands between the brackets.
    pub list: TextRange,
    pub reason: Option<String>,
    pub standing: Standing,
    /// Where the code starts that follows it.
    pub before: Option<TextSize>,
    pub problem: Option<Problem>,
}

/// A name in a suppression.
#[derive(Clone, Debug)]
pub struct Name {
    pub text: String,
    pub at: TextRange,
    /// The code in which it is to suppress what goes by this name.
    pub covers: Option<TextRange>,
    /// Of a range: the suppression at its other end, and the name in it.
    pub partner: Option<(usize, usize)>,
}

/// What keeps a suppression from working.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// rustfmt moves it away from its line.
    BehindBrace,
    /// There is no code below it.
    NothingFollows,
    /// It is about the file and does not stand before its first item.
    BelowFirstItem,
    /// Not every name that it starts, or ends, has its other end.
    OneEnded,
}

/// `// async-fix: blocking` before a function.
#[derive(Clone, Debug)]
pub struct Fact {
    pub at: TextRange,
    pub says: Says,
    pub reason: Option<String>,
    /// The function below it, when there is one.
    pub function: Option<TextRange>,
}

/// A comment that speaks to async-fix and cannot be read.
#[derive(Clone, Debug)]
pub struct Malformed {
    pub at: TextRange,
    pub why: String,
    /// The code that it stands at.
    pub covers: Option<TextRange>,
}

impl Comments {
    /// Whether it is worth while to read `text`.
    pub fn may_be_in(text: &str) -> bool {
        text.contains("async-fix")
    }

    pub fn read(text: &str) -> Comments {
        // As the database has it: with spaces for a byte order mark.
        let (start, text) = match text.strip_prefix('\u{feff}') {
            Some(rest) => (TextSize::new(3), format!("   {rest}")),
            None => (TextSize::new(0), text.to_owned()),
        };
        let parse = SourceFile::parse(&text, ra_ap_span::Edition::CURRENT);
        let mut comments = Comments {
            root: parse.tree().syntax().clone(),
            parses: parse.errors().is_empty(),
            suppressions: Vec::new(),
            facts: Vec::new(),
            malformed: Vec::new(),
            start,
            text,
        };
        let tokens = comments.root.descendants_with_tokens().filter_map(NodeOrToken::into_token);
        for comment in tokens.filter_map(ast::Comment::cast).collect::<Vec<_>>() {
            if !comment.is_doc() {
                comments.add(comment.syntax());
            }
        }
        comments.pair_ranges();
        comments
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    fn start(&self) -> TextSize {
        self.start
    }

    /// What begins with the code at `start`: a statement, an item, an arm, a field.
    fn beginning_at(&self, start: TextSize) -> Option<TextRange> {
        let next = self.root.token_at_offset(start).right_biased()?;
        cover::beginning_with(&next, &self.text)
    }

    pub fn root(&self) -> &SyntaxNode {
        &self.root
    }

    /// The places by which the code at `range` is known to a suppression.
    pub fn anchors(&self, range: TextRange) -> Vec<TextSize> {
        cover::anchors(&self.root, range)
    }

    fn add(&mut self, comment: &SyntaxToken) {
        let start = comment.text_range().start();
        let Some(words) = grammar::read(comment.text(), start) else { return };
        let length = TextSize::of(comment.text().trim_end());
        let at = TextRange::at(start, length);
        let standing = cover::standing(comment);
        let next = cover::next_code(comment);
        let covers = match standing {
            Standing::OwnLine => {
                let code = next.as_ref().and_then(|it| cover::beginning_with(it, &self.text));
                code.map(|it| TextRange::new(start, it.end()))
            }
            Standing::EndOfLine | Standing::BehindBrace => Some(cover::line(start, &self.text)),
        };
        match words {
            Words::Malformed(why) => self.malformed.push(Malformed { at, why, covers }),
            Words::Fact { says, reason } => {
                let function = next.as_ref().and_then(cover::function);
                self.facts.push(Fact { at, says, reason, function });
            }
            Words::Suppression { form, names, list, reason } => {
                let covers = match form {
                    Form::Next => covers,
                    Form::File => Some(self.root.text_range()),
                    Form::Start | Form::End => None,
                };
                let name = |Written { text, at }| Name { text, at, covers, partner: None };
                let names = names.into_iter().map(name).collect();
                let problem = self.problem(form, standing, covers, start);
                let before = next.map(|it| it.text_range().start());
                self.suppressions.push(Suppression {
                    at,
                    form,
                    names,
                    list,
                    reason,
                    standing,
                    before,
                    problem,
                });
            }
        }
    }

    fn problem(
        &self,
        form: Form,
        standing: Standing,
        covers: Option<TextRange>,
        start: TextSize,
    ) -> Option<Problem> {
        match form {
            Form::Next if standing == Standing::BehindBrace => Some(Problem::BehindBrace),
            Form::Next if covers.is_none() => Some(Problem::NothingFollows),
            Form::File if cover::first_item(&self.root).is_some_and(|it| it < start) => {
                Some(Problem::BelowFirstItem)
            }
            _ => None,
        }
    }

    /// Finds the other end of each range. One without an end goes on to the end of the file.
    fn pair_ranges(&mut self) {
        let mut open: Vec<(usize, usize)> = Vec::new();
        for at in 0..self.suppressions.len() {
            for index in 0..self.suppressions[at].names.len() {
                match self.suppressions[at].form {
                    Form::Start => open.push((at, index)),
                    Form::End => {
                        let text = &self.suppressions[at].names[index].text;
                        let start = open.iter().rposition(|(start, name)| {
                            self.suppressions[*start].names[*name].text == *text
                        });
                        match start {
                            Some(start) => self.pair(open.remove(start), (at, index)),
                            None => self.suppressions[at].problem = Some(Problem::OneEnded),
                        }
                    }
                    Form::Next | Form::File => (),
                }
            }
        }
        let end = self.root.text_range().end();
        for (at, index) in open {
            let start = &mut self.suppressions[at];
            start.problem = Some(Problem::OneEnded);
            start.names[index].covers = Some(TextRange::new(start.at.start(), end));
        }
    }

    fn pair(&mut self, start: (usize, usize), end: (usize, usize)) {
        let last = self.suppressions[end.0].at.end();
        self.suppressions[end.0].names[end.1].partner = Some(start);
        let first = self.suppressions[start.0].at.start();
        let name = &mut self.suppressions[start.0].names[start.1];
        name.partner = Some(end);
        name.covers = Some(TextRange::new(first, last));
    }
}

impl Suppression {
    /// Whether it does what it says; one that stands where it does not work says only what was meant.
    pub fn works(&self) -> bool {
        matches!(self.problem, None | Some(Problem::OneEnded))
    }
}

impl Name {
    /// Whether code that is known by `anchors` lies in what this covers.
    pub fn covers(&self, anchors: &[TextSize]) -> bool {
        self.covers.is_some_and(|range| anchors.iter().any(|it| range.contains(*it)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::{plan::tests::inputs, rules};

    /// Words of Rust and of suppressions, which in a row are seldom right and often nearly.
    #[rustfmt::skip]
    const PIECES: &[&str] = &[
        "// ", "//", "/// ", "/*", "*/", "async-fix:", " async-fix: ignore[", "// async-fix: ignore[a] -- b\n",
        "// async-fix: ignore-start[a]\n", "// async-fix: ignore-end[a]\n", "// async-fix: ignore-file[a]\n",
        "// async-fix: blocking\n", "ignore", "ignore-start", "ignore-end", "[", "]", ",", " ", "a", "blocking-fs",
        "é💤", " -- ", "\n", "\n", "\r\n", "\n    ", "{", "}", "{", "}", "(", ")", ";", "\"", "'", "r#\"", "#[a]",
        "#![a]", "fn f() ", "async fn g() {\n", "let x = ", "x.y()", "\n.z()", "match a {\n", "b => c,", "m!(", "m! {\n",
        "struct S {\n", "d: e,", "mod h;", "use i::{j, k};", "if l ", "else ",
    ];

    fn any_text() -> impl Strategy<Value = String> {
        let start = prop::sample::select(&["", "", "\u{feff}"][..]);
        let pieces = prop::collection::vec(prop::sample::select(PIECES), 0..40);
        (start, pieces).prop_map(|(start, it)| start.to_owned() + &it.concat())
    }

    /// An example of a page with pieces in places where they do not belong.
    fn any_example() -> impl Strategy<Value = String> {
        let pages: Vec<_> = rules::RULES.iter().map(|it| it.page()).collect();
        let codes = pages.into_iter().flat_map(|it| it.examples).map(|it| it.code);
        let place = (any::<prop::sample::Index>(), prop::sample::select(PIECES), 0..12usize);
        let places = prop::collection::vec(place, 0..4);
        (prop::sample::select(codes.collect::<Vec<_>>()), places).prop_map(|(code, places)| {
            let mut code = code;
            for (at, piece, length) in places {
                let bounds: Vec<usize> = code.char_indices().map(|it| it.0).collect();
                if bounds.is_empty() {
                    return code;
                }
                let at = at.index(bounds.len());
                let last = bounds.get(at + length).copied().unwrap_or(code.len());
                code.replace_range(bounds[at]..last, piece);
            }
            code
        })
    }

    /// An example of a page with suppressions at the ends of lines and between them.
    fn any_suppressed_example() -> impl Strategy<Value = String> {
        let pages: Vec<_> = rules::RULES.iter().map(|it| it.page()).collect();
        let codes = pages.into_iter().flat_map(|it| it.examples).map(|it| it.code);
        const WORDS: &[&str] =
            &["ignore[a] -- b", "ignore[blocking]", "ignore-start[a, b]", "ignore-end[b]"];
        let own_line = any::<bool>();
        let comment = (any::<prop::sample::Index>(), prop::sample::select(WORDS), own_line)
            .prop_map(|(at, words, own_line)| (at, words.to_owned(), own_line));
        let comments = prop::collection::vec(comment, 1..5);
        (prop::sample::select(codes.collect::<Vec<_>>()), comments).prop_map(|(code, comments)| {
            let mut lines: Vec<String> = code.lines().map(str::to_owned).collect();
            for (at, words, own_line) in comments {
                let at = at.index(lines.len());
                match own_line {
                    true => lines.insert(at, format!("  // async-fix: {words}")),
                    false => lines[at] += &format!(" // async-fix: {words}"),
                }
            }
            lines.join("\n")
        })
    }

    fn check(text: &str, at: prop::sample::Index) -> Result<(), TestCaseError> {
        let comments = Comments::read(text);
        // A byte order mark takes as much room as the spaces in its place.
        let whole = TextRange::up_to(TextSize::of(text));
        prop_assert_eq!(TextSize::of(comments.text()), TextSize::of(text));
        for suppression in &comments.suppressions {
            prop_assert!(text[suppression.at].starts_with("//"));
            prop_assert!(suppression.at.contains_range(suppression.list));
            for name in &suppression.names {
                prop_assert_eq!(&text[name.at], name.text.as_str());
                prop_assert!(suppression.list.contains_range(name.at));
                prop_assert!(name.covers.is_none_or(|it| whole.contains_range(it)));
            }
        }
        for at in
            comments.malformed.iter().map(|it| it.at).chain(comments.facts.iter().map(|it| it.at))
        {
            prop_assert!(text[at].contains("async-fix"));
        }
        // What does not parse is read and not edited.
        if !comments.parses {
            return Ok(());
        }
        let tokens = comments.root().descendants_with_tokens().filter_map(NodeOrToken::into_token);
        let tokens: Vec<_> = tokens.filter(|it| !it.kind().is_trivia()).collect();
        if !tokens.is_empty() {
            suppress(text, &comments, tokens[at.index(tokens.len())].text_range())?;
        }
        let all = comments.suppressions.iter().enumerate();
        let all: BTreeMap<usize, BTreeSet<usize>> =
            all.map(|(at, it)| (at, (0..it.names.len()).collect())).collect();
        let mut rest = text.to_owned();
        edit::without(&comments, &all).apply(&mut rest);
        prop_assert_eq!(code(text), code(&rest));
        for suppression in comments.suppressions.iter().filter(|it| !it.works()) {
            if let Some((edit, _)) = edit::moved(&comments, suppression) {
                let mut moved = text.to_owned();
                edit.apply(&mut moved);
                prop_assert_eq!(code(text), code(&moved));
            }
        }
        Ok(())
    }

    /// What is to be suppressed is suppressed then, and no code is touched.
    fn suppress(text: &str, comments: &Comments, range: TextRange) -> Result<(), TestCaseError> {
        let Some(spot) = edit::spot(comments, range) else { return Ok(()) };
        let edit = edit::suppress(comments, spot, &BTreeSet::from(["new-name"]), Some("why"));
        let mut after = text.to_owned();
        edit.apply(&mut after);
        prop_assert_eq!(code(text), code(&after));
        let read = Comments::read(&after);
        let anchors = comments.anchors(range);
        let moved: Vec<_> = anchors.iter().filter_map(|it| edit.apply_to_offset(*it)).collect();
        // An insertion at the very place moves it, and the edit does not say so.
        let inserted: TextSize = edit.iter().map(|it| TextSize::of(&it.insert)).sum();
        let moved: Vec<TextSize> =
            moved.into_iter().chain(anchors.iter().map(|it| *it + inserted)).collect();
        let new = |it: &&Suppression| it.names.iter().any(|it| it.text == "new-name");
        let new = read.suppressions.iter().find(new);
        prop_assert!(
            new.is_some_and(|it| it.works() && it.names.iter().any(|it| it.covers(&moved)))
        );
        Ok(())
    }

    /// The words of a text that are no comments.
    fn code(text: &str) -> Vec<String> {
        let comments = Comments::read(text);
        let tokens = comments.root().descendants_with_tokens().filter_map(NodeOrToken::into_token);
        tokens.filter(|it| !it.kind().is_trivia()).map(|it| it.text().to_owned()).collect()
    }

    proptest! {
        #![proptest_config(inputs(1000))]

        #[test]
        fn any_text_can_be_read(text in any_text(), at: prop::sample::Index) {
            check(&text, at)?;
        }
    }

    proptest! {
        #![proptest_config(inputs(300))]

        #[test]
        fn any_suppressed_example_can_be_read(text in any_suppressed_example(), at: prop::sample::Index) {
            check(&text, at)?;
        }

        #[test]
        fn any_example_can_be_read(text in any_example(), at: prop::sample::Index) {
            check(&text, at)?;
        }
    }
}
