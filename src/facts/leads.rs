//! Which functions of dependencies may come to wait, by the words of their sources alone.
//!
//! Like all names they only choose what is read: of most functions they tell that there is no need to.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use ra_ap_base_db::{Crate, SourceDatabase};
use ra_ap_hir_def::{FunctionId, HasModule, signatures::FunctionSignature};
use ra_ap_ide_db::RootDatabase;

use crate::{
    facts::{
        leads::scan::{Before, Call, Function},
        names,
    },
    knowledge::{Wait, resolve::Known},
    workspace::{Workspace, cache::Words},
};

mod scan;

/// The functions of dependencies that may come to wait each time that they are called.
#[derive(Clone, Default)]
pub(super) struct Leads(Arc<Words>);

/// A call in the project that may come to one of them.
pub(super) struct LeadCall<'t> {
    pub at: usize,
    /// The ordinary function that it stands in.
    pub caller: Option<&'t str>,
}

/// A file with more bytes than this is a table, or binds C.
const LARGE: usize = 400_000;

/// What so many functions are called says nothing of any of them, ...
const COMMON: usize = 8;

/// ... and where the text speaks of the type that it is waited for with, so many.
const COMMON_SEED: usize = 30;

impl Leads {
    pub fn in_dependencies(workspace: &Workspace, known: &Known) -> Leads {
        Leads(workspace.words(known.fingerprint(), || Leads::find(workspace, known)))
    }

    fn find(workspace: &Workspace, known: &Known) -> Words {
        let db = workspace.db();
        let seeds = Seeds::of(known);
        let mut found = Found::default();
        for krate in dependencies(workspace, known) {
            let root = db.file_source_root(krate.data(db).root_file_id).source_root_id(db);
            let mut functions = Vec::new();
            for file in db.source_root(root).source_root(db).iter() {
                let text = db.file_text(file).text(db);
                if text.len() <= LARGE {
                    found.read(text, &seeds, &mut functions);
                }
            }
            found.crates.push((krate, functions));
        }
        found.words()
    }

    /// Whether a function of a dependency is worth reading.
    pub fn may_wait(&self, db: &RootDatabase, function: FunctionId) -> bool {
        let signature = FunctionSignature::of(db, function);
        let owner = names::owner(db, function);
        let key = key(owner.as_deref(), signature.name.as_str(), signature.has_self_param());
        self.0.by_crate.contains(&(function.krate(db), key))
    }

    /// The calls in a text that may come to one of them.
    pub fn calls<'t>(&self, text: &'t str) -> Vec<LeadCall<'t>> {
        let calls = |function: Function<'t>| {
            let caller = (!function.is_async).then_some(function.name);
            let calls = function.calls.into_iter();
            let calls = calls.filter(|it| self.0.anywhere.contains(&called(it)));
            calls.map(move |it| LeadCall { at: it.at, caller }).collect::<Vec<_>>()
        };
        scan::functions(text).into_iter().flat_map(calls).collect()
    }
}

/// The functions of all dependencies, each crate after those that it depends on itself.
#[derive(Default)]
struct Found {
    crates: Vec<(Crate, Vec<Waiting>)>,
    /// How many functions are called the same way.
    count: HashMap<u64, usize>,
}

/// An ordinary function, and what it calls each time.
struct Waiting {
    key: u64,
    /// Whether it calls by its whole name something that waits.
    is_met: bool,
    /// Calls that wait when they are what they look like, ...
    seeds: Vec<u64>,
    /// ... and all calls.
    calls: Vec<u64>,
}

impl Found {
    fn read(&mut self, text: &str, seeds: &Seeds<'_>, functions: &mut Vec<Waiting>) {
        let mut seeds = SeedsIn { seeds, text, has: HashMap::new() };
        for function in scan::functions(text).into_iter().filter(|it| !it.is_async) {
            let key = key(function.owner, function.name, function.has_self);
            *self.count.entry(key).or_default() += 1;
            let certain: Vec<_> = function.calls.iter().filter(|it| it.is_certain).collect();
            let (whole, others): (Vec<_>, Vec<_>) = certain
                .iter()
                .filter(|it| seeds.are_met(it))
                .partition(|it| matches!(it.before, Before::Segment(_)));
            functions.push(Waiting {
                key,
                is_met: !whole.is_empty(),
                seeds: others.into_iter().map(|it| called(it)).collect(),
                calls: certain.into_iter().map(called).collect(),
            });
        }
    }

    fn words(mut self) -> Words {
        let mut found = Words::default();
        let is_below = |key: &u64, limit| self.count.get(key).is_none_or(|it| *it <= limit);
        for (krate, functions) in &mut self.crates {
            loop {
                let before = functions.len();
                functions.retain(|it| {
                    let waits = it.is_met
                        || it.seeds.iter().any(|it| is_below(it, COMMON_SEED))
                        || it.calls.iter().any(|it| found.anywhere.contains(it));
                    if waits {
                        found.by_crate.insert((*krate, it.key));
                        if is_below(&it.key, COMMON) {
                            found.anywhere.insert(it.key);
                        }
                    }
                    !waits
                });
                if functions.len() == before {
                    break;
                }
            }
        }
        found
    }
}

/// What the targets depend on and may be looked into, each after what it depends on itself.
fn dependencies(workspace: &Workspace, known: &Known) -> Vec<Crate> {
    let db = workspace.db();
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    workspace.targets().iter().for_each(|it| visit(db, it.krate, &mut seen, &mut found));
    let is_read = |it: &Crate| {
        let data = it.data(db);
        let is_own = workspace.file_path(data.root_file_id).is_some();
        !is_own && !data.is_proc_macro && !data.origin.is_lang() && known.runtime(*it).is_none()
    };
    found.retain(is_read);
    found
}

fn visit(db: &RootDatabase, krate: Crate, seen: &mut HashSet<Crate>, found: &mut Vec<Crate>) {
    if seen.insert(krate) {
        krate.data(db).dependencies.iter().for_each(|it| visit(db, it.crate_id, seen, found));
        found.push(krate);
    }
}

/// What stands for a function, and for each call that may be one of it.
fn key(owner: Option<&str>, name: &str, has_self: bool) -> u64 {
    match (has_self, owner) {
        (true, _) => hash(("method", name)),
        (false, Some(owner)) => hash((owner, name)),
        (false, None) => hash(("", name)),
    }
}

fn called(call: &Call<'_>) -> u64 {
    match call.before {
        Before::Dot => key(None, call.name, true),
        Before::Segment(it) if is_type(it) => key(Some(it), call.name, false),
        Before::Segment(_) | Before::Nothing => key(None, call.name, false),
    }
}

fn hash(words: (&str, &str)) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

fn is_type(segment: &str) -> bool {
    segment.starts_with(|it: char| it.is_uppercase())
}

/// What waits by itself, as it is called.
struct Seeds<'k> {
    /// By name, the segments that stand before it in paths.
    owners: HashMap<&'k str, Vec<&'k str>>,
    /// Calls of these wait where they are called on something that is one of the types in `sources`.
    with_source: HashSet<&'k str>,
    sources: Vec<&'k str>,
}

impl<'k> Seeds<'k> {
    fn of(known: &'k Known) -> Seeds<'k> {
        let mut seeds =
            Seeds { owners: HashMap::new(), with_source: HashSet::new(), sources: Vec::new() };
        for row in known.rows() {
            if row.source.is_some() {
                seeds.sources.push(row.name());
            }
            match row.blocks {
                None | Some(Wait::Lock) => {}
                Some(Wait::Source) => {
                    seeds.with_source.insert(row.name());
                }
                Some(_) => seeds.owners.entry(row.name()).or_default().extend(row.owner()),
            }
        }
        seeds
    }
}

/// What is asked of one text.
struct SeedsIn<'a> {
    seeds: &'a Seeds<'a>,
    text: &'a str,
    /// Which words stand in it, as far as somebody has asked.
    has: HashMap<&'a str, bool>,
}

impl<'a> SeedsIn<'a> {
    fn are_met(&mut self, call: &Call<'_>) -> bool {
        let seeds = self.seeds;
        let mut owners = seeds.owners.get(call.name).into_iter().flatten();
        let by_owner = match call.before {
            Before::Segment(segment) => owners.any(|it| *it == segment),
            Before::Dot => owners.any(|it| is_type(it) && self.has(it)),
            Before::Nothing => owners.any(|it| !is_type(it) && self.has(it)),
        };
        by_owner
            || call.before == Before::Dot
                && seeds.with_source.contains(call.name)
                && seeds.sources.iter().any(|it| self.has(it))
    }

    fn has(&mut self, word: &'a str) -> bool {
        let text = self.text;
        *self.has.entry(word).or_insert_with(|| text.contains(word))
    }
}
