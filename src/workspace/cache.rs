//! What the functions of dependencies do, kept between runs: by package, version, features, and our own version.
//!
//! Only sources that nobody edits are kept on disk: those that cargo has fetched. A file that cannot be read, or is
//! broken, is as good as none.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::UNIX_EPOCH,
};

use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use ra_ap_base_db::{Crate, all_crates};
use ra_ap_ide_db::RootDatabase;
use ra_ap_vfs::{FileId, VfsPath};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::knowledge::Wait;

/// Names another folder.
pub const VARIABLE: &str = "ASYNC_FIX_CACHE_DIR";

/// What one function waits for.
pub type Kept = Vec<KeptWait>;

/// That a function waits, and by which way.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
pub struct KeptWait {
    pub wait: Wait,
    /// The path of the row that says so in the end.
    pub row: String,
    /// The functions on the way there, itself the first.
    pub way: Vec<String>,
}

/// Which functions of dependencies may come to wait each time that they are called, as far as their words tell.
#[derive(Default)]
pub struct Words {
    /// What calls of them look like, wherever they stand, ...
    pub anywhere: HashSet<u64>,
    /// ... and they themselves.
    pub by_crate: HashSet<(Crate, u64)>,
}

/// All that is kept of one crate, by function.
#[derive(Serialize, Deserialize, Default)]
struct Functions {
    #[serde(default)]
    functions: BTreeMap<String, Kept>,
    #[serde(skip)]
    is_new: bool,
}

pub(super) struct Cache {
    /// None when there is no place to keep anything.
    folder: Option<PathBuf>,
    /// What stands for a crate that cargo has fetched, and all that it depends on.
    names: HashMap<Crate, String>,
    functions: Mutex<HashMap<(Crate, String), Functions>>,
    words: Mutex<HashMap<String, Arc<Words>>>,
}

impl Cache {
    pub fn new(db: &RootDatabase, path: &dyn Fn(FileId) -> VfsPath) -> Cache {
        let mut names = HashMap::new();
        // Cargo's own folders; whatever else is in one of that name is at least not edited.
        let is_fetched = |path: &str| {
            let path = path.replace('\\', "/");
            path.contains("/registry/src/") || path.contains("/git/checkouts/")
        };
        for krate in all_crates(db).iter().copied() {
            let root = path(krate.data(db).root_file_id).to_string();
            let name = krate.extra_data(db).display_name.as_ref();
            if let Some(name) =
                name.filter(|_| !krate.data(db).origin.is_lang() && is_fetched(&root))
            {
                let version = krate.extra_data(db).version.as_deref().unwrap_or("0");
                let identity = identity(db, krate, path);
                names.insert(krate, format!("{}-{version}-{identity}", name.canonical_name()));
            }
        }
        Cache { folder: folder(), names, functions: Mutex::default(), words: Mutex::default() }
    }

    pub fn get(&self, krate: Crate, rows: &str, function: &str) -> Option<Kept> {
        self.with(krate, rows, |it| it.functions.get(function).cloned())
    }

    pub fn set(&self, krate: Crate, rows: &str, function: String, kept: Kept) {
        self.with(krate, rows, |it| {
            it.is_new = true;
            it.functions.insert(function, kept);
        });
    }

    /// What these rows make of the texts of all dependencies: nobody edits them while this program runs.
    pub fn words(&self, rows: &str, find: impl FnOnce() -> Words) -> Arc<Words> {
        let mut all = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(rows.to_owned()).or_insert_with(|| Arc::new(find())))
    }

    fn with<T>(&self, krate: Crate, rows: &str, then: impl FnOnce(&mut Functions) -> T) -> T {
        let mut all = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = all.entry((krate, rows.to_owned()));
        then(entry.or_insert_with(|| {
            let file = self.file(krate, rows);
            file.and_then(|it| read(&it)).unwrap_or_default()
        }))
    }

    fn file(&self, krate: Crate, rows: &str) -> Option<PathBuf> {
        let name = format!("{}-{rows}.toml", self.names.get(&krate)?);
        Some(self.folder.as_ref()?.join(version()).join(name))
    }

    /// Writes what is new. What cannot be written is asked again next time.
    pub fn write(&self) {
        let mut all = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        for ((krate, rows), functions) in all.iter_mut().filter(|it| it.1.is_new) {
            functions.is_new = false;
            if let Some(file) = self.file(*krate, rows) {
                let _ = write(&file, functions);
            }
        }
    }
}

/// Forgets all of it.
pub fn clear() -> Result<(), String> {
    let Some(folder) = folder().filter(|it| it.exists()) else { return Ok(()) };
    let failed = |it| format!("the cache `{}` cannot be removed: {it}", folder.display());
    std::fs::remove_dir_all(&folder).map_err(failed)
}

/// A folder of our own, whatever else lies in the one that is named: all of it may be removed.
fn folder() -> Option<PathBuf> {
    let named = std::env::var_os(VARIABLE).filter(|it| !it.is_empty()).map(PathBuf::from);
    let base = || Some(choose_native_strategy().ok()?.cache_dir());
    named.or_else(base).map(|it| it.join("async-fix").join("functions"))
}

/// Our own version: this very program.
fn version() -> String {
    let program = std::env::current_exe().and_then(|it| it.metadata()).ok();
    let time = program.as_ref().and_then(|it| it.modified().ok()?.duration_since(UNIX_EPOCH).ok());
    let built = time.unwrap_or_default().as_nanos();
    format!("{}-{built:x}", env!("CARGO_PKG_VERSION"))
}

fn read(file: &Path) -> Option<Functions> {
    toml::from_str(&std::fs::read_to_string(file).ok()?).ok()
}

fn write(file: &Path, functions: &Functions) -> Option<()> {
    let folder = file.parent()?;
    if !folder.exists() {
        // What other versions of this program have kept is of no use to this one.
        let _ = std::fs::remove_dir_all(folder.parent()?);
        std::fs::create_dir_all(folder).ok()?;
    }
    let mut whole = tempfile::NamedTempFile::new_in(folder).ok()?;
    whole.write_all(toml::to_string(functions).ok()?.as_bytes()).ok()?;
    whole.persist(file).ok()?;
    Some(())
}

/// A hash of a crate, its features, and all that it depends on.
fn identity(db: &RootDatabase, krate: Crate, path: &dyn Fn(FileId) -> VfsPath) -> String {
    let mut all: Vec<String> = krate
        .transitive_deps(db)
        .into_iter()
        .map(|it| {
            let root = path(it.data(db).root_file_id);
            format!("{root} {:?} {:?}", it.cfg_options(db), it.extra_data(db).version)
        })
        .collect();
    all.sort();
    let hash = Sha256::digest(all.join("\n"));
    hash.iter().take(8).map(|it| format!("{it:02x}")).collect()
}
