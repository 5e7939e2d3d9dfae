//! What is done with the items of a stream becomes a part of the futures that make them.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::{TextEdit, TextRange};

use crate::{
    facts::{
        idle::at_once::{AtOnce, ConsumedAt, LoopAt, MethodAt},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix},
    fix::{
        edits,
        lines::{self, indentation, line_end},
    },
};

/// Does it for several items at once, up to the limit that the stream has.
pub fn fix(around: &Surroundings<'_>, it: &AtOnce) -> Result<Fix, String> {
    let text = around.workspace.text(&it.file).ok_or("its file is not in sight")?;
    let edit = match &it.consumed {
        ConsumedAt::Loop(at) => of_loop(it, at, text),
        ConsumedAt::Method(at) => of_method(it, at, text).ok_or("it stands in its own way")?,
    };
    Ok(Fix {
        title: format!("Do it in the futures, with `{}`", it.method),
        applicability: Applicability::Unsafe,
        doubt: Some(
            "what is done with one item now overlaps with what is done with others".to_owned(),
        ),
        edits: BTreeMap::from([(it.file.clone(), edit)]),
        wants: BTreeSet::new(),
    })
}

fn of_loop(it: &AtOnce, at: &LoopAt, text: &str) -> TextEdit {
    let outer = indentation(text, at.head.start());
    let inner = indentation(text, at.name.start());
    let further = inner.strip_prefix(outer).unwrap_or_default();
    let step = lines::step(text, at.head.start());
    let end = line_end(text);
    let pattern = &text[at.pattern];
    let mut edit = TextEdit::builder();
    edit.delete(at.head);
    edit.replace(at.name, it.method.clone());
    let first = format!("let {pattern} = {}.await;", it.future);
    let is_one_line = !text[TextRange::new(at.between.end(), at.close.start())].contains('\n');
    let space = if is_one_line { " ".to_owned() } else { format!("{end}{inner}{step}") };
    edit.replace(at.between, format!(", |{}| async move {{{space}{first}", it.future));
    lines::indent(std::iter::once(&at.statements), at.close.end(), further, &mut edit);
    let awaited =
        if further.is_empty() { ".await;".to_owned() } else { format!("{end}{inner}.await;") };
    edit.replace(at.close, format!("}}){awaited}"));
    edit.finish()
}

fn of_method(it: &AtOnce, at: &MethodAt, text: &str) -> Option<TextEdit> {
    let (limit, pattern) = (&text[it.limit], &text[at.pattern]);
    let first = format!("let {pattern} = {}.await;", it.future);
    let mut all = vec![
        (at.makes, String::new()),
        (at.name, it.method.clone()),
        (TextRange::empty(at.closure.start()), format!("{limit}, ")),
        (at.pattern, it.future.clone()),
    ];
    match at.open {
        Some(open) => {
            let rest = &text[usize::from(open.end())..];
            let space = match rest.split_once('\n') {
                Some((line, below)) if line.trim().is_empty() => {
                    let spaces = below.len() - below.trim_start_matches([' ', '\t']).len();
                    format!("{}{}", line_end(text), &below[..spaces])
                }
                _ => " ".to_owned(),
            };
            all.push((TextRange::empty(open.end()), format!("{space}{first}")));
        }
        None => {
            let value = &text[at.value];
            all.push((at.value, format!("async move {{ {first} {value}.await }}")));
        }
    }
    edits::joined(all)
}
