//! A branch of a `select!` that is left out once its future is done.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::{TextRange, TextSize};

use crate::{
    facts::{
        polled_wrong::{Once, PolledAgain},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix},
    fix::{edits, lines::line_end},
};

/// Gives the branch a condition, which its handler ends.
pub fn guard(around: &Surroundings<'_>, polled: &PolledAgain, once: &Once) -> Option<Fix> {
    let text = around.text(&polled.at)?;
    let flag = &once.flag;
    let start = usize::from(once.loop_.start());
    let line = text[..start].rfind('\n').map_or(0, |it| it + 1);
    let indent = &text[line..start];
    if !indent.trim().is_empty() {
        return None;
    }
    let mut all = vec![
        (
            TextRange::empty(once.loop_.start()),
            format!("let mut {flag} = false;{}{indent}", line_end(text)),
        ),
        (TextRange::empty(once.guard), format!(", if !{flag}")),
    ];
    let handler = &text[once.handler];
    match handler.starts_with('{') {
        true => {
            let open = once.handler.start() + TextSize::of('{');
            let below = handler[1..].split_once('\n').filter(|it| it.0.trim().is_empty());
            let set = match below {
                Some((_, below)) => {
                    let spaces = below.len() - below.trim_start_matches([' ', '\t']).len();
                    format!("{}{}{flag} = true;", line_end(text), &below[..spaces])
                }
                None if handler[1..].trim_start().starts_with('}') => format!(" {flag} = true; "),
                None => format!(" {flag} = true;"),
            };
            let inside = TextRange::new(open, open + TextSize::of(empty_inside(handler)));
            all.push((inside, set));
        }
        false => all.push((once.handler, format!("{{ {flag} = true; {handler} }}"))),
    }
    Some(Fix {
        title: "Leave the branch out once it is done".to_owned(),
        applicability: Applicability::Unsafe,
        doubt: Some("a loop that was to end with a panic goes on".to_owned()),
        edits: BTreeMap::from([(polled.at.file.clone(), edits::joined(all)?)]),
        wants: BTreeSet::new(),
    })
}

/// The spaces in a block that has nothing else.
fn empty_inside(block: &str) -> &str {
    let inside = block.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or_default();
    if inside.trim().is_empty() { inside } else { "" }
}
