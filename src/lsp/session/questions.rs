//! What the editor asks.

use gen_lsp_types::{CodeAction, Position, Range, TextDocumentIdentifier};
use lsp_server::{ErrorCode, Request, RequestId};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::lsp::{
    actions::{Kinds, Remembered},
    client::{APPLY_ALL, RELOAD},
    engine::{Ask, Input, Question},
    paths,
    session::Session,
};

/// The part of a request for actions that we read. What other servers have found is none of ours, and may be anything.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ForActions {
    text_document: TextDocumentIdentifier,
    range: Range,
    #[serde(default)]
    context: Context,
}

#[derive(Default, Deserialize)]
struct Context {
    #[serde(default)]
    only: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ForHover {
    text_document: TextDocumentIdentifier,
    position: Position,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ForDiagnostics {
    text_document: TextDocumentIdentifier,
}

#[derive(Deserialize)]
struct ForCommand {
    command: String,
}

/// What is said to a question without an engine that could answer it.
type Otherwise = Result<Value, (ErrorCode, String)>;

impl Session<'_> {
    pub(super) fn request(&mut self, it: Request) {
        let Request { id, method, params } = it;
        if self.shutdown {
            let said = "the server has been shut down".to_owned();
            return self.reply(id, Err((ErrorCode::InvalidRequest, said)));
        }
        match method.as_str() {
            "shutdown" => {
                self.shutdown = true;
                self.reply(id, Ok(Value::Null));
            }
            "textDocument/diagnostic" => {
                self.read(id, params, |session, id, it: ForDiagnostics| {
                    let nothing = serde_json::json!({ "kind": "full", "items": [] });
                    session.hand_on(id, &it.text_document, Question::Diagnostics, Ok(nothing));
                })
            }
            "textDocument/hover" => self.read(id, params, |session, id, it: ForHover| {
                let question = Question::Hover(it.position);
                session.hand_on(id, &it.text_document, question, Ok(Value::Null));
            }),
            "textDocument/codeAction" => self.read(id, params, |session, id, it: ForActions| {
                let question = Question::Actions(it.range, Kinds(it.context.only));
                let nothing = Value::Array(Vec::new());
                session.hand_on(id, &it.text_document, question, Ok(nothing));
            }),
            "codeAction/resolve" => self.resolve(id, params),
            "workspace/executeCommand" => self.read(id, params, |session, id, it: ForCommand| {
                session.command(id, &it.command);
            }),
            _ => {
                let said = format!("`{method}` is not known here");
                self.reply(id, Err((ErrorCode::MethodNotFound, said)));
            }
        }
    }

    fn read<P: DeserializeOwned>(
        &mut self,
        id: RequestId,
        params: Value,
        then: impl FnOnce(&mut Self, RequestId, P),
    ) {
        match serde_json::from_value(params) {
            Ok(it) => then(self, id, it),
            Err(error) => self.reply(id, Err((ErrorCode::InvalidParams, error.to_string()))),
        }
    }

    /// The edit of an action. One that has its edit, or is not ours, comes back as it is.
    fn resolve(&mut self, id: RequestId, params: Value) {
        let remembered = params.get("data").cloned().map(serde_json::from_value::<Remembered>);
        let action = serde_json::from_value::<CodeAction>(params.clone());
        let (Some(Ok(it)), Ok(mut action)) = (remembered, action) else {
            return self.reply(id, Ok(params));
        };
        if action.edit.is_some() {
            return self.reply(id, Ok(params));
        }
        action.data = None;
        let document = TextDocumentIdentifier { uri: it.uri.into() };
        let path = paths::of_uri(&document.uri.0);
        let version = path.and_then(|it| self.documents.get(&it)).map(|it| it.version);
        let gone = || (ErrorCode::ContentModified, "the text has changed".to_owned());
        if version != Some(it.version) {
            return self.reply(id, Err(gone()));
        }
        self.hand_on(id, &document, Question::Edit(it.wish, Box::new(action)), Err(gone()));
    }

    fn hand_on(
        &mut self,
        id: RequestId,
        document: &TextDocumentIdentifier,
        what: Question,
        otherwise: Otherwise,
    ) {
        let Some(path) = paths::of_uri(&document.uri.0) else { return self.reply(id, otherwise) };
        let version = self.documents.get(&path).map(|it| it.version);
        let version =
            version.filter(|_| matches!(what, Question::Actions(..) | Question::Edit(..)));
        let waits = matches!(what, Question::Diagnostics);
        let asks_for_open = matches!(what, Question::Actions(..) | Question::Edit(..));
        let package = self.engine_of(&path).is_some();
        let root = package.then(|| self.root_of(&path)).flatten();
        let engine = root.as_ref().and_then(|it| self.engines.get(it));
        let (Some(engine), Some(root)) = (engine, root.clone()) else {
            return self.reply(id, otherwise);
        };
        // Nothing is the answer until everything was looked at, but for who can wait.
        if (asks_for_open && version.is_none()) || (!waits && !engine.signal.is_ready()) {
            return self.reply(id, otherwise);
        }
        engine.tell(Input::Ask(Ask { id: id.clone(), path, version, what }));
        engine.signal.interrupt_idle();
        self.asked.insert(id, root);
    }

    fn command(&mut self, id: RequestId, command: &str) {
        match command {
            RELOAD => {
                for engine in self.engines.values() {
                    engine.tell(Input::Reload);
                    engine.signal.interrupt();
                }
                self.reply(id, Ok(Value::Null));
            }
            APPLY_ALL => {
                // Of several workspaces the one that is worked in is the one with open documents.
                let open = self.documents.keys().next_back().cloned();
                let root = open.and_then(|it| self.root_of(&it));
                let root = root.or_else(|| self.engines.keys().next().cloned());
                let engine = root.as_ref().and_then(|it| self.engines.get(it));
                let (Some(engine), Some(root)) = (engine, root.clone()) else {
                    let said = "there is no workspace".to_owned();
                    return self.reply(id, Err((ErrorCode::RequestFailed, said)));
                };
                let what = Question::Workspace;
                let path = root.clone();
                engine.tell(Input::Ask(Ask { id: id.clone(), path, version: None, what }));
                engine.signal.interrupt_idle();
                self.asked.insert(id, root);
            }
            _ => {
                let said = format!("`{command}` is no command of async-fix");
                self.reply(id, Err((ErrorCode::InvalidParams, said)));
            }
        }
    }

    /// Nobody waits for the answer any more; one is sent all the same, as the protocol wants it.
    pub(super) fn cancel(&mut self, params: &Value) {
        let id = params.get("id").cloned().map(serde_json::from_value::<RequestId>);
        let Some(Ok(id)) = id else { return };
        let Some(root) = self.asked.remove(&id) else { return };
        if let Some(engine) = self.engines.get(&root) {
            engine.tell(Input::Forget(id.clone()));
            engine.signal.interrupt();
        }
        self.reply(id, Err((ErrorCode::RequestCanceled, "nobody wants it any more".to_owned())));
    }
}
