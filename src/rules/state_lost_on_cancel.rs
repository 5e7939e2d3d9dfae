//! State that a future changes for a time, and leaves as it is when it is dropped on the way.

use crate::{
    facts::left_behind::{Kind, LeftBehind, WrittenLate},
    finding::{Note, Severity},
    fix::{armed, earlier, in_place},
    rules::Pass,
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for left in pass.body.left_behind() {
        report(pass, left);
    }
    for late in pass.body.written_late() {
        report_late(pass, late);
    }
}

fn report_late(pass: &mut Pass<'_, '_>, late: WrittenLate) {
    let earlier = late.earlier.as_ref().map_err(|it| *it);
    let fix = earlier.and_then(|it| earlier::write(pass.around, &late, it));
    let WrittenLate { name, value, .. } = &late;
    let message = format!(
        "`{value}` is kept in `{name}` behind this `.await`, and is lost when the future is dropped here"
    );
    let finding = pass.report(late.at, message);
    finding.because.push(Note::at(late.got, "it was waited for here"));
    finding.because.push(Note::at(late.written, "and is kept here"));
    finding.because.extend(late.dropped_by);
    match fix {
        Ok(fix) => finding.fixes.push(fix),
        Err(why) => finding.because.push(Note::new(format!("keep it first: {why}"))),
    }
}

fn report(pass: &mut Pass<'_, '_>, left: LeftBehind) {
    let fix = match left.kind {
        Kind::Emptied => {
            pass.body.borrowed(&left).and_then(|it| in_place::borrow(pass.around, &it))
        }
        _ => pass.body.armed(&left).and_then(|it| armed::guard(pass.around, &it)),
    };
    let is_in_sight = left.dropped_by.last().is_some_and(|it| it.at.is_some());
    let finding = pass.report(left.at.clone(), message(&left));
    if !is_in_sight {
        finding.severity = Severity::Info;
    }
    let (before, after) = match left.kind {
        Kind::Emptied => ("it is taken out here", "and comes back here"),
        Kind::Set => ("it is set here", "and unset here"),
        Kind::Counted => ("it is counted here", "and taken back here"),
        Kind::Entered => ("it is put in here", "and taken out here"),
    };
    finding.because.push(Note::at(left.before, before));
    finding.because.push(Note::at(left.after, after));
    finding.because.extend(left.dropped_by);
    match fix {
        Ok(fix) => finding.fixes.push(fix),
        Err(why) => finding.because.push(Note::new(match left.kind {
            Kind::Emptied => format!(
                "to borrow it in its place, and to take it out when all is done, is for you: {why}"
            ),
            _ => format!(
                "let a value that is made before the `.await`, and is dropped on every way out, take it back: {why}"
            ),
        })),
    }
}

fn message(left: &LeftBehind) -> String {
    let name = &left.name;
    match left.kind {
        Kind::Emptied => format!(
            "what was taken out of `{name}` comes back behind this `.await`, and is gone when the future is dropped here"
        ),
        Kind::Set => format!(
            "`{name}` is unset behind this `.await`, and stays set for ever when the future is dropped here"
        ),
        Kind::Counted => format!(
            "`{name}` is counted back behind this `.await`, and stays wrong when the future is dropped here"
        ),
        Kind::Entered => format!(
            "what was put into `{name}` is taken out behind this `.await`, and stays there when the future is dropped here"
        ),
    }
}
