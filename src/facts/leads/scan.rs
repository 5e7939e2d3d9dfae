//! The functions of a text and what each of them calls, by its words alone: fast enough for all that a project depends
//! on, and never sure.

/// A function with a body.
pub(super) struct Function<'t> {
    /// The type or trait that it belongs to.
    pub owner: Option<&'t str>,
    pub name: &'t str,
    pub has_self: bool,
    pub is_async: bool,
    pub calls: Vec<Call<'t>>,
}

pub(super) struct Call<'t> {
    pub before: Before<'t>,
    pub name: &'t str,
    pub at: usize,
    /// Whether it stands in no branch, loop or closure that has braces of its own.
    pub is_certain: bool,
}

/// What stands before the name of what is called.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Before<'t> {
    Nothing,
    Dot,
    /// `segment::`
    Segment(&'t str),
}

/// Every function of a text, the inner ones before those around them.
pub(super) fn functions(text: &str) -> Vec<Function<'_>> {
    let mut scan = Scan { text, ..Scan::default() };
    let mut at = 0;
    while let Some((token, start, end)) = next_token(text, at) {
        scan.meet(token, start);
        at = end;
    }
    scan.found
}

#[derive(Clone, Copy, PartialEq)]
enum Token<'t> {
    Word(&'t str),
    Sign(u8),
    /// `::`
    Separator,
    Literal,
}

#[derive(Default)]
struct Scan<'t> {
    text: &'t str,
    /// The last tokens, the latest first.
    last: [Option<Token<'t>>; 3],
    frames: Vec<Frame<'t>>,
    open: Vec<Function<'t>>,
    found: Vec<Function<'t>>,
    signature: Option<Signature<'t>>,
    header: Option<Header<'t>>,
    /// Brackets that are open since the last brace.
    brackets: usize,
    /// The next brace opens a branch, ...
    branches: bool,
    /// ... or what is there for tests only.
    is_for_tests: bool,
    is_async: bool,
}

/// What a brace has opened.
struct Frame<'t> {
    kind: Kind<'t>,
    brackets: usize,
    is_certain: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind<'t> {
    Function,
    Owner(Option<&'t str>),
    ForTests,
    Other,
}

/// `fn name(..) ..`, up to its body.
struct Signature<'t> {
    name: Option<&'t str>,
    is_async: bool,
    brackets: usize,
    /// Whether the first parameter is still to come, or part of it.
    first: bool,
    has_self: bool,
}

/// `impl .. for ..` or `trait ..`, up to its brace.
#[derive(Default)]
struct Header<'t> {
    owner: Option<&'t str>,
    angles: usize,
    is_complete: bool,
    is_trait: bool,
}

impl<'t> Scan<'t> {
    fn meet(&mut self, token: Token<'t>, start: usize) {
        match token {
            Token::Word(word) => self.word(word),
            Token::Sign(b'(' | b'[') => {
                if token == Token::Sign(b'(') {
                    self.call(start);
                }
                self.brackets += 1;
            }
            Token::Sign(b')' | b']') => {
                self.brackets = self.brackets.saturating_sub(1);
                self.end_of_first_parameter(0);
            }
            Token::Sign(b',' | b':') => self.end_of_first_parameter(1),
            Token::Sign(b'{') => self.brace(),
            Token::Sign(b'}') => self.close(),
            Token::Sign(b';') => self.end_of_statement(),
            Token::Sign(_) | Token::Separator | Token::Literal => {}
        }
        if let Some(header) = &mut self.header {
            header.meet(token, self.last[0]);
        }
        self.last = [Some(token), self.last[0], self.last[1]];
    }

    fn word(&mut self, word: &'t str) {
        let [last, before, _] = self.last;
        if let Some(signature) = &mut self.signature {
            match signature.name {
                None => signature.name = Some(word),
                Some(_) => signature.has_self |= signature.first && word == "self",
            }
        }
        match word {
            "if" | "else" | "match" | "while" | "for" => self.branches = true,
            "async" => (self.branches, self.is_async) = (true, true),
            "fn" if self.signature.is_none() => {
                let (brackets, is_async) = (self.brackets, std::mem::take(&mut self.is_async));
                self.branches = false;
                self.signature = Some(Signature {
                    name: None,
                    is_async,
                    brackets,
                    first: true,
                    has_self: false,
                });
            }
            "impl" | "trait" if self.signature.is_none() && self.open.is_empty() => {
                self.header = Some(Header { is_trait: word == "trait", ..Header::default() });
            }
            "test" => {
                let of_cfg = matches!(before, Some(Token::Word("cfg" | "all")));
                self.is_for_tests |= last == Some(Token::Sign(b'[')) || of_cfg;
            }
            _ => {}
        }
    }

    /// What ends a parameter, `inside` so many brackets of the signature.
    fn end_of_first_parameter(&mut self, inside: usize) {
        if let Some(signature) = &mut self.signature {
            signature.first &= signature.brackets + inside != self.brackets;
        }
    }

    fn end_of_statement(&mut self) {
        (self.branches, self.is_for_tests, self.is_async) = (false, false, false);
        self.header = None;
        if self.signature.as_ref().is_some_and(|it| it.brackets >= self.brackets) {
            self.signature = None;
        }
    }

    /// A `(` at `start`: what stands before it is called, or is no call.
    fn call(&mut self, start: usize) {
        let [Some(Token::Word(name)), before, segment] = self.last else { return };
        let is_for_tests = self.frames.iter().any(|it| it.kind == Kind::ForTests);
        // A type of functions has no name.
        if name == "fn" && self.signature.as_ref().is_some_and(|it| it.name.is_none()) {
            self.signature = None;
        }
        let is_name = name.starts_with(|it: char| it.is_lowercase() || it == '_');
        if self.signature.is_some() || is_for_tests || !is_name || KEYWORDS.contains(&name) {
            return;
        }
        let before = match (before, segment) {
            (Some(Token::Sign(b'.')), _) => Before::Dot,
            (Some(Token::Separator), Some(Token::Word("Self"))) => {
                Before::Segment(self.owner().unwrap_or("Self"))
            }
            (Some(Token::Separator), Some(Token::Word(it))) => Before::Segment(it),
            (Some(Token::Separator), _) => Before::Segment(""),
            _ => Before::Nothing,
        };
        let is_certain = self.frames.last().is_some_and(|it| it.is_certain);
        let text = self.text;
        if let Some(function) = self.open.last_mut() {
            let at = text[..start].rfind(name).unwrap_or(start);
            function.calls.push(Call { before, name, at, is_certain });
        }
    }

    fn owner(&self) -> Option<&'t str> {
        self.frames.iter().rev().find_map(|it| match it.kind {
            Kind::Owner(it) => Some(it),
            _ => None,
        })?
    }

    fn brace(&mut self) {
        let branches =
            std::mem::take(&mut self.branches) || matches!(self.last[0], Some(Token::Sign(b'|')));
        let is_certain = self.frames.last().is_none_or(|it| it.is_certain) && !branches;
        let mut frame =
            Frame { kind: Kind::Other, brackets: std::mem::take(&mut self.brackets), is_certain };
        if std::mem::take(&mut self.is_for_tests) {
            frame.kind = Kind::ForTests;
            (self.signature, self.header) = (None, None);
        } else if let Some(Signature { name: Some(name), is_async, has_self, .. }) =
            self.signature.take()
        {
            let owner = self.owner();
            (frame.kind, frame.is_certain) = (Kind::Function, true);
            self.open.push(Function { owner, name, has_self, is_async, calls: Vec::new() });
        } else if let Some(header) = self.header.take() {
            frame.kind = Kind::Owner(header.owner);
        }
        self.is_async = false;
        self.frames.push(frame);
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        self.brackets = frame.brackets;
        self.branches = false;
        if frame.kind == Kind::Function {
            self.found.extend(self.open.pop());
        }
    }
}

impl<'t> Header<'t> {
    fn meet(&mut self, token: Token<'t>, last: Option<Token<'t>>) {
        match token {
            Token::Sign(b'<') => self.angles += 1,
            Token::Sign(b'>') if !matches!(last, Some(Token::Sign(b'-' | b'='))) => {
                self.angles = self.angles.saturating_sub(1);
            }
            Token::Sign(b':') if self.is_trait => self.is_complete = true,
            Token::Word("where") => self.is_complete = true,
            Token::Word("for") if self.angles == 0 => self.owner = None,
            Token::Word("impl" | "trait" | "dyn" | "mut" | "const") => {}
            Token::Word(word) if self.angles == 0 && !self.is_complete => self.owner = Some(word),
            _ => {}
        }
    }
}

/// Words before a `(` that call nothing.
const KEYWORDS: [&str; 15] = [
    "if", "while", "match", "for", "in", "return", "let", "else", "move", "as", "where", "mut",
    "ref", "break", "pub",
];

/// The bytes of names and numbers.
const IN_WORDS: [bool; 256] = {
    let mut table = [false; 256];
    let mut it = 0;
    while it < 256 {
        let byte = it as u8;
        table[it] = byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 128;
        it += 1;
    }
    table
};

/// The next token at or after `at`, with where it starts and ends.
fn next_token(text: &str, at: usize) -> Option<(Token<'_>, usize, usize)> {
    let bytes = text.as_bytes();
    let mut at = at;
    loop {
        let rest = &bytes[at..];
        match rest {
            [] => return None,
            [b'/', b'/', ..] => at += text[at..].find('\n').unwrap_or(rest.len()),
            [b'/', b'*', ..] => at += end_of_comment(rest),
            [b' ' | b'\n' | b'\t' | b'\r', ..] => at += 1,
            [b'"', ..] => return Some((Token::Literal, at, at + end_of_text(rest))),
            [b'\'', ..] => return Some((Token::Literal, at, at + end_of_character(rest))),
            [b':', b':', ..] => return Some((Token::Separator, at, at + 2)),
            [it, ..] if IN_WORDS[usize::from(*it)] => {
                let is_word = |it: &u8| IN_WORDS[usize::from(*it)];
                let end = rest.iter().position(|it| !is_word(it)).unwrap_or(rest.len());
                if let Some(length) = length_of_raw_text(rest, end) {
                    return Some((Token::Literal, at, at + length));
                }
                return Some((Token::Word(&text[at..at + end]), at, at + end));
            }
            [it, ..] => return Some((Token::Sign(*it), at, at + 1)),
        }
    }
}

fn end_of_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn end_of_text(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The end of `'c'`, or of the apostrophe of a lifetime.
fn end_of_character(rest: &[u8]) -> usize {
    let end = match rest {
        [_, b'\\', _, rest @ ..] => 4 + rest.iter().take_while(|it| **it != b'\'').count(),
        [_, _, b'\'', ..] => 3,
        // A character of several bytes.
        [_, it, rest @ ..] if *it >= 128 => 3 + rest.iter().take_while(|it| **it >= 128).count(),
        _ => 1,
    };
    end.min(rest.len())
}

/// The length of `r"..."`, `r#"..."#`, `br"..."` and `b"..."`, whose prefix ends at `end`.
fn length_of_raw_text(rest: &[u8], end: usize) -> Option<usize> {
    let is_raw = match &rest[..end] {
        b"r" | b"br" | b"cr" => true,
        b"b" | b"c" => false,
        _ => return None,
    };
    if !is_raw {
        return (rest.get(end) == Some(&b'"')).then(|| end + end_of_text(&rest[end..]));
    }
    let marks = rest[end..].iter().take_while(|it| **it == b'#').count();
    let start = end + marks;
    if rest.get(start) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.extend(std::iter::repeat_n(b'#', marks));
    let length = rest[start + 1..].windows(close.len()).position(|it| it == close);
    Some(length.map_or(rest.len(), |it| start + 1 + it + close.len()))
}
