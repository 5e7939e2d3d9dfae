//! A chain of calls that ends in a blocking one, begun with the asynchronous twin of its first.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::TextEdit;

use crate::{
    facts::{
        alive::{Alive, Matter},
        body::{BodyFacts, Mention},
        surroundings::Surroundings,
    },
    finding::{Fix, Note},
    fix::{doubts::Case, twin},
    knowledge::chain::Chain,
};

/// Begins the chain with the row's twin and awaits its end, or says why not.
pub fn begin_with_twin(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
    chain: &Chain,
) -> Result<Fix, Vec<Note>> {
    let no = |text: String| Err(vec![Note::new(text)]);
    if mention.awaits_in.is_none() {
        return no("nothing can be awaited in its place".to_owned());
    }
    let Some(parts) = body.chain(mention, &chain.from) else {
        return no(format!("what `{}` makes is not used up in one chain of calls", chain.from));
    };
    let is_kept = |it: &&String| chain.keeps.contains(it);
    if let Some(other) = parts.methods.iter().find(|it| !is_kept(it)) {
        return no(format!("`{other}` does not go together with what the twin does"));
    }
    let root = chain.to.split("::").next().unwrap_or_default();
    let driver = twin::driver(around, root, mention)?;
    let (blocking, alive): (Vec<_>, Vec<_>) = body
        .alive_at(mention)
        .into_iter()
        .filter(|it| {
            it.name.is_some()
                || !it.at.as_ref().is_some_and(|it| parts.whole.range.contains_range(it.range))
        })
        .partition(|it| it.matter >= Matter::UnknownType);
    if !blocking.is_empty() {
        return Err(blocking.iter().map(Alive::note).collect());
    }
    let mut edit = TextEdit::builder();
    let segments = chain.to.split("::").skip(1);
    let path =
        std::iter::once(driver.root().as_str()).chain(segments).collect::<Vec<_>>().join("::");
    edit.replace(parts.callee.range, path.clone());
    let is_set = chain.unless.as_ref().is_some_and(|it| parts.methods.contains(it));
    if let Some(adds) = chain.adds.as_deref().filter(|_| !is_set) {
        edit.insert(parts.before_last, adds.to_owned());
    }
    edit.insert(parts.whole.range.end(), ".await".to_owned());
    let mut fix = Fix {
        title: format!("Begin with `{path}` and await the result"),
        applicability: mention.row.cap(),
        doubt: mention.row.doubt.clone(),
        edits: BTreeMap::from([(parts.whole.file.clone(), edit.finish())]),
        wants: BTreeSet::new(),
    };
    let case = Case { around, body, mention, driver: Some(driver), alive: &alive };
    case.apply_to(None, &mut fix);
    fix.wants.extend(mention.row.feature().and_then(|(_, it)| twin::feature(around, it, driver)));
    Ok(fix)
}
