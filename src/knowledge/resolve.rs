//! Rows, resolved against the crates of a workspace: from a definition to what is known of it.
//!
//! A row's path is followed once, through the definition map of its own crate, to the module item, type or trait
//! that it names. Later only definitions are compared, so that renames and re-exports need no rows of their own.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use ra_ap_base_db::{Crate, all_crates};
use ra_ap_hir::{Symbol, attach_db};
use ra_ap_hir_def::{AdtId, FunctionId, MacroId, TraitId, signatures::FunctionSignature};
use ra_ap_hir_expand::MacroDefId;
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_ide_db::RootDatabase;
use ra_ap_rustc_type_ir::inherent::IntoKind;
use sha2::{Digest, Sha256};

use crate::knowledge::{
    ClosureRuns, CrateRows, FutureRuns, Guard, Lends, Row, Unflushed, Wait,
    buffers::Buffers,
    cancel::Cancel,
    contexts::Contexts,
    paths::{Item, Owner, is_there, items, leads_somewhere, owner},
    runtimes::KnownRuntime,
};

/// What is known of the definitions of one workspace.
#[derive(Default)]
pub struct Known {
    functions: HashMap<FunctionId, Arc<Row>>,
    methods: HashMap<(Owner, String), Arc<Row>>,
    guards: HashMap<AdtId, Arc<Row>>,
    macros: HashMap<MacroId, Arc<Row>>,
    /// The types in which attribute macros put futures.
    wrappers: HashMap<MacroId, AdtId>,
    runtimes: HashMap<Crate, KnownRuntime>,
    lenders: HashMap<Crate, Lends>,
    /// The last segments of the paths of blocking items: what their mentions look like.
    blocking_names: Vec<String>,
    /// The names of what starts tasks that end with their handles.
    task_givers: BTreeSet<String>,
    /// The names of what gives guards that nobody should hold across an await, ...
    guard_givers: BTreeSet<String>,
    /// ... and of the types of those guards.
    guard_types: BTreeSet<String>,
    /// The types whose methods poll the closures they are given, ...
    polling_types: BTreeSet<String>,
    /// ... the traits, with their names, ...
    polling_traits: HashMap<TraitId, String>,
    /// ... and the functions and macros that do, as they are called.
    polling_functions: BTreeSet<String>,
    contexts: Contexts,
    /// The rows that found their crate and not their item: a feature that is off, or a version without it.
    pub absent: Vec<Arc<Row>>,
    by_path: HashMap<String, Arc<Row>>,
    /// What tells these rows from others.
    fingerprint: String,
    /// The user's own rows that name nothing, one sentence each.
    pub wrong: Vec<String>,
}

impl Known {
    /// Resolves every row whose crate is there; the others cost nothing.
    pub fn resolve(db: &RootDatabase, files: &[CrateRows]) -> Known {
        let hash = Sha256::digest(format!("{files:?}"));
        let fingerprint = hash.iter().take(8).map(|it| format!("{it:02x}")).collect();
        let mut known = Known { fingerprint, ..Known::default() };
        let mut crates_by_name: HashMap<Symbol, Vec<Crate>> = HashMap::new();
        for krate in all_crates(db).iter().copied() {
            let Some(name) = crate_name(db, krate) else { continue };
            crates_by_name.entry(name).or_default().push(krate);
        }
        // Of two rows for one item the later counts, and the user's own come last.
        for file in files {
            let crates =
                crates_by_name.get(&Symbol::intern(&file.krate)).map_or(&[][..], Vec::as_slice);
            if let Some(runtime) = &file.runtime {
                known
                    .runtimes
                    .extend(crates.iter().map(|it| (*it, KnownRuntime::new(runtime, file))));
            }
            known.contexts.add(db, file, &crates_by_name);
            if let Some(lends) = &file.lends {
                known.lenders.extend(crates.iter().map(|it| (*it, lends.clone())));
            }
            if !crates.is_empty() {
                known.guard_givers.extend(file.guard_givers.iter().cloned());
            }
            for row in &file.items {
                known.add(db, crates, row);
            }
        }
        known
    }

    fn add(&mut self, db: &RootDatabase, crates: &[Crate], row: &Row) {
        if let Some(origin) = row.origin.as_ref().filter(|_| crates.is_empty()) {
            let name = row.path.split("::").next().unwrap_or_default();
            self.wrong
                .push(format!("{origin}: there is no crate `{name}` here for `{}`", row.path));
        }
        if crates.is_empty() {
            return;
        }
        let row = Arc::new(row.clone());
        if let Some(old) = self.by_path.insert(row.path.clone(), Arc::clone(&row)) {
            self.wrong.extend(twice(&old, &row));
        }
        if row.blocks.is_some() || row.source.is_some() || row.by_size {
            self.blocking_names.push(row.name().to_owned());
        }
        if row.lets_go.is_some() {
            self.task_givers.insert(row.name().to_owned());
        }
        if matches!(row.guard, Some(Guard::Sync | Guard::Context)) {
            self.guard_types.insert(row.name().to_owned());
        }
        let found: Vec<Item> = crates.iter().flat_map(|it| items(db, *it, &row.path)).collect();
        if let Some(origin) = row.origin.as_ref().filter(|_| row.only_with.is_none())
            && !found.iter().any(|it| is_there(db, it, row.name()))
        {
            self.wrong.push(format!("{origin}: there is nothing at `{}`", row.path));
        }
        if found.is_empty() {
            self.absent.push(row);
            return;
        }
        let polls = matches!(row.closure, Some(ClosureRuns::LaterHere | ClosureRuns::Worker));
        for item in found {
            if polls {
                self.add_polling(&row, &item);
            }
            let row = Arc::clone(&row);
            match item {
                Item::Function(it) => self.functions.insert(it, row),
                Item::Method(owner) => self.methods.insert((owner, row.name().to_owned()), row),
                Item::Type(it) => self.guards.insert(it, row),
                Item::Macro(it) => {
                    let wrappers = row
                        .awaits_in
                        .iter()
                        .flat_map(|path| crates.iter().flat_map(|krate| items(db, *krate, path)));
                    for wrapper in wrappers {
                        if let Item::Type(wrapper) = wrapper {
                            self.wrappers.insert(it, wrapper);
                        }
                    }
                    self.macros.insert(it, row)
                }
            };
        }
    }

    /// The paths in a file behind which there is nothing, though their crate is there.
    pub fn absent_items(db: &RootDatabase, file: &CrateRows) -> Vec<String> {
        let name = Symbol::intern(&file.krate);
        let is_named = |it: &Crate| crate_name(db, *it).is_some_and(|it| it == name);
        let crates: Vec<Crate> = all_crates(db).iter().copied().filter(is_named).collect();
        let rows = file.items.iter().filter(|it| it.only_with.is_none());
        let is_absent = |row: &&Row| {
            let items = crates.iter().flat_map(|it| items(db, *it, &row.path));
            !items.into_iter().any(|it| is_there(db, &it, row.name()))
        };
        let others = file.twins.values().chain(file.twins_without_value.values());
        let others = others.chain(file.serves.values());
        let leads_nowhere =
            |it: &&String| !crates.iter().any(|krate| leads_somewhere(db, *krate, it));
        attach_db(db, || {
            let absent = rows.filter(is_absent).map(|it| it.path.clone());
            absent.chain(others.filter(leads_nowhere).cloned()).collect()
        })
    }

    fn add_polling(&mut self, row: &Row, item: &Item) {
        let owner = || row.owner().unwrap_or_default().to_owned();
        match item {
            Item::Method(Owner::Trait(it)) => {
                self.polling_traits.insert(*it, owner());
            }
            Item::Method(_) => {
                self.polling_types.insert(owner());
            }
            Item::Function(_) | Item::Type(_) | Item::Macro(_) => {
                let name = row.name();
                self.polling_functions.extend([format!("{name}("), format!("{name}!")]);
            }
        }
    }

    /// What is known of a function: by itself, or as a method of its type or trait.
    pub fn function(&self, db: &RootDatabase, function: FunctionId) -> Option<&Arc<Row>> {
        self.functions.get(&function).or_else(|| {
            let owner = owner(db, function)?;
            let name = FunctionSignature::of(db, function).name.as_str().to_owned();
            self.methods.get(&(owner, name))
        })
    }

    /// What reading from a value of this type waits for, or writing to it: through references, boxes and buffers.
    pub fn source(&self, type_: Ty<'_>) -> Option<Wait> {
        self.below_wrappers(type_, |it| it.source)
    }

    /// What becomes of what was written to the twin of a value of this type and not flushed, in the same way.
    pub fn unflushed(&self, type_: Ty<'_>) -> Option<Unflushed> {
        self.below_wrappers(type_, |it| it.unflushed)
    }

    /// What the row of a type says, or that of the first one which it wraps.
    fn below_wrappers<T>(&self, type_: Ty<'_>, says: fn(&Row) -> Option<T>) -> Option<T> {
        match type_.kind() {
            TyKind::Ref(_, it, _) => self.below_wrappers(it, says),
            TyKind::Adt(adt, args) => {
                let row = self.type_(adt.def_id())?;
                let wrapped = || args.types().find_map(|it| self.below_wrappers(it, says));
                says(row).or_else(|| wrapped().filter(|_| row.wraps))
            }
            _ => None,
        }
    }

    /// What is known of types.
    pub fn types(&self) -> impl Iterator<Item = &Row> {
        self.guards.values().map(|it| &**it)
    }

    /// The types that the row with this path speaks of.
    pub fn types_at(&self, path: &str) -> impl Iterator<Item = AdtId> {
        self.guards.iter().filter(move |it| it.1.path == path).map(|it| *it.0)
    }

    /// The row of this path, of those whose crate is there.
    pub fn at_path(&self, path: &str) -> Option<&Arc<Row>> {
        self.by_path.get(path)
    }

    /// All rows whose crate is there.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.by_path.values().map(Arc::as_ref)
    }

    /// What tells these rows from others.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub fn type_(&self, adt: AdtId) -> Option<&Arc<Row>> {
        self.guards.get(&adt)
    }

    /// The lock that tells of half done changes, for one that does not.
    pub fn telling_lock(&self, silent: &str) -> Option<(AdtId, &Arc<Row>)> {
        let is_it = |it: &Row| it.tells_half_done.as_deref() == Some(silent);
        self.guards.iter().find(|it| is_it(it.1)).map(|(adt, row)| (*adt, row))
    }

    /// The attribute macro of this name, if it is known to leave the body below it as it is, in effect.
    pub fn transparent_attribute(&self, name: &str) -> Option<&Row> {
        let mut rows = self.macros.values().map(|it| &**it);
        rows.find(|it| (it.transparent || it.entry.is_some()) && it.name() == name)
    }

    /// The type in which an attribute macro puts the future of the function that it stands on.
    pub fn wrapper(&self, makro: MacroId) -> Option<AdtId> {
        self.wrappers.get(&makro).copied()
    }

    pub fn macro_(&self, makro: MacroId) -> Option<&Arc<Row>> {
        self.macros.get(&makro)
    }

    /// The macro of this definition, where its row says this.
    pub fn macro_that(
        &self,
        db: &RootDatabase,
        makro: MacroDefId,
        says: fn(&Row) -> bool,
    ) -> Option<&Arc<Row>> {
        let mut rows = self.macros.iter().filter(|it| says(it.1));
        rows.find(|it| it.0.definition(db) == makro).map(|it| it.1)
    }

    /// The names of the macros whose rows say this.
    pub fn macros_that(&self, says: fn(&Row) -> bool) -> BTreeSet<&str> {
        self.macros.values().filter(|it| says(it)).map(|it| it.name()).collect()
    }

    /// The names of the functions that give a future up: when its time is up, or when another one is done.
    pub fn racing_functions(&self) -> BTreeSet<&str> {
        let gives_up = |it: &&Arc<Row>| {
            let races = it.gives_first || it.gives_variants;
            it.until_error || it.cancels && (races || it.cancel == Some(Cancel::AsGiven))
        };
        self.functions.values().filter(gives_up).map(|it| it.name()).collect()
    }

    /// The names of what runs several futures, at once or side by side: streams, what makes them, and what starts tasks;
    /// and of what lends buffers to the kernel.
    pub fn concurrent_names(&self) -> impl Iterator<Item = &str> {
        let starts_tasks = |it: &Row| it.future.is_some_and(|it| it != FutureRuns::Driven);
        let runs_several = move |it: &&Arc<Row>| {
            it.idles
                || it.zero.is_some()
                || it.all_at_once
                || it.bounded_by.is_some()
                || starts_tasks(it)
        };
        // What is made by `new` is known by its type.
        let lends = |it: &&Arc<Row>| it.buffers.is_some_and(|it| it != Buffers::Taken);
        let lenders = self.by_path.values().filter(lends).filter_map(|it| it.owner());
        let joins = self.runtimes.values().filter_map(|it| it.joins.as_ref());
        let macros = joins.flat_map(|it| [&it.all, &it.until_error]);
        let macros = macros.filter_map(|it| it.rsplit("::").next());
        let several = self.by_path.values().filter(runs_several).map(|it| it.name());
        several.chain(lenders).chain(macros)
    }

    /// The names of what starts runtimes and threads, and of what hands them something.
    pub fn entering_names(&self) -> impl Iterator<Item = &str> {
        let enters = |it: &&Row| {
            it.future == Some(FutureRuns::Driven)
                || it.on_own_threads
                || it.takes_nonblocking
                || it.closure == Some(ClosureRuns::Thread)
        };
        let attributes = self.macros.values().filter(|it| it.entry.is_some()).map(|it| it.name());
        self.rows().filter(enters).map(Row::name).chain(attributes)
    }

    pub fn all_runtimes(&self) -> impl Iterator<Item = &KnownRuntime> {
        self.runtimes.values()
    }

    /// The runtime that a crate is.
    pub fn runtime(&self, krate: Crate) -> Option<&KnownRuntime> {
        self.runtimes.get(&krate)
    }

    /// What a crate hands on of the runtime that drives whoever uses it.
    pub fn lends(&self, krate: Crate) -> Option<&Lends> {
        self.lenders.get(&krate)
    }

    /// Which runtimes are found where futures are polled.
    pub fn contexts(&self) -> &Contexts {
        &self.contexts
    }

    pub fn polling_types(&self) -> impl Iterator<Item = &str> {
        self.polling_types.iter().map(String::as_str)
    }

    pub fn polling_traits(&self) -> &HashMap<TraitId, String> {
        &self.polling_traits
    }

    pub fn polling_functions(&self) -> impl Iterator<Item = &str> {
        self.polling_functions.iter().map(String::as_str)
    }

    pub fn guard_givers(&self) -> impl Iterator<Item = &str> {
        self.guard_givers.iter().map(String::as_str)
    }

    pub fn guard_types(&self) -> impl Iterator<Item = &str> {
        self.guard_types.iter().map(String::as_str)
    }

    pub fn task_givers(&self) -> impl Iterator<Item = &str> {
        self.task_givers.iter().map(String::as_str)
    }

    pub fn blocking_names(&self) -> impl Iterator<Item = &str> {
        self.blocking_names.iter().map(String::as_str)
    }
}

/// What to say of two rows for one item in one file: there the later counts by mistake.
fn twice(old: &Row, new: &Row) -> Option<String> {
    let (old, origin) = (old.origin.as_deref()?, new.origin.as_deref()?);
    let file = |it: &'_ str| it.rsplit_once(':').map_or(it.len(), |it| it.0.len());
    (old[..file(old)] == origin[..file(origin)])
        .then(|| format!("{origin}: `{}` has a row at {old} already; this one counts", new.path))
}

fn crate_name(db: &RootDatabase, krate: Crate) -> Option<Symbol> {
    let name = krate.extra_data(db).display_name.clone()?;
    Some(name.crate_name().symbol().clone())
}
