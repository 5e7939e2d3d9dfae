//! A function that waits for its callers, made asynchronous together with those on the way, and awaited by all.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_hir_def::FunctionId;
use ra_ap_ide_db::text_edit::TextRange;

use crate::{
    facts::{
        body::{BodyFacts, Mention},
        callers::{self, Helper},
        runs_on::Thread,
        surroundings::Surroundings,
    },
    finding::{Applicability, FilePath, Fix, Note, Place, Want},
    fix::{chain, edits, migrate, twin},
};

/// Functions that call each other further down than this are left as they are.
const DEEPEST: usize = 8;

/// Makes the function that `mention` calls asynchronous, or says why it has to stay what it is.
pub fn make_async(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
) -> Result<Fix, Vec<Note>> {
    let stays = |it: Note| {
        let text = format!("it cannot be made asynchronous: {}", it.text);
        Note { text, ..it }
    };
    let function = body.own_callee(mention).ok_or_else(Vec::new)?;
    let mut change = Change::new(around, body, mention);
    let made = change.add(function, 0).and_then(|waits| match waits {
        true => change.await_calls(),
        false => Err(Vec::new()),
    });
    made.map_err(|it| it.into_iter().map(stays).collect::<Vec<_>>())?;
    change.finish().ok_or_else(Vec::new)
}

/// The functions that change, and the edits so far.
struct Change<'a, 'db> {
    around: &'a Surroundings<'a>,
    body: &'a BodyFacts<'db>,
    mention: &'a Mention,
    helpers: Vec<Helper<'db>>,
    /// Functions that were looked at and do not wait.
    idle: BTreeSet<FunctionId>,
    /// The functions between here and the one that was asked for.
    open: Vec<FunctionId>,
    edits: BTreeMap<FilePath, Vec<(TextRange, String)>>,
    doubts: BTreeSet<String>,
    wants: BTreeSet<Want>,
}

impl<'a, 'db> Change<'a, 'db> {
    fn new(around: &'a Surroundings<'a>, body: &'a BodyFacts<'db>, mention: &'a Mention) -> Self {
        Change {
            around,
            body,
            mention,
            helpers: Vec::new(),
            idle: BTreeSet::new(),
            open: Vec::new(),
            edits: BTreeMap::new(),
            doubts: BTreeSet::new(),
            wants: BTreeSet::new(),
        }
    }

    /// Adds a function that waits, with those that it calls. False where it does not wait.
    fn add(&mut self, function: FunctionId, depth: usize) -> Result<bool, Vec<Note>> {
        if self.helpers.iter().any(|it| it.function == function) {
            return Ok(true);
        }
        if self.idle.contains(&function) {
            return Ok(false);
        }
        if depth > DEEPEST {
            return Err(vec![Note::new("the way to what waits is long")]);
        }
        if self.open.contains(&function) {
            return Err(vec![Note::new("functions on the way call each other")]);
        }
        if self.body.is_declared_by_trait(function) {
            return Err(vec![Note::new("a method of a trait is called on the way")]);
        }
        let seen = self.body.seen_as_async(function);
        self.open.push(function);
        let mut waits = false;
        for callee in seen.own_callees() {
            waits |= self.add(callee, depth + 1)?;
        }
        self.open.pop();
        let own: Vec<&Mention> =
            seen.mentions.iter().filter(|it| seen.waits_on(it, Thread::Worker)).collect();
        if !waits && own.is_empty() {
            self.idle.insert(function);
            return Ok(false);
        }
        let helper = self.body.helper(function).map_err(|it| vec![it])?;
        for mention in own {
            let fix = cure(self.around, &helper.body, mention)?;
            for (file, edit) in &fix.edits {
                let edits = self.edits.entry(file.clone()).or_default();
                for it in edit.iter() {
                    let edit = (it.delete, it.insert.clone());
                    if !edits.contains(&edit) {
                        edits.push(edit);
                    }
                }
            }
            self.doubts.extend(fix.doubt);
            self.wants.extend(fix.wants);
        }
        self.helpers.push(helper);
        Ok(true)
    }

    fn await_calls(&mut self) -> Result<(), Vec<Note>> {
        let (workspace, known) = (self.body.workspace, self.body.known);
        let mut places: Vec<Place> = Vec::new();
        for helper in &self.helpers {
            for site in callers::call_sites(workspace, known, helper, &self.mention.row)? {
                let is_known =
                    |it: FunctionId| self.helpers.iter().any(|helper| helper.is(workspace, it));
                if site.inside.is_some_and(|it| !is_known(it)) {
                    let text =
                        format!("`{}` is called here, where nothing can be awaited", helper.name);
                    return Err(vec![Note::at(site.at, text)]);
                }
                if !places.contains(&site.at) {
                    places.push(site.at);
                }
            }
        }
        for place in places {
            self.insert(&place.file, TextRange::empty(place.range.end()), ".await");
        }
        let keywords: Vec<Place> = self.helpers.iter().map(|it| it.keyword.clone()).collect();
        for place in keywords {
            self.insert(&place.file, TextRange::empty(place.range.start()), "async ");
        }
        Ok(())
    }

    fn insert(&mut self, file: &FilePath, at: TextRange, text: &str) {
        self.edits.entry(file.clone()).or_default().push((at, text.to_owned()));
    }

    fn finish(self) -> Option<Fix> {
        let names = callers::names(&self.helpers);
        let mut doubts = vec!["whoever awaits it can be cancelled there".to_owned()];
        doubts.extend(self.doubts);
        let mut edits = BTreeMap::new();
        for (file, of_file) in self.edits {
            // Of two texts at one place nobody knows which comes first.
            let mut inserted = BTreeSet::new();
            let mut insertions = of_file.iter().map(|it| it.0).filter(|it| it.is_empty());
            if insertions.any(|it| !inserted.insert(it.start())) {
                return None;
            }
            edits.insert(file, edits::joined(of_file)?);
        }
        Some(Fix {
            title: format!("Make {names} asynchronous and await it wherever it is called"),
            applicability: Applicability::Unsafe,
            doubt: Some(doubts.join("; ")),
            edits,
            wants: self.wants,
        })
    }
}

/// The asynchronous twin of what waits: a thread that may block is no reason to change a function.
fn cure(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
) -> Result<Fix, Vec<Note>> {
    if mention.row.instead.is_some() {
        return twin::await_twin(around, body, mention);
    }
    if let Some(chain) = &mention.row.chain
        && let Ok(it) = chain::begin_with_twin(around, body, mention, chain)
    {
        return Ok(it);
    }
    match body.deals_with_twin(mention) {
        true => migrate::migrate(around, body, mention),
        false => Err(vec![Note::new(format!("{} has no asynchronous twin", mention.row.said()))]),
    }
}
