//! A block around the statements that need a guard, so that it is gone before the `.await`.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::{TextEdit, TextEditBuilder, TextRange, TextSize};
use ra_ap_span::Edition;
use ra_ap_syntax::{
    AstNode, SyntaxKind, ast,
    ast::{HasAttrs, HasName},
};

use crate::{
    facts::narrow::{Before, Section},
    finding::{Applicability, Fix},
    fix::lines,
};

/// Wraps the section that needs a guard into a block; its results are what the block gives.
pub fn in_block(name: &str, section: &Section) -> Option<Fix> {
    wrapped(name, section, &doubts(section))
}

/// The same for a variable that protects nothing.
pub fn plain(name: &str, section: &Section) -> Option<Fix> {
    wrapped(name, section, &dropped_early(section))
}

fn wrapped(name: &str, section: &Section, doubts: &[String]) -> Option<Fix> {
    let edit = Writing::new(section)?.edit()?;
    let applicability = if doubts.is_empty() { Applicability::Safe } else { Applicability::Unsafe };
    Some(Fix {
        title: format!("End `{name}` before {}", what(section)),
        applicability,
        doubt: (!doubts.is_empty()).then(|| doubts.join("; ")),
        edits: BTreeMap::from([(section.file.clone(), edit)]),
        wants: BTreeSet::new(),
    })
}

fn doubts(section: &Section) -> Vec<String> {
    let mut doubts = Vec::new();
    if let Some(it) = section.carried.first() {
        doubts.push(format!("`{}` may be out of date by the time it is used", it.name));
    }
    if !section.await_follows {
        let what = what(section);
        doubts.push(format!("what stands between its last use and {what} is no longer protected"));
    }
    doubts.extend(dropped_early(section));
    doubts
}

fn dropped_early(section: &Section) -> Vec<String> {
    section.dropped_early.iter().map(|it| format!("`{it}` is dropped earlier too")).collect()
}

fn what(section: &Section) -> &'static str {
    match section.before {
        Before::Await => "the `.await`",
        Before::Call => "the call",
    }
}

/// How the block is written.
struct Writing<'s> {
    section: &'s Section,
    range: TextRange,
    /// A comment behind the last statement stays on its line.
    end: TextSize,
    line_end: &'static str,
    /// What stands before the first statement on its line.
    indent: String,
    step: &'static str,
}

impl<'s> Writing<'s> {
    fn new(section: &'s Section) -> Option<Writing<'s>> {
        let (first, last) = (section.statements.first()?, section.statements.last()?);
        let (from, to) = (first.syntax().text_range(), last.syntax().text_range());
        let before = first.syntax().first_token()?.prev_token();
        let space = before.filter(|it| it.kind() == SyntaxKind::WHITESPACE);
        let space = space.map(|it| it.text().to_owned()).unwrap_or_default();
        let indent = space.rsplit('\n').next().unwrap_or_default().to_owned();
        let file = first.syntax().ancestors().last()?;
        let line_end = if file.text().contains_char('\r') { "\r\n" } else { "\n" };
        let step = if indent.contains('\t') { "\t" } else { "    " };
        let range = TextRange::new(from.start(), to.end());
        let end = lines::end_of_line_comment(last.syntax()).unwrap_or(to.end());
        Some(Writing { section, range, end, line_end, indent, step })
    }

    fn edit(&self) -> Option<TextEdit> {
        let mut edit = TextEdit::builder();
        let inner = format!("{}{}{}", self.line_end, self.indent, self.step);
        let outer = format!("{}{}", self.line_end, self.indent);
        let carried = &self.section.carried;
        let last = self.section.statements.last()?;
        match (&carried[..], self.value_of(last)) {
            ([], _) => {
                edit.insert(self.range.start(), format!("{{{inner}"));
                self.close_statement(last, &mut edit);
                edit.insert(self.end, format!("{outer}}}"));
            }
            ([one], Some(value)) if one.name == value.name && one.ends_clean => {
                let target = value.target;
                edit.insert(self.range.start(), format!("let {target} = {{{inner}"));
                edit.delete(value.before);
                edit.delete(value.after);
                edit.insert(self.end, format!("{outer}}};"));
            }
            _ => {
                if carried.iter().any(|it| it.mutable) {
                    return None;
                }
                let names: Vec<&str> = carried.iter().map(|it| it.name.as_str()).collect();
                let value = match &names[..] {
                    [one] => (*one).to_owned(),
                    all => format!("({})", all.join(", ")),
                };
                edit.insert(self.range.start(), format!("let {value} = {{{inner}"));
                self.close_statement(last, &mut edit);
                edit.insert(self.end, format!("{inner}{value}{outer}}};"));
            }
        }
        let statements = self.section.statements.iter().map(AstNode::syntax);
        lines::indent(statements, self.range.end(), self.step, &mut edit);
        Some(edit.finish())
    }

    /// As the last expression of a block it would keep its temporaries longer than the guard.
    fn close_statement(&self, last: &ast::Stmt, edit: &mut TextEditBuilder) {
        if let ast::Stmt::ExprStmt(it) = last
            && it.semicolon_token().is_none()
            && (self.section.edition < Edition::Edition2024 || !self.section.carried.is_empty())
        {
            edit.insert(self.range.end(), ";".to_owned());
        }
    }

    /// `let name = value;`, when its value can be the last expression of the block.
    fn value_of(&self, statement: &ast::Stmt) -> Option<Value> {
        let ast::Stmt::LetStmt(it) = statement else { return None };
        let ast::Pat::IdentPat(pattern) = it.pat()? else { return None };
        let initializer = it.initializer()?;
        let semicolon = it.semicolon_token()?;
        let is_plain = self.section.statements.len() > 1
            && pattern.ref_token().is_none()
            && pattern.at_token().is_none()
            && it.let_else().is_none()
            && it.attrs().next().is_none();
        let start = it.syntax().text_range().start();
        let before = TextRange::new(start, initializer.syntax().text_range().start());
        let has_comment =
            it.syntax().children_with_tokens().any(|it| it.kind() == SyntaxKind::COMMENT);
        if !is_plain || has_comment {
            return None;
        }
        let type_ = it.ty().map(|it| format!(": {}", it.syntax().text())).unwrap_or_default();
        Some(Value {
            name: pattern.name()?.text().to_string(),
            target: format!("{}{type_}", pattern.syntax().text()),
            before,
            after: TextRange::new(
                initializer.syntax().text_range().end(),
                semicolon.text_range().end(),
            ),
        })
    }
}

/// `let target = value;`, taken apart.
struct Value {
    name: String,
    target: String,
    before: TextRange,
    after: TextRange,
}
