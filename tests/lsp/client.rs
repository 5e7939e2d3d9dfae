//! An editor without a screen: it keeps documents as editors do, and believes nothing that it can check.

// Each test that includes this uses a part of it.
#![allow(dead_code)]

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How long anything may take on a machine that is busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// A document as the editor has it.
pub struct Document {
    pub text: String,
    pub version: i32,
    /// What it was before each edit.
    history: Vec<String>,
}

pub struct Client {
    server: Child,
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    requests: i32,
    answers: HashMap<String, Value>,
    pub encoding: String,
    pub capabilities: Value,
    pub answer_to_initialize: Value,
    pub documents: BTreeMap<PathBuf, Document>,
    /// What was published last, with its version.
    pub published: BTreeMap<PathBuf, (Option<i64>, Vec<Value>)>,
    /// Everything else that the server has said.
    pub heard: Vec<Value>,
    pub refreshes: usize,
}

/// What these editors say that they can: the part of it that the server reads.
pub fn capabilities(editor: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("editors.json")).unwrap();
    all[editor].clone()
}

pub fn uri(path: &Path) -> String {
    url::Url::from_file_path(path).unwrap().into()
}

fn path(uri: &Value) -> PathBuf {
    url::Url::parse(uri.as_str().unwrap()).unwrap().to_file_path().unwrap()
}

impl Client {
    /// An editor that has opened these folders.
    pub fn start(folders: &[&Path], capabilities: Value, arguments: &[&str]) -> Client {
        let client = Client::spawn(folders[0], arguments);
        client.initialized(folders, capabilities, Value::Null)
    }

    /// Another server than ours.
    pub fn of(server: &mut Command, folder: &Path, capabilities: Value, options: Value) -> Client {
        Client::talk(server).initialized(&[folder], capabilities, options)
    }

    fn initialized(mut self, folders: &[&Path], capabilities: Value, options: Value) -> Client {
        self.capabilities = capabilities.clone();
        let named = |it: &&Path| json!({ "uri": uri(it), "name": "project" });
        let folders: Vec<Value> = folders.iter().map(named).collect();
        let parameters = json!({
            "processId": null, "rootUri": folders[0]["uri"], "workspaceFolders": folders,
            "capabilities": capabilities, "initializationOptions": options,
        });
        let answer = self.request("initialize", parameters).unwrap();
        let encoding = answer["capabilities"]["positionEncoding"].as_str().unwrap_or("utf-16");
        self.encoding = encoding.to_owned();
        self.answer_to_initialize = answer;
        self.notify("initialized", json!({}));
        self
    }

    pub fn spawn(folder: &Path, arguments: &[&str]) -> Client {
        Client::talk(
            Command::new(env!("CARGO_BIN_EXE_async-fix"))
                .arg("lsp")
                .args(arguments)
                .current_dir(folder)
                .env("ASYNC_FIX_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/lsp-cache"))
                .env("ASYNC_FIX_STATE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/lsp-state")),
        )
    }

    fn talk(server: &mut Command) -> Client {
        let mut server = server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, messages) = channel();
        let mut stdout = BufReader::new(server.stdout.take().unwrap());
        std::thread::spawn(move || {
            while let Some(message) = read(&mut stdout) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Client {
            stdin: server.stdin.take(),
            server,
            messages,
            requests: 0,
            answers: HashMap::new(),
            encoding: "utf-16".to_owned(),
            capabilities: Value::Null,
            answer_to_initialize: Value::Null,
            documents: BTreeMap::new(),
            published: BTreeMap::new(),
            heard: Vec::new(),
            refreshes: 0,
        }
    }

    fn send(&mut self, message: Value) {
        let text = message.to_string();
        let stdin = self.stdin.as_mut().unwrap();
        write!(stdin, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        stdin.flush().unwrap();
    }

    pub fn notify(&mut self, method: &str, parameters: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": parameters }));
    }

    pub fn ask(&mut self, method: &str, parameters: Value) -> String {
        self.requests += 1;
        let id = self.requests;
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters }));
        id.to_string()
    }

    /// The answer to a question, or the error.
    pub fn answer(&mut self, id: &str) -> Result<Value, Value> {
        let answer = self.wait("an answer", |it| it.answers.remove(id));
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["result"].clone()),
        }
    }

    pub fn request(&mut self, method: &str, parameters: Value) -> Result<Value, Value> {
        let id = self.ask(method, parameters);
        self.answer(&id)
    }

    /// Hears the server until there is what is waited for.
    pub fn wait<T>(&mut self, what: &str, mut found: impl FnMut(&mut Client) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(it) = found(self) {
                return it;
            }
            match self.messages.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(message) => self.hear(message),
                Err(RecvTimeoutError::Timeout) => panic!("no {what} came; heard {:?}", self.heard),
                Err(RecvTimeoutError::Disconnected) => panic!("the server has gone without {what}"),
            }
        }
    }

    /// Hears what is there already.
    pub fn pump(&mut self) {
        while let Ok(message) = self.messages.try_recv() {
            self.hear(message);
        }
    }

    fn hear(&mut self, message: Value) {
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        let parameters = &message["params"];
        match method.as_str() {
            "" => _ = self.answers.insert(message["id"].to_string(), message),
            "textDocument/publishDiagnostics" => {
                let items = parameters["diagnostics"].as_array().unwrap().clone();
                let version = parameters["version"].as_i64();
                self.published.insert(path(&parameters["uri"]), (version, items));
            }
            "workspace/applyEdit" => {
                let edit = parameters["edit"].clone();
                self.apply(&edit);
                let result = json!({ "applied": true });
                self.send(json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }));
            }
            _ => {
                self.refreshes += usize::from(method == "workspace/diagnostic/refresh");
                if let Some(id) = message.get("id") {
                    self.send(json!({ "jsonrpc": "2.0", "id": id, "result": null }));
                }
                self.heard.push(message);
            }
        }
    }

    pub fn open(&mut self, path: &Path) {
        self.open_as(path, &fs::read_to_string(path).unwrap());
    }

    pub fn open_as(&mut self, path: &Path, text: &str) {
        let document = Document { text: text.to_owned(), version: 1, history: Vec::new() };
        self.documents.insert(path.to_owned(), document);
        let it = json!({ "uri": uri(path), "languageId": "rust", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": it }));
    }

    pub fn close(&mut self, path: &Path) {
        self.documents.remove(path);
        self.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(path) } }));
    }

    pub fn save(&mut self, path: &Path) {
        fs::write(path, &self.documents[path].text).unwrap();
        self.notify("textDocument/didSave", json!({ "textDocument": { "uri": uri(path) } }));
    }

    /// Types `new` over the first `old`.
    pub fn replace(&mut self, path: &Path, old: &str, new: &str) {
        let text = self.text(path);
        let start = text.find(old).unwrap_or_else(|| panic!("no {old:?} in {text}"));
        self.edit(path, start..start + old.len(), new);
    }

    pub fn edit(&mut self, path: &Path, range: std::ops::Range<usize>, new: &str) {
        let at = self.range(path, range.clone());
        self.change(path, vec![json!({ "range": at, "text": new })], |text| {
            text.replace_range(range, new)
        });
    }

    fn change(&mut self, path: &Path, changes: Vec<Value>, edit: impl FnOnce(&mut String)) {
        let document = self.documents.get_mut(path).unwrap();
        document.history.push(document.text.clone());
        edit(&mut document.text);
        document.version += 1;
        let it = json!({ "uri": uri(path), "version": document.version });
        let parameters = json!({ "textDocument": it, "contentChanges": changes });
        self.notify("textDocument/didChange", parameters);
    }

    pub fn undo(&mut self, path: &Path) {
        let document = self.documents.get_mut(path).unwrap();
        let before = document.history.pop().unwrap();
        let whole = json!({ "text": before });
        self.change(path, vec![whole], |text| *text = before);
        self.documents.get_mut(path).unwrap().history.pop();
    }

    pub fn text(&self, path: &Path) -> String {
        self.documents[path].text.clone()
    }

    /// A range of bytes as the protocol has it.
    pub fn range(&self, path: &Path, range: std::ops::Range<usize>) -> Value {
        let text = &self.documents[path].text;
        let position = |offset: usize| {
            let line = text[..offset].matches('\n').count();
            let start = text[..offset].rfind('\n').map_or(0, |it| it + 1);
            let character = width(&text[start..offset], &self.encoding);
            json!({ "line": line, "character": character })
        };
        json!({ "start": position(range.start), "end": position(range.end) })
    }

    /// Where the first `needle` is.
    pub fn at(&self, path: &Path, needle: &str) -> Value {
        let start = self.documents[path].text.find(needle).unwrap();
        self.range(path, start..start + needle.len())
    }

    /// What is found in an open document as it is now.
    pub fn diagnostics(&mut self, path: &Path) -> Vec<Value> {
        if self.capabilities["textDocument"]["diagnostic"].is_object() {
            let parameters = json!({ "textDocument": { "uri": uri(path) } });
            let answer = self.request("textDocument/diagnostic", parameters).unwrap();
            assert_eq!(answer["kind"], "full");
            return answer["items"].as_array().unwrap().clone();
        }
        let version = i64::from(self.documents[path].version);
        self.wait("findings", |it| {
            let (of, items) = it.published.get(path)?;
            (*of == Some(version)).then(|| items.clone())
        })
    }

    /// The rules that find something, each with what it marks.
    pub fn found(&mut self, path: &Path) -> Vec<(String, String)> {
        let items = self.diagnostics(path);
        let text = self.text(path);
        let marked = |it: &Value| text[bytes(&text, &it["range"], &self.encoding)].to_owned();
        items.iter().map(|it| (it["code"].as_str().unwrap().to_owned(), marked(it))).collect()
    }

    /// What is offered at the first `needle`, without edits where the client asks for them later.
    pub fn actions(&mut self, path: &Path, needle: &str, only: &[&str]) -> Vec<Value> {
        let range = self.at(path, needle);
        self.actions_in(path, range, only).unwrap()
    }

    pub fn actions_in(
        &mut self,
        path: &Path,
        range: Value,
        only: &[&str],
    ) -> Result<Vec<Value>, Value> {
        let mut context = json!({ "diagnostics": [] });
        if !only.is_empty() {
            context["only"] = json!(only);
        }
        let it = json!({ "uri": uri(path) });
        let parameters = json!({ "textDocument": it, "range": range, "context": context });
        let answer = self.request("textDocument/codeAction", parameters)?;
        Ok(answer.as_array().unwrap().clone())
    }

    /// The edit of an action, asked for where it is not there.
    pub fn resolve(&mut self, action: &Value) -> Result<Value, Value> {
        if action["edit"].is_object() {
            return Ok(action["edit"].clone());
        }
        let resolved = self.request("codeAction/resolve", action.clone())?;
        assert_eq!(resolved["title"], action["title"]);
        Ok(resolved["edit"].clone())
    }

    /// Takes the action whose title starts so, as a user does.
    pub fn take(&mut self, path: &Path, needle: &str, title: &str) {
        let actions = self.actions(path, needle, &[]);
        let titled = |it: &&Value| it["title"].as_str().unwrap().starts_with(title);
        let action = actions.iter().find(titled);
        let action = action.unwrap_or_else(|| panic!("no {title:?} in {actions:#?}")).clone();
        let edit = self.resolve(&action).unwrap();
        self.apply(&edit);
    }

    /// Makes an edit, of open documents and of files. It must be for the texts as they are.
    pub fn apply(&mut self, edit: &Value) {
        let versioned = self.capabilities["workspace"]["workspaceEdit"]["documentChanges"] == true;
        let mut files: Vec<(PathBuf, Value, Vec<Value>)> = Vec::new();
        if versioned {
            assert!(edit["changes"].is_null());
            for it in edit["documentChanges"].as_array().unwrap() {
                let edits = it["edits"].as_array().unwrap().clone();
                let document = &it["textDocument"];
                files.push((path(&document["uri"]), document["version"].clone(), edits));
            }
        } else {
            assert!(edit["documentChanges"].is_null());
            for (uri, edits) in edit["changes"].as_object().unwrap() {
                let edits = edits.as_array().unwrap().clone();
                files.push((path(&json!(uri)), Value::Null, edits));
            }
        }
        for (path, version, edits) in files {
            match self.documents.get(&path) {
                Some(document) => {
                    assert!(!versioned || version == document.version, "{version}");
                    let after = edited(&document.text, &edits, &self.encoding);
                    // As editors do, last first, so that each is where it was.
                    let mut changes: Vec<Value> = edits
                        .iter()
                        .map(|it| json!({ "range": it["range"], "text": it["newText"] }))
                        .collect();
                    changes.reverse();
                    self.change(&path, changes, |text| *text = after);
                }
                None => {
                    assert!(version.is_null());
                    let before = fs::read_to_string(&path).unwrap();
                    fs::write(&path, edited(&before, &edits, &self.encoding)).unwrap();
                }
            }
        }
    }

    /// Ends as the protocol wants it; the exit status.
    pub fn shutdown(mut self) -> Option<i32> {
        self.request("shutdown", Value::Null).unwrap();
        self.notify("exit", Value::Null);
        self.server.wait().unwrap().code()
    }

    /// Goes without a word; the exit status.
    pub fn go(mut self) -> Option<i32> {
        self.stdin = None;
        self.server.wait().unwrap().code()
    }

    /// What the server has said by this method.
    pub fn said(&self, method: &str) -> Vec<&Value> {
        self.heard.iter().filter(|it| it["method"] == method).collect()
    }

    /// The memory that the server holds, in kilobytes.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn read(from: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim() {
            "" => break,
            it => {
                if let Some(it) = it.strip_prefix("Content-Length: ") {
                    length = it.parse().ok()?;
                }
            }
        }
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).ok()?;
    Some(serde_json::from_slice(&bytes).expect("the server writes JSON"))
}

fn width(text: &str, encoding: &str) -> usize {
    match encoding {
        "utf-8" => text.len(),
        "utf-16" => text.encode_utf16().count(),
        _ => text.chars().count(),
    }
}

/// The bytes of a range, which must be one that the text has.
pub fn bytes(text: &str, range: &Value, encoding: &str) -> std::ops::Range<usize> {
    let offset = |it: &Value| {
        let line = it["line"].as_u64().unwrap() as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let character = it["character"].as_u64().unwrap() as usize;
        let rest = text[start..].split('\n').next().unwrap();
        let ends = rest.char_indices().map(|it| it.0).chain([rest.len()]);
        let found = ends.into_iter().find(|it| width(&rest[..*it], encoding) == character);
        start + found.unwrap_or_else(|| panic!("{it} is no position of {text}"))
    };
    offset(&range["start"])..offset(&range["end"])
}

fn edited(text: &str, edits: &[Value], encoding: &str) -> String {
    let mut edits: Vec<_> =
        edits.iter().map(|it| (bytes(text, &it["range"], encoding), it)).collect();
    edits.sort_by_key(|it| it.0.start);
    assert!(edits.windows(2).all(|it| it[0].0.end <= it[1].0.start), "edits overlap");
    let mut text = text.to_owned();
    for (range, it) in edits.into_iter().rev() {
        text.replace_range(range, it["newText"].as_str().unwrap());
    }
    text
}
