//! A blocking call, moved to the threads that may block.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_hir_def::hir::ExprId;
use ra_ap_ide_db::text_edit::{TextEdit, TextRange};

use crate::{
    facts::{
        alive::{Alive, Matter},
        body::{BodyFacts, Form, Mention},
        captures::{Capture, Copies},
        runtime::{Driver, Runtime},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix, Note, Place},
    fix::{
        doubts::Case,
        lines::{indentation, line_end},
        path, twin,
    },
};

/// The function that hands work to the pool which tells of panics, and the feature of its runtime that this needs.
const SPAWN: &str = "tokio::task::spawn_blocking";
const FEATURE: &str = "rt";
/// What a runtime of several threads needs.
const MANY_THREADS: &str = "rt-multi-thread";

/// What becomes of a panic on the pool, where the function's errors cannot carry it: one here.
const UNWRAP: &str = "expect";
const PANICKED: &str = "the blocking call panicked";

/// Writes `spawn_blocking(move || ..).await` around the call, or around a call around it that blocks too; or says why
/// not.
pub fn move_to_pool(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
) -> Result<Fix, Vec<Note>> {
    move_with(around, body, mention, Copies::Cheap)
}

/// The same with copies of all that has to stay, which may be large: only a sketch.
pub fn sketch(around: &Surroundings<'_>, body: &BodyFacts<'_>, mention: &Mention) -> Option<Fix> {
    let fix = move_with(around, body, mention, Copies::Any).ok()?;
    Some(Fix {
        title: "Move it to a thread that may block, with copies of what it uses".to_owned(),
        applicability: Applicability::Manual,
        doubt: Some("a copy may cost much".to_owned()),
        ..fix
    })
}

fn move_with(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
    copies: Copies,
) -> Result<Fix, Vec<Note>> {
    let no = |text: &str| Err(vec![Note::new(text)]);
    if mention.awaits_in.is_none() || !matches!(mention.form, Form::Call | Form::Method) {
        return no("nothing can be awaited in its place");
    }
    if !mention.row.movable {
        return Err(Vec::new());
    }
    let (driver, own) = pool(around, body, mention)?;
    let mut reasons = Vec::new();
    for expr in body.waits_around(mention) {
        let moved = body.mention_around(mention, expr);
        match Moved::new(body, &moved, copies) {
            Ok(mut it) => {
                if own.is_some() {
                    it.join = String::new();
                }
                let case =
                    Case { around, body, mention: &moved, driver: Some(driver), alive: &it.alive };
                let spawn = own.as_deref().unwrap_or(SPAWN);
                let spawn = path::shortest(body, expr, &driver.root(), spawn);
                let mut fix = it.fix(around, &spawn).ok_or_else(Vec::new)?;
                case.apply_to(None, &mut fix);
                let feature = twin::feature(around, FEATURE, driver).filter(|_| own.is_none());
                fix.wants.extend(feature);
                return Ok(fix);
            }
            Err(it) => reasons = it,
        }
    }
    Err(reasons)
}

/// Whether this code is driven by another runtime than the one whose twins are in the rows, with a pool of its own.
pub fn is_of_another_runtime(around: &Surroundings<'_>, body: &BodyFacts<'_>) -> bool {
    own_pool(around, body).is_some()
}

fn own_pool<'a>(
    around: &'a Surroundings<'_>,
    body: &BodyFacts<'_>,
) -> Option<(&'a Driver, String)> {
    let Runtime::One(driver) = &around.runtime else { return None };
    let runtime = body.runtime_of(driver)?;
    Some((driver, runtime.pool.clone()?))
}

/// The runtime whose pool it is, and its own function for that when it is another one, where a panic goes on by itself.
fn pool<'a>(
    around: &'a Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
) -> Result<(&'a Driver, Option<String>), Vec<Note>> {
    match own_pool(around, body) {
        Some((driver, own)) => Ok((driver, Some(own))),
        None => Ok((twin::driver(around, SPAWN, mention)?, None)),
    }
}

/// Tells the runtime that this thread is going to block, where it is certain that it has others; or says why not.
pub fn block_in_place(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
) -> Result<Fix, Vec<Note>> {
    let Runtime::One(driver) = &around.runtime else { return Err(Vec::new()) };
    let runtime = body.runtime_of(driver).filter(|_| around.several_threads);
    let function = runtime.and_then(|it| it.in_place.as_deref()).ok_or_else(Vec::new)?;
    let may_stand = mention.row.movable && matches!(mention.form, Form::Call | Form::Method);
    let at = body.written(mention.expr).filter(|_| may_stand).ok_or_else(Vec::new)?;
    body.stays_in_place(mention.expr).map_err(|it| vec![it])?;
    let function = path::shortest(body, mention.expr, &driver.root(), function);
    let mut edit = TextEdit::builder();
    edit.insert(at.range.start(), format!("{function}(|| "));
    edit.insert(at.range.end(), ")".to_owned());
    Ok(Fix {
        title: "Tell the runtime that this thread blocks, so that another one takes its tasks"
            .to_owned(),
        applicability: Applicability::Unsafe,
        doubt: Some("what else this same task does still waits".to_owned()),
        edits: BTreeMap::from([(at.file, edit.finish())]),
        wants: twin::feature(around, MANY_THREADS, driver).into_iter().collect(),
    })
}

/// A piece of code that can go.
struct Moved {
    at: Place,
    captures: Vec<Capture>,
    alive: Vec<Alive>,
    /// `?` where the function's own error can say that a task has panicked.
    join: String,
    /// The first bracket of a call that is given nothing: the function can go without a closure around it.
    bracket: Option<TextRange>,
}

impl Moved {
    fn new(body: &BodyFacts<'_>, mention: &Mention, copies: Copies) -> Result<Moved, Vec<Note>> {
        let expr = mention.expr;
        let at = body
            .written(expr)
            .ok_or_else(|| vec![Note::new("a macro writes a part of this call")])?;
        let captures = body.captures(expr, copies).map_err(|it| {
            vec![Note::new(format!("it cannot move to a thread that may block: {}", it.text))]
        })?;
        let (blocking, alive): (Vec<_>, Vec<_>) = body
            .alive_at(mention)
            .into_iter()
            .filter(|it| !is_inside(it, &at))
            .partition(|it| it.matter >= Matter::UnknownType);
        if !blocking.is_empty() {
            return Err(blocking.iter().map(Alive::note).collect());
        }
        let (join, bracket) = (join(body, expr, mention), body.bracket_of_nothing(expr));
        Ok(Moved { at, captures, alive, join, bracket })
    }

    fn fix(&self, around: &Surroundings<'_>, spawn: &str) -> Option<Fix> {
        let text = around.text(&self.at)?;
        Some(Fix {
            title: "Move it to a thread that may block".to_owned(),
            applicability: Applicability::Unsafe,
            doubt: Some("once begun it goes on, also when this task is cancelled".to_owned()),
            edits: BTreeMap::from([(self.at.file.clone(), self.edit(text, spawn))]),
            wants: BTreeSet::new(),
        })
    }

    fn edit(&self, text: &str, spawn: &str) -> TextEdit {
        let mut edit = TextEdit::builder();
        let made: Vec<_> =
            self.captures.iter().filter_map(|it| Some((&it.name, it.made_by.as_ref()?))).collect();
        let (start, end) = (self.at.range.start(), self.at.range.end());
        if let Some(bracket) = self.bracket {
            edit.insert(start, format!("{spawn}("));
            edit.delete(bracket);
            // Whatever else would stand behind the call is in the way of this.
            edit.insert(end, format!(".await{}", self.join));
            return edit.finish();
        }
        if made.is_empty() {
            edit.insert(start, format!("{spawn}(move || "));
            edit.insert(end, format!(").await{}", self.join));
            return edit.finish();
        }
        let line = format!("{}{}", line_end(text), indentation(text, start));
        let mut before = format!("{spawn}({{");
        for (name, made_by) in made {
            before.push_str(&format!("{line}    let {name} = {made_by};"));
        }
        before.push_str(&format!("{line}    move || "));
        edit.insert(start, before);
        for (place, new) in self.captures.iter().flat_map(|it| &it.mentions) {
            edit.replace(place.range, new.clone());
        }
        let join = match self.join.starts_with('.') {
            true => format!("{line}{}", self.join),
            false => self.join.clone(),
        };
        edit.insert(end, format!("{line}}}){line}.await{join}"));
        edit.finish()
    }
}

fn is_inside(alive: &Alive, at: &Place) -> bool {
    let place = alive.at.as_ref();
    alive.name.is_none()
        && place.is_some_and(|it| it.file == at.file && at.range.contains_range(it.range))
}

fn join(body: &BodyFacts<'_>, expr: ExprId, mention: &Mention) -> String {
    match body.error_takes_panics(expr, mention) {
        true => "?".to_owned(),
        false => format!(".{UNWRAP}({PANICKED:?})"),
    }
}
