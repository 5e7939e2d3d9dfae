//! The workbench on which an async body becomes a graph: its blocks, its locals and the scopes that drop them.

use std::collections::HashMap;

use ra_ap_hir_def::{
    expr_store::Body,
    hir::{BindingId, Expr, ExprId, LabelId},
    resolver::ValueNs,
};
use ra_ap_hir_ty::{
    Adjustment, InferenceResult,
    next_solver::{DbInterner, Ty, TypingMode, infer::DbInternerInferExt},
};
use ra_ap_rustc_type_ir::inherent::Ty as _;

use crate::facts::{
    body::BodyFacts,
    suspends::{
        glue::Glue,
        graph::{
            Block, BlockId, CleanupId, Cleanups, End, Ending, Fields, Graph, Local, LocalId, Made,
            Op, Part, Step,
        },
    },
};

/// A place in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Spot {
    /// None for a static, and for what came from outside by reference.
    pub local: Option<LocalId>,
    /// The way from the local to it; None when that leads through a pointer.
    pub fields: Option<Fields>,
}

impl Spot {
    pub fn whole(local: LocalId) -> Spot {
        Spot { local: Some(local), fields: Some(Fields::new()) }
    }

    pub fn behind(local: Option<LocalId>) -> Spot {
        Spot { local, fields: None }
    }

    pub fn field(self, index: u32) -> Spot {
        self.part(Some(Part::Field(index)))
    }

    pub fn part(mut self, part: Option<Part>) -> Spot {
        if let Some(it) = &mut self.fields {
            it.extend(part);
        }
        self
    }

    /// The local, when this is all of it.
    pub fn as_whole(&self) -> Option<LocalId> {
        self.local.filter(|_| self.fields.as_ref().is_some_and(Vec::is_empty))
    }
}

/// A loop or a labelled block around the code.
pub(super) struct Around {
    pub label: Option<LabelId>,
    pub depth: usize,
    /// None for a block.
    pub head: Option<BlockId>,
    pub exit: BlockId,
    pub result: LocalId,
}

pub(super) struct Builder<'a, 'db> {
    pub facts: &'a BodyFacts<'db>,
    pub body: &'db Body,
    pub infer: &'db InferenceResult<'db>,
    pub graph: Graph<'db>,
    pub at: BlockId,
    pub scopes: Vec<Vec<(LocalId, Ending)>>,
    /// The scope that temporaries belong to which something borrows.
    pub temporaries: usize,
    /// Where a borrowed temporary goes that a `let` keeps alive.
    pub extended: Option<usize>,
    pub variables: HashMap<BindingId, LocalId>,
    pub around: Vec<Around>,
    /// Locals whose guard a pattern has taken: they are empty when all of the pattern is bound.
    pub taken: Vec<LocalId>,
    pub result: LocalId,
}

impl<'a, 'db> Builder<'a, 'db> {
    pub fn new(facts: &'a BodyFacts<'db>) -> Builder<'a, 'db> {
        let graph = Graph {
            locals: Vec::new(),
            blocks: Vec::new(),
            turns: Vec::new(),
            cleanups: Cleanups::new(),
            gap: None,
        };
        let mut builder = Builder {
            facts,
            body: facts.body,
            infer: facts.infer,
            graph,
            at: 0,
            scopes: vec![Vec::new()],
            temporaries: 0,
            extended: None,
            variables: HashMap::new(),
            around: Vec::new(),
            taken: Vec::new(),
            result: 0,
        };
        builder.at = builder.block();
        builder
    }

    pub fn block(&mut self) -> BlockId {
        self.graph.blocks.push(Block { steps: Vec::new(), end: End::Open });
        self.graph.blocks.len() - 1
    }

    pub fn local(&mut self, made: Made, type_: Ty<'db>) -> LocalId {
        let needs_drop = self.needs_drop(type_);
        self.graph.locals.push(Local { made, type_, needs_drop });
        self.graph.locals.len() - 1
    }

    pub fn step(&mut self, step: Step) {
        self.graph.blocks[self.at].steps.push(step);
    }

    pub fn run(&mut self, op: Op) {
        self.step(Step::Run(op));
    }

    /// Something that may panic, and then ends all scopes around it.
    pub fn call(&mut self, op: Op) {
        let cleanup = Some(self.cleanup());
        self.run(Op { cleanup, ..op });
    }

    /// Here as well, though nothing is called.
    pub fn may_panic(&mut self) {
        self.call(Op::default());
    }

    pub fn assign(&mut self, local: LocalId) {
        self.run(Op::into(local));
    }

    pub fn uses(&mut self, local: Option<LocalId>) {
        if let Some(local) = local {
            self.run(Op { uses: vec![local], ..Op::default() });
        }
    }

    pub fn goto(&mut self, block: BlockId) {
        let end = &mut self.graph.blocks[self.at].end;
        if matches!(end, End::Open) {
            *end = End::Goto(block);
        }
    }

    pub fn end(&mut self, end: End) {
        self.graph.blocks[self.at].end = end;
    }

    /// What follows is never reached.
    pub fn dead_end(&mut self) {
        self.at = self.block();
    }

    /// Two ways on: the first is taken from here, the second is for the caller.
    pub fn fork(&mut self) -> BlockId {
        let (first, second) = (self.block(), self.block());
        self.end(End::Branch(vec![first, second]));
        self.at = first;
        second
    }

    pub fn push_scope(&mut self) -> usize {
        self.scopes.push(Vec::new());
        self.scopes.len() - 1
    }

    pub fn pop_scope(&mut self) {
        self.leave_scope(self.scopes.len() - 1);
        self.scopes.pop();
    }

    /// Drops what is in a scope, last made first, and leaves the scope open for other ways out.
    pub fn leave_scope(&mut self, index: usize) {
        let mut then = self.cleanup_of(index);
        let endings = self.scopes[index].clone().into_iter().map(|(local, ending)| {
            let cleanup = Some(then);
            then = self.graph.cleanups.before(then, local, ending);
            match ending {
                Ending::Drop => Step::Drop { local, cleanup },
                Ending::Gone => Step::Gone(local),
            }
        });
        let endings: Vec<Step> = endings.collect();
        endings.into_iter().rev().for_each(|it| self.step(it));
    }

    /// A way out through all scopes down to this depth.
    pub fn leave_to(&mut self, depth: usize) {
        (depth..self.scopes.len()).rev().for_each(|it| self.leave_scope(it));
    }

    /// The local's place is there from here to the end of the scope.
    pub fn keep(&mut self, local: LocalId, scope: usize) {
        self.end_in(scope, local, Ending::Gone);
    }

    /// The local's value is dropped at the end of the scope, if it is still there.
    pub fn drop_in(&mut self, scope: usize, local: LocalId) {
        if self.graph.locals[local].needs_drop {
            self.end_in(scope, local, Ending::Drop);
        }
    }

    fn end_in(&mut self, scope: usize, local: LocalId, ending: Ending) {
        // The alternatives of a pattern have the same variables.
        if !self.scopes[scope].contains(&(local, ending)) {
            self.scopes[scope].push((local, ending));
        }
    }

    /// What is left to be done here when nothing goes on.
    pub fn cleanup(&mut self) -> CleanupId {
        self.cleanup_of(self.scopes.len())
    }

    /// ... in the outermost scopes, so many of them.
    fn cleanup_of(&mut self, scopes: usize) -> CleanupId {
        let endings = self.scopes[..scopes].iter().flatten();
        let cleanups = &mut self.graph.cleanups;
        endings
            .fold(Cleanups::NOTHING, |then, (local, ending)| cleanups.before(then, *local, *ending))
    }

    /// Runs `work` with a scope of its own for the temporaries.
    pub fn in_own_scope<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let scope = self.push_scope();
        let temporaries = std::mem::replace(&mut self.temporaries, scope);
        let extended = self.extended.take();
        let result = work(self);
        self.extended = extended;
        self.temporaries = temporaries;
        self.pop_scope();
        result
    }

    pub fn top(&self) -> usize {
        self.scopes.len() - 1
    }

    pub fn adjustments(&self, expr: ExprId) -> &'db [Adjustment] {
        self.infer.expr_adjustment(expr).unwrap_or_default()
    }

    pub fn adjusted_type(&self, expr: ExprId) -> Ty<'db> {
        self.infer.type_of_expr_with_adjust(expr).unwrap_or_else(|| self.infer.expr_ty(expr))
    }

    /// What a path in the code stands for.
    pub fn named(&self, expr: ExprId) -> Named {
        let Expr::Path(path) = &self.body[expr] else { return Named::Other };
        let hygiene = self.body.expr_path_hygiene(expr);
        let resolver = self.facts.resolver_at(expr);
        match resolver.resolve_path_in_value_ns_fully(self.facts.db, path, hygiene) {
            Some(ValueNs::LocalBinding(it)) => Named::Local(it),
            Some(ValueNs::StaticId(_)) => Named::Static,
            _ => Named::Other,
        }
    }

    pub fn is_free_of_drop(&self, type_: Ty<'db>) -> bool {
        !self.needs_drop(type_)
    }

    /// What stands for any pointer: it has no destructor.
    pub fn pointer_type(&self) -> Ty<'db> {
        let interner = DbInterner::new_with(self.facts.db, self.facts.krate());
        Ty::new_imm_ptr(interner, Ty::new_unit(interner))
    }

    pub fn is_copy(&self, type_: Ty<'db>) -> bool {
        let glue = self.facts.glue();
        glue.context.type_is_copy_modulo_regions(glue.environment, type_)
    }

    fn needs_drop(&self, type_: Ty<'db>) -> bool {
        self.facts.glue().is_in(type_)
    }
}

impl<'db> BodyFacts<'db> {
    /// For questions about drops.
    pub(in crate::facts) fn glue(&self) -> Glue<'_, 'db> {
        let interner = DbInterner::new_with(self.db, self.krate());
        let context = interner.infer_ctxt().build(TypingMode::PostAnalysis);
        let environment =
            ra_ap_hir_ty::db::HirDatabase::trait_environment(self.db, self.function.into());
        Glue { facts: self, context, environment }
    }
}

/// What a path in the code stands for.
pub(super) enum Named {
    Local(BindingId),
    Static,
    Other,
}
