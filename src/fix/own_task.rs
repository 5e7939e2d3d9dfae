//! Work that must not stop halfway, in a task of its own.

use std::collections::BTreeMap;

use ra_ap_ide_db::text_edit::TextEdit;

use crate::{
    facts::{
        body::BodyFacts,
        own_task::OwnTask,
        runtime::{Driver, Runtime},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix, Note},
    fix::{
        lines::{self, indentation, line_end},
        path, twin,
    },
};

/// What starts a task, and the feature of its runtime that this needs.
pub(super) const SPAWN: &str = "tokio::spawn";
pub(super) const FEATURE: &str = "rt";
/// A panic goes on in the task that waits, as it would have.
pub(super) const GOES_ON: &str = ".unwrap_or_else(|it| std::panic::resume_unwind(it.into_panic()))";

/// The runtime that can start one; or why that is not certain.
pub(super) fn driver<'a>(around: &'a Surroundings<'_>) -> Result<&'a Driver, String> {
    let root = SPAWN.split("::").next().unwrap_or_default();
    match &around.runtime {
        Runtime::One(it) if it.name == root && it.has(SPAWN) => Ok(it),
        _ => Err(format!("nothing says that {root} drives this code")),
    }
}

/// Does the rest of the function in a task, and waits for it; or says why that cannot be.
pub fn finish(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    task: &OwnTask,
) -> Result<Fix, Note> {
    let driver = driver(around).map_err(Note::new)?;
    let text =
        around.workspace.text(&task.file).ok_or_else(|| Note::new("its file is not in sight"))?;
    let spawn = path::shortest(body, task.at, &driver.root(), SPAWN);
    let (start, end) = (task.range.start(), task.range.end());
    let outer = format!("{}{}", line_end(text), indentation(text, start));
    let step = lines::step(text, start);
    let inner = format!("{outer}{step}");
    let mut edit = TextEdit::builder();
    let mut before = String::new();
    for it in &task.captures {
        if let Some(made_by) = &it.made_by {
            before.push_str(&format!("let {} = {made_by};{outer}", it.name));
        }
    }
    edit.insert(start, format!("{before}{spawn}(async move {{{inner}"));
    for (place, new) in task.captures.iter().flat_map(|it| &it.mentions) {
        edit.replace(place.range, new.clone());
    }
    lines::indent(task.statements.iter(), end, step, &mut edit);
    let last = task.statements.last().and_then(lines::end_of_line_comment);
    edit.insert(last.unwrap_or(end), format!("{outer}}}){outer}.await{outer}{GOES_ON}"));
    Ok(Fix {
        title: "Finish it in a task of its own".to_owned(),
        applicability: Applicability::Unsafe,
        doubt: Some("once begun it goes on, also when nobody waits for it any more".to_owned()),
        edits: BTreeMap::from([(task.file.clone(), edit.finish())]),
        wants: twin::feature(around, FEATURE, driver).into_iter().collect(),
    })
}
