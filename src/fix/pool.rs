//! A blocking call, moved to the threads that may block.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_hir_def::hir::ExprId;
use ra_ap_ide_db::text_edit::TextEdit;

use crate::{
    facts::{
        alive::{Alive, Matter},
        body::{BodyFacts, Form, Mention},
        captures::Capture,
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix, Note, Place},
    fix::{
        doubts::Case,
        lines::{indentation, line_end},
        path, twin,
    },
};

/// The function that hands work to the pool, and the feature of its runtime that this needs.
const SPAWN: &str = "tokio::task::spawn_blocking";
const FEATURE: &str = "rt";

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
    let no = |text: &str| Err(vec![Note::new(text)]);
    if mention.awaits_in.is_none() || !matches!(mention.form, Form::Call | Form::Method) {
        return no("nothing can be awaited in its place");
    }
    if !mention.row.movable {
        return Err(Vec::new());
    }
    let driver = twin::driver(around, SPAWN, mention)?;
    let mut reasons = Vec::new();
    for expr in body.waits_around(mention) {
        let moved = body.mention_around(mention, expr);
        match Moved::new(body, &moved) {
            Ok(it) => {
                let case =
                    Case { around, body, mention: &moved, driver: Some(driver), alive: &it.alive };
                let spawn = path::shortest(body, expr, &driver.root(), SPAWN);
                let mut fix = it.fix(around, &spawn).ok_or_else(Vec::new)?;
                case.apply_to(None, &mut fix);
                fix.wants.extend(twin::feature(around, FEATURE, driver));
                return Ok(fix);
            }
            Err(it) => reasons = it,
        }
    }
    Err(reasons)
}

/// A piece of code that can go.
struct Moved {
    at: Place,
    captures: Vec<Capture>,
    alive: Vec<Alive>,
    /// `?` where the function's own error can say that a task has panicked.
    join: String,
}

impl Moved {
    fn new(body: &BodyFacts<'_>, mention: &Mention) -> Result<Moved, Vec<Note>> {
        let expr = mention.expr;
        let at = body
            .written(expr)
            .ok_or_else(|| vec![Note::new("a macro writes a part of this call")])?;
        let captures = body.captures(expr).map_err(|it| {
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
        Ok(Moved { at, captures, alive, join: join(body, expr, mention) })
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
        let join = if self.join == "?" { "?".to_owned() } else { format!("{line}{}", self.join) };
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
