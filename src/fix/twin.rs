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
    finding::{FeatureWant, Fix, Note, Want},
    fix::{doubts::Case, own_runtime, path, template::Template},
    knowledge::Wait,
};

/// Writes the row's `instead` in place of the call, or says why not.
pub fn await_twin(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
) -> Result<Fix, Vec<Note>> {
    let no_twin = || vec![Note::new("it has no asynchronous twin of the same shape")];
    let template = Template::parse(mention.row.instead.as_deref().ok_or_else(no_twin)?);
    let call = callable(body, mention)?;
    if mention.row.blocks == Some(Wait::Future) && body.is_given_itself(mention) {
        return Err(vec![Note::new(
            "the future is that of this very function, which has to be boxed first",
        )]);
    }
    let (driver, twin) = own_twin(around, body, mention, &template)?;
    let (blocking, doubtful) = alive(around, body, mention, &template, &call);
    if !blocking.is_empty() {
        return Err(blocking.iter().map(Alive::note).collect());
    }
    let path = twin
        .as_deref()
        .zip(driver)
        .map(|(path, driver)| path::shortest(body, mention.expr, &driver.root(), path));
    let text = around.text(&call.at).ok_or_else(Vec::new)?;
    let edit = template.edit(text, &call, path.as_deref()).ok_or_else(|| {
        vec![Note::new("a comment, or the form of the arguments, is in the way of a rewrite")]
    })?;
    let mut fix = Fix {
        title: title(path.as_deref()),
        applicability: mention.row.cap(),
        doubt: mention.row.doubt.clone(),
        edits: BTreeMap::from([(call.at.file.clone(), edit)]),
        wants: BTreeSet::new(),
    };
    let case = Case { around, body, mention, driver, alive: &doubtful };
    case.apply_to(Some(&template), &mut fix);
    if let Some(runtime) = body.own_runtime(mention) {
        for wait in &runtime.waits {
            let (blocking, _) = alive(around, body, wait, &template, &callable(body, wait)?);
            if !blocking.is_empty() || body.is_given_itself(wait) {
                return Err(blocking.iter().map(Alive::note).collect());
            }
        }
        fix = own_runtime::without(around, body, &template, runtime, fix)?;
    }
    let needed = mention.row.feature().zip(driver).filter(|it| it.0.0 == it.1.name);
    fix.wants.extend(needed.and_then(|((_, it), driver)| feature(around, it, driver)));
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
        Form::Value | Form::Named => {
            return no("it is handed on as a value here, and its caller cannot await");
        }
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

/// The runtime whose twin this is, and its path: that of the template, or what another runtime has in its place.
fn own_twin<'a>(
    around: &'a Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
    template: &Template,
) -> Result<(Option<&'a Driver>, Option<String>), Vec<Note>> {
    let Some(path) = template.path.as_deref() else { return Ok((None, None)) };
    if let Runtime::One(driver) = &around.runtime
        && let Some(runtime) = body.runtime_of(driver)
    {
        let without_value =
            || runtime.twin_without_value(path).filter(|_| body.is_without_value(mention.expr));
        if let Some(own) = runtime.twin(path).or_else(without_value) {
            return Ok((Some(driver), Some(own.to_owned())));
        }
    }
    Ok((Some(driver(around, path, mention)?), Some(path.to_owned())))
}

/// The runtime that has `path`, when it drives this code and that item of it can be named here.
pub(super) fn driver<'a>(
    around: &'a Surroundings<'_>,
    path: &str,
    mention: &Mention,
) -> Result<&'a Driver, Vec<Note>> {
    let no = |text: String| Err(vec![Note::new(text)]);
    let root = path.split("::").next().unwrap_or_default();
    match &around.runtime {
        Runtime::One(driver) if driver.name == root && !driver.has(path) => no(format!(
            "its twin is {root}'s, which the manifest does not name: it comes with {}",
            driver.key
        )),
        Runtime::One(driver) if driver.name == root => {
            let old = mention.row.since.as_deref().zip(driver.version.as_deref());
            match old.filter(|(since, version)| older(version, since)) {
                Some((since, version)) => {
                    no(format!("its twin came with {root} {since}, and this is {version}"))
                }
                None => Ok(driver),
            }
        }
        Runtime::One(driver) => no(format!(
            "its twin is known for {root} only, and the runtime here is {}",
            driver.name
        )),
        Runtime::Several(names) => {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            no(format!(
                "which runtime drives this code is not known: the manifest names {}",
                names.join(" and ")
            ))
        }
        Runtime::Unknown => no(format!(
            "its twin is {root}'s, and the manifest does not say that {root} drives this code"
        )),
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
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
    template: &Template,
    call: &CallParts,
) -> (Vec<Alive>, Vec<Alive>) {
    let awaited: Vec<_> = template.awaited(call).iter().map(|it| it.range).collect();
    let mut here = mention.clone();
    here.moves &= !body.stays_on_its_core(&around.runtime);
    let mut found = body.alive_at(&here);
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

/// The feature to turn on, where it is not on already.
pub(super) fn feature(around: &Surroundings<'_>, feature: &str, driver: &Driver) -> Option<Want> {
    let is_off = driver.lent.is_none() && !driver.features.contains(feature);
    is_off.then(|| {
        let want = FeatureWant {
            manifest: around.manifest.clone(),
            dependency: driver.key.clone(),
            feature: feature.to_owned(),
        };
        Want::Feature(want, driver.kind)
    })
}
