//! A large future that is kept in another one, or on the stack.

use crate::{
    facts::{
        made_futures::Taken,
        sizes::{
            FutureSize,
            large::{Around, LargeFuture},
        },
    },
    finding::{Note, Severity},
    fix::box_it,
    rules::Pass,
};

/// So many parts say enough.
const MOST_PARTS: usize = 3;
/// The same of futures that are polled in each other.
const MOST_FRAMES: usize = 5;

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for large in pass.large_futures.in_body(pass.body) {
        let reasons = reasons(&large);
        let fix = if large.exact { Some(box_it::pin(&large.boxing)) } else { None };
        let finding = pass.report(large.at.clone(), message(&large));
        finding.because.extend(reasons);
        match fix {
            Some(Ok(fix)) => finding.fixes.push(fix),
            Some(Err(why)) => finding.because.push(Note::new(format!("no box is written: {why}"))),
            None => finding.because.push(Note::new(
                "not all of it is known, so nobody can tell what a box would gain",
            )),
        }
    }
    for it in pass.large_futures.endless_in(pass.body) {
        let message = match it.awaited == it.by {
            true => {
                format!("the future of `{}` would hold itself, which the compiler refuses", it.by)
            }
            false => format!(
                "the future of `{}` would hold itself by way of that of `{}`, which the compiler refuses",
                it.by, it.awaited
            ),
        };
        let fix = box_it::pin(&it.boxing);
        let finding = pass.report(it.at, message);
        finding.severity = Severity::Error;
        finding.because.push(Note::new(
            "in a box it has a size; each level still takes some of the stack, so the depth has to have an end",
        ));
        match fix {
            Ok(fix) => finding.fixes.push(fix),
            Err(why) => finding.because.push(Note::new(format!("no box is written: {why}"))),
        }
    }
    for it in pass.large_futures.deep_in(pass.body) {
        let message = format!(
            "a build without optimisation takes {} bytes of stack to poll the future of {}, which `{}` gets",
            it.size.debug_stack_bytes,
            said(&it.size.name),
            it.given_to
        );
        let finding = pass.report(it.at.clone(), message);
        let way = it.size.deepest_way();
        let frames = way.iter().filter(|it| it.1 > 0).take(MOST_FRAMES).map(|(future, own)| {
            let text = format!("{own} bytes of them are for what {} awaits", said(&future.name));
            Note::perhaps_at(future.at.clone(), text)
        });
        finding.because.extend(frames);
        finding.because.push(Note::new(
            "a worker of a runtime has 2 MiB, and the main thread on Windows 1 MiB; each `.await` has room for two of what \
             it awaits, and a box for one",
        ));
    }
}

fn message(large: &LargeFuture) -> String {
    let least = if large.exact { "" } else { "at least " };
    let name = match &large.size {
        Some(it) => format!("the future of {}", said(&it.name)),
        None => "this future".to_owned(),
    };
    let taken = match &large.taken {
        Taken::Awaited => "it is awaited in place".to_owned(),
        Taken::Given(to) => format!("`{to}` gets it by value"),
        Taken::Wrapped(by) => format!("`{by}` gets it by value"),
        Taken::Raced => "it is a branch in place".to_owned(),
        Taken::Pinned => "it is pinned in place".to_owned(),
        Taken::Kept(variable) => format!("`{variable}` keeps it in place"),
    };
    format!("{name} has {least}{} bytes, and {taken}", large.bytes)
}

/// A function by its name, a block by its words.
fn said(name: &str) -> String {
    match name.split_once(" in ") {
        Some((block, function)) => format!("{block} in `{function}`"),
        None => format!("`{name}`"),
    }
}

fn reasons(large: &LargeFuture) -> Vec<Note> {
    let mut notes: Vec<Note> = large.size.iter().flat_map(|it| parts(it)).collect();
    if let Some(Around { before, with_box }) = &large.around {
        notes.push(Note::new(format!(
            "with it, the future of {} has {} bytes, and {} when it is in a box; to poll it, a build without optimisation \
             takes {} bytes of stack, and {} then",
            said(&before.name),
            before.bytes,
            with_box.bytes,
            before.debug_stack_bytes,
            with_box.debug_stack_bytes
        )));
    }
    if large.in_loop {
        notes.push(Note::new(format!(
            "each turn of the loop then asks for {} bytes of memory and gives them back",
            large.bytes
        )));
    }
    notes
}

/// What takes the room in it.
fn parts(size: &FutureSize) -> Vec<Note> {
    let large = size.parts.iter().filter(|it| it.bytes * 10 >= size.bytes).take(MOST_PARTS);
    let part = |name: &str, bytes: u64| {
        Note::perhaps_at(size.at.clone(), format!("`{name}` takes {bytes} bytes in it"))
    };
    large.map(|it| part(&it.name, it.bytes)).collect()
}
