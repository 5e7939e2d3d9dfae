//! What each import of a file stands for.

use ra_ap_hir::{AssocItem, ModuleDef, PathResolution, Semantics, Trait, attach_db};
use ra_ap_ide_db::RootDatabase;
use ra_ap_syntax::{AstNode, ast};

use crate::{
    finding::FilePath,
    plan::imports::{leaves, outer_path},
    workspace::Workspace,
};

/// What an import is good for, besides being named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::plan) enum Meaning {
    Name,
    /// Its items can be called without naming it.
    Trait(Vec<String>),
    /// ... and none of them gives a future: what is awaited is of another trait.
    BlockingTrait(Vec<String>),
}

/// One for each import of `file`, in their order; None where it leads nowhere that is known.
pub(in crate::plan) fn meanings(workspace: &Workspace, file: &FilePath) -> Vec<Option<Meaning>> {
    let Some((_, id)) = workspace.files().find(|it| it.0 == file) else { return Vec::new() };
    let db = workspace.db();
    attach_db(db, || {
        let sema = Semantics::new(db);
        let root = sema.parse_guess_edition(id);
        leaves(root.syntax()).iter().map(|it| meaning(db, &sema, it)).collect()
    })
}

fn meaning(
    db: &RootDatabase,
    sema: &Semantics<'_, RootDatabase>,
    import: &ast::UseTree,
) -> Option<Meaning> {
    let path = import.path()?;
    let is_self = path.segment()?.self_token().is_some();
    let path = if is_self { outer_path(import)? } else { path };
    let found = sema.resolve_path_per_ns(&path)?;
    match found.type_ns {
        Some(PathResolution::Def(ModuleDef::Trait(it))) => {
            let items = items(db, it);
            let is_of_std = it.module(db).krate(db).origin(db).is_lang();
            // `IntoFuture` is the only one that there is.
            match is_of_std && !items.iter().any(|it| it == "into_future") {
                true => Some(Meaning::BlockingTrait(items)),
                false => Some(Meaning::Trait(items)),
            }
        }
        Some(PathResolution::Def(_)) => Some(Meaning::Name),
        _ => found.value_ns.or(found.macro_ns).map(|_| Meaning::Name),
    }
}

fn items(db: &RootDatabase, it: Trait) -> Vec<String> {
    let name = |it: AssocItem| Some(it.name(db)?.as_str().to_owned());
    it.items(db).into_iter().filter_map(name).collect()
}
