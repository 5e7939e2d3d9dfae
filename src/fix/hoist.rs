//! A statement of its own for what is needed of a guard, so that the guard is gone before the `.await`.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::{TextEdit, TextRange, TextSize};
use ra_ap_syntax::{AstNode, SyntaxKind, ast, ast::HasLoopBody};

use crate::{
    facts::hoist::{Copied, Goes, Hoisted},
    finding::{Applicability, Fix},
    fix::lines::line_end,
};

/// Computes the value before the statement, or at the start of each turn of the loop. `text` is that of the file.
pub fn before(hoisted: &Hoisted, text: &str) -> Option<Fix> {
    let (title, edit, doubt) = match &hoisted.goes {
        Goes::Before(statement) => {
            let name = hoisted.names.first()?;
            let edit = before_statement(hoisted, *statement, name, text)?;
            (format!("Take `{name}` out before the `.await`"), edit, doubt(hoisted.copy, name))
        }
        Goes::IntoLoop(around) => {
            let edit = into_loop(around, hoisted.value, text)?;
            let doubt = "what the loop does with it is no longer protected".to_owned();
            ("Take the value at the start of each turn".to_owned(), edit, doubt)
        }
    };
    Some(Fix {
        title,
        applicability: Applicability::Unsafe,
        doubt: Some(doubt),
        edits: BTreeMap::from([(hoisted.file.clone(), edit)]),
        wants: BTreeSet::new(),
    })
}

fn doubt(copy: Copied, name: &str) -> String {
    match copy {
        Copied::No => format!("`{name}` may be out of date by the time it is used"),
        Copied::Cloned | Copied::Optional => {
            format!("`{name}` is a copy, which may be out of date by the time it is used")
        }
    }
}

fn before_statement(
    hoisted: &Hoisted,
    statement: TextRange,
    name: &str,
    text: &str,
) -> Option<TextEdit> {
    let start = usize::from(statement.start());
    let line = text[..start].rfind('\n').map_or(0, |it| it + 1);
    let indent = &text[line..start];
    if !indent.trim().is_empty() {
        return None;
    }
    let line_end = line_end(text);
    let value = &text[hoisted.value];
    let (copy, instead) = match hoisted.copy {
        Copied::No => ("", name.to_owned()),
        Copied::Cloned => (".clone()", name.to_owned()),
        Copied::Optional => (".cloned()", format!("&{name}")),
    };
    let mut edit = TextEdit::builder();
    edit.insert(statement.start(), format!("let {name} = {value}{copy};{line_end}{indent}"));
    edit.replace(hoisted.value, instead);
    Some(edit.finish())
}

/// `while let A = b {` becomes `loop { let A = b else { break };`.
fn into_loop(around: &ast::WhileExpr, value: TextRange, text: &str) -> Option<TextEdit> {
    let Some(ast::Expr::LetExpr(head)) = around.condition() else { return None };
    let pattern = head.pat()?.syntax().text_range();
    let body = around.loop_body()?.stmt_list()?;
    let open = body.l_curly_token()?.text_range();
    let keyword = around.while_token()?.text_range();
    let between = TextRange::new(keyword.start(), open.start());
    let has_comment = around
        .syntax()
        .descendants_with_tokens()
        .any(|it| it.kind() == SyntaxKind::COMMENT && between.contains_range(it.text_range()));
    if has_comment {
        return None;
    }
    let statement = format!("let {} = {} else {{ break }};", &text[pattern], &text[value]);
    let rest = &text[usize::from(open.end())..];
    let line = rest.split('\n').next().unwrap_or_default();
    let is_last = line.trim().is_empty() || line.trim_start().starts_with("//");
    let (at, space) = match is_last && line.len() < rest.len() {
        // The statement stands above the first one.
        true => {
            let below = &rest[line.len() + 1..];
            let indent: String = below.chars().take_while(|it| " \t".contains(*it)).collect();
            let line_end = if line.ends_with('\r') { "\r\n" } else { "\n" };
            let line = line.trim_end_matches('\r');
            (open.end() + TextSize::of(line), format!("{line_end}{indent}"))
        }
        false => (open.end(), " ".to_owned()),
    };
    let mut edit = TextEdit::builder();
    edit.replace(between, "loop ".to_owned());
    edit.insert(at, format!("{space}{statement}"));
    Some(edit.finish())
}
