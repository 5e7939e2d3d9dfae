//! Which runtimes can be found where a crate polls futures.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ra_ap_base_db::Crate;
use ra_ap_cfg::CfgAtom;
use ra_ap_hir::Symbol;
use ra_ap_ide_db::RootDatabase;

use crate::knowledge::{CrateRows, Row, Service};

/// What is known of the runtimes by the crates that start them.
#[derive(Default)]
pub struct Contexts {
    /// By the names of crates, and by those of runtimes.
    found: BTreeMap<String, BTreeSet<String>>,
    /// By the name of a runtime, what becomes of its things where it does not run.
    outside: BTreeMap<String, String>,
    /// By the name of a runtime, what it has of what every runtime has.
    services: BTreeMap<String, BTreeMap<Service, String>>,
    /// The names of libraries with the runtimes that they are made for.
    made_for: BTreeMap<String, Vec<String>>,
    /// The paths of modules with the parts of their runtime that they need.
    parts: BTreeMap<String, String>,
    /// By the name of a runtime, the method of its builder that builds it with all parts.
    whole: BTreeMap<String, String>,
    /// The names of crates with the runtimes that they are.
    runtimes: BTreeMap<String, String>,
    several: Vec<Several>,
}

/// A library that is built for several runtimes, as its features are.
pub struct Several {
    pub krate: Crate,
    /// The crate, as paths name it.
    pub name: String,
    /// The features that are on, with the runtimes for which it is built by them.
    pub built_for: BTreeMap<String, String>,
    /// What it does then.
    pub then: Option<String>,
}

impl Contexts {
    /// `all` are the crates of the workspace by their names.
    pub(super) fn add(
        &mut self,
        db: &RootDatabase,
        file: &CrateRows,
        all: &HashMap<Symbol, Vec<Crate>>,
    ) {
        let named = |it: &str| all.get(&Symbol::intern(it)).map_or(&[][..], Vec::as_slice);
        if named(&file.krate).is_empty() {
            return;
        }
        self.several.extend(named(&file.krate).iter().filter_map(|it| several(db, *it, file)));
        if let Some(runtimes) = &file.runs_on {
            self.made_for.insert(file.krate.clone(), runtimes.clone());
        }
        if let Some(runtime) = &file.runtime {
            self.services.entry(runtime.clone()).or_default().extend(file.serves.clone());
            self.parts.extend(file.parts.clone());
            self.whole.extend(file.whole.iter().map(|it| (runtime.clone(), it.clone())));
        }
        if file.runtime.is_none() && !file.executor && file.hosts.is_empty() {
            return;
        }
        let is_on = |feature: &str| {
            let Some((krate, feature)) = feature.split_once('/') else { return false };
            named(krate).iter().any(|it| has_feature(db, *it, feature))
        };
        let with = file.hosts_with.iter().filter(|it| is_on(it.0)).map(|it| it.1);
        let here: BTreeSet<String> =
            file.runtime.iter().chain(&file.hosts).chain(with).cloned().collect();
        for name in file.runtime.iter().chain([&file.krate]) {
            self.found.entry(name.clone()).or_default().extend(here.iter().cloned());
        }
        if let Some(runtime) = &file.runtime {
            self.runtimes.insert(file.krate.clone(), runtime.clone());
            self.outside.extend(file.outside.iter().map(|it| (runtime.clone(), it.clone())));
        }
    }

    /// The libraries that are built for several runtimes.
    pub fn several(&self) -> &[Several] {
        &self.several
    }

    /// The runtimes that are found where this function, or its crate, polls a future. None where that is not known.
    pub fn of_row(&self, row: &Row) -> Option<&BTreeSet<String>> {
        self.found.get(krate(row))
    }

    /// The runtimes that are found below an attribute that starts the one of this name.
    pub fn of_name(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.found.get(name)
    }

    /// What becomes of the things of this runtime where it does not run. None where they are served all the same.
    pub fn outside(&self, runtime: &str) -> Option<&str> {
        self.outside.get(runtime).map(String::as_str)
    }

    /// What this runtime has in the place of a function, or of the type whose method it is, of another one.
    pub fn in_place_of(&self, row: &Row, runtime: &str) -> Option<&str> {
        let of = self.services.get(self.runtime_of(row)?)?;
        let (path, owner) = (row.path.as_str(), row.path.rsplit_once("::")?.0);
        let is_it = |it: &(&Service, &String)| it.1 == path || it.1 == owner;
        let service = of.iter().find(is_it)?.0;
        self.services.get(runtime)?.get(service).map(String::as_str)
    }

    /// The runtimes that the library is made for which this function is a part of.
    pub fn made_for(&self, row: &Row) -> Option<&[String]> {
        self.made_for.get(krate(row)).map(Vec::as_slice)
    }

    /// The part of its runtime that this function needs, and that is there only if the runtime is built with it.
    pub fn part_for(&self, row: &Row) -> Option<&str> {
        let is_in =
            |module: &str| row.path.strip_prefix(module).is_some_and(|it| it.starts_with("::"));
        self.parts.iter().find(|it| is_in(it.0)).map(|it| it.1.as_str())
    }

    /// The method of the builder of a runtime that builds it with all its parts.
    pub fn whole(&self, runtime: &str) -> Option<&str> {
        self.whole.get(runtime).map(String::as_str)
    }

    /// The runtime that the crate of this function is, or that it needs.
    pub fn runtime_of<'a>(&'a self, row: &'a Row) -> Option<&'a str> {
        let own = self.runtimes.get(krate(row)).map(String::as_str);
        row.driven_by.as_deref().or(own)
    }
}

fn krate(row: &Row) -> &str {
    row.path.split("::").next().unwrap_or_default()
}

fn has_feature(db: &RootDatabase, krate: Crate, feature: &str) -> bool {
    let (key, value) = (Symbol::intern("feature"), Symbol::intern(feature));
    krate.cfg_options(db).check_atom(&CfgAtom::KeyValue { key, value })
}

fn several(db: &RootDatabase, krate: Crate, file: &CrateRows) -> Option<Several> {
    let on = file.built_for.iter().filter(|it| has_feature(db, krate, it.0));
    let built_for: BTreeMap<String, String> = on.map(|it| (it.0.clone(), it.1.clone())).collect();
    let runtimes: BTreeSet<&String> = built_for.values().collect();
    let is_several = runtimes.len() > 1;
    is_several.then(|| Several {
        krate,
        name: file.krate.clone(),
        built_for,
        then: file.with_several.clone(),
    })
}
