//! What one function does on the thread of its caller: what it waits for itself, and whom it calls.

use std::sync::Arc;

use ra_ap_hir_def::{FunctionId, HasModule, Lookup, hir::ExprId, src::HasSource};
use ra_ap_hir_ty::next_solver::GenericArgs;
use ra_ap_rustc_type_ir::TypeVisitableExt;
use ra_ap_syntax::{AstNode, ast};

use crate::{
    config::suppression::grammar::Says,
    facts::{
        body::{BodyFacts, Entered, Form},
        calls::Use,
        effects::Effects,
        runs_on::Thread,
    },
    knowledge::Row,
    workspace::Workspace,
};

/// What one function does on the thread of its caller.
#[derive(Default)]
pub(super) struct Summary<'db> {
    pub waits: Vec<(Arc<Row>, ExprId)>,
    pub calls: Vec<Call<'db>>,
}

/// A call on the thread of the caller.
pub(super) struct Call<'db> {
    pub function: FunctionId,
    /// What stands for the generics of the callee.
    pub args: GenericArgs<'db>,
    pub expr: ExprId,
    /// Whether that depends on the generics of the caller.
    pub open: bool,
}

impl<'db> Summary<'db> {
    pub fn of(effects: &Effects<'_, 'db>, function: FunctionId) -> Summary<'db> {
        let Effects { workspace, known, .. } = effects;
        let db = workspace.db();
        let source = function.lookup(db).source(db);
        if ast::HasName::name(&source.value).is_none() || source.value.body().is_none() {
            return Summary::default();
        }
        let file = source.file_id.original_file(db).file_id(db);
        if effects.declared.of(file, source.value.syntax().text_range()) == Some(Says::NonBlocking)
        {
            return Summary::default();
        }
        // Of most functions their names tell that they come to nothing.
        if !effects.mentions.are_in(db, &source) {
            return Summary::default();
        }
        let body = BodyFacts::new(workspace, known, function, Entered::Called);
        if body.mentions.iter().any(|it| it.row.tells_runtime) {
            return Summary::default();
        }
        let waits = body.mentions.iter().filter(|it| body.waits_on(it, Thread::Caller));
        let waits = waits.map(|it| (Arc::clone(&it.row), it.expr)).collect();
        let is_call = |it: &&Use<'db>| {
            it.context.thread == Thread::Caller && it.form != Form::Named && !it.context.once
        };
        let calls = body.uses.iter().filter(is_call).map(|it| {
            let open = it.args.has_non_region_param();
            Call { function: it.function, args: it.args, expr: it.expr, open }
        });
        Summary { waits, calls: calls.collect() }
    }

    /// Whether what it calls depends on what stands for its generics.
    pub fn is_open(&self) -> bool {
        self.calls.iter().any(|it| it.open)
    }
}

/// Whether the function is the user's to change.
pub(super) fn is_own(workspace: &Workspace, function: FunctionId) -> bool {
    let db = workspace.db();
    let root = function.krate(db).data(db).root_file_id;
    workspace.file_path(root).is_some()
}
