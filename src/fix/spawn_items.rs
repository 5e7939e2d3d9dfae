//! A task for each future of a stream.

use std::collections::BTreeMap;

use ra_ap_ide_db::text_edit::TextRange;

use crate::{
    facts::{body::BodyFacts, idle::tasks::Tasks, surroundings::Surroundings},
    finding::{Applicability, Fix},
    fix::{
        edits,
        lines::{indentation, line_end},
        own_task::{self, FEATURE, GOES_ON, SPAWN},
        path, twin,
    },
};

/// Spawns each future where it is made; a panic in it goes on where its item is taken. Or says why that cannot be.
pub fn spawn(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    tasks: &Tasks,
) -> Result<Fix, String> {
    let driver = own_task::driver(around)?;
    let text = around.text(&tasks.makes).ok_or("its file is not in sight")?;
    let spawn = path::shortest(body, tasks.at, &driver.root(), SPAWN);
    let future = &text[tasks.future.range];
    let makes = tasks.makes.range;
    // The call stands on a line of its own, or on one with all the others.
    let dot =
        text[makes].rfind('.').map_or(0, |it| text[makes][..it].rfind('\n').map_or(0, |_| it));
    let before = &text[makes][..dot];
    let space = match before.rsplit_once('\n') {
        Some((_, spaces)) if spaces.trim().is_empty() => {
            format!("{}{}", line_end(text), indentation(text, makes.end()))
        }
        _ => String::new(),
    };
    let edit = edits::joined(vec![
        (tasks.future.range, format!("{spawn}({future})")),
        (TextRange::empty(makes.end()), format!("{space}.map(|it| it{GOES_ON})")),
    ]);
    Ok(Fix {
        title: "Run each future as a task of its own".to_owned(),
        applicability: Applicability::Unsafe,
        doubt: Some(
            "the tasks go on when the stream is dropped, and may run on other threads".to_owned(),
        ),
        edits: BTreeMap::from([(
            tasks.makes.file.clone(),
            edit.ok_or("it stands in its own way")?,
        )]),
        wants: twin::feature(around, FEATURE, driver).into_iter().collect(),
    })
}
