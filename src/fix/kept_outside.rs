//! A call that loses half of what it reads becomes one of something that is kept outside the loop.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::TextRange;

use crate::{
    facts::{
        kept_outside::{End, KeptOutside},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix},
    fix::{
        edits,
        in_place::lines,
        lines::{indentation, line_end},
    },
};

/// Makes it before the loop, and takes each piece of it.
pub fn keep(around: &Surroundings<'_>, it: &KeptOutside) -> Option<Fix> {
    let text = around.workspace.text(&it.file)?;
    let (name, piece) = (&it.name, &it.text);
    let start = it.loop_.start();
    let indent = indentation(text, start);
    let made = format!("let mut {name} = {}.{}();", it.source, it.keeps.before);
    let mut all = vec![
        (TextRange::empty(start), format!("{made}{}{indent}", line_end(text))),
        (it.future, format!("{name}.{}()", it.keeps.then)),
    ];
    if text[it.source_at] != *it.source {
        all.push((it.source_at, it.source.clone()));
    }
    for gone in &it.gone {
        all.push((lines(text, *gone)?, String::new()));
    }
    match &it.end {
        End::Asked { whole, number, then } => {
            let before = TextRange::new(whole.start(), number.start());
            all.push((before, format!("let Some({piece}) = ")));
            all.push((TextRange::new(number.end(), then.start()), " else ".to_owned()));
            all.push((TextRange::empty(whole.end()), ";".to_owned()));
        }
        End::Matched { zero, other } => {
            all.push((*zero, "None".to_owned()));
            all.push((*other, format!("Some({piece})")));
        }
    }
    Some(Fix {
        title: format!("Take each piece of `{}`, which are kept outside the loop", it.keeps.before),
        applicability: Applicability::Unsafe,
        doubt: Some(format!("they are without {}", it.keeps.without)),
        edits: BTreeMap::from([(it.file.clone(), edits::joined(all)?)]),
        wants: BTreeSet::new(),
    })
}
