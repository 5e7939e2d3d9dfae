//! Futures that could run at the same time, and wait for each other.

use crate::{facts::one_by_one::OneByOne, finding::Note, fix::join::join, rules::Pass};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for row in pass.body.one_by_one() {
        report(pass, &row);
    }
}

fn report(pass: &mut Pass<'_, '_>, row: &OneByOne) {
    let (first, second) = (&row.futures[0], &row.futures[1]);
    let message = format!(
        "`{}` does nothing before `{}` is done: what is made first and awaited one by one never runs at the same time",
        second.name, first.name
    );
    let names: Vec<&str> = row.futures.iter().map(|it| it.name.as_str()).collect();
    let fix = match &row.statements {
        Ok(together) => join(pass.around, pass.body, &names, together),
        Err(reason) => Err(vec![Note::new(*reason)]),
    };
    let finding = pass.report(second.awaited_at.clone(), message);
    finding.because.push(Note::at(second.made_at.clone(), "it is made here"));
    finding.because.push(Note::at(first.awaited_at.clone(), "and waits for this"));
    match fix {
        Ok(fix) => finding.fixes.push(fix),
        Err(reasons) => finding.because.extend(reasons),
    }
}
