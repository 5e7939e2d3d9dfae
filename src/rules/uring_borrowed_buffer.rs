//! Buffers that the kernel works on for longer than they are there.

use crate::{
    facts::kernel_buffers::{KernelBuffer, Why},
    finding::{Note, Severity},
    rules::Pass,
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for it in pass.body.kernel_buffers() {
        let (message, notes) = words(&it);
        let finding = pass.report(it.at, message);
        finding.severity = match it.why {
            Why::EndsWithFuture { .. } | Why::OfWhoeverPolls { .. } => Severity::Error,
            Why::Copied => finding.severity.min(Severity::Info),
            Why::OtherBranch | Why::TimeIsUp | Why::Borrowed => finding.severity,
        };
        finding.because.extend(notes);
    }
}

fn words(it: &KernelBuffer) -> (String, Vec<Note>) {
    let said = it.row.said();
    let lost = |when: &str| {
        let keeping = it.row.keeping.as_deref();
        let notes = keeping.map(Note::new).into_iter().collect();
        (format!("the buffer of {said} is lost with its future, and what is in it, {when}"), notes)
    };
    match &it.why {
        Why::OtherBranch => lost("when another branch is done first"),
        Why::TimeIsUp => lost("when the time is up"),
        Why::EndsWithFuture { name, waits } => {
            let text = "here the future may be dropped, and the kernel goes on";
            let notes = vec![Note::perhaps_at(waits.clone(), text), Note::new(OWNED)];
            (format!("the kernel works on `{name}`, which ends with this future"), notes)
        }
        Why::OfWhoeverPolls { name } => {
            let notes = vec![Note::new(OWNED)];
            (
                format!(
                    "the kernel works on `{name}`, which whoever polls may have dropped by then"
                ),
                notes,
            )
        }
        Why::Borrowed => {
            let message =
                format!("{said} lets the kernel work on the buffers of whoever reads and writes");
            (
                message,
                vec![Note::new(
                    "they have to stay where they are until the kernel is done, also when the future that has them is dropped",
                )],
            )
        }
        Why::Copied => (
            format!("what is read and written through {said} is copied once more"),
            vec![Note::new("a buffer that is given away for the time needs no copy")],
        ),
    }
}

const OWNED: &str = "a buffer that the operation owns until it is done, in a table of what is under way, or one that is copied from, stays there";
