//! A channel that holds so many messages and no more.

use ra_ap_ide_db::text_edit::TextRange;

use crate::{
    facts::{body::BodyFacts, channels::PiledUp, surroundings::Surroundings},
    finding::Fix,
    fix::{limit, path},
};

/// The name of the limit; one for each module.
const NAME: &str = "MAX_QUEUED";

/// Makes a channel with a limit, and waits at each call that sends; or says why that cannot be.
pub fn channel(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    it: &PiledUp,
    most: u64,
) -> Result<Fix, String> {
    let sends = it.sends.as_ref().map_err(String::clone)?;
    let root = it.bounded_by.split("::").next().unwrap_or_default();
    let bounded = path::shortest(body, it.call, root, &it.bounded_by);
    let made = body.place_of(it.call).ok_or("a macro makes it")?;
    let text = around.text(&made).ok_or("its file is not in sight")?;
    let call = &text[made.range];
    let types = call.find("::<").map_or("", |from| {
        let to = call.rfind('(').unwrap_or(call.len());
        &call[from..to]
    });
    let mut edits = vec![(made.range, format!("{bounded}{types}({NAME})"))];
    edits.extend(sends.iter().map(|it| (TextRange::empty(*it), ".await".to_owned())));
    let doubt = "only you know how many may wait, and whoever sends waits when there are so many";
    let named = limit::Named {
        name: NAME,
        most,
        title: format!("Let {most} messages wait, or as many as `{NAME}` says"),
        doubt,
    };
    limit::with_constant(around, body, (&it.at, it.call), named, edits)
        .ok_or_else(|| "something else has the name of the limit".to_owned())
}
