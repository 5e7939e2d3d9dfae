//! A task for each future of a stream.

use std::collections::BTreeMap;

use ra_ap_ide_db::text_edit::TextRange;

use crate::{
    facts::{
        body::BodyFacts,
        idle::tasks::{Made, Tasks, Values},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix},
    fix::{
        edits,
        lines::{indentation, line_end},
        own_task::{self, FEATURE, GOES_ON, SPAWN},
        path, twin,
    },
};

/// Spawns each future where it is made; a panic in it goes on where its value is taken. Or says why that cannot be.
pub fn spawn(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    tasks: &Tasks,
) -> Result<Fix, String> {
    spawn_all(around, body, std::slice::from_ref(tasks))
}

/// The same of futures that are made in several places of one file.
pub fn spawn_all(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    all: &[Tasks],
) -> Result<Fix, String> {
    let driver = own_task::driver(around)?;
    let file = &all.first().ok_or("there are none")?.future.place().file;
    let mut edits = Vec::new();
    for tasks in all {
        let made = tasks.future.place();
        let text = around.text(made).ok_or("its file is not in sight")?;
        let spawn = path::shortest(body, tasks.at, &driver.root(), SPAWN);
        edits.push((made.range, task(tasks, &spawn, &text[made.range])));
        if let Values::Behind(makes) = &tasks.values {
            let end = makes.range.end();
            let space = space_before_call(text, makes.range);
            edits.push((TextRange::empty(end), format!("{space}.map(|it| it{GOES_ON})")));
        }
    }
    let edit = edits::joined(edits).ok_or("it stands in its own way")?;
    Ok(Fix {
        title: "Run each future as a task of its own".to_owned(),
        applicability: Applicability::Unsafe,
        doubt: Some(
            "the tasks go on when nobody waits for them any more, and may run on other threads"
                .to_owned(),
        ),
        edits: BTreeMap::from([(file.clone(), edit)]),
        wants: twin::feature(around, FEATURE, driver).into_iter().collect(),
    })
}

/// What makes a task in place of a future, which is `written` so.
fn task(tasks: &Tasks, spawn: &str, written: &str) -> String {
    let task = match tasks.future {
        Made::By(_) => format!("{spawn}({written})"),
        Made::Named(_) => format!("{spawn}({written}(it))"),
    };
    let task = match tasks.values {
        Values::Behind(_) => task,
        Values::InBranch => format!("async {{ {task}.await{GOES_ON} }}"),
        Values::InEach => format!("{{ let task = {task}; async move {{ task.await{GOES_ON} }} }}"),
    };
    match tasks.future {
        Made::By(_) => task,
        Made::Named(_) => format!("|it| {task}"),
    }
}

/// What stands before a call in a chain: it has a line of its own, or one with all the others.
fn space_before_call(text: &str, makes: TextRange) -> String {
    let chain = &text[makes];
    let dot = chain.rfind('.').filter(|it| chain[..*it].contains('\n')).unwrap_or(0);
    match chain[..dot].rsplit_once('\n') {
        Some((_, spaces)) if spaces.trim().is_empty() => {
            format!("{}{}", line_end(text), indentation(text, makes.end()))
        }
        _ => String::new(),
    }
}
