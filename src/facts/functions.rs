//! Which functions are worth a look: those whose text mentions a name that some row asks for.
//!
//! Names only choose what is read; what a name means is decided later, by definition.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ra_ap_hir::{HirFileId, InFile, ModPath, PathKind, Semantics, crate_def_map};
use ra_ap_hir_def::{
    AssocItemId, DefWithBodyId, FunctionId, Lookup, MacroId, ModuleDefId,
    expr_store::Body,
    nameres::{DefMap, MacroSubNs, ModuleData},
    resolver::HasResolver,
    src::HasSource,
};
use ra_ap_ide_db::RootDatabase;
use ra_ap_syntax::{AstNode, ast, ast::HasAttrs};

use self::named::InAsync;
pub use self::named::{Asked, Mentions};
use crate::{
    facts::body::Entered,
    finding::{FilePath, Place},
    knowledge::{Row, resolve::Known},
    workspace::{Target, TargetKind, Workspace},
};

mod named;

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

/// Every function of this target that mentions something.
pub fn candidates(
    workspace: &Workspace,
    known: &Known,
    mentions: &Mentions,
    target: &Target,
) -> Vec<Candidate> {
    candidates_in(workspace, known, mentions, target, &|_| true)
}

/// The same of those of its modules that stand in some files.
pub fn candidates_in(
    workspace: &Workspace,
    known: &Known,
    mentions: &Mentions,
    target: &Target,
    is_meant: &dyn Fn(&FilePath) -> bool,
) -> Vec<Candidate> {
    let polling = RefCell::default();
    let search = Search { workspace, db: workspace.db(), known, mentions, target, polling };
    let mut found = Vec::new();
    let is_meant = |it: &ModuleData| {
        let file = it.definition_source_file_id().original_file(workspace.db());
        let file = file.file_id(workspace.db());
        mentions.may_be_in(file) && workspace.file_path(file).is_none_or(is_meant)
    };
    search.in_def_map(crate_def_map(search.db, target.krate), &is_meant, &mut found);
    found
}

/// The innermost function around a place.
pub fn around(workspace: &Workspace, place: &Place) -> Option<FunctionId> {
    let (_, file) = workspace.files().find(|it| *it.0 == place.file)?;
    let sema = Semantics::new(workspace.db());
    let tree = sema.parse_guess_edition(file);
    let range = place.range.intersect(tree.syntax().text_range())?;
    let function = tree.syntax().covering_element(range).ancestors().find_map(ast::Fn::cast)?;
    FunctionId::try_from(sema.to_fn_def(&function)?).ok()
}

/// The files of the workspace that this target compiles.
pub fn files<'w>(
    workspace: &'w Workspace,
    target: &Target,
) -> impl Iterator<Item = &'w FilePath> + use<'w> {
    let db = workspace.db();
    let modules = crate_def_map(db, target.krate).modules();
    let files = modules.map(|it| it.1.definition_source_file_id().original_file(db).file_id(db));
    files.filter_map(|it| workspace.file_path(it))
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
    fn in_def_map(
        &self,
        map: &DefMap,
        is_meant: &dyn Fn(&ModuleData) -> bool,
        found: &mut Vec<Candidate>,
    ) {
        let mut functions = Vec::new();
        for (_, module) in map.modules().filter(|it| is_meant(it.1)) {
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
        if source.value.body().is_none() {
            return;
        }
        let makes_futures = self.mentions.are_of_futures_in(self.db, &source);
        if !makes_futures && !self.mentions.are_in(self.db, &source) {
            return;
        }
        let entered = self.entered(function, &source.value);
        if let Mentions::InAsync(InAsync { macros, .. }) = self.mentions
            && entered == Entered::Called
            && !makes_futures
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
            self.in_def_map(inner, &|_| true, found);
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

    fn entry_row(&self, function: FunctionId, source: &ast::Fn) -> Option<bool> {
        entry_row(self.db, self.known, function, source)
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

/// Whether an attribute macro of a runtime makes this function an entry point, and for tests. Whoever calls it runs it to
/// its end.
pub(super) fn entry_row(
    db: &RootDatabase,
    known: &Known,
    function: FunctionId,
    source: &ast::Fn,
) -> Option<bool> {
    attribute_of_runtime(db, known, function, source).map(|it| it.0.test)
}

/// The attribute that starts a runtime for this function.
pub(super) fn entry_attribute(
    db: &RootDatabase,
    known: &Known,
    function: FunctionId,
) -> Option<(Arc<Row>, ast::Attr)> {
    attribute_of_runtime(db, known, function, &function.lookup(db).source(db).value)
}

fn attribute_of_runtime(
    db: &RootDatabase,
    known: &Known,
    function: FunctionId,
    source: &ast::Fn,
) -> Option<(Arc<Row>, ast::Attr)> {
    source.attrs().find_map(|it| {
        let row = known.macro_(attribute_macro(db, function, &it)?)?;
        row.entry.is_some().then(|| (Arc::clone(row), it))
    })
}

/// The macro that an attribute on a function names; one under a condition is taken to be there.
pub(super) fn attribute_macro(
    db: &RootDatabase,
    function: FunctionId,
    attribute: &ast::Attr,
) -> Option<MacroId> {
    let path = match attribute.simple_name().as_deref() {
        Some("cfg_attr") => conditional_path(attribute)?,
        _ => mod_path(&attribute.path()?)?,
    };
    resolved_attribute(db, function, &path)
}

/// The same by the path that names it.
pub(super) fn attribute_macro_at(
    db: &RootDatabase,
    function: FunctionId,
    path: &ast::Path,
) -> Option<MacroId> {
    resolved_attribute(db, function, &mod_path(path)?)
}

fn resolved_attribute(db: &RootDatabase, function: FunctionId, path: &ModPath) -> Option<MacroId> {
    let resolver = function.resolver(db);
    Some(resolver.resolve_path_as_macro(db, path, Some(MacroSubNs::Attr))?.def)
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
