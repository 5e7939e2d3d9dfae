//! Locks for which threads wait, made into locks for which tasks wait, over the whole workspace.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::{TextRange, TextSize};

use crate::{
    facts::{
        body::BodyFacts,
        locks::everywhere::{LockType, LockUse, LockUses},
        runtime::{Driver, Runtime, runtime},
        surroundings::Surroundings,
    },
    finding::{Applicability, FilePath, Fix, Note, Want},
    fix::{edits, lines, twin},
};

/// The runtime whose locks they become, the feature that has them, ...
const RUNTIME: &str = "tokio";
const FEATURE: &str = "sync";

/// ... how one is made where only constants are, and what its methods for threads begin with.
const NEW_CONST: &str = "const_new";
const FOR_THREADS: &str = "blocking_";

/// Makes every lock of this type one for which tasks wait, or says why one of them has to stay what it is.
pub fn make_asynchronous(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    lock: &LockType,
    uses: &LockUses,
) -> Result<Fix, Note> {
    let mut edits = BTreeMap::new();
    let mut wants = BTreeSet::new();
    for (file, places) in &uses.places {
        let (driver, want) = driver(around, body, file).map_err(stays)?;
        wants.extend(want);
        let all = places.iter().map(|((start, end), use_)| {
            let range = TextRange::new(TextSize::new(*start), TextSize::new(*end));
            let text = &around.workspace.text(file).unwrap_or_default();
            edit(range, use_, &driver.root(), text)
        });
        let met = || stays(Note::new("two of its edits would meet"));
        edits.insert(file.clone(), edits::joined(all.collect()).ok_or_else(met)?);
    }
    Ok(Fix {
        title: format!("Make every `{}<{}>` an asynchronous lock", name(lock), lock.inner),
        applicability: Applicability::Unsafe,
        doubt: Some(doubts(uses)),
        edits,
        wants,
    })
}

/// Why such a lock stays what it is.
pub fn stays(it: Note) -> Note {
    let text = format!("tasks cannot wait for it instead of threads: {}", it.text);
    Note { text, ..it }
}

fn name(lock: &LockType) -> &str {
    lock.path.rsplit("::").next().unwrap_or_default()
}

fn doubts(uses: &LockUses) -> String {
    let cancelled =
        "a task that is cancelled while it holds one leaves what is locked as it is by then";
    match uses.breaks {
        true => format!("a panic no longer breaks the lock for those who come after; {cancelled}"),
        false => cancelled.to_owned(),
    }
}

fn edit(range: TextRange, use_: &LockUse, root: &str, text: &str) -> (TextRange, String) {
    let up_to = |end: TextSize| TextRange::new(range.start(), end);
    match use_ {
        LockUse::Named { twin } => {
            let rest = twin.split_once("::").map_or(twin.as_str(), |it| it.1);
            (range, format!("{root}::{rest}"))
        }
        LockUse::MadeConst => (range, NEW_CONST.to_owned()),
        LockUse::Awaited { result } => (up_to(*result), ".await".to_owned()),
        LockUse::OnThread => (range, format!("{FOR_THREADS}{}", &text[range])),
        LockUse::TriedAsOption => (range, ".ok()".to_owned()),
        LockUse::Unwrapped { result } => (up_to(*result), String::new()),
        LockUse::Needless => (range, String::new()),
        LockUse::Head { block } => {
            let rest = text[usize::from(*block)..].trim_start_matches([' ', '\t', '\r']);
            let space = match rest.starts_with('\n') {
                true => {
                    let outer = lines::indentation(text, range.start());
                    format!("{}{outer}    ", lines::line_end(text))
                }
                false => " ".to_owned(),
            };
            (range, format!("{{{space}let "))
        }
        LockUse::HeadEnds { block, awaited } => {
            (up_to(*block), if *awaited { ".await;" } else { ";" }.to_owned())
        }
    }
}

/// The runtime of the package that a file belongs to, and the feature to turn on there.
fn driver(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    file: &FilePath,
) -> Result<(Driver, Option<Want>), Note> {
    let workspace = around.workspace;
    let none = || Note::new(format!("{file} may be used without {RUNTIME}"));
    let target = workspace.target_of(file).ok_or_else(none)?;
    let driver = match runtime(workspace, body.known, target) {
        Runtime::One(it) if it.name == RUNTIME => it,
        _ => return Err(none()),
    };
    let manifest = workspace.packages()[target.package].manifest.clone();
    let there = Surroundings { manifest, ..around.clone() };
    let want = twin::feature(&there, FEATURE, &driver);
    Ok((driver, want))
}
