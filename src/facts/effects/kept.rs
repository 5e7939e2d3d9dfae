//! What functions of dependencies wait for, as an earlier look has found it: their sources do not change.

use std::{collections::BTreeMap, sync::Arc};

use ra_ap_hir::HirFileId;
use ra_ap_hir_def::{FunctionId, HasModule, Lookup};

use crate::{
    facts::effects::{
        Effects,
        graph::{By, Reach},
        summary,
    },
    knowledge::{Row, Wait},
    workspace::cache::{Kept, KeptWait},
};

/// What is kept of a function. None when it has to be read.
pub(super) fn reach(
    effects: &Effects<'_, '_>,
    function: FunctionId,
) -> Option<BTreeMap<Wait, Reach>> {
    if !is_read(effects, function) {
        return None;
    }
    let krate = effects.krate_of(function);
    let kept =
        effects.workspace.kept(krate, effects.known.fingerprint(), &key(effects, function)?)?;
    let wait = |it: KeptWait| {
        let row = effects.known.at_path(&it.row)?;
        let row = Arc::new(Row::clone(row).waiting_for(Some(it.wait)));
        let distance = it.way.len().saturating_sub(1);
        Some((it.wait, Reach { branches: 0, distance, by: By::Before { row, way: it.way } }))
    };
    // A row that is gone means that all has to be asked again.
    kept.into_iter().map(wait).collect()
}

/// Keeps what is known now of the functions of dependencies that were read.
pub(super) fn keep(effects: &Effects<'_, '_>) {
    let unkept = effects.graph.borrow_mut().take_unkept();
    let graph = effects.graph.borrow();
    // What is known of one function may be less than all there is when another was not read.
    if graph.has_given_up() {
        return;
    }
    for node in unkept {
        let function = graph.function(node);
        let Some(key) = key(effects, function) else { continue };
        let waits = graph.waits_of(node);
        let kept: Kept = waits.map(|wait| effects.kept_wait(&graph, wait, node)).collect();
        let krate = effects.krate_of(function);
        effects.workspace.keep(krate, effects.known.fingerprint(), key, kept);
    }
}

/// Whether it is a function of a dependency that its name has not ruled out already.
pub(super) fn is_read(effects: &Effects<'_, '_>, function: FunctionId) -> bool {
    !summary::is_own(effects.workspace, function)
        && effects.mentions.lead_into(effects.workspace.db(), function)
}

/// What tells a function from all others of its crate, on any machine. None for what a macro writes, or what stands in
/// the body of a function.
fn key(effects: &Effects<'_, '_>, function: FunctionId) -> Option<String> {
    let db = effects.workspace.db();
    let place = function.lookup(db);
    let HirFileId::FileId(_) = place.id.file_id else { return None };
    let module = function.module(db);
    if module.block(db).is_some() {
        return None;
    }
    let path = ra_ap_hir::Module::from(module).path_to_root(db);
    let names = path.iter().rev().filter_map(|it| it.name(db));
    let names: Vec<String> = names.map(|it| it.as_str().to_owned()).collect();
    Some(format!("{}#{:x}", names.join("::"), place.id.value.erase().into_raw()))
}
