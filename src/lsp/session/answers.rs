//! What engines say, on its way to the editor.

use std::path::{Path, PathBuf};

use gen_lsp_types::{MessageType, PublishDiagnosticsParams};
use lsp_server::{ErrorCode, Response};
use serde_json::{Value, json};

use crate::lsp::{client::json as value, engine::Output, progress::Progress, session::Session};

impl Session<'_> {
    pub(super) fn hear(&mut self, root: PathBuf, output: Output) {
        // What a workspace says that nobody has open any more.
        if !self.engines.contains_key(&root) {
            return;
        }
        match output {
            Output::Answer { id, about, result } => {
                if self.asked.remove(&id).is_none() {
                    return;
                }
                let version = |path: &PathBuf| self.documents.get(path).map(|it| it.version);
                let is_gone = about.is_some_and(|(path, of)| version(&path) != Some(of));
                let result = match is_gone {
                    true => Err((ErrorCode::ContentModified, "the text has changed".to_owned())),
                    false => result,
                };
                self.reply(id, result);
            }
            Output::Apply(id, edit) => {
                if self.asked.remove(&id).is_none() {
                    return;
                }
                let parameters = json!({ "label": "async-fix", "edit": value(&*edit) });
                let request = self.ask("workspace/applyEdit", parameters);
                self.applying.insert(request, id);
            }
            Output::Diagnostics { path, uri, version, items } => {
                // An answer to what the editor asks is on its way, or it has another text by now.
                let open = self.documents.get(&path);
                let asks = self.client.pulls && open.is_some();
                let is_gone = open.map(|it| it.version) != version;
                if asks || is_gone {
                    return;
                }
                match items.is_empty() {
                    true => _ = self.published.remove(&path),
                    false => _ = self.published.insert(path, uri.clone()),
                }
                self.publish(PublishDiagnosticsParams { uri, version, diagnostics: items });
            }
            Output::Refresh => {
                if self.client.pulls && self.client.refreshes {
                    self.ask("workspace/diagnostic/refresh", Value::Null);
                }
            }
            Output::Message(MessageType::Error, message) => {
                self.notify("window/showMessage", json!({ "type": 1, "message": message }));
            }
            Output::Message(_, message) => self.log(&message),
            Output::Doing(what) => self.show(&root, what),
        }
    }

    fn publish(&self, it: PublishDiagnosticsParams) {
        self.notify("textDocument/publishDiagnostics", value(&it));
    }

    /// Takes back what was published of a file.
    pub(super) fn unpublish(&mut self, path: &Path) {
        if let Some(uri) = self.published.remove(path) {
            self.publish(PublishDiagnosticsParams { uri, version: None, diagnostics: Vec::new() });
        }
    }

    /// Shows what an engine is doing.
    fn show(&mut self, root: &Path, what: Option<String>) {
        if !self.client.progress {
            return;
        }
        let Some(mut progress) = self.engines.get_mut(root).map(|it| it.progress.take()) else {
            return;
        };
        match (&progress, what) {
            (None, Some(what)) => {
                let (new, create) = Progress::create(self.requests as usize + 1);
                self.ask("window/workDoneProgress/create", create);
                self.notify("$/progress", new.begin(&what));
                progress = Some(new);
            }
            (Some(it), Some(what)) => self.notify("$/progress", it.report(&what)),
            (Some(it), None) => {
                self.notify("$/progress", it.end());
                progress = None;
            }
            (None, None) => (),
        }
        if let Some(engine) = self.engines.get_mut(root) {
            engine.progress = progress;
        }
    }

    /// The editor has answered us.
    pub(super) fn answered(&mut self, it: Response) {
        let Some(id) = self.applying.remove(&it.id) else { return };
        let applied = it.response_result.ok().and_then(|it| it.get("applied")?.as_bool());
        let result = match applied {
            Some(true) => Ok(Value::Null),
            Some(false) | None => {
                Err((ErrorCode::RequestFailed, "the editor did not make the edit".to_owned()))
            }
        };
        self.reply(id, result);
    }
}
