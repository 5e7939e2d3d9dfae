//! The shortest path to an item that the imports in sight allow.

use ra_ap_hir::{ModPath, Name, PathKind};
use ra_ap_hir_def::{
    FunctionId, ModuleDefId, ModuleId,
    expr_store::{HygieneId, path::Path},
    hir::ExprId,
    nameres::crate_def_map,
    resolver::{Resolver, ScopeDef, ValueNs},
};

use crate::facts::body::BodyFacts;

/// How `path` is written at `expr`. `root` is how its first segment is called here: a crate, or a module of one.
pub fn shortest(body: &BodyFacts<'_>, expr: ExprId, root: &str, path: &str) -> String {
    let all: Vec<&str> = root.split("::").chain(path.split("::").skip(1)).collect();
    let full = all.join("::");
    let (root, segments) = (all[0], &all[1..]);
    let resolver = body.resolver_at(expr);
    let Some((module, function)) = twin(body, &resolver, root, segments) else { return full };
    let leads_there = |it: &str| resolves_to(body, &resolver, it) == Some(function);
    let name = segments.last().copied().unwrap_or_default();
    let mut short = Vec::new();
    for (it, definitions) in resolver.names_in_scope(body.db) {
        for definition in definitions {
            match definition {
                ScopeDef::ModuleDef(ModuleDefId::FunctionId(id)) if id == function => {
                    short.push(it.as_str().to_owned());
                }
                ScopeDef::ModuleDef(ModuleDefId::ModuleId(id)) if id == module => {
                    short.push(format!("{}::{name}", it.as_str()));
                }
                _ => {}
            }
        }
    }
    short.sort_by_key(|it| (it.matches("::").count(), it.len()));
    short
        .into_iter()
        .find(|it| leads_there(it))
        .unwrap_or_else(|| if leads_there(&full) { full } else { format!("::{full}") })
}

/// The twin and the module it lives in, looked up in its own crate.
fn twin(
    body: &BodyFacts<'_>,
    resolver: &Resolver<'_>,
    root: &str,
    segments: &[&str],
) -> Option<(ModuleId, FunctionId)> {
    let dependencies = &resolver.krate().data(body.db).dependencies;
    let krate = dependencies.iter().find(|it| it.name.symbol().as_str() == root)?.crate_id;
    let (last, modules) = segments.split_last()?;
    let mut module = crate_def_map(body.db, krate).root_module_id();
    let child = |module: ModuleId, name: &str| {
        module.def_map(body.db)[module].scope.get(&Name::new_root(name))
    };
    for segment in modules {
        match child(module, segment).take_types()? {
            ModuleDefId::ModuleId(it) => module = it,
            _ => return None,
        }
    }
    match child(module, last).take_values()? {
        ModuleDefId::FunctionId(it) => Some((module, it)),
        _ => None,
    }
}

fn resolves_to(body: &BodyFacts<'_>, resolver: &Resolver<'_>, path: &str) -> Option<FunctionId> {
    let path = ModPath::from_segments(PathKind::Plain, path.split("::").map(Name::new_root));
    let path = Path::from_known_path_with_no_generic(path);
    match resolver.resolve_path_in_value_ns_fully(body.db, &path, HygieneId::ROOT)? {
        ValueNs::FunctionId(it) => Some(it),
        _ => None,
    }
}
