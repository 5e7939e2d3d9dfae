//! Which functions are worth a look: those whose text mentions a name that some row asks for.
//!
//! Names only choose what is read; what a name means is decided later, by definition.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use ra_ap_hir::{EditionedFileId, HirFileId, InFile, ModPath, PathKind, crate_def_map};
use ra_ap_hir_def::{
    AssocItemId, DefWithBodyId, FunctionId, Lookup, ModuleDefId,
    expr_store::Body,
    nameres::{DefMap, MacroSubNs},
    resolver::HasResolver,
    src::HasSource,
};
use ra_ap_ide_db::RootDatabase;
use ra_ap_syntax::{AstNode, TextRange, TextSize, ast, ast::HasAttrs};

use crate::{
    config::suppression::{Comments, grammar::Says},
    facts::{
        body::Entered,
        guard_names,
        helpers::Helpers,
        leads::{LeadCall, Leads},
        outline::Outline,
    },
    finding::{FilePath, Place},
    knowledge::resolve::Known,
    workspace::{Target, TargetKind, Workspace},
};

/// A function that mentions something.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub function: FunctionId,
    pub entered: Entered,
    /// Whether it is only there for tests and benchmarks.
    pub in_test: bool,
    /// Where it stands; a macro call, when a macro wrote it.
    pub at: Option<Place>,
}

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
    places: Places,
    /// The macros of the project that write async code.
    macros: Arc<HashSet<String>>,
    /// What drops futures before they are done, as it is called: `select!`, `timeout(`.
    racing: Vec<String>,
    leads: Leads,
}

type Places = HashMap<ra_ap_vfs::FileId, Vec<TextSize>>;

impl Mentions {
    /// `through_calls` says whether what leads to such names through functions counts too.
    pub fn find(workspace: &Workspace, known: &Known, through_calls: bool) -> Mentions {
        let mut names: HashSet<String> = known.blocking_names().map(str::to_owned).collect();
        let texts: Vec<_> =
            workspace.files().filter_map(|(path, id)| Some((id, workspace.text(path)?))).collect();
        let outlines: Vec<Outline> = texts.iter().map(|it| Outline::of(it.1)).collect();
        let leads = match through_calls {
            true => Leads::in_dependencies(workspace, known),
            false => Leads::default(),
        };
        let calls: Vec<Vec<LeadCall>> = texts.iter().map(|it| leads.calls(it.1)).collect();
        let callers = calls.iter().flatten().filter_map(|it| it.caller);
        names.extend(callers.map(str::to_owned));
        names.extend(texts.iter().zip(&outlines).flat_map(|it| said_to_block(it.0.1, it.1)));
        let helpers = if through_calls { Helpers::of(&outlines) } else { Helpers::default() };
        // A mention may hide in a function that is called, behind a rename or in a macro of the project, and that one
        // behind another. A guard that a function holds is its own affair.
        close(&mut names, &outlines, &helpers);
        names.extend(guard_names::all(known, &outlines));
        close(&mut names, &outlines, &Helpers::default());
        let async_macros = outlines.iter().flat_map(|it| &it.macros).filter(|it| it.is_async);
        let macros = async_macros.map(|it| format!("{}!", it.name)).collect();
        let racing = known.racing_macros().into_iter().map(|it| format!("{it}!"));
        let functions = known.racing_functions().into_iter().map(|it| format!("{it}("));
        let racing = racing.chain(functions).collect();
        let (names, macros) = (Arc::new(names), Arc::new(macros));
        let mut it = InAsync { names, places: Places::new(), macros, racing, leads };
        for ((id, text), calls) in texts.into_iter().zip(calls) {
            it.add_places(id, text, &calls);
        }
        Mentions::InAsync(it)
    }

    /// After an edit of `files`, which brings no other name that leads to something.
    pub fn renewed(self, workspace: &Workspace, files: &BTreeSet<FilePath>) -> Mentions {
        let Mentions::InAsync(mut it) = self else { return self };
        for (path, id) in workspace.files().filter(|it| files.contains(it.0)) {
            let text = workspace.text(path).unwrap_or_default();
            let calls = it.leads.calls(text);
            it.add_places(id, text, &calls);
        }
        Mentions::InAsync(it)
    }

    /// Where one of these names stands.
    pub fn of(workspace: &Workspace, names: &HashSet<String>) -> Mentions {
        Mentions::At(places(workspace, names))
    }

    /// Whether one stands in this function, or in the call of the macro that wrote it.
    pub(super) fn are_in(&self, db: &RootDatabase, source: &InFile<ast::Fn>) -> bool {
        let (file, range): (EditionedFileId, _) = match source.file_id {
            HirFileId::FileId(it) => (it, source.value.syntax().text_range()),
            HirFileId::MacroFile(_) => {
                let Some(call) = source.file_id.original_call_node(db) else { return false };
                (call.file_id, call.value.text_range())
            }
        };
        self.inside(file.file_id(db), range)
    }

    /// Whether a function of a dependency is worth reading.
    pub(super) fn lead_into(&self, db: &RootDatabase, function: FunctionId) -> bool {
        matches!(self, Mentions::InAsync(it) if it.leads.may_wait(db, function))
    }

    fn inside(&self, file: ra_ap_vfs::FileId, range: TextRange) -> bool {
        let places = match self {
            Mentions::InAsync(it) => &it.places,
            Mentions::At(it) => it,
            Mentions::Everywhere => return true,
        };
        let Some(places) = places.get(&file) else { return false };
        let from = places.partition_point(|it| *it < range.start());
        places.get(from).is_some_and(|it| *it < range.end())
    }
}

impl InAsync {
    fn add_places(&mut self, file: ra_ap_vfs::FileId, text: &str, calls: &[LeadCall<'_>]) {
        let mut places = identifiers(text, &self.names);
        places.extend(calls.iter().map(|it| TextSize::new(it.at as u32)));
        for call in &self.racing {
            let is_name = |at: usize| {
                let before = text[..at].chars().next_back();
                before.is_none_or(|it| !it.is_alphanumeric() && it != '_' && it != '.')
            };
            let all = text.match_indices(call).filter(|it| is_name(it.0));
            places.extend(all.map(|it| TextSize::new(it.0 as u32)));
        }
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

/// Every function of this target that mentions something.
pub fn candidates(
    workspace: &Workspace,
    known: &Known,
    mentions: &Mentions,
    target: &Target,
) -> Vec<Candidate> {
    let polling = RefCell::default();
    let search = Search { workspace, db: workspace.db(), known, mentions, target, polling };
    let mut found = Vec::new();
    search.in_def_map(crate_def_map(search.db, target.krate), &mut found);
    found
}

struct Search<'a> {
    workspace: &'a Workspace,
    db: &'a RootDatabase,
    known: &'a Known,
    mentions: &'a Mentions,
    target: &'a Target,
    /// Whether a file names a type that is polled.
    polling: RefCell<HashMap<ra_ap_vfs::FileId, bool>>,
}

impl Search<'_> {
    fn in_def_map(&self, map: &DefMap, found: &mut Vec<Candidate>) {
        let mut functions = Vec::new();
        for (_, module) in map.modules() {
            for definition in module.scope.declarations() {
                match definition {
                    ModuleDefId::FunctionId(it) => functions.push(it),
                    ModuleDefId::TraitId(it) => {
                        functions.extend(it.trait_items(self.db).items.iter().filter_map(method));
                    }
                    _ => {}
                }
            }
            for it in module.scope.impls() {
                functions.extend(it.impl_items(self.db).items.iter().filter_map(method));
            }
        }
        functions.into_iter().for_each(|it| self.add(it, found));
    }

    fn add(&self, function: FunctionId, found: &mut Vec<Candidate>) {
        let source = function.lookup(self.db).source(self.db);
        if source.value.body().is_none() || !self.mentions.are_in(self.db, &source) {
            return;
        }
        let entered = self.entered(function, &source.value);
        if let Mentions::InAsync(InAsync { macros, .. }) = self.mentions
            && entered == Entered::Called
            && !self.may_run_on_a_worker(function, &source, macros)
        {
            return;
        }
        found.push(Candidate {
            function,
            at: self.place(&source),
            entered,
            in_test: self.in_test(function, &source),
        });
        let body = Body::of(self.db, DefWithBodyId::FunctionId(function));
        for (_, inner) in body.blocks(self.db) {
            self.in_def_map(inner, found);
        }
    }

    /// Async code in it says so, or it hands closures to something that is polled. Names tell only where to look.
    fn may_run_on_a_worker(
        &self,
        function: FunctionId,
        source: &InFile<ast::Fn>,
        macros: &HashSet<String>,
    ) -> bool {
        let text = source.value.syntax().text().to_string();
        let has = |word: &str| text.contains(word);
        let mut polling = self.known.polling_functions().chain(macros.iter().map(String::as_str));
        has("async")
            || has("await")
            || source.file_id.is_macro()
            || polling.any(has)
            || self.known.polling_traits().values().any(|it| has(it))
            || self.has_polling_trait_in_scope(function)
            || self.stands_beside_polling_type(source)
    }

    /// A method of a trait needs the trait, which a glob may bring.
    fn has_polling_trait_in_scope(&self, function: FunctionId) -> bool {
        let polling = self.known.polling_traits();
        let in_scope = || function.resolver(self.db).traits_in_scope(self.db);
        !polling.is_empty() && in_scope().iter().any(|it| polling.contains_key(it))
    }

    fn stands_beside_polling_type(&self, source: &InFile<ast::Fn>) -> bool {
        let file = source.file_id.original_file(self.db).file_id(self.db);
        *self.polling.borrow_mut().entry(file).or_insert_with(|| {
            let text = self.workspace.file_path(file).and_then(|it| self.workspace.text(it));
            text.is_some_and(|text| self.known.polling_types().any(|it| text.contains(it)))
        })
    }

    fn place(&self, source: &InFile<ast::Fn>) -> Option<Place> {
        let (file, range) = match source.file_id {
            HirFileId::FileId(it) => (it, source.value.syntax().text_range()),
            HirFileId::MacroFile(_) => {
                let call = source.file_id.original_call_node(self.db)?;
                (call.file_id, call.value.text_range())
            }
        };
        let path = self.workspace.file_path(file.file_id(self.db))?;
        Some(Place::new(path.clone(), range))
    }

    fn entered(&self, function: FunctionId, source: &ast::Fn) -> Entered {
        if self.entry_row(function, source).is_some() {
            return Entered::AsEntry;
        }
        match self.known.function(self.db, function) {
            Some(row) if row.polled => Entered::Polled,
            _ => Entered::Called,
        }
    }

    /// Whether an attribute macro of a runtime makes this function an entry point, and for tests.
    fn entry_row(&self, function: FunctionId, source: &ast::Fn) -> Option<bool> {
        let resolver = function.resolver(self.db);
        source.attrs().find_map(|it| {
            let path = match it.simple_name().as_deref() {
                Some("cfg_attr") => conditional_path(&it)?,
                _ => mod_path(&it.path()?)?,
            };
            let item = resolver.resolve_path_as_macro(self.db, &path, Some(MacroSubNs::Attr))?;
            let row = self.known.macro_(item.def)?;
            row.entry.is_some().then_some(row.test)
        })
    }

    /// Whether the function says so itself, or its target is for tests. What a `cfg` leaves to tests is told by the
    /// views that compile it.
    fn in_test(&self, function: FunctionId, source: &InFile<ast::Fn>) -> bool {
        let by_target = matches!(self.target.kind, TargetKind::Test | TargetKind::Bench);
        let by_attribute = || {
            let names = |it: ast::Attr| it.simple_name();
            let mut plain = source.value.attrs().filter_map(names);
            plain.any(|it| it == "test" || it == "bench")
                || self.entry_row(function, &source.value) == Some(true)
        };
        by_target || by_attribute()
    }
}

fn method((_, item): &(ra_ap_hir::Name, AssocItemId)) -> Option<FunctionId> {
    match item {
        AssocItemId::FunctionId(it) => Some(*it),
        _ => None,
    }
}

fn mod_path(path: &ast::Path) -> Option<ModPath> {
    let names = path.segments().map(|it| it.name_ref()).collect::<Option<Vec<_>>>()?;
    let absolute = path.first_segment().is_some_and(|it| it.coloncolon_token().is_some());
    let kind = if absolute { PathKind::Abs } else { PathKind::Plain };
    Some(ModPath::from_segments(kind, names.iter().map(|it| ra_ap_hir::Name::new_root(it.text()))))
}

/// `tokio::main` in `#[cfg_attr(condition, tokio::main)]`, which is taken to hold.
fn conditional_path(attribute: &ast::Attr) -> Option<ModPath> {
    let text = attribute.syntax().text().to_string();
    let inside = text.split_once('(')?.1.rsplit_once(')')?.0;
    let mut depth = 0;
    let comma = inside.char_indices().find(|(_, it)| {
        match it {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        *it == ',' && depth == 0
    })?;
    let path = inside[comma.0 + 1..].split(['(', ',']).next()?.trim();
    let names = path.split("::").map(|it| ra_ap_hir::Name::new_root(it.trim()));
    Some(ModPath::from_segments(PathKind::Plain, names))
}
