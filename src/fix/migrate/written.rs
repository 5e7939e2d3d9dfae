//! `write!` and `writeln!`: tokio's writers take bytes.

use ra_ap_hir_def::hir::ExprId;
use ra_ap_syntax::{AstNode, AstToken, NodeOrToken, SourceFile, SyntaxKind, SyntaxToken, T, ast};

use crate::{
    finding::{Note, Place},
    fix::migrate::Migration,
};

/// The macros that call the method which writes what is formatted, and what they add to it.
const MACROS: [(&str, &str); 2] = [("write", ""), ("writeln", "\\n")];

/// A call of one of them, taken apart.
pub(super) struct WriteCall {
    /// All of it, up to the closing bracket.
    pub at: Place,
    /// What is written to.
    target: String,
    /// The format and its arguments, with what the macro adds.
    format: String,
}

impl WriteCall {
    /// `format!(..)` where there is something to format, else the bytes themselves.
    fn bytes(&self) -> String {
        let text = &self.format;
        let is_plain = text.starts_with('"')
            && text.ends_with('"')
            && !text[1..text.len() - 1].contains(['{', '}', '"'])
            && text.is_ascii();
        if is_plain { format!("b{text}") } else { format!("format!({text}).as_bytes()") }
    }
}

impl Migration<'_, '_> {
    pub(super) fn written_by_macro(&mut self, call: ExprId) -> Result<(), Note> {
        let it = self.write_call(call).ok_or_else(|| Note::new("a macro writes a part of it"))?;
        let new = format!("{}.write_all({}).await", it.target, it.bytes());
        self.edits.push((it.at.range, new));
        Ok(())
    }

    pub(super) fn write_call(&self, call: ExprId) -> Option<WriteCall> {
        let at = self.body.macro_call_place(call).filter(|it| it.file == self.file)?;
        let edition = ra_ap_span::Edition::CURRENT;
        let text = format!("fn f() {{ {} }}", self.text_of(&at));
        let tree = SourceFile::parse(&text, edition).tree();
        let call = tree.syntax().descendants().find_map(ast::MacroCall::cast)?;
        let name = call.path()?.segment()?.name_ref()?.text().to_string();
        let (_, adds) = MACROS.iter().find(|it| it.0 == name)?;
        let tokens: Vec<_> = call.token_tree()?.syntax().children_with_tokens().collect();
        let inside = tokens.get(1..tokens.len().checked_sub(1)?)?;
        if inside.iter().any(|it| it.kind() == SyntaxKind::COMMENT) {
            return None;
        }
        let comma = inside.iter().position(|it| it.kind() == T![,]);
        let (target, rest) = match comma {
            Some(it) => (&inside[..it], &inside[it + 1..]),
            None => (inside, &[][..]),
        };
        let words = |it: &[NodeOrToken<_, SyntaxToken>]| -> String {
            it.iter().map(ToString::to_string).collect::<String>().trim().to_owned()
        };
        let format = with_ending(rest, adds)?;
        let target = words(target);
        let is_plain = target.chars().all(|it| it.is_alphanumeric() || it == '_' || it == '.');
        let target = if is_plain { target } else { format!("({target})") };
        Some(WriteCall { at, target, format })
    }
}

/// The arguments of the macro with `ending` in the format.
fn with_ending<N: std::fmt::Display>(
    arguments: &[NodeOrToken<N, SyntaxToken>],
    ending: &str,
) -> Option<String> {
    let first = arguments.iter().position(|it| match it {
        NodeOrToken::Node(_) => true,
        NodeOrToken::Token(it) => !it.kind().is_trivia(),
    });
    let Some(first) = first else { return Some(format!("\"{ending}\"")) };
    let NodeOrToken::Token(format) = &arguments[first] else { return None };
    let literal = ast::String::cast(format.clone())?;
    let text = literal.text();
    if !text.starts_with('"') && !ending.is_empty() {
        return None;
    }
    let format = match ending {
        "" => text.to_owned(),
        _ => format!("{}{ending}\"", text.strip_suffix('"')?),
    };
    let rest: String = arguments[first + 1..].iter().map(ToString::to_string).collect();
    let rest = rest.trim_end().trim_end_matches(',');
    Some(format!("{format}{rest}"))
}
