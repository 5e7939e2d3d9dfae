//! What can be done about findings, for somebody who stands at one of them.

use std::collections::BTreeSet;

use gen_lsp_types::{CodeAction, CodeActionDisabled, CodeActionKind, CodeActionResponse, Range};
use ra_ap_ide_db::text_edit::{TextRange, TextSize};
use serde::{Deserialize, Serialize};

use crate::{
    config::{
        Choice, Scope,
        decision::{Answer, Decision, Fixes},
        layer::Layer,
        values::Values,
    },
    finding::{Applicability, FilePath, Finding, Fix, Place},
    lsp::{
        client::{Client, json},
        diagnostics::View,
        documents::Documents,
        edits::{self, Changes, Gone},
    },
    plan::{Plan, watch::Watch},
};

/// The kind of the action that applies all safe fixes of a file.
pub(super) const FIX_ALL: &str = "source.fixAll.async-fix";

/// What the user asks for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Wish {
    /// This fix of a finding.
    Fix { rule: String, start: u32, end: u32, title: String },
    /// A comment that suppresses it.
    Suppress { rule: String, start: u32, end: u32 },
    /// To log when the future there is dropped before it is done, or to stop that.
    Log { start: u32, end: u32 },
    /// All safe fixes of the file.
    FixAll,
    /// All safe fixes of the workspace.
    FixWorkspace,
}

/// What an action remembers until somebody wants its edit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Remembered {
    pub uri: String,
    pub version: i32,
    pub wish: Wish,
}

/// What comes of a wish.
pub(super) struct Granted {
    pub changes: Changes,
    /// What keeps it from being safe.
    pub doubt: Option<String>,
}

/// The kinds that are asked for; each stands for those below it.
pub(super) struct Kinds(pub Option<Vec<String>>);

impl Kinds {
    pub fn include(&self, kind: &str) -> bool {
        let is_in = |it: &String| {
            let rest = kind.strip_prefix(it.as_str());
            it.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.0.as_ref().is_none_or(|it| it.iter().any(is_in))
    }
}

/// What is offered in a range of a file: each with what it does. Best first.
pub(super) fn offers(
    view: View<'_>,
    file: &FilePath,
    range: Range,
    kinds: &Kinds,
) -> Vec<(CodeAction, Wish)> {
    let Some(lines) = view.lines(file) else { return Vec::new() };
    let findings = view.watch.findings(file);
    let mut offers = Vec::new();
    if kinds.include(CodeActionKind::QuickFix.as_str()) {
        let here = meant(&findings, lines.text_range(range), |it| lines.around(it));
        let diagnostic = |it: &Finding| Some(vec![view.diagnostic(it, &lines)]);
        for finding in &here {
            let mut preferred = true;
            for fix in finding.fixes.iter().filter(|it| it.applicability > Applicability::Manual) {
                let is_preferred = preferred && fix.applicability == Applicability::Safe;
                preferred = false;
                let action = CodeAction {
                    title: title(fix),
                    kind: Some(CodeActionKind::QuickFix),
                    diagnostics: diagnostic(finding),
                    is_preferred: Some(is_preferred),
                    ..CodeAction::default()
                };
                let (start, end) = (finding.at.range.start().into(), finding.at.range.end().into());
                let (rule, title) = (finding.rule.to_owned(), fix.title.clone());
                offers.push((action, Wish::Fix { rule, start, end, title }));
            }
        }
        for finding in here.iter().filter(|it| view.watch.suppression(it).is_some()) {
            let action = CodeAction {
                title: format!("Suppress `{}` here", finding.rule),
                kind: Some(CodeActionKind::QuickFix),
                diagnostics: diagnostic(finding),
                is_preferred: Some(false),
                ..CodeAction::default()
            };
            let (start, end) = (finding.at.range.start().into(), finding.at.range.end().into());
            offers.push((action, Wish::Suppress { rule: finding.rule.to_owned(), start, end }));
        }
    }
    if kinds.include(CodeActionKind::RefactorRewrite.as_str()) {
        let at = lines.text_range(range);
        if let Some(fix) = view.watch.logging(&Place::new(file.clone(), at)) {
            let action = CodeAction {
                title: fix.title,
                kind: Some(CodeActionKind::RefactorRewrite),
                ..CodeAction::default()
            };
            offers.push((action, Wish::Log { start: at.start().into(), end: at.end().into() }));
        }
    }
    let is_safe = |it: &Finding| it.fixes.iter().any(|it| it.applicability == Applicability::Safe);
    if kinds.include(FIX_ALL) && findings.iter().any(is_safe) {
        let action = CodeAction {
            title: "Apply all safe fixes of async-fix".to_owned(),
            kind: Some(CodeActionKind::from(FIX_ALL.to_owned())),
            ..CodeAction::default()
        };
        offers.push((action, Wish::FixAll));
    }
    offers
}

/// The findings in `range`, or else those on its lines.
fn meant(
    findings: &[Finding],
    range: TextRange,
    lines: impl Fn(TextRange) -> TextRange,
) -> Vec<Finding> {
    let around = lines(range);
    let in_range = |range: TextRange| {
        let touches = move |it: &&Finding| it.at.range.intersect(range).is_some();
        findings.iter().filter(touches).cloned().collect::<Vec<_>>()
    };
    let here = in_range(range);
    if here.is_empty() { in_range(around) } else { here }
}

fn title(fix: &Fix) -> String {
    match &fix.doubt {
        Some(doubt) => format!("{} (not safe: {doubt})", fix.title),
        None if fix.applicability < Applicability::Safe => format!("{} (not safe)", fix.title),
        None => fix.title.clone(),
    }
}

/// What the editor is answered: with the edit where it does not ask for that later.
pub(super) fn answer(
    offers: Vec<(CodeAction, Wish)>,
    uri: &str,
    version: i32,
    edit: &mut dyn FnMut(&Wish) -> Option<Result<gen_lsp_types::WorkspaceEdit, String>>,
) -> Vec<CodeActionResponse> {
    let mut actions = Vec::new();
    for (mut action, wish) in offers {
        match edit(&wish) {
            None => {
                let remembered = Remembered { uri: uri.to_owned(), version, wish };
                action.data = Some(json(&remembered));
            }
            Some(Ok(edit)) => action.edit = Some(edit),
            Some(Err(reason)) => {
                action.is_preferred = None;
                action.disabled = Some(CodeActionDisabled { reason });
            }
        }
        actions.push(CodeActionResponse::CodeAction(action));
    }
    actions
}

/// The edit that grants a wish, for the texts that the editor has.
pub(super) fn edit(
    watch: &mut Watch,
    client: &Client,
    open: &Documents,
    file: &FilePath,
    wish: &Wish,
) -> Result<gen_lsp_types::WorkspaceEdit, String> {
    let granted = grant(watch, file, wish)?;
    let view = View { watch, client, open };
    view.edit(&granted.changes, granted.doubt.as_deref())
        .map_err(|Gone(file)| format!("`{file}` has changed, and nobody has said so"))
}

/// Does what `wish` asks for, in memory; or says why that cannot be had.
pub(super) fn grant(watch: &mut Watch, file: &FilePath, wish: &Wish) -> Result<Granted, String> {
    let gone = || "what it was for is not there any more".to_owned();
    match wish {
        Wish::Suppress { rule, start, end } => {
            let finding = find(watch, file, rule, *start, *end).ok_or_else(gone)?;
            let fix = watch.suppression(&finding).ok_or("no comment can stand there")?;
            let changes = edits::changes_of(&fix, watch.workspace.texts());
            Ok(Granted { changes, doubt: None })
        }
        Wish::Fix { rule, start, end, title } => {
            let finding = find(watch, file, rule, *start, *end).ok_or_else(gone)?;
            let mut titles = finding.fixes.iter();
            let fix = titles.find(|it| it.title == *title).ok_or_else(gone)?;
            let doubt = match fix.applicability {
                Applicability::Safe => None,
                _ => Some(fix.doubt.clone().unwrap_or_else(|| "it may change more".to_owned())),
            };
            let decision = Decision {
                at: finding.at.clone(),
                rule: finding.rule,
                answer: Answer::Take(title.clone()),
            };
            let mut choice = of_files(watch.choice(), Some(BTreeSet::from([file.clone()])));
            choice.fixes = Fixes::Chosen(vec![decision]);
            choice.settings.push(unsafe_fixes(true)?);
            granted(&watch.plan(&choice), doubt)
        }
        Wish::Log { start, end } => {
            let fix = watch.logging(&place(file, *start, *end)).ok_or_else(gone)?;
            let changes = edits::changes_of(&fix, watch.workspace.texts());
            Ok(Granted { changes, doubt: None })
        }
        Wish::FixAll => safe(watch, Some(BTreeSet::from([file.clone()]))),
        Wish::FixWorkspace => safe(watch, None),
    }
}

/// Whatever is configured, nobody looks at these one by one.
fn safe(watch: &mut Watch, files: Option<BTreeSet<FilePath>>) -> Result<Granted, String> {
    let mut choice = of_files(watch.choice(), files);
    choice.settings.push(unsafe_fixes(false)?);
    granted(&watch.plan(&choice), None)
}

fn granted(plan: &Plan, doubt: Option<String>) -> Result<Granted, String> {
    let changes: Changes = plan
        .changes
        .iter()
        .map(|it| (it.file.clone(), (it.before.clone(), it.after.clone())))
        .collect();
    if changes.is_empty() {
        let reason = plan.skipped.first().map(|it| it.reason.clone());
        return Err(reason.unwrap_or_else(|| "nothing of it can be applied".to_owned()));
    }
    Ok(Granted { changes, doubt })
}

fn of_files(choice: &Choice, files: Option<BTreeSet<FilePath>>) -> Choice {
    Choice { scope: Scope { files, ..choice.scope.clone() }, ..choice.clone() }
}

fn unsafe_fixes(take: bool) -> Result<Layer, String> {
    let values = Values { unsafe_fixes: Some(take), ..Values::default() };
    Layer::of_flags(values, FilePath::new(""), &[])
}

fn find(watch: &Watch, file: &FilePath, rule: &str, start: u32, end: u32) -> Option<Finding> {
    let at = place(file, start, end);
    watch.findings(file).into_iter().find(|it| it.rule == rule && it.at == at)
}

fn place(file: &FilePath, start: u32, end: u32) -> Place {
    let (start, end) = (TextSize::new(start), TextSize::new(end.max(start)));
    Place::new(file.clone(), TextRange::new(start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_stands_for_those_below_it() {
        let kinds = |it: &[&str]| Kinds(Some(it.iter().map(|it| (*it).to_owned()).collect()));
        for asked in ["source.fixAll.async-fix", "source.fixAll", "source", ""] {
            assert!(kinds(&[asked]).include(FIX_ALL), "{asked}");
        }
        for asked in ["source.fix", "source.fixAll.ruff", "quickfix", "source.fixAll.async-fix.x"] {
            assert!(!kinds(&[asked]).include(FIX_ALL), "{asked}");
        }
        assert!(Kinds(None).include(FIX_ALL) && kinds(&["a", "quickfix"]).include("quickfix"));
        assert!(!kinds(&[]).include("quickfix"));
    }
}
