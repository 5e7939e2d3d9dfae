//! Checks that need no build: does what is planned still parse, and do rust-analyzer's types fit?

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use crate::{
    apply::verify::problem::{Problem, Role, Span, distinct, new_problems},
    facts::errors::{self, CodeError, Depth},
    finding::{FilePath, Place},
    plan::Plan,
    workspace::{Texts, Workspace},
};

/// Compares what is planned with what was.
pub struct InMemory {
    depth: Depth,
    /// The errors of the original texts, as far as they were asked for.
    before: BTreeMap<FilePath, Vec<Problem>>,
}

impl InMemory {
    pub fn new(depth: Depth) -> InMemory {
        InMemory { depth, before: BTreeMap::new() }
    }

    /// What is wrong in the files that `plan` changes, and was not before.
    pub fn check(
        &mut self,
        plan: &Plan,
        workspace: &mut Workspace,
    ) -> Result<Vec<Problem>, Infallible> {
        let files: BTreeSet<&FilePath> = plan.changes.iter().map(|it| &it.file).collect();
        let after: Vec<_> = files.iter().map(|it| self.errors(it, workspace)).collect();
        self.learn(plan, workspace);
        let mut new = Vec::new();
        for (file, after) in files.into_iter().zip(after) {
            let before = self.before.get(file).map(Vec::as_slice).unwrap_or_default();
            new.extend(new_problems(before, after));
        }
        if self.depth == Depth::Meaning {
            new.extend(lost_paths(plan, workspace));
        }
        Ok(new)
    }

    /// Looks at the old texts of files that were not looked at.
    fn learn(&mut self, plan: &Plan, workspace: &mut Workspace) {
        let missing = plan.changes.iter().filter(|it| !self.before.contains_key(&it.file));
        let missing: Vec<_> = missing.collect();
        let texts = |text: fn(&crate::plan::Change) -> &String| -> Texts {
            plan.changes.iter().map(|it| (it.file.clone(), text(it).clone())).collect()
        };
        if missing.is_empty() {
            return;
        }
        workspace.set_texts(texts(|it| &it.before));
        for change in missing {
            let errors = self.errors(&change.file, workspace);
            self.before.insert(change.file.clone(), errors);
        }
        workspace.set_texts(texts(|it| &it.after));
    }

    fn errors(&self, file: &FilePath, workspace: &Workspace) -> Vec<Problem> {
        let errors = errors::errors(workspace, file, self.depth);
        distinct(errors.into_iter().map(|it| problem(it, workspace)).collect())
    }
}

/// What repairs wrote, where they need no feature that is off while this runs.
fn lost_paths(plan: &Plan, workspace: &Workspace) -> Vec<Problem> {
    let repairs = plan.repairs.iter().zip(&plan.traces);
    let plain = repairs.filter(|(it, _)| it.fix().is_some_and(|it| it.wants.is_empty()));
    let places = plain.flat_map(|it| &it.1.wrote);
    let lost = places.flat_map(|it| errors::lost_paths(workspace, it));
    distinct(lost.map(|it| problem(it, workspace)).collect())
}

fn problem(error: CodeError, workspace: &Workspace) -> Problem {
    let CodeError { at, kind, message } = error;
    let text = workspace.text(&at.file).unwrap_or_default();
    let line = line_of(&at, text);
    let number =
        text[..text.floor_char_boundary(at.range.start().into())].matches('\n').count() + 1;
    let rendered = format!("{kind}: {message}\n --> {}:{number}\n  | {}", at.file, line.trim());
    Problem { kind, message, line, rendered, spans: vec![Span { at, role: Role::Primary }] }
}

fn line_of(at: &Place, text: &str) -> String {
    let start = text.floor_char_boundary(at.range.start().into());
    let line = text[..start].rfind('\n').map_or(0, |it| it + 1);
    text[line..].lines().next().unwrap_or_default().to_owned()
}
