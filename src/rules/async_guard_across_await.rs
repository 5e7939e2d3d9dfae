//! A change under an asynchronous lock that a cancelled task leaves half done.

use crate::{
    facts::{half_done::HalfDone, names},
    finding::Note,
    fix::{one_step, own_task, telling},
    rules::Pass,
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for half in pass.body.half_done() {
        report(pass, half);
    }
}

fn report<'db>(pass: &mut Pass<'_, 'db>, half: HalfDone<'db>) {
    let (name, type_) = (&half.name, names::with_article(half.row.name()));
    let message = format!(
        "`{name}`, {type_}, is written to before and after this `.await`, and a task that is cancelled here \
         leaves it half done"
    );
    let one_step = pass.body.one_step(&half).and_then(|it| {
        let text = pass.around.workspace.text(&it.file).ok_or("its file is not in sight")?;
        Ok(one_step::after_await(name, &it, text))
    });
    let in_task = pass.body.own_task(&half);
    let in_task = in_task.and_then(|it| own_task::finish(pass.around, pass.body, &it));
    let telling = pass.body.telling_lock(half.guard);
    let finding = pass.report(half.at, message);
    finding.because.push(Note::at(half.before, "this is done by then"));
    finding.because.push(Note::at(half.after, "this is not"));
    finding.because.extend(half.dropped_by);
    match (one_step, in_task) {
        (Err(first), Err(second)) => {
            finding.because.push(Note::new(format!("it cannot be made one step: {first}")));
            let text = format!("it cannot be finished in a task of its own: {}", second.text);
            finding.because.push(Note { text, ..second });
            finding.because.push(Note::new(
                "wait first and write in one step, do all of it in a task of its own, which goes on when this one is \
                 cancelled, or let a value that is dropped on the way put the old state back",
            ));
        }
        (first, second) => {
            finding.fixes.extend(first);
            finding.fixes.extend(second);
        }
    }
    finding.fixes.extend(telling.iter().map(telling::instead));
}
