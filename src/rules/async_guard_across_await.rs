//! A change under an asynchronous lock that a cancelled task leaves half done.

use crate::{
    facts::{half_done::HalfDone, names},
    finding::Note,
    fix::one_step,
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
    let fix = pass.body.one_step(&half).and_then(|it| {
        let text = pass.around.workspace.text(&it.file).ok_or("its file is not in sight")?;
        Ok(one_step::after_await(name, &it, text))
    });
    let finding = pass.report(half.at, message);
    finding.because.push(Note::at(half.before, "this is done by then"));
    finding.because.push(Note::at(half.after, "this is not"));
    finding.because.extend(half.dropped_by);
    match fix {
        Ok(fix) => finding.fixes.push(fix),
        Err(reason) => {
            finding.because.push(Note::new(reason));
            finding.because.push(Note::new(
                "wait first and write in one step, or do all of it in a task of its own, which goes on when this \
                 one is cancelled",
            ));
        }
    }
}
