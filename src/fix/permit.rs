//! A permit for each task, of which there are so many.

use ra_ap_ide_db::text_edit::TextRange;

use crate::{
    facts::{
        body::BodyFacts,
        surroundings::Surroundings,
        task_each::{TaskEach, TaskText},
    },
    finding::Fix,
    fix::{
        limit,
        lines::{indentation, line_end, step},
        own_task, path, twin,
    },
};

const SEMAPHORE: &str = "tokio::sync::Semaphore";
const FEATURE: &str = "sync";
const EXPECT: &str = "expect";
const CLOSED: &str = "the semaphore is never closed";

/// What happens when there is no permit left.
#[derive(Clone, Copy)]
enum Full {
    Waits,
    Refuses,
}

/// Takes a permit before each task is started, and moves it into the task; or says why that cannot be.
pub fn before_each(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    each: &TaskEach,
    most: u64,
) -> Result<Fix, String> {
    with_permit(around, body, each, most, Full::Waits)
}

/// The same, without a wait: what comes in when no permit is left is dropped.
pub fn or_refuse(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    each: &TaskEach,
    most: u64,
) -> Option<Fix> {
    let fix = with_permit(around, body, each, most, Full::Refuses).ok()?;
    Some(Fix {
        title: "Refuse what comes while so many are running".to_owned(),
        doubt: Some(
            "only you know how many at once are right, and what to answer the others".into(),
        ),
        ..fix
    })
}

fn with_permit(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    each: &TaskEach,
    most: u64,
    full: Full,
) -> Result<Fix, String> {
    let driver = own_task::driver(around)?;
    let places = body.permit_places(each)?;
    let (at, call) = (&each.first.at, each.first.call);
    let text = around.text(at).ok_or("its file is not in sight")?;
    let arc = path::shortest(body, call, "std", "std::sync::Arc");
    let semaphore = path::shortest(body, call, &driver.root(), SEMAPHORE);
    let (permits, permit) = &places.names;
    let name = limit::NAME;
    let mut edits = Vec::new();
    let statement = |at, text_of: String| {
        let space = format!("{}{}", line_end(text), indentation(text, at));
        (TextRange::empty(at), format!("{text_of}{space}"))
    };
    let made = format!("let {permits} = {arc}::new({semaphore}::new({name}));");
    edits.push(statement(places.before_loop, made));
    let taken = match full {
        Full::Waits => format!(
            "let {permit} = {permits}.clone().acquire_owned().await.{EXPECT}(\"{CLOSED}\");"
        ),
        Full::Refuses => {
            format!("let Ok({permit}) = {permits}.clone().try_acquire_owned() else {{ continue }};")
        }
    };
    let kept = format!("let _{permit} = {permit};");
    for (before, task) in places.tasks {
        edits.push(statement(before, taken.clone()));
        edits.push(keeping(text, task, &kept));
    }
    let doubt =
        "only you know how many at once are right, and the loop waits when there are so many";
    let named = limit::Named::at_once(most, doubt);
    let fix = limit::with_constant(around, body, (at, call), named, edits);
    let mut fix = fix.ok_or("something else has the name of the limit")?;
    fix.wants.extend(twin::feature(around, FEATURE, driver));
    Ok(fix)
}

/// What makes a task keep its permit until it is done.
fn keeping(text: &str, task: TaskText, kept: &str) -> (TextRange, String) {
    match task {
        TaskText::Block(at) => {
            let rest = text[usize::from(at)..].split('\n').next().unwrap_or_default();
            let space = match rest.trim().is_empty() {
                true => format!("{}{}{}", line_end(text), indentation(text, at), step(text, at)),
                false => " ".to_owned(),
            };
            (TextRange::empty(at), format!("{space}{kept}"))
        }
        TaskText::Value(at) => (at, format!("{{ {kept} {} }}", &text[at])),
        TaskText::Late(at) => (at, format!("async move {{ {kept} {}.await }}", &text[at])),
        TaskText::Made(at) => {
            let made = &text[at];
            (at, format!("{{ let task = {made}; async move {{ {kept} task.await }} }}"))
        }
    }
}
