//! What an engine reads from disk: the workspace, what configures it, and files that change behind the editor's back.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use gen_lsp_types::MessageType;

use crate::{
    config::Choice,
    finding::FilePath,
    knowledge::{self, CrateRows},
    lsp::{
        engine::{Engine, Output},
        paths,
    },
    plan::watch::Watch,
    workspace::{LoadError, Workspace, layout::Layout},
};

/// By these names files configure async-fix, ...
const CONFIGURES: [&str; 2] = ["async-fix.toml", ".async-fix.toml"];
/// ... and by these say what there is in a workspace.
const MANIFESTS: [&str; 4] =
    ["Cargo.toml", "Cargo.lock", "rust-project.json", ".rust-project.json"];

impl Engine {
    /// Reads the workspace anew. Until that is done nobody is answered.
    pub(super) fn load(&mut self) {
        self.signal.listen(None);
        let name = self.root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.say(Output::Doing(Some(format!("{name}: asking cargo about the project"))));
        // A manifest that somebody is about to edit is no reason to forget what is known.
        match Layout::find(&(self.setup.request)(&self.root)) {
            Ok(layout) => {
                // Two of them at once would need twice the memory.
                self.watch = None;
                match self.loaded(&layout, &name) {
                    Ok(it) => self.watch = Some(it),
                    Err(sentence) => self.complain(&sentence),
                }
            }
            Err(error) => self.complain(&sentence(error)),
        }
        if let Some(watch) = &self.watch {
            self.signal.listen(Some(watch.workspace.db()));
            let path = |it: &FilePath| paths::canonical(&watch.workspace.disk_path(it));
            self.files = watch.workspace.files().map(|it| (path(it.0), it.0.clone())).collect();
            let open: Vec<_> =
                self.open.iter().map(|(path, it)| (path.clone(), it.text.clone())).collect();
            open.into_iter().for_each(|(path, text)| self.edited(&path, text));
        }
        self.say(Output::Doing(Some(format!("{name}: looking for traps"))));
    }

    fn loaded(&mut self, layout: &Layout, name: &str) -> Result<Watch, String> {
        self.configuration = configuration(layout);
        let choice = self.choice(layout);
        let progress = |it: &str| {
            let _ =
                self.outbox.send((self.root.clone(), Output::Doing(Some(format!("{name}: {it}")))));
        };
        let request = (self.setup.request)(&self.root);
        let workspace = Workspace::load(&request, &progress).map_err(sentence)?;
        let rows = rows(&workspace, &choice)?;
        Ok(Watch::new(workspace, rows, choice))
    }

    /// What is wanted; nothing special where that cannot be read.
    fn choice(&self, layout: &Layout) -> Choice {
        (self.setup.choice)(layout).unwrap_or_else(|sentence| {
            self.complain(&sentence);
            Choice::default()
        })
    }

    fn complain(&self, sentence: &str) {
        self.say(Output::Message(MessageType::Error, format!("async-fix: {sentence}")));
    }

    /// Takes in what these files say now.
    pub(super) fn changed_on_disk(&mut self, paths: &[PathBuf]) {
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            match path.extension().and_then(|it| it.to_str()) {
                Some("rs") => self.changed_source(path),
                _ if MANIFESTS.contains(&&*name) => self.changed_manifest(path),
                _ if CONFIGURES.contains(&&*name) => self.configure(),
                _ => (),
            }
        }
        // Who cannot watch files tells at least when one is saved.
        if !self.client.watches {
            self.look_for_changes();
        }
    }

    fn changed_source(&mut self, path: &Path) {
        match self.file(path) {
            Some(_) if !path.exists() => self.want_reload(),
            Some(_) => self.read(path),
            // A module that is new, where cargo would look for it.
            None if path.exists() && path.starts_with(&self.root) && !is_ignored(path) => {
                self.want_reload();
            }
            None => (),
        }
    }

    /// The text of a file as the disk has it, unless the editor has another one.
    pub(super) fn read(&mut self, path: &Path) {
        if !self.open.contains_key(path)
            && let Ok(text) = fs::read_to_string(path)
        {
            self.edited(path, text);
        }
    }

    fn changed_manifest(&mut self, path: &Path) {
        let Some(watch) = &self.watch else { return self.want_reload() };
        let workspace = &watch.workspace;
        let file = FilePath::below(&paths::canonical(workspace.root()), path);
        // A new lock file is nobody's of ours as long as it says the same.
        let is_ours = workspace.text(&file).is_some() || path.starts_with(&self.root);
        if is_ours && fs::read_to_string(path).ok().as_deref() != workspace.text(&file) {
            self.want_reload();
        }
        self.configure();
    }

    /// Reads what configures, if it is another text.
    fn configure(&mut self) {
        let Ok(layout) = Layout::find(&(self.setup.request)(&self.root)) else { return };
        let configuration = configuration(&layout);
        if configuration == self.configuration {
            return;
        }
        self.configuration = configuration;
        match (self.setup.choice)(&layout) {
            Ok(choice) => {
                let Some(watch) = &mut self.watch else { return self.want_reload() };
                match rows(&watch.workspace, &choice) {
                    Ok(rows) => watch.choose(rows, choice),
                    Err(sentence) => return self.complain(&sentence),
                }
                self.look_at_everything();
                let news = "async-fix: the configuration has changed".to_owned();
                self.say(Output::Message(MessageType::Log, news));
            }
            // What was wanted before is wanted still.
            Err(sentence) => self.complain(&sentence),
        }
    }

    /// Compares what was read of manifests and configurations with what is there.
    fn look_for_changes(&mut self) {
        let Some(watch) = &self.watch else { return };
        let workspace = &watch.workspace;
        let manifests = workspace.texts().keys().filter(|it| !it.as_str().ends_with(".rs"));
        let changed: Vec<PathBuf> = manifests
            .filter(|it| {
                let now = fs::read_to_string(workspace.disk_path(it));
                now.is_ok_and(|now| Some(now.as_str()) != workspace.text(it))
            })
            .map(|it| workspace.disk_path(it))
            .collect();
        if !changed.is_empty() {
            self.want_reload();
        } else if self
            .configuration
            .iter()
            .any(|(path, text)| fs::read_to_string(path).unwrap_or_default() != *text)
        {
            self.configure();
        }
    }
}

fn rows(workspace: &Workspace, choice: &Choice) -> Result<Vec<CrateRows>, String> {
    let mut rows = knowledge::shipped().map_err(|it| it.join("; "))?;
    rows.extend(workspace.shipped_rows().iter().cloned());
    rows.extend(choice.settings.knowledge().cloned());
    Ok(rows)
}

/// The texts of all files by which async-fix may be configured; of those that are not there, nothing.
fn configuration(layout: &Layout) -> BTreeMap<PathBuf, String> {
    let members = layout.members.iter().map(|it| layout.root.join(it.folder.as_str()));
    let folders = members.flat_map(|it| {
        let up: Vec<PathBuf> = it.ancestors().map(Path::to_owned).collect();
        up.into_iter().filter(|it| it.starts_with(&layout.root)).collect::<Vec<_>>()
    });
    let names = CONFIGURES.iter().chain(&MANIFESTS[..1]);
    let files = folders
        .flat_map(|folder| names.clone().map(move |name| folder.join(name)).collect::<Vec<_>>());
    files.map(|it| (it.clone(), fs::read_to_string(&it).unwrap_or_default())).collect()
}

/// What is built is not written by hand.
fn is_ignored(path: &Path) -> bool {
    path.components().any(|it| it.as_os_str() == "target" || it.as_os_str() == ".git")
}

/// What the user is told.
fn sentence(error: LoadError) -> String {
    match error {
        LoadError::NoStdSources { command } => format!(
            "the sources of std are missing, without which most calls are unknown: run `{command}`, and then \
             the command `async-fix.reload`"
        ),
        LoadError::Other(sentence) => sentence,
    }
}
