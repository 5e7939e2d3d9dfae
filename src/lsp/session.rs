//! The thread that speaks with the editor: it knows the open documents, and hands on everything else.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use gen_lsp_types::{
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    lsp::{
        End, Setup,
        client::Client,
        documents::{Document, Documents},
        engine::{Engine, Input, Output},
        paths,
        progress::Progress,
        signal::Signal,
    },
    workspace::layout::{Layout, nearest_manifest},
};

mod answers;
mod questions;

/// Code nests as deep as people write it, and so does what reads it.
const STACK_BYTES: usize = 256 << 20;

pub(super) struct Session<'c> {
    setup: Arc<Setup>,
    client: Arc<Client>,
    connection: &'c Connection,
    /// Where to look for a workspace when the editor has opened no folder.
    folders: Vec<PathBuf>,
    documents: Documents,
    engines: BTreeMap<PathBuf, Handle>,
    /// The workspace of each package, by its folder.
    roots: HashMap<PathBuf, PathBuf>,
    outputs: (Sender<Said>, Receiver<Said>),
    /// The requests of the editor that have no answer yet, each with the workspace that is asked.
    asked: HashMap<RequestId, PathBuf>,
    /// What is to be said when the editor has made an edit: the request that was for it.
    applying: HashMap<RequestId, RequestId>,
    /// What was published of files, as far as it is something.
    published: BTreeMap<PathBuf, gen_lsp_types::Uri>,
    requests: i32,
    shutdown: bool,
}

/// What an engine says, and the workspace that it serves.
type Said = (PathBuf, Output);

/// An engine, as seen from here.
struct Handle {
    inbox: Sender<Input>,
    signal: Arc<Signal>,
    progress: Option<Progress>,
}

impl Handle {
    fn tell(&self, input: Input) {
        // An engine that has panicked has said so.
        let _ = self.inbox.send(input);
    }
}

impl<'c> Session<'c> {
    pub fn new(
        setup: Setup,
        client: Client,
        connection: &'c Connection,
        here: &Path,
    ) -> Session<'c> {
        let mut folders: Vec<PathBuf> =
            client.folders.iter().map(|it| paths::canonical(it)).collect();
        if folders.is_empty() && package(&setup, here).is_some() {
            folders.push(here.to_owned());
        }
        Session {
            setup: Arc::new(setup),
            client: Arc::new(client),
            connection,
            folders,
            documents: Documents::new(),
            engines: BTreeMap::new(),
            roots: HashMap::new(),
            outputs: unbounded(),
            asked: HashMap::new(),
            applying: HashMap::new(),
            published: BTreeMap::new(),
            requests: 0,
            shutdown: false,
        }
    }

    /// Until the editor wants no more.
    pub fn run(mut self) -> End {
        self.register();
        for folder in self.folders.clone() {
            self.engine_of(&folder);
        }
        let outputs = self.outputs.1.clone();
        loop {
            select! {
                recv(self.connection.receiver) -> message => match message {
                    Ok(Message::Request(it)) => self.request(it),
                    Ok(Message::Response(it)) => self.answered(it),
                    Ok(Message::Notification(it)) if it.method == "exit" => break,
                    Ok(Message::Notification(it)) => self.notice(it),
                    Err(_) => return End::Gone,
                },
                recv(outputs) -> output => if let Ok((root, output)) = output {
                    self.hear(root, output);
                },
            }
        }
        if self.shutdown { End::Shutdown } else { End::Gone }
    }

    /// Asks to be told of files that change on disk.
    fn register(&mut self) {
        if !self.client.watches {
            return;
        }
        let globs = [
            "**/*.rs",
            "**/Cargo.toml",
            "**/Cargo.lock",
            "**/rust-project.json",
            "**/.rust-project.json",
            "**/async-fix.toml",
            "**/.async-fix.toml",
        ];
        let watchers: Vec<Value> = globs.iter().map(|it| json!({ "globPattern": it })).collect();
        let registration = json!({
            "id": "async-fix/files",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watchers },
        });
        self.ask("client/registerCapability", json!({ "registrations": [registration] }));
    }

    fn notice(&mut self, it: Notification) {
        match it.method.as_str() {
            "textDocument/didOpen" => self.with(it, Self::opened),
            "textDocument/didChange" => self.with(it, Self::changed),
            "textDocument/didClose" => self.with(it, Self::closed),
            "textDocument/didSave" => self.with(it, |session, it: DidSaveTextDocumentParams| {
                let Some(path) = paths::of_uri(&it.text_document.uri.0) else { return };
                if let Some(engine) = session.engine_of(&path) {
                    engine.tell(Input::Saved(path));
                }
            }),
            "workspace/didChangeWatchedFiles" => {
                self.with(it, |session, it: DidChangeWatchedFilesParams| {
                    let changes = it.changes.iter();
                    let paths = changes.filter_map(|it| paths::of_uri(&it.uri.0));
                    let paths: Vec<PathBuf> = paths.collect();
                    for engine in session.engines.values() {
                        engine.tell(Input::OnDisk(paths.clone()));
                        engine.signal.interrupt_idle();
                    }
                });
            }
            "workspace/didChangeWorkspaceFolders" => self.with(it, Self::folders_changed),
            "$/cancelRequest" => self.cancel(&it.params),
            _ => (),
        }
    }

    fn with<P: DeserializeOwned>(&mut self, it: Notification, then: impl FnOnce(&mut Self, P)) {
        match serde_json::from_value(it.params) {
            Ok(parameters) => then(self, parameters),
            Err(error) => self.log(&format!("`{}` cannot be read: {error}", it.method)),
        }
    }

    fn opened(&mut self, it: DidOpenTextDocumentParams) {
        let it = it.text_document;
        let Some(path) = paths::of_uri(&it.uri.0) else { return };
        let document = Document { uri: it.uri, version: it.version, text: it.text };
        // It asks for itself from now on.
        if self.client.pulls {
            self.unpublish(&path);
        }
        self.documents.insert(path.clone(), document);
        self.follow(&path);
    }

    fn changed(&mut self, it: DidChangeTextDocumentParams) {
        let Some(path) = paths::of_uri(&it.text_document.text_document_identifier.uri.0) else {
            return;
        };
        let Some(document) = self.documents.get_mut(&path) else { return };
        document.change(it.text_document.version, it.content_changes, self.client.encoding);
        self.follow(&path);
    }

    /// Hands the text of a document on.
    fn follow(&mut self, path: &Path) {
        let Some(document) = self.documents.get(path).cloned() else { return };
        if let Some(engine) = self.engine_of(path) {
            engine.tell(Input::Open(path.to_owned(), document));
            engine.signal.interrupt_if_ready();
        }
    }

    fn closed(&mut self, it: DidCloseTextDocumentParams) {
        let Some(path) = paths::of_uri(&it.text_document.uri.0) else { return };
        self.documents.remove(&path);
        if let Some(engine) = self.engine_of(&path) {
            engine.tell(Input::Close(path));
            engine.signal.interrupt_if_ready();
        }
    }

    fn folders_changed(&mut self, it: DidChangeWorkspaceFoldersParams) {
        let paths = |it: Vec<gen_lsp_types::WorkspaceFolder>| {
            let paths = it.into_iter().filter_map(|it| paths::of_uri(&it.uri.0));
            paths.collect::<Vec<PathBuf>>()
        };
        let (added, removed) = (paths(it.event.added), paths(it.event.removed));
        self.folders.retain(|it| !removed.contains(it));
        self.folders.extend(added.clone());
        let is_left = |root: &Path| {
            self.folders.iter().any(|it| root.starts_with(it) || it.starts_with(root))
        };
        let gone: Vec<PathBuf> = self.engines.keys().filter(|it| !is_left(it)).cloned().collect();
        for root in gone {
            if let Some(engine) = self.engines.remove(&root) {
                engine.tell(Input::Stop);
                engine.signal.interrupt();
            }
            self.roots.retain(|_, it| *it != root);
            let of_it: Vec<PathBuf> =
                self.published.keys().filter(|it| it.starts_with(&root)).cloned().collect();
            of_it.iter().for_each(|it| self.unpublish(it));
        }
        for folder in added {
            self.engine_of(&folder);
        }
    }

    /// The engine of the workspace that a file or a folder belongs to.
    fn engine_of(&mut self, path: &Path) -> Option<&Handle> {
        let package = package(&self.setup, path)?;
        let is_ours = |it: &PathBuf| path.starts_with(it);
        let inside = self.folders.is_empty()
            || self.folders.iter().any(is_ours)
            || self.engines.keys().any(is_ours);
        if !inside {
            // Somebody looks into a dependency.
            return None;
        }
        let root = match self.roots.get(&package) {
            Some(it) => it.clone(),
            None => {
                let layout = Layout::find(&(self.setup.request)(&package)).ok();
                // A manifest that cannot be read now can be later.
                let root = layout.map_or(package.clone(), |it| paths::canonical(&it.root));
                self.roots.insert(package, root.clone());
                root
            }
        };
        if !self.engines.contains_key(&root) {
            let handle = self.start(&root)?;
            self.engines.insert(root.clone(), handle);
        }
        self.engines.get(&root)
    }

    /// The workspace that a file belongs to, as far as it was asked about.
    fn root_of(&self, path: &Path) -> Option<PathBuf> {
        let root = self.roots.get(&package(&self.setup, path)?)?;
        self.engines.contains_key(root).then(|| root.clone())
    }

    fn start(&mut self, root: &Path) -> Option<Handle> {
        let (sender, inbox) = unbounded();
        let signal = Arc::new(Signal::default());
        let (setup, client) = (Arc::clone(&self.setup), Arc::clone(&self.client));
        let outbox = self.outputs.0.clone();
        let (listening, root) = (Arc::clone(&signal), root.to_owned());
        let thread = std::thread::Builder::new().name("engine".to_owned()).stack_size(STACK_BYTES);
        let work = move || Engine::new(inbox, outbox, setup, client, listening, root).run();
        match thread.spawn(work) {
            Ok(_) => Some(Handle { inbox: sender, signal, progress: None }),
            Err(error) => {
                self.log(&format!("no thread can be started: {error}"));
                None
            }
        }
    }

    fn ask(&mut self, method: &str, parameters: Value) -> RequestId {
        self.requests += 1;
        let id = RequestId::from(format!("async-fix/{}", self.requests));
        self.send(Request::new(id.clone(), method.to_owned(), parameters).into());
        id
    }

    fn notify(&self, method: &str, parameters: Value) {
        self.send(Notification::new(method.to_owned(), parameters).into());
    }

    fn log(&self, sentence: &str) {
        self.notify("window/logMessage", json!({ "type": 3, "message": sentence }));
    }

    fn reply(&self, id: RequestId, result: Result<Value, (ErrorCode, String)>) {
        self.send(match result {
            Ok(it) => Response::new_ok(id, it).into(),
            Err((code, sentence)) => Response::new_err(id, code as i32, sentence).into(),
        });
    }

    fn send(&self, message: Message) {
        // Who does not listen any more has gone, and the next message that does not come says so.
        let _ = self.connection.sender.send(message);
    }
}

/// The folder of what says how the code at `path` is built: of the manifest that is named, or else of the nearest one.
fn package(setup: &Setup, path: &Path) -> Option<PathBuf> {
    let named = (setup.request)(path).manifest_path.map(|it| paths::canonical(&it));
    named.or_else(|| nearest_manifest(path))?.parent().map(Path::to_owned)
}
