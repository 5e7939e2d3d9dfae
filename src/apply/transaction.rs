//! A run that writes: every file gets its new text, or all keep the old one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::PathBuf,
};

use crate::{
    apply::{
        Allow, Refusal, guard,
        interrupt::PutOff,
        journal::{Entry, Journal, Saved},
        lock::{self, Lock},
        restore, write,
    },
    finding::FilePath,
    plan::Change,
};

/// Begun with [`Transaction::begin`], ended with [`Transaction::finish`] or [`Transaction::restore`]. One that is
/// dropped before its end puts all files back.
pub struct Transaction {
    lock: Lock,
    allow: Allow,
    /// Files that were found fit to be written.
    fit: BTreeMap<PathBuf, Saved>,
    /// From the first write on.
    writing: Option<Writing>,
}

struct Writing {
    journal: Journal,
    signals: PutOff,
    /// What the files of the journal should hold right now.
    now: Vec<String>,
    /// Indices of the files that this run wrote to, or tried to.
    touched: BTreeSet<usize>,
}

impl Transaction {
    /// Checks that every file of `changes` can be written and that version control could give it back. Nothing is
    /// written, not even to the journal.
    pub fn begin(lock: Lock, changes: &[Change], allow: Allow) -> Result<Transaction, Refusal> {
        let mut transaction = Transaction { lock, allow, fit: BTreeMap::new(), writing: None };
        transaction.check(changes)?;
        Ok(transaction)
    }

    /// Makes the files be `changes`, applied to the texts from before the transaction: a file that an earlier call
    /// wrote, and that is not among `changes`, gets its old text back. The files that got another text come back. When
    /// this fails, all files are as they were before the transaction, or the refusal says which are not, and only
    /// `drop` is left to call.
    pub fn write(&mut self, changes: &[Change]) -> Result<Vec<FilePath>, Refusal> {
        let wanted = self.check(changes)?;
        if wanted.is_empty() && self.writing.is_none() {
            return Ok(Vec::new());
        }
        let result = self.note(&wanted).and_then(|()| self.replace(&wanted));
        result.map_err(|it| self.give_up(it))
    }

    /// Writes every file that was written once more, with the text that it has, so that its time is new.
    pub fn write_again(&mut self) -> Result<(), Refusal> {
        let Some(writing) = &self.writing else { return Ok(()) };
        let same = writing.touched.iter().map(|it| (*it, writing.now[*it].clone())).collect();
        self.replace_by(same).map(drop).map_err(|it| self.give_up(it))
    }

    /// Whether the user asked the program to end: then [`Transaction::restore`] is what to do, soon.
    pub fn is_interrupted(&self) -> bool {
        self.writing.as_ref().is_some_and(|it| it.signals.came())
    }

    /// Puts all files back.
    pub fn restore(mut self) -> Result<(), Refusal> {
        match self.put_back() {
            None => Ok(()),
            Some((run, stuck)) => {
                let problem = "not all files could be put back".to_owned();
                Err(Refusal::Stuck { problem, stuck, run })
            }
        }
    }

    /// Keeps what was written. The run comes back by which it can be undone; nothing when nothing has changed.
    pub fn finish(mut self) -> Result<Option<String>, Refusal> {
        let Some(writing) = &self.writing else { return Ok(None) };
        if writing.signals.came() {
            return Err(self.give_up(Problem::Interrupted));
        }
        let changed = |(saved, now): (&Saved, &String)| saved.before != *now;
        if !writing.journal.files.iter().zip(&writing.now).any(changed) {
            writing.journal.discard();
            self.writing = None;
            return Ok(None);
        }
        if let Err(error) = writing.journal.finish() {
            return Err(self.give_up(Problem::Journal(error)));
        }
        let run = writing.journal.id.clone();
        self.writing = None;
        Ok(Some(run))
    }
}

/// What stopped the writing.
enum Problem {
    Sentence(String),
    Journal(io::Error),
    Interrupted,
}

impl Transaction {
    /// The texts that files with changes get, once each is known to take it.
    fn check(&mut self, changes: &[Change]) -> Result<BTreeMap<PathBuf, String>, Refusal> {
        let mut wanted: BTreeMap<PathBuf, (String, &Change)> = BTreeMap::new();
        let mut problems = Vec::new();
        let mut new = Vec::new();
        for change in changes.iter().filter(|it| it.before != it.after) {
            let (path, saved) = match self.fit(change) {
                Ok(it) => it,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            match wanted.get(&path) {
                // Two names of one file that agree are one change.
                Some((after, other)) if *after != change.after => problems.push(format!(
                    "`{}` and `{}` are one file and would be changed in two ways",
                    other.file, change.file
                )),
                Some(_) => (),
                None => {
                    new.extend(saved.map(|it| (path.clone(), it, &change.file)));
                    wanted.insert(path, (change.after.clone(), change));
                }
            }
        }
        if !problems.is_empty() {
            return Err(self.refuse(Refusal::Unfit(problems)));
        }
        let named: Vec<_> = new.iter().map(|it| (it.0.as_path(), it.2)).collect();
        if let Err(unsaved) = guard::check(&named, self.allow) {
            return Err(self.refuse(Refusal::Guard(unsaved)));
        }
        self.fit.extend(new.into_iter().map(|it| (it.0, it.1)));
        Ok(wanted.into_iter().map(|(path, (after, _))| (path, after)).collect())
    }

    /// Where a file is, and what it is now if that was not known yet.
    fn fit(&self, change: &Change) -> Result<(PathBuf, Option<Saved>), String> {
        let file = &change.file;
        let unreadable = |error: io::Error| format!("`{file}` cannot be read: {error}");
        let path = fs::canonicalize(self.lock.root.join(file.as_str())).map_err(unreadable)?;
        let journaled = self.writing.iter().flat_map(|it| &it.journal.files);
        let known = journaled.chain(self.fit.get(&path)).find(|it| it.entry.path == path);
        if let Some(known) = known {
            return match known.before == change.before {
                true => Ok((path, None)),
                false => Err(format!("`{file}` has changed since it was analysed")),
            };
        }
        let bytes = fs::read(&path).map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|_| format!("`{file}` is not UTF-8"))?;
        if text != change.before {
            return Err(format!("`{file}` has changed since it was analysed"));
        }
        let metadata = fs::metadata(&path).map_err(unreadable)?;
        // The bits are asked as well as the system: nothing is read-only to root.
        if metadata.permissions().readonly() {
            return Err(format!("`{file}` is read-only"));
        }
        if let Err(error) = fs::OpenOptions::new().write(true).open(&path) {
            return Err(format!("`{file}` cannot be written: {error}"));
        }
        let entry = Entry {
            name: file.to_string(),
            path: path.clone(),
            mode: restore::mode(&metadata),
            hard_linked: write::has_other_names(&metadata),
        };
        Ok((path, Some(Saved { entry, before: text, written: Vec::new() })))
    }

    /// Writes to the journal what is about to happen.
    fn note(&mut self, wanted: &BTreeMap<PathBuf, String>) -> Result<(), Problem> {
        let new: Vec<Saved> = std::mem::take(&mut self.fit).into_values().collect();
        let writing = match &mut self.writing {
            Some(it) => it,
            None => {
                let signals = PutOff::start().map_err(Problem::Journal)?;
                let journal = Journal::open(&self.lock).map_err(Problem::Journal)?;
                let (now, touched) = (Vec::new(), BTreeSet::new());
                self.writing.insert(Writing { journal, signals, now, touched })
            }
        };
        writing.now.extend(new.iter().map(|it| it.before.clone()));
        if !new.is_empty() {
            writing.journal.note(new).map_err(Problem::Journal)?;
        }
        for index in 0..writing.journal.files.len() {
            let path = &writing.journal.files[index].entry.path;
            if let Some(text) = wanted.get(path) {
                writing.journal.note_text(index, text).map_err(Problem::Journal)?;
            }
        }
        Ok(())
    }

    /// Makes every file of the journal what is wanted, or what it was. Those that got another text come back.
    fn replace(&mut self, wanted: &BTreeMap<PathBuf, String>) -> Result<Vec<FilePath>, Problem> {
        let Some(Writing { journal, now, .. }) = &self.writing else { return Ok(Vec::new()) };
        let text = |it: &Saved| wanted.get(&it.entry.path).unwrap_or(&it.before).clone();
        let texts = journal.files.iter().map(text).enumerate();
        self.replace_by(texts.filter(|(index, text)| *text != now[*index]).collect())
    }

    /// Gives files of the journal these texts.
    fn replace_by(&mut self, texts: Vec<(usize, String)>) -> Result<Vec<FilePath>, Problem> {
        let Some(writing) = &mut self.writing else { return Ok(Vec::new()) };
        let Writing { journal, signals, now, touched } = writing;
        // All new texts are on disk before the first old one is gone: a full disk is noticed in time.
        let mut staged = Vec::new();
        for (index, text) in texts {
            heed(signals)?;
            let saved = &journal.files[index];
            let ready = stage(saved, &text, &journal.id, index);
            staged.push((index, text, ready.map_err(|it| unwritable(saved, &it))?));
        }
        let mut written = Vec::new();
        for (index, text, ready) in staged {
            heed(signals)?;
            let saved = &journal.files[index];
            if !fs::read(&saved.entry.path).is_ok_and(|it| it == now[index].as_bytes()) {
                let problem = format!("`{}` has changed since it was analysed", saved.entry.name);
                return Err(Problem::Sentence(problem));
            }
            // Said first: a file that is written in place may be left half done.
            touched.insert(index);
            ready.commit().map_err(|it| unwritable(saved, &it))?;
            now[index] = text;
            written.push(FilePath::new(saved.entry.name.as_str()));
        }
        heed(signals)?;
        Ok(written)
    }

    /// Puts back what was written. What could not be is told, with the run that still can.
    fn put_back(&mut self) -> Option<(String, Vec<PathBuf>)> {
        let Writing { journal, signals, touched, .. } = self.writing.take()?;
        // A file that this run has not written to is left alone, whatever became of it.
        let files = journal.files.iter().enumerate().filter(|it| touched.contains(&it.0));
        let stuck = restore::restore(&journal.id, files);
        if stuck.is_empty() {
            journal.discard();
        }
        // Until here a signal waited.
        drop(signals);
        (!stuck.is_empty()).then_some((journal.id, stuck))
    }

    fn give_up(&mut self, problem: Problem) -> Refusal {
        let refusal = match problem {
            Problem::Interrupted => Refusal::Interrupted,
            Problem::Journal(error) => lock::unusable(&self.lock.state, &error),
            Problem::Sentence(problem) => Refusal::Failed(problem),
        };
        self.refuse(refusal)
    }

    fn refuse(&mut self, refusal: Refusal) -> Refusal {
        match self.put_back() {
            None => refusal,
            Some((run, stuck)) => Refusal::Stuck { problem: refusal.problem(), stuck, run },
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // What cannot be put back here is found by the next run, in the journal.
        self.put_back();
    }
}

fn heed(signals: &PutOff) -> Result<(), Problem> {
    if signals.came() { Err(Problem::Interrupted) } else { Ok(()) }
}

fn stage(saved: &Saved, text: &str, run: &str, index: usize) -> io::Result<write::Staged> {
    let path = &saved.entry.path;
    let permissions = fs::metadata(path)?.permissions();
    write::stage(path, text, &permissions, &restore::temporary(run, index))
}

fn unwritable(saved: &Saved, error: &io::Error) -> Problem {
    Problem::Sentence(format!("`{}` cannot be written: {error}", saved.entry.name))
}
