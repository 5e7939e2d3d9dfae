//! The asynchronous twin of a blocking call, awaited in its place.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    facts::{
        alive::{Alive, Matter},
        body::{BodyFacts, Form, Mention},
        runtime::{Driver, Runtime},
        surroundings::Surroundings,
        syntax::CallParts,
    },
    finding::{Applicability, FeatureWant, Fix, Note, Want},
    fix::{path, template::Template},
    knowledge::Wait,
};

/// Writes the row's `instead` in place of the call, or says why not.
pub fn await_twin(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
) -> Result<Fix, Vec<Note>> {
    let template = Template::parse(mention.row.instead.as_deref().ok_or_else(Vec::new)?);
    let call = callable(body, mention)?;
    let driver = driver(around, &template, mention)?;
    let (blocking, doubtful) = alive(body, mention, &template, &call);
    if !blocking.is_empty() {
        return Err(blocking.iter().map(Alive::note).collect());
    }
    let path = template
        .path
        .as_deref()
        .zip(driver)
        .map(|(path, driver)| path::shortest(body, mention.expr, &driver.root(), path));
    let text = around.text(&call.at).ok_or_else(Vec::new)?;
    let edit = template.edit(text, &call, path.as_deref()).ok_or_else(|| {
        vec![Note::new("a comment or the order of the arguments is in the way of a rewrite")]
    })?;
    let mut fix = Fix {
        title: title(path.as_deref()),
        applicability: mention.row.cap(),
        doubt: mention.row.doubt.clone(),
        edits: BTreeMap::from([(call.at.file.clone(), edit)]),
        wants: BTreeSet::new(),
    };
    doubts(around, body, mention, driver, &doubtful, &mut fix);
    fix.wants.extend(feature(around, mention, driver));
    Ok(fix)
}

fn title(path: Option<&str>) -> String {
    match path {
        Some(path) => format!("Await `{path}` instead"),
        None => "Await the future instead".to_owned(),
    }
}

/// The call, when an `.await` may stand in its place.
fn callable(body: &BodyFacts<'_>, mention: &Mention) -> Result<CallParts, Vec<Note>> {
    let no = |text: &str| Err(vec![Note::new(text)]);
    match mention.form {
        Form::Value => return no("it is handed on as a value here, and its caller cannot await"),
        Form::Indirect => return no("it is called through a variable here"),
        Form::Call | Form::Method => {}
    }
    if mention.awaits_in.is_none() {
        return match mention.in_closure {
            true => no("the closure around it runs right here, but cannot await"),
            false => no("a function that is polled cannot await"),
        };
    }
    match body.call_parts(mention) {
        Some(it) => Ok(it),
        None => no("a macro writes a part of this call"),
    }
}

/// The runtime whose twin may be called here; none is asked for when the template names no crate.
fn driver<'a>(
    around: &'a Surroundings<'_>,
    template: &Template,
    mention: &Mention,
) -> Result<Option<&'a Driver>, Vec<Note>> {
    let Some(root) = template.root() else { return Ok(None) };
    let no = |text: String| Err(vec![Note::new(text)]);
    match &around.runtime {
        Runtime::One(driver) if driver.name == root => {
            let old = mention.row.since.as_deref().zip(driver.version.as_deref());
            match old.filter(|(since, version)| older(version, since)) {
                Some((since, version)) => {
                    no(format!("its twin came with {root} {since}, and this is {version}"))
                }
                None => Ok(Some(driver)),
            }
        }
        Runtime::One(driver) => {
            no(format!("the runtime here is {}, which has no twin of the same shape", driver.name))
        }
        Runtime::Several(names) => {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            no(format!(
                "which runtime drives this code is not known: the manifest names {}",
                names.join(" and ")
            ))
        }
        Runtime::Unknown => {
            no(format!("{root} is not a runtime that this crate names in its manifest"))
        }
    }
}

fn older(version: &str, since: &str) -> bool {
    let numbers = |it: &str| -> Vec<u64> {
        it.split(['.', '-', '+']).map_while(|it| it.parse().ok()).collect()
    };
    numbers(version) < numbers(since)
}

/// What is alive: first what forbids the await, then what makes it doubtful.
fn alive(
    body: &BodyFacts<'_>,
    mention: &Mention,
    template: &Template,
    call: &CallParts,
) -> (Vec<Alive>, Vec<Alive>) {
    let awaited: Vec<_> = template.awaited(call).iter().map(|it| it.range).collect();
    let mut found = body.alive_at(mention);
    for it in &mut found {
        // The awaited future itself: if it is not `Send`, the compiler says so at the next spawn.
        let inside =
            |at: &crate::finding::Place| awaited.iter().any(|it| it.contains_range(at.range));
        if it.matter == Matter::UnknownType && it.at.as_ref().is_some_and(inside) {
            it.matter = Matter::MaybeNotSend;
        }
    }
    found.into_iter().partition(|it| it.matter >= Matter::UnknownType)
}

/// An executor that panics in its own runtime may work in another, and what it is given may need it.
fn driven_elsewhere(around: &Surroundings<'_>, mention: &Mention) -> Option<String> {
    let own = mention.row.path.split("::").next().unwrap_or_default();
    let is_own = matches!(&around.runtime, Runtime::One(driver) if driver.name == own);
    (!is_own && mention.row.cap() == Applicability::Safe)
        .then(|| format!("this code may not be driven by {own}, and the future may need it"))
}

/// Each doubt makes the fix `Unsafe` and is said.
fn doubts(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
    driver: Option<&Driver>,
    alive: &[Alive],
    fix: &mut Fix,
) {
    let mut doubts: Vec<String> = fix.doubt.take().into_iter().collect();
    if driver.is_some_and(|it| it.conditional) {
        doubts.push(
            "the runtime is an optional dependency, and this code may be built without it"
                .to_owned(),
        );
    }
    if let Some(it) = alive.iter().find(|it| it.matter == Matter::MaybeNotSend) {
        doubts.push(format!(
            "`{}` may not be `Send`, and then the future is not either",
            it.type_name
        ));
    }
    if let Some(it) = alive.iter().find(|it| it.matter == Matter::AsyncGuard) {
        doubts.push(format!("a cancellation here would find the `{}` held", it.type_name));
    }
    if body.split_changes(mention).is_some() {
        doubts.push(
            "a cancellation here would come between two changes that so far happen together"
                .to_owned(),
        );
    }
    if mention.row.blocks == Some(Wait::Future) {
        doubts.extend(driven_elsewhere(around, mention));
    }
    if let Some(name) = body.dropped_receiver(mention) {
        doubts.push(format!(
            "`{name}` is dropped in async code, which panics too: it has to go as well"
        ));
        fix.applicability = Applicability::Manual;
    }
    if !doubts.is_empty() {
        fix.applicability = fix.applicability.min(Applicability::Unsafe);
        fix.doubt = Some(doubts.join("; "));
    }
}

fn feature(around: &Surroundings<'_>, mention: &Mention, driver: Option<&Driver>) -> Option<Want> {
    let (_, feature) = mention.row.feature()?;
    let driver = driver?;
    (!driver.features.contains(feature)).then(|| {
        let want = FeatureWant {
            manifest: around.manifest.clone(),
            dependency: driver.key.clone(),
            feature: feature.to_owned(),
        };
        Want::Feature(want, driver.kind)
    })
}
