//! What rust-analyzer finds wrong in a file: its syntax, and what its code means.

use ra_ap_hir::{Semantics, attach_db};
use ra_ap_ide_db::{Severity, assists::AssistResolveStrategy};
use ra_ap_ide_diagnostics::{
    Diagnostic, DiagnosticCode, DiagnosticsConfig, semantic_diagnostics, syntax_diagnostics,
};
use ra_ap_syntax::{AstNode, ast};

use crate::{
    finding::{FilePath, Place},
    workspace::Workspace,
};

/// What speaks of more than the code, or of what stays unexpanded here on purpose.
const LEFT_OUT: [&str; 6] = [
    "inactive-code",
    "macro-error",
    "unlinked-file",
    "unresolved-extern-crate",
    "unresolved-import",
    "unresolved-proc-macro",
];

/// How much is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// Whether it parses.
    Syntax,
    /// Whether types, names and numbers of arguments fit, too.
    Meaning,
}

#[derive(Clone, Debug)]
pub struct CodeError {
    pub at: Place,
    /// What stands before the message.
    pub kind: String,
    pub message: String,
}

/// The errors in a file as it is in `workspace`.
pub fn errors(workspace: &Workspace, file: &FilePath, depth: Depth) -> Vec<CodeError> {
    let Some((_, id)) = workspace.files().find(|it| it.0 == file) else { return Vec::new() };
    let db = workspace.db();
    let config = DiagnosticsConfig {
        style_lints: false,
        disabled: LEFT_OUT.map(str::to_owned).into_iter().collect(),
        ..DiagnosticsConfig::test_sample()
    };
    let none = AssistResolveStrategy::None;
    attach_db(db, || {
        let mut found = syntax_diagnostics(db, &config, id);
        if depth == Depth::Meaning {
            found.extend(semantic_diagnostics(db, &config, &none, id));
        }
        let is_error = |it: &Diagnostic| it.severity == Severity::Error && it.range.file_id == id;
        let errors = found.into_iter().filter(is_error);
        errors
            .map(|it| CodeError {
                at: Place::new(file.clone(), it.range.range),
                kind: kind(&it.code),
                message: it.message.trim_start_matches("Syntax Error: ").to_owned(),
            })
            .collect()
    })
}

fn kind(code: &DiagnosticCode) -> String {
    match code {
        DiagnosticCode::SyntaxError => "syntax error".to_owned(),
        DiagnosticCode::RustcHardError(code) => format!("error[{code}]"),
        it => format!("error[{}]", it.as_str()),
    }
}

/// The paths in `place` that lead nowhere.
pub fn lost_paths(workspace: &Workspace, place: &Place) -> Vec<CodeError> {
    let Some((_, id)) = workspace.files().find(|it| *it.0 == place.file) else { return Vec::new() };
    let db = workspace.db();
    attach_db(db, || {
        let sema = Semantics::new(db);
        let source = sema.parse_guess_edition(id);
        let paths = source.syntax().descendants().filter_map(ast::Path::cast);
        let lost = paths.filter(|it| {
            let range = it.syntax().text_range();
            it.parent_path().is_none()
                && range.intersect(place.range).is_some_and(|it| !it.is_empty())
                && sema.resolve_path(it).is_none()
        });
        lost.map(|it| CodeError {
            at: Place::new(place.file.clone(), it.syntax().text_range()),
            kind: "error".to_owned(),
            message: format!("`{}` leads nowhere", it.syntax()),
        })
        .collect()
    })
}
