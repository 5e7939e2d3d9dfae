//! A future that runs as a task, so that it is polled whatever else is awaited.

use std::collections::BTreeMap;

use crate::{
    facts::{body::BodyFacts, futurelock::LentTask, surroundings::Surroundings},
    finding::{Applicability, Fix},
    fix::{
        edits,
        hand_over::line,
        handler,
        own_task::{self, FEATURE, GOES_ON, SPAWN},
        path, twin,
    },
};

/// Spawns it where it is made, and lends the handle; a panic in it goes on where its result is taken.
pub fn spawn(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    it: &LentTask,
) -> Result<Fix, String> {
    let driver = own_task::driver(around)?;
    let text = around.text(&it.future).ok_or("its file is not in sight")?;
    let spawn = path::shortest(body, it.at, &driver.root(), SPAWN);
    let pattern = &text[it.result.range];
    let is_name = pattern.chars().all(|it| it.is_lowercase() || it.is_numeric() || it == '_');
    if !is_name {
        return Err("what the branch takes of its result may be only a part".to_owned());
    }
    let mut all = vec![(it.wrapped.range, format!("{spawn}({})", &text[it.future.range]))];
    let declared = &text[it.pattern.range];
    if !declared.starts_with("mut ") {
        all.push((it.pattern.range, format!("mut {declared}")));
    }
    if let Some(pinned) = &it.pinned {
        let line = line(text, pinned.range).ok_or("it is pinned beside other code")?;
        all.push((line, String::new()));
    }
    let first = match pattern {
        "_" => {
            all.push((it.result.range, it.joined.clone()));
            let ignored = if it.is_unit { "" } else { "let _ = " };
            format!("{ignored}{}{GOES_ON};", it.joined)
        }
        name => format!("let {name} = {name}{GOES_ON};"),
    };
    all.extend(handler::begin(text, it.handler.range, &first));
    Ok(Fix {
        title: format!("Run `{}` as a task of its own, and lend its handle", it.name),
        applicability: Applicability::Unsafe,
        doubt: Some(format!(
            "`{}` goes on when nobody waits for it any more, and may run on another thread",
            it.name
        )),
        edits: BTreeMap::from([(
            it.future.file.clone(),
            edits::joined(all).ok_or("it stands in its own way")?,
        )]),
        wants: twin::feature(around, FEATURE, driver).into_iter().collect(),
    })
}
