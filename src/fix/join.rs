//! Futures that are awaited one by one are awaited together.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    facts::{body::BodyFacts, one_by_one::Together, runtime::Runtime, surroundings::Surroundings},
    finding::{Applicability, Fix, Note},
    fix::{edits, twin::feature},
};

/// Writes one `join!` of these futures in place of the statements, or says why not.
pub fn join(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    futures: &[&str],
    together: &Together,
) -> Result<Fix, Vec<Note>> {
    let no = |text: &str| vec![Note::new(text)];
    let Runtime::One(driver) = &around.runtime else {
        return Err(no("which runtime drives this code is not known"));
    };
    let runtime = body.runtime_of(driver);
    let joins = runtime.and_then(|it| it.joins.as_ref()).filter(|_| driver.lent.is_none());
    let joins =
        joins.ok_or_else(|| no("the runtime here has no macro that awaits several futures"))?;
    let path = if together.tried { &joins.until_error } else { &joins.all };
    let path = path.split_once("::").map_or(path.as_str(), |it| it.1);
    let text = around.text(&together.at).ok_or_else(Vec::new)?;
    let mark = if together.tried { "?" } else { "" };
    let call = format!("{}::{path}!({}){mark};", driver.root(), futures.join(", "));
    let is_bound = together.patterns.iter().any(Option::is_some);
    let patterns = together.patterns.iter().map(|it| it.map_or("_", |it| &text[it]));
    let patterns: Vec<&str> = patterns.collect();
    let line = match is_bound {
        true => format!("let ({}) = {call}", patterns.join(", ")),
        false => call,
    };
    let others = together.others.iter().map(|it| (*it, String::new()));
    let all = std::iter::once((together.at.range, line)).chain(others).collect();
    let edit = edits::joined(all).ok_or_else(|| no("they stand in their own way"))?;
    let mut doubts = vec!["they run at the same time, so what they do comes in another order"];
    if together.tried {
        doubts.push("an error of one cancels the others");
    }
    Ok(Fix {
        title: format!("Await them together with `{path}!`"),
        applicability: Applicability::Unsafe,
        doubt: Some(doubts.join("; ")),
        edits: BTreeMap::from([(together.at.file.clone(), edit)]),
        wants: BTreeSet::from_iter(feature(around, &joins.feature, driver)),
    })
}
