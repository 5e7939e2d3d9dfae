//! Definition maps and trait implementations of every crate that is needed, on all cores.
//!
//! They are nearly all of the time that an analysis takes, and asked for one by one they wait for each other.

use std::{
    collections::{HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use ra_ap_base_db::Crate;
use ra_ap_hir::{attach_db, crate_def_map};
use ra_ap_ide_db::RootDatabase;

pub(super) fn prime(db: &RootDatabase, roots: &[Crate]) {
    let needed: HashSet<Crate> = roots.iter().flat_map(|it| it.transitive_deps(db)).collect();
    let mut waiting: HashMap<Crate, usize> = HashMap::new();
    let mut users: HashMap<Crate, Vec<Crate>> = HashMap::new();
    for krate in &needed {
        let dependencies: HashSet<Crate> =
            krate.data(db).dependencies.iter().map(|it| it.crate_id).collect();
        waiting.insert(*krate, dependencies.len());
        for dependency in dependencies {
            users.entry(dependency).or_default().push(*krate);
        }
    }
    let (ready, work) = crossbeam_channel::unbounded::<Crate>();
    let (done, finished) = crossbeam_channel::unbounded::<Crate>();
    // The workers listen until `ready` is dropped, so nothing that is sent is lost.
    waiting.iter().filter(|it| *it.1 == 0).for_each(|it| _ = ready.send(*it.0));
    let workers = std::thread::available_parallelism().map_or(1, |it| it.get());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (db, work, done) = (db.clone(), work.clone(), done.clone());
            scope.spawn(move || {
                for krate in work {
                    // What cannot be read now is asked for again where it is needed, and reported there.
                    let _ = catch_unwind(AssertUnwindSafe(|| _ = crate_def_map(&db, krate)));
                    // Whoever uses the crate needs its names first; its implementations can wait.
                    let _ = done.send(krate);
                    let _ = catch_unwind(AssertUnwindSafe(|| {
                        attach_db(&db, || _ = ra_ap_hir::TraitImpls::for_crate(&db, krate))
                    }));
                }
            });
        }
        for _ in 0..needed.len() {
            let Ok(krate) = finished.recv() else { break };
            for user in users.get(&krate).into_iter().flatten() {
                if let Some(left) = waiting.get_mut(user) {
                    *left -= 1;
                    if *left == 0 {
                        _ = ready.send(*user);
                    }
                }
            }
        }
        drop(ready);
    });
}
