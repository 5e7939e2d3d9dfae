//! Suppressions of what is not there: see `rules/unused-suppression.md`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    config::suppression::{Suppression, edit, grammar::Form},
    finding::{Applicability, Fix},
    rules::comments::CommentsPass,
};

pub(super) fn check(pass: &mut CommentsPass<'_>) {
    let comments = pass.comments;
    for (at, suppression) in comments.suppressions.iter().enumerate() {
        if suppression.problem.is_some() || suppression.form == Form::End {
            continue;
        }
        let unused = unused(pass, suppression);
        if unused.is_empty() {
            continue;
        }
        let names: Vec<String> =
            unused.iter().map(|it| format!("`{}`", suppression.names[*it].text)).collect();
        let is = if names.len() == 1 { "is" } else { "are" };
        let names = names.join(" and ");
        let title = match unused.len() == suppression.names.len() {
            true => "Remove the suppression".to_owned(),
            false => format!("Remove {names} from it"),
        };
        let mut out: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for index in &unused {
            out.entry(at).or_default().insert(*index);
            if let Some((end, partner)) = suppression.names[*index].partner {
                out.entry(end).or_default().insert(partner);
            }
        }
        let fix = Fix {
            title,
            applicability: Applicability::Safe,
            doubt: None,
            edits: BTreeMap::from([(pass.file.clone(), edit::without(comments, &out))]),
            wants: BTreeSet::new(),
        };
        let message = format!("suppresses {names}, which {is} not found here");
        pass.report(suppression.at, message).fixes.push(fix);
    }
}

/// The names that suppress nothing, when every rule that they stand for was asked about all the code.
fn unused(pass: &CommentsPass<'_>, suppression: &Suppression) -> BTreeSet<usize> {
    let is_unused = |index: &usize| {
        let name = &suppression.names[*index];
        let Some(range) = name.covers else { return false };
        let mut rules = pass.named(&name.text).peekable();
        rules.peek().is_some()
            && rules.all(|(rule, page)| !rule.is_about_comments() && (pass.asked)(page, range))
            && pass.used_for(name).is_empty()
    };
    (0..suppression.names.len()).filter(is_unused).collect()
}
