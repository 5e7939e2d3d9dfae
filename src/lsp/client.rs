//! What the editor can do, and what it is told that we can.

use std::path::PathBuf;

use gen_lsp_types::{
    ChangeNotifications, CodeActionKind, CodeActionOptions, DiagnosticOptions,
    ExecuteCommandOptions, InitializeResult, PositionEncodingKind, Save, SaveOptions,
    ServerCapabilities, ServerInfo, TextDocumentSyncKind, TextDocumentSyncOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceOptions,
};
use serde_json::Value;

use crate::lsp::{actions::FIX_ALL, lines::Encoding, paths};

/// Applies the safe fixes of a whole workspace.
pub(super) const APPLY_ALL: &str = "async-fix.applyAll";
/// Reads the workspaces anew.
pub(super) const RELOAD: &str = "async-fix.reload";

/// The editor. What it does not say that it can, it cannot.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub encoding: Encoding,
    /// The folders that it has opened.
    pub folders: Vec<PathBuf>,
    /// Asks for the findings of an open document when it wants them.
    pub pulls: bool,
    /// Asks again when it is told to.
    pub refreshes: bool,
    /// Shows the places that a finding speaks of.
    pub related: bool,
    pub tags: bool,
    /// Takes edits that say for which version of a text they are.
    pub versioned: bool,
    /// Lets a user look at an edit before it is made.
    pub confirms: bool,
    /// Asks for the edit of an action when somebody wants the action.
    pub resolves: bool,
    /// Shows actions that cannot be taken, with the reason.
    pub disabled: bool,
    /// Reads Markdown where it shows what is under the pointer.
    pub markdown: bool,
    pub progress: bool,
    /// Tells of files that change on disk.
    pub watches: bool,
}

impl Client {
    /// Of what the editor has said first.
    pub fn new(parameters: Value) -> Client {
        let at = |path: &str| parameters.pointer(&format!("/capabilities{path}"));
        let can = |path: &str| at(path).and_then(Value::as_bool).unwrap_or(false);
        let lists = |path: &str, word: &str| {
            at(path).and_then(Value::as_array).is_some_and(|it| it.iter().any(|it| it == word))
        };
        Client {
            encoding: encoding(at("/general/positionEncodings")),
            folders: folders(&parameters),
            pulls: at("/textDocument/diagnostic").is_some_and(Value::is_object),
            refreshes: can("/workspace/diagnostics/refreshSupport"),
            related: can("/textDocument/publishDiagnostics/relatedInformation")
                || can("/textDocument/diagnostic/relatedInformation"),
            tags: at("/textDocument/publishDiagnostics/tagSupport").is_some_and(Value::is_object),
            versioned: can("/workspace/workspaceEdit/documentChanges"),
            confirms: can("/workspace/workspaceEdit/documentChanges")
                && can("/textDocument/codeAction/honorsChangeAnnotations")
                && at("/workspace/workspaceEdit/changeAnnotationSupport")
                    .is_some_and(Value::is_object),
            resolves: lists("/textDocument/codeAction/resolveSupport/properties", "edit"),
            disabled: can("/textDocument/codeAction/disabledSupport"),
            markdown: lists("/textDocument/hover/contentFormat", "markdown"),
            progress: can("/window/workDoneProgress"),
            watches: can("/workspace/didChangeWatchedFiles/dynamicRegistration"),
        }
    }

    /// What it is told in return.
    pub fn answer(&self) -> Value {
        let encoding = match self.encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf32 => PositionEncodingKind::UTF32,
        };
        let capabilities = ServerCapabilities {
            position_encoding: Some(encoding),
            text_document_sync: Some(
                TextDocumentSyncOptions {
                    open_close: Some(true),
                    change: Some(TextDocumentSyncKind::Incremental),
                    save: Some(Save::SaveOptions(SaveOptions { include_text: Some(false) })),
                    ..TextDocumentSyncOptions::default()
                }
                .into(),
            ),
            code_action_provider: Some(
                CodeActionOptions {
                    code_action_kinds: Some(vec![
                        CodeActionKind::QuickFix,
                        CodeActionKind::RefactorRewrite,
                        CodeActionKind::from(FIX_ALL.to_owned()),
                    ]),
                    resolve_provider: Some(true),
                    ..CodeActionOptions::default()
                }
                .into(),
            ),
            hover_provider: Some(true.into()),
            diagnostic_provider: Some(
                DiagnosticOptions {
                    identifier: Some("async-fix".to_owned()),
                    inter_file_dependencies: true,
                    workspace_diagnostics: false,
                    ..DiagnosticOptions::default()
                }
                .into(),
            ),
            execute_command_provider: Some(ExecuteCommandOptions {
                commands: vec![APPLY_ALL.to_owned(), RELOAD.to_owned()],
                ..ExecuteCommandOptions::default()
            }),
            workspace: Some(WorkspaceOptions {
                workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                    supported: Some(true),
                    change_notifications: Some(ChangeNotifications::Bool(true)),
                }),
                ..WorkspaceOptions::default()
            }),
            ..ServerCapabilities::default()
        };
        let version = Some(env!("CARGO_PKG_VERSION").to_owned());
        let server_info = Some(ServerInfo { name: "async-fix".to_owned(), version });
        json(&InitializeResult { capabilities, server_info })
    }
}

/// As the wire has it.
pub(super) fn json(it: &impl serde::Serialize) -> Value {
    serde_json::to_value(it).expect("what the protocol has a type for is always JSON")
}

/// Of those that the editor counts in, the one that we need not convert, or else the one that all count in.
fn encoding(offered: Option<&Value>) -> Encoding {
    let offered = offered.and_then(Value::as_array);
    let has = |name: &str| offered.is_some_and(|it| it.iter().any(|it| it == name));
    match (has("utf-8"), has("utf-32")) {
        (true, _) => Encoding::Utf8,
        (false, true) => Encoding::Utf32,
        (false, false) => Encoding::Utf16,
    }
}

fn folders(parameters: &Value) -> Vec<PathBuf> {
    let uri = |it: &Value| paths::of_uri(it.as_str()?);
    let several = parameters.get("workspaceFolders").and_then(Value::as_array);
    match several {
        Some(folders) => folders.iter().filter_map(|it| uri(it.get("uri")?)).collect(),
        None => {
            let path = || Some(PathBuf::from(parameters.get("rootPath")?.as_str()?));
            let root = parameters.get("rootUri").and_then(uri).or_else(path);
            root.into_iter().collect()
        }
    }
}
