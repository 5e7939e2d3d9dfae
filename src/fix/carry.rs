//! A context that a future brings along each time it is polled, in place of one that a thread is put into.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::{TextEdit, TextEditBuilder};
use ra_ap_syntax::{AstNode, NodeOrToken, SyntaxKind};

use crate::{
    facts::{
        body::BodyFacts,
        rest::{Context, Rest},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix},
    fix::{
        lines::{self, indentation, line_end},
        traits::TraitsOf,
    },
};

/// Makes a future of the rest of the block, and puts that into the context.
pub fn with_future(around: &Surroundings<'_>, body: &BodyFacts<'_>, rest: &Rest) -> Option<Fix> {
    let [krate, name, method] = rest.by.split("::").collect::<Vec<_>>()[..] else { return None };
    let text = around.workspace.text(&rest.file)?;
    let statement = rest.statement.syntax().text_range();
    let outer = format!("{}{}", line_end(text), indentation(text, statement.start()));
    let mut edit = TextEdit::builder();
    let imports = TraitsOf::first(body, &[krate])?.imports(body, rest.at, &[name], text)?;
    if let Some((range, import)) = imports {
        edit.replace(range, import);
    }
    let (made, context) = match &rest.context {
        Context::Own(it) => (String::new(), it.clone()),
        Context::Shared(it) => (String::new(), format!("{it}.clone()")),
        Context::Made { value, name } => {
            (format!("let {name} = {};{outer}", &text[*value]), name.clone())
        }
    };
    edit.replace(statement, format!("{made}async {{"));
    let step = lines::step(text, statement.start());
    space_behind(rest, &format!("{outer}{step}"), step, &mut edit);
    let end = rest.statements.last()?.text_range().end();
    lines::indent(rest.statements.iter(), end, step, &mut edit);
    let behind = rest.statements.last().and_then(lines::end_of_line_comment).unwrap_or(end);
    let semicolon = if rest.gives_nothing { ";" } else { "" };
    edit.insert(behind, format!("{outer}}}{outer}.{method}({context}){outer}.await{semicolon}"));
    Some(Fix {
        title: format!("Put the rest of the block into it by `{method}`"),
        applicability: Applicability::Safe,
        doubt: None,
        edits: BTreeMap::from([(rest.file.clone(), edit.finish())]),
        wants: BTreeSet::new(),
    })
}

/// No empty line stands where the block of the future begins, and what stands before its first statement goes in.
fn space_behind(rest: &Rest, new_line: &str, step: &str, edit: &mut TextEditBuilder) {
    let mut at = rest.statement.syntax().next_sibling_or_token();
    let mut is_first = true;
    while let Some(NodeOrToken::Token(it)) = at {
        if it.kind() == SyntaxKind::WHITESPACE && it.text().contains('\n') {
            match is_first {
                true => edit.replace(it.text_range(), new_line.to_owned()),
                false => edit.insert(it.text_range().end(), step.to_owned()),
            }
        } else if it.kind() == SyntaxKind::WHITESPACE
            && it.next_sibling_or_token().is_some_and(|it| it.as_node().is_some())
        {
            edit.replace(it.text_range(), new_line.to_owned());
        }
        is_first = false;
        at = it.next_sibling_or_token();
    }
}
