//! Who calls a function, and what becomes of what it returns.

use std::collections::HashSet;

use ra_ap_hir::{HasVisibility, Module, ModuleDef, ScopeDef, Visibility};
use ra_ap_hir_def::{
    FunctionId, ItemContainerId, Lookup,
    hir::{Expr, ExprId},
    signatures::FunctionSignature,
};
use ra_ap_hir_ty::{db::HirDatabase, next_solver::GenericArgs};
use ra_ap_ide_db::RootDatabase;

use crate::{
    facts::{
        body::{BodyFacts, Form},
        functions::{self, Mentions},
        runs_on::{Context, Thread},
    },
    knowledge::{FutureRuns, resolve::Known},
    workspace::{Target, TargetKind, Workspace},
};

/// Whether this asynchronous function is the main function of its runtime, by another name: all who call it let the
/// calling thread drive it, before any task is spawned.
pub fn is_only_driven(
    workspace: &Workspace,
    known: &Known,
    target: &Target,
    function: FunctionId,
) -> bool {
    let db = workspace.db();
    // Who calls a method of a trait names the trait's, and nobody knows whose it will be.
    if is_of_trait(db, function) {
        return false;
    }
    let may_be_called_elsewhere = target.kind == TargetKind::Lib
        && ra_ap_hir::Function::from(function).visibility(db) == Visibility::Public;
    if may_be_called_elsewhere {
        return false;
    }
    let name = FunctionSignature::of(db, function).name.as_str().to_owned();
    // By another name it may be called where nobody looks.
    let alias = format!("{name} as ");
    if workspace.files().any(|(it, _)| workspace.text(it).is_some_and(|it| it.contains(&alias))) {
        return false;
    }
    let mentions = Mentions::of(workspace, &HashSet::from([name.clone()]));
    let mut calls = 0;
    for caller in functions::candidates(workspace, known, &mentions, target) {
        let body = BodyFacts::new(workspace, known, caller.function, caller.entered);
        // What is not known may be one more call.
        if body.unresolved.iter().any(|it| body.is_called(*it, &name)) {
            return false;
        }
        for it in body.uses.iter().filter(|it| it.function == function) {
            if !body.drives(it) {
                return false;
            }
            calls += 1;
        }
    }
    calls > 0
}

/// Whether it is a method of a trait, or implements one.
pub(super) fn is_of_trait(db: &RootDatabase, function: FunctionId) -> bool {
    match function.lookup(db).container {
        ItemContainerId::TraitId(_) => true,
        ItemContainerId::ImplId(it) => db.impl_trait(it).is_some(),
        ItemContainerId::ModuleId(_) | ItemContainerId::ExternBlockId(_) => false,
    }
}

/// Whether other crates can name an item: it is a library's, and public all the way from the root, by where it stands or
/// by a `pub use`.
pub(super) fn is_offered(workspace: &Workspace, item: ModuleDef) -> bool {
    let db = workspace.db();
    let Some(krate) = item.module(db).map(|it| it.krate(db)) else { return false };
    let mut targets = workspace.targets().iter();
    if !targets.any(|it| it.krate == krate.into() && it.kind == TargetKind::Lib) {
        return false;
    }
    let Some(stranger) = krate.dependencies(db).first().map(|it| it.krate.root_module(db)) else {
        return true;
    };
    let (mut wanted, mut seen) = (vec![item], HashSet::new());
    while let Some(item) = wanted.pop() {
        let names_it = |it: &Module| {
            let mut all = it.scope(db, Some(stranger)).into_iter();
            all.any(|(_, it)| matches!(it, ScopeDef::ModuleDef(it) if it == item))
        };
        for module in krate.modules(db).into_iter().filter(names_it) {
            if module.is_crate_root(db) {
                return true;
            }
            if seen.insert(module) {
                wanted.push(module.into());
            }
        }
    }
    false
}

/// A function that a body calls or names.
pub(super) struct Use<'db> {
    pub function: FunctionId,
    /// What stands for its generics.
    pub args: GenericArgs<'db>,
    /// The call, or the name where it is not called.
    pub expr: ExprId,
    pub form: Form,
    /// What becomes of the future that it returns, where that is known.
    pub handed: Option<FutureRuns>,
    /// Whether that future is awaited on the spot.
    pub awaited: bool,
    /// Where it runs.
    pub context: Context,
    /// Index into the sequence of the body.
    pub position: usize,
}

impl<'db> BodyFacts<'db> {
    pub(super) fn add_use(
        &mut self,
        expr: ExprId,
        function: Option<(FunctionId, GenericArgs<'db>)>,
        form: Form,
        context: Context,
        handed: Option<FutureRuns>,
    ) {
        let Some((function, args)) = function else { return };
        let parent = self.parents.get(expr).map(|it| &self.body[*it]);
        let awaited = matches!(parent, Some(Expr::Await { .. }));
        let position = self.sequence.len();
        self.uses.push(Use { function, args, expr, form, handed, awaited, context, position });
    }

    fn drives(&self, it: &Use<'_>) -> bool {
        match it.context.thread {
            Thread::Caller => it.handed == Some(FutureRuns::Driven),
            Thread::Driver => {
                (it.awaited || it.handed == Some(FutureRuns::Driven))
                    && !self.spawns_before_position(it.position)
            }
            Thread::Worker | Thread::MayBlock | Thread::Unknown => false,
        }
    }

    fn is_called(&self, call: ExprId, name: &str) -> bool {
        let Some(syntax) = self.syntax(call) else { return true };
        let text = ra_ap_syntax::AstNode::syntax(&syntax.value).text().to_string();
        text.split(|it: char| !it.is_alphanumeric() && it != '_').any(|it| it == name)
    }
}
