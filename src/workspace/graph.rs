//! The crates of a project and what they depend on, without those that no analysis can need.

use std::collections::HashMap;

use ra_ap_base_db::{
    CrateBuilder, CrateBuilderId, CrateDataBuilder, CrateGraphBuilder, CrateOrigin,
    CrateWorkspaceData, DependencyBuilder, Env, ExtraCrateData, LangCrateOrigin,
};
use ra_ap_cfg::CfgOptions;
use ra_ap_project_model::ProjectWorkspace;

/// What all crates of a project have in common.
pub(super) type Shared = triomphe::Arc<CrateWorkspaceData>;

pub(super) fn shared(project: &ProjectWorkspace) -> Shared {
    let (target, toolchain) = (project.target.clone(), project.toolchain.clone());
    Shared::new(CrateWorkspaceData { target, toolchain })
}

/// A crate that is not in a graph yet.
pub(super) struct LooseCrate {
    basic: CrateDataBuilder,
    extra: ExtraCrateData,
    pub cfg_options: CfgOptions,
    env: Env,
}

/// A copy of a crate, and what it depends on.
pub(super) fn copy_of(
    graph: &CrateGraphBuilder,
    id: CrateBuilderId,
) -> (LooseCrate, Vec<DependencyBuilder>) {
    let data = &graph[id];
    let krate = LooseCrate {
        basic: data.basic.clone(),
        extra: data.extra.clone(),
        cfg_options: data.cfg_options.clone(),
        env: data.env.clone(),
    };
    (krate, data.basic.dependencies.clone())
}

impl LooseCrate {
    pub fn add_to(self, graph: &mut CrateGraphBuilder, shared: &Shared) -> CrateBuilderId {
        let LooseCrate { basic, extra, cfg_options, env } = self;
        graph.add_crate_root(
            basic.root_file_id,
            basic.edition,
            extra.display_name,
            extra.version,
            cfg_options,
            extra.potential_cfg_options,
            env,
            basic.origin,
            Vec::new(),
            basic.is_proc_macro,
            basic.proc_macro_cwd,
            Shared::clone(shared),
        )
    }
}

/// What the standard library shows of the crates that it is made of: the types of its maps, and macros. All others do
/// their work unseen: reading debug information, talking to C. They are a twentieth of the time of an analysis.
const SEEN_IN_STD: [&str; 3] = ["cfg_if", "hashbrown", "std_detect"];

/// The graph without what nobody can see from outside: what procedural macros are made of, since they are not run and
/// only their names count, and most of what the standard library is made of.
pub(super) fn without_internals(
    graph: &CrateGraphBuilder,
    shared: &Shared,
) -> (CrateGraphBuilder, HashMap<CrateBuilderId, CrateBuilderId>) {
    let mut trimmed = CrateGraphBuilder::default();
    let ids: HashMap<_, _> =
        graph.iter().map(|id| (id, copy_of(graph, id).0.add_to(&mut trimmed, shared))).collect();
    for (old, new) in &ids {
        let user = &graph[*old].basic;
        for dependency in &user.dependencies {
            let needed = &graph[dependency.crate_id];
            if user.is_proc_macro && !needed.basic.origin.is_lang() {
                continue;
            }
            if user.origin.is_lang() && !is_seen_in_std(needed) {
                continue;
            }
            let Some(crate_id) = ids.get(&dependency.crate_id) else { continue };
            let mut dependency = dependency.clone();
            dependency.crate_id = *crate_id;
            // The graph had no cycle before, and has none now.
            let _ = trimmed.add_dep(*new, dependency);
        }
    }
    (trimmed, ids)
}

fn is_seen_in_std(krate: &CrateBuilder) -> bool {
    let CrateOrigin::Lang(LangCrateOrigin::Dependency) = krate.basic.origin else { return true };
    let name = krate.extra.display_name.as_ref().map(|it| it.to_string());
    name.is_none_or(|it| SEEN_IN_STD.contains(&it.as_str()))
}
