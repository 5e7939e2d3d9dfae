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
