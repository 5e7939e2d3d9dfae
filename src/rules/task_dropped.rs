//! A task that ends with its handle, which nobody keeps.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::TextEdit;

use crate::{
    facts::let_go::LetGo,
    finding::{Applicability, Fix, Note},
    rules::Pass,
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    for task in pass.body.let_go() {
        let message = format!(
            "the task of `{}` is cancelled here: its handle is dropped, and it ends with that",
            task.started_by
        );
        let fix = detach(&task);
        let finding = pass.report(task.at, message);
        match fix {
            Ok(fix) => finding.fixes.push(fix),
            Err(reason) => finding.because.push(Note::new(reason)),
        }
    }
}

fn detach(task: &LetGo) -> Result<Fix, String> {
    let method = &task.method;
    if let Some(container) = &task.inside {
        return Err(format!(
            "take the handle out of the `{container}` and call `{method}()` on it, or keep it"
        ));
    }
    if !task.editable {
        return Err("a macro writes this in several places".to_owned());
    }
    let edit = TextEdit::insert(task.at.range.end(), format!(".{method}()"));
    Ok(Fix {
        title: format!("Let the task go on by itself with `{method}`"),
        applicability: Applicability::Unsafe,
        doubt: Some("what it does has not been done so far, or not to its end".to_owned()),
        edits: BTreeMap::from([(task.at.file.clone(), edit)]),
        wants: BTreeSet::new(),
    })
}
