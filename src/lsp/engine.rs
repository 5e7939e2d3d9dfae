//! One workspace on a thread of its own: it takes texts and questions, and says what is found.
//!
//! Edits come first, then the files that they touch, then questions, then all the rest of the workspace. Whatever it does
//! may be interrupted by something new, and then begins again with that.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use gen_lsp_types::{Diagnostic, MessageType, Position, Range, Uri, WorkspaceEdit};
use lsp_server::{ErrorCode, RequestId};
use serde_json::Value;

use crate::{
    finding::FilePath,
    lsp::{
        Setup,
        actions::{self, Kinds, Wish},
        client::{Client, json},
        diagnostics::View,
        documents::{Document, Documents},
        signal::Signal,
    },
    plan::watch::Watch,
    workspace::{Texts, is_cancellation},
};

/// So long nobody types before the rest of the workspace is looked at.
const PAUSE: Duration = Duration::from_millis(400);

/// What an engine is told and asked.
pub(super) enum Input {
    /// A document as it is now.
    Open(PathBuf, Document),
    Close(PathBuf),
    Saved(PathBuf),
    /// Files that have changed on disk, or that are there no more.
    OnDisk(Vec<PathBuf>),
    Ask(Ask),
    /// Nobody waits for this answer any more.
    Forget(RequestId),
    Reload,
    Stop,
}

pub(super) struct Ask {
    pub id: RequestId,
    pub path: PathBuf,
    /// The text that it is about; None where any is meant.
    pub version: Option<i32>,
    pub what: Question,
}

pub(super) enum Question {
    Diagnostics,
    Hover(Position),
    Actions(Range, Kinds),
    /// The edit of an action, which comes back with it.
    Edit(Wish, Box<gen_lsp_types::CodeAction>),
    /// An edit of the workspace, for the editor to make.
    Workspace,
}

/// What an engine says.
pub(super) enum Output {
    Answer {
        id: RequestId,
        /// Good only as long as the document has this version.
        about: Option<(PathBuf, i32)>,
        result: Result<Value, (ErrorCode, String)>,
    },
    /// An edit of the workspace, which somebody has asked for.
    Apply(RequestId, Box<WorkspaceEdit>),
    Diagnostics {
        path: PathBuf,
        uri: Uri,
        version: Option<i32>,
        items: Vec<Diagnostic>,
    },
    /// What an open document was told before may be no longer so.
    Refresh,
    Message(MessageType, String),
    /// What it is doing, as long as that takes; None when it is done.
    Doing(Option<String>),
}

pub(super) struct Engine {
    pub inbox: Receiver<Input>,
    pub outbox: Sender<(PathBuf, Output)>,
    pub setup: Arc<Setup>,
    pub client: Arc<Client>,
    pub signal: Arc<Signal>,
    pub root: PathBuf,
    pub watch: Option<Watch>,
    pub open: Documents,
    /// The Rust files of the workspace, links followed.
    pub files: HashMap<PathBuf, FilePath>,
    /// What the files that configure say.
    pub configuration: BTreeMap<PathBuf, String>,
    /// Texts that the workspace does not have yet.
    edits: Texts,
    asked: VecDeque<Ask>,
    /// When the rest of the workspace is to be looked at.
    due: Option<Instant>,
    reload: bool,
    stopped: bool,
    told: BTreeMap<FilePath, Vec<Diagnostic>>,
}

impl Engine {
    pub fn new(
        inbox: Receiver<Input>,
        outbox: Sender<(PathBuf, Output)>,
        setup: Arc<Setup>,
        client: Arc<Client>,
        signal: Arc<Signal>,
        root: PathBuf,
    ) -> Engine {
        Engine {
            inbox,
            outbox,
            setup,
            client,
            signal,
            root,
            watch: None,
            open: Documents::new(),
            files: HashMap::new(),
            configuration: BTreeMap::new(),
            edits: Texts::new(),
            asked: VecDeque::new(),
            due: None,
            reload: true,
            stopped: false,
            told: BTreeMap::new(),
        }
    }

    /// Until somebody stops it.
    pub fn run(mut self) {
        while !self.stopped {
            self.hear();
            if self.stopped {
                break;
            }
            if std::mem::take(&mut self.reload) {
                self.load();
                self.due = Some(Instant::now());
            }
            match self.step() {
                Ok(()) => (),
                Err(panic) if is_cancellation(&*panic) => self.listen(),
                Err(panic) => self.stumble(&*panic),
            }
        }
        // Two gigabytes in small pieces.
        std::mem::forget(self.watch);
    }

    /// Waits until there is something to do, and takes in all that has come.
    fn hear(&mut self) {
        let nothing_to_do = self.asked.is_empty() && self.edits.is_empty() && !self.reload;
        if nothing_to_do {
            let first = match self.due {
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => self.inbox.recv_deadline(at),
            };
            match first {
                Ok(it) => self.take(it),
                Err(RecvTimeoutError::Timeout) => (),
                Err(RecvTimeoutError::Disconnected) => self.stopped = true,
            }
        }
        while let Ok(it) = self.inbox.try_recv() {
            self.take(it);
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Open(path, document) => {
                self.edited(&path, document.text.clone());
                self.open.insert(path, document);
            }
            Input::Close(path) => {
                self.open.remove(&path);
                self.read(&path);
                // The editor has forgotten what it was told.
                if let Some(it) = self.file(&path) {
                    self.told.remove(&it);
                    let text = self.text(&it);
                    self.edits.entry(it).or_insert(text);
                }
            }
            Input::Saved(path) => {
                self.due = self.due.map(|_| Instant::now());
                self.changed_on_disk(&[path]);
            }
            Input::OnDisk(paths) => self.changed_on_disk(&paths),
            Input::Ask(it) => self.asked.push_back(it),
            Input::Forget(id) => self.asked.retain(|it| it.id != id),
            Input::Reload => self.reload = true,
            Input::Stop => self.stopped = true,
        }
    }

    fn text(&self, file: &FilePath) -> String {
        let text = self.watch.as_ref().and_then(|it| it.workspace.text(file));
        text.unwrap_or_default().to_owned()
    }

    /// A text of a file that the workspace has.
    pub fn edited(&mut self, path: &std::path::Path, text: String) {
        if let Some(file) = self.file(path) {
            self.edits.insert(file, text);
        }
    }

    /// The file, if it is one of the Rust files of the workspace.
    pub fn file(&self, path: &std::path::Path) -> Option<FilePath> {
        self.watch.as_ref().and_then(|_| self.files.get(path).cloned())
    }

    pub fn want_reload(&mut self) {
        self.reload = true;
    }

    pub fn look_at_everything(&mut self) {
        self.due = Some(Instant::now());
    }

    /// After an interruption.
    fn listen(&mut self) {
        if let Some(it) = &self.watch {
            // What has interrupted is over once nobody asks the database.
            it.workspace.attached(|| ());
        }
    }

    /// The most urgent thing there is to do.
    fn step(&mut self) -> Result<(), Box<dyn Any + Send>> {
        catch_unwind(AssertUnwindSafe(|| {
            self.signal.set_idle(false);
            let Some(watch) = &mut self.watch else { return self.apologize() };
            let edits = std::mem::take(&mut self.edits);
            if !edits.is_empty() {
                let files: Vec<FilePath> = edits.keys().cloned().collect();
                watch.edit(edits);
                // Even where the text is what it was, the editor has not heard of it yet.
                files.iter().for_each(|it| _ = self.told.remove(it));
                self.due = Some(Instant::now() + PAUSE);
            }
            if !self.signal.is_ready() {
                self.look();
                self.say(Output::Doing(None));
                return;
            }
            self.follow_edits();
            if let Some(ask) = self.asked.front() {
                let answer = self.answer(ask.id.clone());
                self.asked.pop_front();
                answer.into_iter().for_each(|it| self.say(it));
                return;
            }
            if self.due.is_some_and(|it| it <= Instant::now()) {
                self.signal.set_idle(true);
                self.look();
            }
        }))
    }

    /// Says what the edited files have become.
    fn follow_edits(&mut self) {
        let Some(watch) = &mut self.watch else { return };
        let edited = watch.edited();
        if !edited.is_empty() {
            let looked_at = watch.look_at(&edited);
            self.tell(&looked_at);
        }
    }

    /// Looks at everything.
    fn look(&mut self) {
        let Some(watch) = &mut self.watch else { return };
        if watch.is_behind() {
            watch.look();
        }
        // Who hears of a finding may ask about it at once.
        self.signal.set_ready();
        self.due = None;
        let before: BTreeMap<_, _> = self.told.clone();
        let files: BTreeSet<FilePath> = match &self.watch {
            Some(watch) => watch.files().into_iter().chain(before.keys().cloned()).collect(),
            None => return,
        };
        let news = self.tell(&files);
        if news {
            self.say(Output::Refresh);
        }
    }

    /// Says what is found in `files`, where that is something else than before. Whether it was, of an open document.
    pub fn tell(&mut self, files: &BTreeSet<FilePath>) -> bool {
        let Some(watch) = &mut self.watch else { return false };
        let errors = watch.take_internal_errors();
        let view = View { watch, client: &self.client, open: &self.open };
        let mut outputs = Vec::new();
        let mut news = false;
        for file in files {
            let items = view.diagnostics(file);
            let told = self.told.get(file);
            if told.map_or(items.is_empty() && !self.open.contains_key(&view.path(file)), |it| {
                *it == items
            }) {
                continue;
            }
            let path = view.path(file);
            let Some(uri) = view.uri(file) else { continue };
            let version = self.open.get(&path).map(|it| it.version);
            news |= version.is_some();
            self.told.insert(file.clone(), items.clone());
            outputs.push(Output::Diagnostics { path, uri, version, items });
        }
        for it in errors {
            self.say(Output::Message(MessageType::Log, it));
        }
        outputs.into_iter().for_each(|it| self.say(it));
        news
    }

    /// What there is to say to the question that has waited longest.
    fn answer(&mut self, id: RequestId) -> Option<Output> {
        let ask = self.asked.front()?;
        let open = self.open.get(&ask.path).map(|it| (ask.path.clone(), it.version));
        let about = open.filter(|_| ask.version.is_some());
        if ask.version.is_some() && about.as_ref().map(|it| it.1) != ask.version {
            return Some(refuse(id, ErrorCode::ContentModified, "the text has changed"));
        }
        let file = self.file(&ask.path);
        let writes = match ask.what {
            Question::Edit(..) | Question::Workspace => true,
            Question::Actions(..) => !self.client.resolves,
            Question::Diagnostics | Question::Hover(_) => false,
        };
        if let (Question::Workspace, Some(watch)) = (&ask.what, &mut self.watch)
            && watch.is_behind()
        {
            watch.look();
        }
        if let (Some(file), Some(watch)) = (&file, &mut self.watch) {
            let files = BTreeSet::from([file.clone()]);
            let looked_at = match writes {
                true => watch.look_closely_at(&files),
                false => watch.look_at(&files),
            };
            self.tell(&looked_at);
        }
        let Engine { watch: Some(watch), client, open, asked, .. } = self else { return None };
        let ask = asked.front()?;
        let result = match (&ask.what, &file) {
            (Question::Diagnostics, file) => {
                let view = View { watch, client, open };
                let items = file.as_ref().map(|it| view.diagnostics(it)).unwrap_or_default();
                Ok(serde_json::json!({ "kind": "full", "items": json(&items) }))
            }
            (Question::Workspace, _) => {
                let mut edit =
                    |wish: &Wish| actions::edit(watch, client, open, &FilePath::new(""), wish);
                match edit(&Wish::FixWorkspace) {
                    Ok(edit) => return Some(Output::Apply(id, Box::new(edit))),
                    Err(reason) => Err((ErrorCode::RequestFailed, reason)),
                }
            }
            (Question::Edit(wish, action), Some(file)) => {
                let edit = actions::edit(watch, client, open, file, wish);
                edit.map_err(|reason| (ErrorCode::RequestFailed, reason)).map(|edit| {
                    let mut action = action.clone();
                    action.edit = Some(edit);
                    json(&action)
                })
            }
            (Question::Edit(..), None) => {
                Err((ErrorCode::RequestFailed, "this is no file of the workspace".to_owned()))
            }
            (Question::Hover(position), file) => {
                let view = View { watch, client, open };
                Ok(json(&file.as_ref().and_then(|it| view.hover(it, *position))))
            }
            (Question::Actions(..), None) => Ok(Value::Array(Vec::new())),
            (Question::Actions(range, kinds), Some(file)) => {
                let offers = actions::offers(View { watch, client, open }, file, *range, kinds);
                let uri = open.get(&ask.path).map(|it| it.uri.0.clone()).unwrap_or_default();
                let version = ask.version.unwrap_or_default();
                let answer = actions::answer(offers, &uri, version, &mut |wish| {
                    (!client.resolves).then(|| actions::edit(watch, client, open, file, wish))
                });
                let possible = answer.into_iter().filter(|it| {
                    client.disabled || !matches!(it, gen_lsp_types::CodeActionResponse::CodeAction(it) if it.disabled.is_some())
                });
                Ok(json(&possible.collect::<Vec<_>>()))
            }
        };
        Some(Output::Answer { id, about, result })
    }

    /// Nothing is known of the workspace.
    fn apologize(&mut self) {
        self.due = None;
        self.edits.clear();
        self.say(Output::Doing(None));
        for ask in std::mem::take(&mut self.asked) {
            let result = match ask.what {
                Question::Diagnostics => Ok(serde_json::json!({ "kind": "full", "items": [] })),
                Question::Hover(_) => Ok(Value::Null),
                Question::Actions(..) => Ok(Value::Array(Vec::new())),
                Question::Edit(..) | Question::Workspace => {
                    Err((ErrorCode::RequestFailed, "the workspace is not loaded".to_owned()))
                }
            };
            self.say(Output::Answer { id: ask.id, about: None, result });
        }
    }

    /// Something that is not ours to foresee has panicked: that costs what was asked, and no more.
    fn stumble(&mut self, panic: &(dyn Any + Send)) {
        self.listen();
        let said = crate::plan::look::said(panic);
        self.say(Output::Message(MessageType::Error, format!("async-fix: internal error: {said}")));
        self.due = None;
        if let Some(ask) = self.asked.pop_front() {
            self.say(refuse(ask.id, ErrorCode::InternalError, said));
        }
        self.signal.set_ready();
    }

    pub fn say(&self, output: Output) {
        // Who does not listen any more is about to end.
        let _ = self.outbox.send((self.root.clone(), output));
    }
}

fn refuse(id: RequestId, code: ErrorCode, sentence: &str) -> Output {
    Output::Answer { id, about: None, result: Err((code, sentence.to_owned())) }
}
