//! Where the names stand that lead to functions worth a look.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use ra_ap_hir::{EditionedFileId, HirFileId, InFile};
use ra_ap_hir_def::FunctionId;
use ra_ap_ide_db::RootDatabase;
use ra_ap_syntax::{AstNode, TextRange, TextSize, ast};

use crate::{
    config::suppression::{Comments, grammar::Says},
    facts::{
        cancel_debug, guard_names,
        helpers::Helpers,
        leads::{LeadCall, Leads},
        outline::Outline,
    },
    finding::FilePath,
    knowledge::resolve::Known,
    workspace::Workspace,
};

/// The places in each file where a name stands that some row asks for.
#[derive(Clone)]
pub enum Mentions {
    /// In functions that have to do with async code.
    InAsync(InAsync),
    /// In all functions.
    At(Places),
    /// Every function is asked about.
    Everywhere,
}

/// What leads to functions that have to do with async code.
#[derive(Clone)]
pub struct InAsync {
    names: Arc<HashSet<String>>,
    /// The functions that give futures, or tasks that end with their handles.
    futures: Arc<HashSet<String>>,
    places: Places,
    /// Where a statement takes what one of them may have given, and does not await it.
    unawaited: Places,
    /// The macros of the project that write async code.
    pub(super) macros: Arc<HashSet<String>>,
    /// What drops futures before they are done, as it is called: `select!`, `timeout(`; and what changes state for a time.
    written: Vec<String>,
    /// What runs several futures.
    concurrent: Arc<HashSet<String>>,
    /// What stands in code that makes futures, or starts runtimes and threads, where that is asked for.
    making: Arc<HashSet<String>>,
    makes: Places,
    leads: Leads,
}

type Places = HashMap<ra_ap_vfs::FileId, Vec<TextSize>>;

/// What else leads to a function, besides names that stand in it.
#[derive(Clone, Copy)]
pub struct Asked {
    /// What the functions of dependencies do.
    pub calls: bool,
    /// What drops futures before they are done.
    pub races: bool,
    /// What makes futures.
    pub futures: bool,
    /// What changes state for a time.
    pub state: bool,
    /// What starts runtimes and threads.
    pub runtimes: bool,
    /// What logs that futures are dropped.
    pub logged: bool,
}

impl Mentions {
    /// `through_calls` says whether what leads to such names through functions counts too.
    pub fn find(workspace: &Workspace, known: &Known, asked: Asked) -> Mentions {
        let mut names: HashSet<String> = known.blocking_names().map(str::to_owned).collect();
        let texts: Vec<_> =
            workspace.files().filter_map(|(path, id)| Some((id, workspace.text(path)?))).collect();
        let outlines: Vec<Outline> = texts.iter().map(|it| Outline::of(it.1)).collect();
        let leads = match asked.calls {
            true => Leads::in_dependencies(workspace, known),
            false => Leads::default(),
        };
        let calls: Vec<Vec<LeadCall>> = texts.iter().map(|it| leads.calls(it.1)).collect();
        let callers = calls.iter().flatten().filter_map(|it| it.caller);
        names.extend(callers.map(str::to_owned));
        names.extend(texts.iter().zip(&outlines).flat_map(|it| said_to_block(it.0.1, it.1)));
        let helpers = if asked.calls { Helpers::of(&outlines) } else { Helpers::default() };
        // A mention may hide in a function that is called, behind a rename or in a macro of the project, and that one
        // behind another. A guard that a function holds is its own affair.
        close(&mut names, &outlines, &helpers);
        names.extend(guard_names::all(known, &outlines));
        close(&mut names, &outlines, &Helpers::default());
        let async_macros = outlines.iter().flat_map(|it| &it.macros).filter(|it| it.is_async);
        let macros = async_macros.map(|it| format!("{}!", it.name)).collect();
        let racing = known.macros_that(|it| it.cancels).into_iter().map(|it| format!("{it}!"));
        let functions = known.racing_functions().into_iter().map(|it| format!("{it}("));
        let racing = racing.chain(functions).filter(|_| asked.races);
        let changes = known.rows().filter(|it| it.empties || it.undone_by.is_some());
        let changes = changes.map(|it| format!("{}(", it.name()));
        let changes = changes.chain(["= true", "= Some(", "+=", "-="].map(str::to_owned));
        let written = racing.chain(changes.filter(|_| asked.state)).collect();
        let concurrent = known.concurrent_names().filter(|_| asked.races).map(str::to_owned);
        let concurrent = Arc::new(concurrent.collect());
        let functions = outlines.iter().flat_map(|it| &it.functions);
        let futures = functions.filter(|it| it.may_give_future()).map(|it| it.name);
        let making = ["async", "await"].into_iter().chain(futures.clone());
        let starting = known.entering_names().filter(|_| asked.runtimes);
        let wrapping = asked.logged.then_some(cancel_debug::TYPE);
        let making = making.filter(|_| asked.futures).chain(starting).chain(wrapping);
        let making = making.map(str::to_owned).collect();
        let futures = futures.chain(known.task_givers()).map(str::to_owned).collect();
        let mut it = InAsync {
            names: Arc::new(names),
            futures: Arc::new(futures),
            places: Places::new(),
            unawaited: Places::new(),
            macros: Arc::new(macros),
            written,
            concurrent,
            making: Arc::new(making),
            makes: Places::new(),
            leads,
        };
        for (((id, text), calls), outline) in texts.into_iter().zip(calls).zip(&outlines) {
            it.add_places(id, text, &calls, outline);
        }
        Mentions::InAsync(it)
    }

    /// After an edit of `files`, which brings no other name that leads to something.
    pub fn renewed(self, workspace: &Workspace, files: &BTreeSet<FilePath>) -> Mentions {
        let Mentions::InAsync(mut it) = self else { return self };
        for (path, id) in workspace.files().filter(|it| files.contains(it.0)) {
            let text = workspace.text(path).unwrap_or_default();
            let calls = it.leads.calls(text);
            it.add_places(id, text, &calls, &Outline::of(text));
        }
        Mentions::InAsync(it)
    }

    /// Where one of these names stands.
    pub fn of(workspace: &Workspace, names: &HashSet<String>) -> Mentions {
        Mentions::At(places(workspace, names))
    }

    /// Whether one may stand in this file.
    pub(super) fn may_be_in(&self, file: ra_ap_vfs::FileId) -> bool {
        match self {
            Mentions::At(it) => it.contains_key(&file),
            Mentions::InAsync(_) | Mentions::Everywhere => true,
        }
    }

    /// Whether one stands in this function, or in the call of the macro that wrote it.
    pub(in crate::facts) fn are_in(&self, db: &RootDatabase, source: &InFile<ast::Fn>) -> bool {
        let Some((file, range)) = written_at(db, source) else { return false };
        match self {
            Mentions::InAsync(it) => is_inside(&it.places, file, range),
            Mentions::At(it) => is_inside(it, file, range),
            Mentions::Everywhere => true,
        }
    }

    /// Whether this function makes what may be a future and is asked about: by a statement that does not await it, or
    /// anywhere. One that starts a runtime or a thread does so, too.
    pub(super) fn are_of_futures_in(&self, db: &RootDatabase, source: &InFile<ast::Fn>) -> bool {
        let Mentions::InAsync(it) = self else { return false };
        written_at(db, source).is_some_and(|(file, range)| {
            is_inside(&it.unawaited, file, range) || is_inside(&it.makes, file, range)
        })
    }

    /// Whether a function of a dependency is worth reading.
    pub(in crate::facts) fn lead_into(&self, db: &RootDatabase, function: FunctionId) -> bool {
        matches!(self, Mentions::InAsync(it) if it.leads.may_wait(db, function))
    }
}

/// Where a function is written: itself, or the call of the macro that writes it.
fn written_at(
    db: &RootDatabase,
    source: &InFile<ast::Fn>,
) -> Option<(ra_ap_vfs::FileId, TextRange)> {
    let (file, range): (EditionedFileId, _) = match source.file_id {
        HirFileId::FileId(it) => (it, source.value.syntax().text_range()),
        HirFileId::MacroFile(_) => {
            let call = source.file_id.original_call_node(db)?;
            (call.file_id, call.value.text_range())
        }
    };
    Some((file.file_id(db), range))
}

fn is_inside(places: &Places, file: ra_ap_vfs::FileId, range: TextRange) -> bool {
    let Some(places) = places.get(&file) else { return false };
    let from = places.partition_point(|it| *it < range.start());
    places.get(from).is_some_and(|it| *it < range.end())
}

impl InAsync {
    fn add_places(
        &mut self,
        file: ra_ap_vfs::FileId,
        text: &str,
        calls: &[LeadCall<'_>],
        outline: &Outline<'_>,
    ) {
        let mut places = identifiers(text, &self.names);
        places.extend(calls.iter().map(|it| TextSize::new(it.at as u32)));
        places.extend(identifiers(text, &self.concurrent));
        for call in &self.written {
            let is_name = |at: usize| {
                let before = text[..at].chars().next_back();
                before.is_none_or(|it| !it.is_alphanumeric() && it != '_')
            };
            let all = text.match_indices(call).filter(|it| is_name(it.0));
            places.extend(all.map(|it| TextSize::new(it.0 as u32)));
        }
        places.extend(&outline.long_loops);
        let is_future =
            |it: &&TextRange| &text[**it] == "async" || self.futures.contains(&text[**it]);
        let unawaited = outline.unawaited.iter().filter(is_future).map(|it| it.start());
        let mut unawaited: Vec<TextSize> = unawaited.collect();
        unawaited.sort();
        self.unawaited.insert(file, unawaited);
        let is_making = |it: &TextSize| {
            let here = &text[usize::from(*it)..];
            let is_part = |it: char| it.is_alphanumeric() || it == '_';
            let (word, rest) = here.split_at(here.find(|it| !is_part(it)).unwrap_or(here.len()));
            matches!(word, "async" | "await" | cancel_debug::TYPE)
                || rest.starts_with('(')
                || rest.starts_with("::<")
        };
        let makes = identifiers(text, &self.making).into_iter().filter(is_making);
        self.makes.insert(file, makes.collect());
        places.sort();
        self.places.insert(file, places);
    }
}

/// Adds all names that lead to one of `names`: through functions, `use a::b as c` and `macro_rules!`.
fn close(names: &mut HashSet<String>, outlines: &[Outline<'_>], helpers: &Helpers<'_>) {
    loop {
        let before = names.len();
        helpers.add_names(names);
        for outline in outlines {
            for (last, other) in &outline.renames {
                if names.contains(*last) {
                    names.insert((*other).to_owned());
                }
            }
            for it in &outline.macros {
                if it.words.iter().any(|it| names.contains(*it)) {
                    names.insert(it.name.to_owned());
                }
            }
        }
        if names.len() == before {
            break;
        }
    }
}

fn places(workspace: &Workspace, names: &HashSet<String>) -> Places {
    let texts = workspace.files().filter_map(|(path, id)| Some((id, workspace.text(path)?)));
    texts
        .map(|(id, text)| (id, identifiers(text, names)))
        .filter(|(_, places)| !places.is_empty())
        .collect()
}

fn identifiers(text: &str, names: &HashSet<String>) -> Vec<TextSize> {
    let mut places = Vec::new();
    let mut start = None;
    let mut end = |from: &mut Option<usize>, to: usize| {
        if let Some(from) = from.take()
            && names.contains(&text[from..to])
        {
            places.push(TextSize::new(from as u32));
        }
    };
    for (at, it) in text.char_indices() {
        if it.is_alphanumeric() || it == '_' {
            start.get_or_insert(at);
        } else {
            end(&mut start, at);
        }
    }
    end(&mut start, text.len());
    places
}

/// The functions of a text of which a comment says that they block.
fn said_to_block(text: &str, outline: &Outline<'_>) -> Vec<String> {
    if !Comments::may_be_in(text) {
        return Vec::new();
    }
    let facts = Comments::read(text).facts.into_iter().filter(|it| it.says == Says::Blocking);
    let said: HashSet<TextRange> = facts.filter_map(|it| it.function).collect();
    let functions = outline.functions.iter().filter(|it| said.contains(&it.range));
    functions.map(|it| it.name.to_owned()).collect()
}
