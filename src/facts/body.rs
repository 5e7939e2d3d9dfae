//! One body, read once: which items that rules ask for it mentions, where each of those runs, what surrounds it.

use std::{
    cell::{OnceCell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use la_arena::ArenaMap;
use ra_ap_hir_def::{
    CallableDefId, DefWithBodyId, FunctionId, HasModule,
    expr_store::{Body, BodySourceMap},
    hir::{ClosureKind, Expr, ExprId},
    resolver::{HasResolver, Resolver, ValueNs},
};
use ra_ap_hir_ty::{
    InferenceResult,
    next_solver::{GenericArgs, Ty, TyKind},
};
use ra_ap_ide_db::RootDatabase;
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{SyntaxKind, TextRange};

use crate::{
    facts::{
        calls::Use,
        runs_on::{Context, Thread},
        selects::Select,
        suspends::Lowered,
    },
    knowledge::{ClosureRuns, FutureRuns, Row, resolve::Known},
    workspace::Workspace,
};

/// A function's body, with what inference knows of it.
pub struct BodyFacts<'db> {
    pub(crate) workspace: &'db Workspace,
    pub(crate) db: &'db RootDatabase,
    pub(crate) known: &'db Known,
    pub(crate) function: FunctionId,
    pub(crate) body: &'db Body,
    pub(crate) map: &'db BodySourceMap,
    pub(crate) infer: &'db InferenceResult<'db>,
    pub(super) parents: ArenaMap<ExprId, ExprId>,
    /// Every expression in the order in which evaluation leaves it, with the async body that it belongs to.
    pub(super) sequence: Vec<(ExprId, Option<ExprId>)>,
    /// Mentions of items that have a row, in the order of evaluation.
    pub mentions: Vec<Mention>,
    /// Calls that somebody wrote, and those of them whose callee is known.
    pub calls: usize,
    pub calls_resolved: usize,
    pub unresolved: Vec<ExprId>,
    /// Every mention of a function whose definition is known.
    pub(super) uses: Vec<Use<'db>>,
    /// What races in here, once it is asked for.
    pub(super) selects: OnceCell<Vec<Select>>,
    /// Async bodies as graphs, each once it is asked for.
    pub(super) graphs: RefCell<HashMap<ExprId, Rc<Lowered<'db>>>>,
}

/// A place where a body names an item that has a row.
#[derive(Clone, Debug)]
pub struct Mention {
    pub row: Arc<Row>,
    pub form: Form,
    pub thread: Thread,
    pub(crate) expr: ExprId,
    /// The async body in which an `.await` could stand here.
    pub(crate) awaits_in: Option<ExprId>,
    /// Inside a closure, however it runs.
    pub in_closure: bool,
    /// Inside a closure that runs the first time only.
    pub once: bool,
    /// The future around it may be moved to another thread.
    pub moves: bool,
    /// Index into the sequence of the body.
    pub(super) position: usize,
}

impl Mention {
    pub(super) fn new(
        row: Arc<Row>,
        form: Form,
        expr: ExprId,
        context: Context,
        position: usize,
    ) -> Mention {
        let Context { thread, awaits_in, closure: in_closure, moves, once } = context;
        Mention { row, form, thread, expr, awaits_in, in_closure, once, moves, position }
    }

    /// In a closure that runs on a thread that may block, where nothing is awaited.
    pub fn is_on_thread(&self) -> bool {
        self.thread == Thread::MayBlock && self.awaits_in.is_none()
    }
}

/// How an item is mentioned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `path(arguments)`
    Call,
    /// `receiver.method(arguments)`
    Method,
    /// Called by another name: through a local variable.
    Indirect,
    /// Handed to something that may call it.
    Value,
    /// Named, and neither called nor handed on.
    Named,
}

/// How a function comes to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entered {
    /// By its callers.
    Called,
    /// By a runtime that was made for it: `#[tokio::main]`, `#[tokio::test]`.
    AsEntry,
    /// By a runtime worker, through a trait whose methods are polled.
    Polled,
    /// By whoever awaits it, once it is asynchronous, which it is not yet.
    AsAsync,
}

impl<'db> BodyFacts<'db> {
    pub fn new(
        workspace: &'db Workspace,
        known: &'db Known,
        function: FunctionId,
        entered: Entered,
    ) -> BodyFacts<'db> {
        let db = workspace.db();
        let owner = DefWithBodyId::FunctionId(function);
        let (_, map) = Body::with_source_map(db, owner);
        let mut facts = BodyFacts {
            workspace,
            db,
            known,
            function,
            body: Body::of(db, owner),
            map,
            infer: InferenceResult::of(db, owner),
            parents: ArenaMap::default(),
            sequence: Vec::new(),
            mentions: Vec::new(),
            calls: 0,
            calls_resolved: 0,
            unresolved: Vec::new(),
            uses: Vec::new(),
            selects: OnceCell::new(),
            graphs: RefCell::default(),
        };
        let root = facts.body.root_expr();
        let context = match entered {
            Entered::Polled => Context::function(Thread::Worker),
            Entered::Called | Entered::AsEntry => Context::function(Thread::Caller),
            Entered::AsAsync => Context::function(Thread::Caller).coroutine(root, None),
        };
        let handed = (entered == Entered::AsEntry).then_some(FutureRuns::Driven);
        facts.visit(root, context, handed);
        facts
    }

    /// `handed` says what becomes of the future that this expression makes.
    fn visit(&mut self, expr: ExprId, context: Context, handed: Option<FutureRuns>) {
        let body = self.body;
        match &body[expr] {
            Expr::Call { callee, args } => self.visit_call(expr, *callee, args, context, handed),
            Expr::MethodCall { receiver, args, .. } => {
                self.visit_method(expr, *receiver, args, context, handed);
            }
            Expr::Closure { body, closure_kind, .. } => {
                let runs = self.bound_closure_runs(expr);
                let inner = closure_context(expr, closure_kind, context, handed, runs);
                self.child(expr, *body, inner, None);
            }
            Expr::Path(_) => {
                if let Some(row) = self.row_of_type(self.infer.expr_ty(expr)) {
                    self.mention(row, Form::Named, expr, context);
                }
                let named = callee_of(self.infer.expr_ty(expr));
                self.add_use(expr, named, Form::Named, context, None);
                self.children(expr, context, None);
            }
            Expr::Const(_) => {
                self.children(expr, Context::function(Thread::Caller), None);
            }
            Expr::Block { tail: Some(tail), .. } => {
                self.children(expr, context, Some((*tail, handed)))
            }
            _ => self.children(expr, context, None),
        }
        self.sequence.push((expr, context.awaits_in));
    }

    fn children(
        &mut self,
        expr: ExprId,
        context: Context,
        special: Option<(ExprId, Option<FutureRuns>)>,
    ) {
        let body = self.body;
        let mut children = Vec::new();
        body.walk_child_exprs(expr, |it| children.push(it));
        for child in children {
            let context =
                if self.left_out(expr) == Some(child) { context.never() } else { context };
            let handed = special.filter(|(it, _)| *it == child).and_then(|(_, handed)| handed);
            self.child(expr, child, context, handed);
        }
    }

    fn child(
        &mut self,
        parent: ExprId,
        child: ExprId,
        context: Context,
        handed: Option<FutureRuns>,
    ) {
        self.parents.insert(child, parent);
        self.visit(child, context, handed);
    }

    fn visit_call(
        &mut self,
        expr: ExprId,
        callee: ExprId,
        args: &[ExprId],
        context: Context,
        handed: Option<FutureRuns>,
    ) {
        let row = self.row_of_type(self.infer.expr_ty(callee));
        let row = row.and_then(|it| self.row_with_values(it, expr, args, args));
        let form = if self.is_local(callee) { Form::Indirect } else { Form::Call };
        self.add_use(expr, callee_of(self.infer.expr_ty(callee)), form, context, handed);
        self.parents.insert(callee, expr);
        match &self.body[callee] {
            // The path of a call is part of the mention that the call is.
            Expr::Path(_) => self.sequence.push((callee, context.awaits_in)),
            Expr::Closure { closure_kind, .. } => {
                let runs = Some(ClosureRuns::Here);
                self.visit_closure(callee, closure_kind, context, None, runs);
            }
            _ => self.visit(callee, context, None),
        }
        self.visit_arguments(expr, args, row.as_deref(), context, handed);
        self.count(
            expr,
            SyntaxKind::CALL_EXPR,
            !matches!(self.infer.expr_ty(callee).kind(), TyKind::Error(_)),
        );
        if let Some(row) = row {
            self.mention(row, form, expr, context);
        }
    }

    fn visit_method(
        &mut self,
        expr: ExprId,
        receiver: ExprId,
        args: &[ExprId],
        context: Context,
        handed: Option<FutureRuns>,
    ) {
        let method = self.infer.method_resolution(expr);
        let row = method.and_then(|it| self.known.function(self.db, it.0)).cloned();
        let row = row.and_then(|it| self.row_with_values(it, expr, &[receiver], args));
        self.add_use(expr, method, Form::Method, context, handed);
        // `async { .. }.instrument(span)` is handed on as the block itself would be; so is the receiver of a method
        // that takes a future.
        let to_receiver = row.as_ref().and_then(|it| it.future).or(handed);
        self.child(expr, receiver, context, to_receiver);
        self.visit_arguments(expr, args, row.as_deref(), context, None);
        self.count(expr, SyntaxKind::METHOD_CALL_EXPR, method.is_some());
        if let Some(row) = row {
            self.mention(row, Form::Method, expr, context);
        }
    }

    fn visit_arguments(
        &mut self,
        call: ExprId,
        args: &[ExprId],
        row: Option<&Row>,
        context: Context,
        handed: Option<FutureRuns>,
    ) {
        let row = row.filter(|it| !it.says_nothing_of_threads());
        let runs = self.closure_runs(call, row);
        // `Box::pin(async { .. })` hands its argument on, and so does a timeout.
        let future = row.filter(|it| !it.cancels).map_or(handed, |it| it.future);
        for (index, arg) in args.iter().enumerate() {
            self.parents.insert(*arg, call);
            match &self.body[*arg] {
                Expr::Closure { closure_kind, .. } => {
                    let runs = match row {
                        None => self.handed_closure_runs(call, index),
                        Some(_) => runs,
                    };
                    self.visit_closure(*arg, closure_kind, context, future, runs);
                }
                Expr::Path(_) if self.is_function(*arg) => {
                    let inner = context.closure(runs);
                    if let Some(row) = self.row_of_type(self.infer.expr_ty(*arg)) {
                        self.mention(row, Form::Value, *arg, inner);
                    }
                    let named = callee_of(self.infer.expr_ty(*arg));
                    self.add_use(*arg, named, Form::Value, inner, None);
                    self.sequence.push((*arg, context.awaits_in));
                }
                _ => self.visit(*arg, context, future),
            }
        }
    }

    /// The ranges of the expressions that stand in a file, as they are written.
    pub fn ranges(&self) -> HashSet<TextRange> {
        let range = |(expr, _): &(ExprId, Option<ExprId>)| {
            let source = self.map.expr_syntax(*expr).ok()?;
            (!source.file_id.is_macro()).then(|| source.value.syntax_node_ptr().text_range())
        };
        self.sequence.iter().filter_map(range).collect()
    }

    fn visit_closure(
        &mut self,
        expr: ExprId,
        kind: &ClosureKind,
        context: Context,
        future: Option<FutureRuns>,
        runs: Option<ClosureRuns>,
    ) {
        if let Expr::Closure { body, .. } = &self.body[expr] {
            let inner = closure_context(expr, kind, context, future, runs);
            self.child(expr, *body, inner, None);
        }
        self.sequence.push((expr, context.awaits_in));
    }

    fn mention(&mut self, row: Arc<Row>, form: Form, expr: ExprId, context: Context) {
        let position = self.sequence.len();
        self.mentions.push(Mention::new(row, form, expr, context, position));
    }

    fn count(&mut self, expr: ExprId, kind: SyntaxKind, resolved: bool) {
        let Ok(source) = self.map.expr_syntax(expr) else { return };
        if source.value.syntax_node_ptr().kind() != kind || self.place_of(expr).is_none() {
            return;
        }
        self.calls += 1;
        match resolved {
            true => self.calls_resolved += 1,
            false => self.unresolved.push(expr),
        }
    }

    fn row_of_type(&self, type_: Ty<'db>) -> Option<Arc<Row>> {
        self.known.function(self.db, function_of(type_)?).cloned()
    }

    fn is_function(&self, expr: ExprId) -> bool {
        function_of(self.infer.expr_ty(expr)).is_some()
    }

    /// Whether this path names a local variable.
    pub(super) fn is_local(&self, expr: ExprId) -> bool {
        self.local(expr).is_some()
    }

    pub(crate) fn local(&self, expr: ExprId) -> Option<ra_ap_hir_def::hir::BindingId> {
        let Expr::Path(path) = &self.body[expr] else { return None };
        let hygiene = self.body.expr_path_hygiene(expr);
        match self.resolver_at(expr).resolve_path_in_value_ns_fully(self.db, path, hygiene)? {
            ValueNs::LocalBinding(it) => Some(it),
            _ => None,
        }
    }

    /// Whether the body of this function is asynchronous, and blocks a worker somewhere.
    pub fn blocks_as_async_function(&self) -> bool {
        let is_own = |it: &Mention| {
            let coroutine = it.awaits_in.and_then(|it| self.parents.get(it));
            it.awaits_in == Some(self.body.root_expr()) || coroutine == Some(&self.body.root_expr())
        };
        let blocks = |it: &&Mention| it.row.blocks.is_some() && it.thread == Thread::Worker;
        self.mentions.iter().filter(blocks).any(is_own)
    }

    /// Whether another task was started before this place.
    pub fn spawns_before(&self, mention: &Mention) -> bool {
        self.spawns_before_position(mention.position)
    }

    pub(super) fn spawns_before_position(&self, position: usize) -> bool {
        self.mentions.iter().any(|it| {
            let spawns = matches!(it.row.future, Some(FutureRuns::Spawned | FutureRuns::Local))
                || it.row.closure == Some(ClosureRuns::Worker);
            spawns && it.position < position
        })
    }

    pub(crate) fn krate(&self) -> ra_ap_base_db::Crate {
        self.function.krate(self.db)
    }

    /// Names as they are seen from this expression.
    pub(crate) fn resolver_at(&self, expr: ExprId) -> Resolver<'db> {
        let owner = DefWithBodyId::FunctionId(self.function);
        let mut resolver = self.function.resolver(self.db);
        let _ = resolver.update_to_inner_scope(self.db, owner, expr);
        resolver
    }
}

fn closure_context(
    expr: ExprId,
    kind: &ClosureKind,
    context: Context,
    future: Option<FutureRuns>,
    runs: Option<ClosureRuns>,
) -> Context {
    match kind {
        // What becomes of the entry point's own body is known from its attribute.
        ClosureKind::Coroutine { .. } => context.coroutine(expr, future),
        // Its body is a coroutine, which is met next.
        ClosureKind::CoroutineClosure(_) => Context::function(Thread::Worker),
        ClosureKind::Closure | ClosureKind::OldCoroutine(_) => context.closure(runs),
    }
}

pub(crate) fn function_of(type_: Ty<'_>) -> Option<FunctionId> {
    callee_of(type_).map(|it| it.0)
}

/// The function that a value of this type is, with what stands for its generics.
fn callee_of(type_: Ty<'_>) -> Option<(FunctionId, GenericArgs<'_>)> {
    match type_.kind() {
        TyKind::FnDef(callable, args) => match callable.0 {
            CallableDefId::FunctionId(it) => Some((it, args)),
            _ => None,
        },
        _ => None,
    }
}
