//! What one function does on the thread of its caller: what it waits for itself, and whom it calls.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

use ra_ap_hir_def::{FunctionId, HasModule, Lookup, expr_store::Body, hir::ExprId, src::HasSource};
use ra_ap_hir_ty::next_solver::GenericArgs;
use ra_ap_rustc_type_ir::TypeVisitableExt;
use ra_ap_syntax::{AstNode, ast};

use crate::{
    config::suppression::grammar::Says,
    facts::{
        body::{BodyFacts, Entered, Form},
        calls::Use,
        effects::{
            Effects,
            constants::{Demand, Given},
        },
        names,
        runs_on::Thread,
    },
    knowledge::Row,
    workspace::{Workspace, is_cancellation},
};

/// What one function does on the thread of its caller.
#[derive(Default)]
pub(super) struct Summary<'db> {
    /// What happens always comes before what happens sometimes.
    pub waits: Vec<Waits>,
    pub calls: Vec<Call<'db>>,
}

/// A place that waits on the thread of the caller.
pub(super) struct Waits {
    pub row: Arc<Row>,
    pub expr: ExprId,
    /// What the function must have been given to come there.
    pub demands: Vec<Demand>,
    /// In how many branches it stands.
    pub branches: usize,
}

/// A call on the thread of the caller.
pub(super) struct Call<'db> {
    pub function: FunctionId,
    /// What stands for the generics of the callee.
    pub args: GenericArgs<'db>,
    pub expr: ExprId,
    /// Whether that depends on the generics of the caller.
    pub open: bool,
    pub given: Vec<(usize, Given)>,
    /// What the function must have been given to come there.
    pub demands: Vec<Demand>,
    /// In how many branches it stands.
    pub branches: usize,
}

impl<'db> Summary<'db> {
    /// All that may happen in a function of the workspace.
    pub fn of_own(effects: &Effects<'_, 'db>, function: FunctionId) -> Summary<'db> {
        let db = effects.workspace.db();
        let source = function.lookup(db).source(db);
        let file = source.file_id.original_file(db).file_id(db);
        let says = |it| effects.declared.says(file, source.value.syntax().text_range(), it);
        if says(Says::NonBlocking) {
            return Summary::default();
        }
        if says(Says::Blocking) {
            return Summary::declared(effects.workspace, function);
        }
        // Of most functions their names tell that they come to nothing.
        if !effects.mentions.are_in(db, &source) {
            return Summary::default();
        }
        let Some(body) = read(effects, function) else { return Summary::default() };
        let waits = body.mentions.iter().filter(|it| body.waits_on(it, Thread::Caller));
        let mut waits: Vec<Waits> = waits
            .map(|it| {
                let (row, expr) = (Arc::clone(&it.row), it.expr);
                let (demands, branches) = (body.demands(expr), body.branches_around(expr));
                Waits { row, expr, demands, branches }
            })
            .collect();
        waits.sort_by_key(|it| it.branches);
        let calls = body.uses.iter().filter(|it| is_call(it)).map(|it| Call {
            function: it.function,
            args: it.args,
            expr: it.expr,
            open: it.args.has_non_region_param(),
            given: body.given_to(it.expr),
            demands: body.demands(it.expr),
            branches: body.branches_around(it.expr),
        });
        Summary { waits, calls: calls.collect() }
    }

    /// It waits, whatever its body does: somebody who knows says so.
    fn declared(workspace: &Workspace, function: FunctionId) -> Summary<'db> {
        let db = workspace.db();
        let row = Row::said_to_block(names::of_function(db, function));
        let expr = Body::of(db, function.into()).root_expr();
        let waits = vec![Waits { row: Arc::new(row), expr, demands: Vec::new(), branches: 0 }];
        Summary { waits, calls: Vec::new() }
    }

    /// What happens each time. Nobody can look into the function and see that some branch is never taken, and nobody
    /// can mend it: so what happens sometimes says nothing about the call of it. A function that is too much for
    /// rust-analyzer is not known.
    pub fn of_dependency(effects: &Effects<'_, 'db>, function: FunctionId) -> Summary<'db> {
        match catch_unwind(AssertUnwindSafe(|| Summary::each_time(effects, function))) {
            Ok(it) => it.unwrap_or_default(),
            Err(panic) if is_cancellation(&*panic) => resume_unwind(panic),
            Err(_) => Summary::default(),
        }
    }

    fn each_time(effects: &Effects<'_, 'db>, function: FunctionId) -> Option<Summary<'db>> {
        let body = read(effects, function)?;
        let waits = body.mentions.iter().filter(|it| body.waits_on(it, Thread::Caller));
        let waits = waits.filter(|it| body.is_certain(it.expr)).map(|it| Waits {
            row: Arc::clone(&it.row),
            expr: it.expr,
            demands: Vec::new(),
            branches: 0,
        });
        let calls = body.uses.iter().filter(|it| is_call(it) && body.is_certain(it.expr));
        let calls = calls.map(|it| Call {
            function: it.function,
            args: it.args,
            expr: it.expr,
            open: false,
            given: Vec::new(),
            demands: Vec::new(),
            branches: 0,
        });
        Some(Summary { waits: waits.collect(), calls: calls.collect() })
    }

    /// The parameters that decide what it does, or that it hands on.
    pub fn asks_for(&self, parameter: usize) -> bool {
        let demands = |it: &[Demand]| it.iter().any(|it| it.parameter == parameter);
        self.waits.iter().any(|it| demands(&it.demands))
            || self.calls.iter().any(|it| {
                let hands_on =
                    |it: &(usize, Given)| matches!(it.1, Given::Parameter(own) if own == parameter);
                demands(&it.demands) || it.given.iter().any(hands_on)
            })
    }

    /// Whether what it calls depends on what stands for its generics.
    pub fn is_open(&self) -> bool {
        self.calls.iter().any(|it| it.open)
    }
}

fn is_call(it: &Use<'_>) -> bool {
    it.context.thread == Thread::Caller && it.form != Form::Named && !it.context.once
}

/// The body of a function that has one, and does not ask whether a runtime runs here.
fn read<'db>(effects: &Effects<'_, 'db>, function: FunctionId) -> Option<BodyFacts<'db>> {
    let db = effects.workspace.db();
    let source = function.lookup(db).source(db).value;
    ast::HasName::name(&source)?;
    source.body()?;
    let body = BodyFacts::new(effects.workspace, effects.known, function, Entered::Called);
    let asks = body.mentions.iter().any(|it| it.row.tells_runtime);
    (!asks).then_some(body)
}

/// Whether the function is the user's to change.
pub(super) fn is_own(workspace: &Workspace, function: FunctionId) -> bool {
    let db = workspace.db();
    let root = function.krate(db).data(db).root_file_id;
    workspace.file_path(root).is_some()
}
