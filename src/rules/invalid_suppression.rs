//! Suppressions that do not work: see `rules/invalid-suppression.md`.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::TextEdit;

use crate::{
    config::{
        Reasons,
        suppression::{Name, Problem, Suppression, edit, grammar::Form},
    },
    finding::{Applicability, FilePath, Fix, Note},
    rules::comments::{CommentsPass, meant},
};

pub(super) fn check(pass: &mut CommentsPass<'_>) {
    let comments = pass.comments;
    for malformed in &comments.malformed {
        pass.report(malformed.at, malformed.why.clone());
    }
    for suppression in &comments.suppressions {
        if let Some(problem) = suppression.problem {
            misplaced(pass, suppression, problem);
        }
        for name in &suppression.names {
            // The end of a range is corrected with its start.
            let is_second = suppression.form == Form::End && name.partner.is_some();
            if pass.named(&name.text).next().is_none() && !is_second {
                unknown(pass, name);
            }
        }
        let is_required = pass.reasons == Reasons::Required && suppression.form != Form::End;
        if is_required && suppression.reason.is_none() {
            let message = "does not say why: a reason stands behind ` -- `";
            pass.report(suppression.at, message.to_owned());
        }
    }
}

fn unknown(pass: &mut CommentsPass<'_>, name: &Name) {
    let Some(near) = meant(pass.rules, &name.text) else {
        pass.report(name.at, format!("there is no rule `{}`", name.text));
        return;
    };
    let mut edit = TextEdit::builder();
    edit.replace(name.at, near.to_owned());
    if let Some((suppression, partner)) = name.partner {
        edit.replace(pass.comments.suppressions[suppression].names[partner].at, near.to_owned());
    }
    let message = format!("there is no rule `{}`; did you mean `{near}`?", name.text);
    let would_suppress = !pass.found_by(near, |it| name.covers(&it.anchors)).is_empty();
    let file = pass.file;
    let finding = pass.report(name.at, message);
    match would_suppress {
        true => finding.fixes.push(fix(file, format!("Write `{near}`"), edit.finish(), None)),
        false => finding.because.push(Note::new(format!("nothing of `{near}` is found here"))),
    }
}

fn misplaced(pass: &mut CommentsPass<'_>, suppression: &Suppression, problem: Problem) {
    let comments = pass.comments;
    let message = match problem {
        Problem::BehindBrace => {
            "stands behind `{`, from where rustfmt moves it to another line".to_owned()
        }
        Problem::NothingFollows => "no code follows that this could be about".to_owned(),
        Problem::BelowFirstItem => "`ignore-file` works only above the first item".to_owned(),
        Problem::OneEnded => one_ended(suppression),
    };
    let movable = matches!(problem, Problem::BehindBrace | Problem::BelowFirstItem);
    let moved = movable.then(|| edit::moved(comments, suppression)).flatten();
    let fix = moved.map(|(edit, range)| {
        let covers_more = suppression.names.iter().any(|name| {
            let then =
                pass.found_by(&name.text, |it| it.anchors.iter().any(|it| range.contains(*it)));
            then != pass.used_for(name)
        });
        let doubt = covers_more.then_some("there it suppresses more than its line");
        let title = match problem {
            Problem::BelowFirstItem => "Move it above the first item",
            _ => "Move it to the line above",
        };
        fix(pass.file, title.to_owned(), edit, doubt)
    });
    pass.report(suppression.at, message).fixes.extend(fix);
}

fn one_ended(suppression: &Suppression) -> String {
    let name = suppression.names.iter().find(|it| it.partner.is_none());
    let name = name.map_or("", |it| it.text.as_str());
    match suppression.form {
        Form::End => format!("there is no `ignore-start[{name}]` above"),
        _ => {
            format!("there is no `ignore-end[{name}]` below, so it goes on to the end of the file")
        }
    }
}

fn fix(file: &FilePath, title: String, edit: TextEdit, doubt: Option<&str>) -> Fix {
    Fix {
        title,
        applicability: match doubt {
            Some(_) => Applicability::Unsafe,
            None => Applicability::Safe,
        },
        doubt: doubt.map(str::to_owned),
        edits: BTreeMap::from([(file.clone(), edit)]),
        wants: BTreeSet::new(),
    }
}
