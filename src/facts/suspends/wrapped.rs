//! An async function whose code an attribute macro puts in an async block, which the function awaits in a span.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId, Statement};
use ra_ap_hir_ty::next_solver::Ty;

use crate::facts::{
    body::BodyFacts,
    suspends::{
        builder::{Builder, Named, Spot},
        graph::{Contents, End, Graph, LocalId, Made, Op},
    },
};

/// What the macro writes around the code.
pub(in crate::facts) struct Around<'db> {
    pub span: Ty<'db>,
    /// The future with the span in which it runs.
    pub with_span: Ty<'db>,
    /// The variables that are borrowed for the span.
    pub recorded: Vec<BindingId>,
}

impl<'db> BodyFacts<'db> {
    /// The async block that the macro makes of the code of an async function.
    pub(in crate::facts) fn lowered_inside(&self, coroutine: ExprId) -> Option<Graph<'db>> {
        Builder::new(self).inside(coroutine)
    }

    /// What it leaves of the function.
    pub(in crate::facts) fn lowered_around(
        &self,
        coroutine: ExprId,
        around: &Around<'db>,
    ) -> Option<Graph<'db>> {
        Builder::new(self).around(coroutine, around)
    }

    /// What the block takes along.
    pub(in crate::facts) fn taken_inside(&self, coroutine: ExprId) -> Option<Vec<BindingId>> {
        let builder = Builder::new(self);
        Some(builder.mentioned(builder.parameters_and_code(coroutine)?.0))
    }

    /// The statements by which an async function has what it is given.
    pub(in crate::facts) fn parameters_of(&self, coroutine: ExprId) -> Option<&'db [Statement]> {
        Some(Builder::new(self).parameters_and_code(coroutine)?.0)
    }
}

impl<'db> Builder<'_, 'db> {
    /// The async block: it takes along all that is mentioned in it of what the function is given.
    fn inside(mut self, coroutine: ExprId) -> Option<Graph<'db>> {
        let (parameters, code) = self.parameters_and_code(coroutine)?;
        for variable in self.mentioned(parameters) {
            let local = self.local(Made::Captured(variable), self.infer.binding_ty(variable));
            self.variables.insert(variable, local);
            self.keep(local, 0);
            self.assign(local);
            self.drop_in(0, local);
        }
        self.result = self.local(Made::Hidden, self.infer.expr_ty(code));
        self.put(self.result, code);
        self.leave_to(0);
        self.end(End::Leave);
        Some(self.graph)
    }

    /// The function: it makes the span and the block, and awaits the block in the span, or as it is where nobody listens.
    fn around(mut self, coroutine: ExprId, around: &Around<'db>) -> Option<Graph<'db>> {
        let (parameters, code) = self.parameters_and_code(coroutine)?;
        let block_type = self.infer.expr_ty(coroutine);
        self.result = self.local(Made::Hidden, self.infer.expr_ty(code));
        let scope = self.push_scope();
        self.temporaries = scope;
        parameters.iter().for_each(|it| self.parameter(it, scope));

        let span = self.local(Made::Hidden, around.span);
        self.keep(span, scope);
        let recorded = around.recorded.iter();
        let borrows = recorded.filter_map(|it| self.variables.get(it).copied()).collect();
        self.call(Op { into: Some(span), borrows, ..Op::default() });
        self.drop_in(scope, span);

        let block = self.local(Made::Hidden, block_type);
        self.keep(block, scope);
        let mut op = Op { into: Some(block), result: Contents::OfOperands, ..Op::default() };
        for variable in self.mentioned(parameters) {
            if let Some(local) = self.variables.get(&variable).copied() {
                self.consume(&mut op, &Spot::whole(local), self.infer.binding_ty(variable));
            }
        }
        self.run(op);
        self.drop_in(scope, block);

        self.call(Op { borrows: vec![span], ..Op::default() });
        let otherwise = self.fork();
        let (join, result) = (self.block(), self.result);
        self.in_own_scope(|it| {
            it.await_value(result, coroutine, around.with_span, |it| {
                it.with_span(block, span, around.with_span)
            });
        });
        self.goto(join);
        self.at = otherwise;
        self.in_own_scope(|it| {
            it.await_value(result, coroutine, block_type, |it| Some(it.handed_on(block)));
        });
        self.goto(join);
        self.at = join;
        self.leave_to(0);
        self.end(End::Leave);
        Some(self.graph)
    }

    /// The variables of the function that its code mentions, and so the block takes along.
    fn mentioned(&self, parameters: &[Statement]) -> Vec<BindingId> {
        let mut variables = Vec::new();
        let mut handed_over = Vec::new();
        for parameter in parameters {
            let Statement::Let { pat, initializer, .. } = parameter else { continue };
            self.body.walk_bindings_in_pat(*pat, |it| variables.push(it));
            handed_over.extend(*initializer);
        }
        let paths = self
            .body
            .exprs()
            .filter(|(expr, it)| matches!(it, Expr::Path(_)) && !handed_over.contains(expr));
        let named: Vec<BindingId> = paths
            .filter_map(|(expr, _)| match self.named(expr) {
                Named::Local(it) => Some(it),
                Named::Static | Named::Other => None,
            })
            .collect();
        variables.retain(|it| named.contains(it));
        variables
    }

    /// The statements by which an async function has what it is given, and the code that follows.
    fn parameters_and_code(&self, coroutine: ExprId) -> Option<(&'db [Statement], ExprId)> {
        let body = self.body;
        let Expr::Closure { body: block, .. } = &body[coroutine] else { return None };
        match &body[*block] {
            Expr::Block { statements, tail: Some(tail), .. } => Some((statements, *tail)),
            _ => None,
        }
    }

    fn parameter(&mut self, parameter: &Statement, scope: usize) {
        if let Statement::Let { pat, initializer, else_branch, .. } = parameter {
            self.let_statement(*pat, *initializer, *else_branch, scope);
        }
    }

    fn with_span(&mut self, block: LocalId, span: LocalId, type_: Ty<'db>) -> Option<LocalId> {
        let scope = self.top();
        let made = self.local(Made::Hidden, type_);
        self.keep(made, scope);
        self.push_scope();
        let moves = vec![self.handed_on(block), self.handed_on(span)];
        self.call(Op { into: Some(made), moves, ..Op::default() });
        self.pop_scope();
        self.drop_in(scope, made);
        Some(made)
    }

    /// The value of a local in a temporary.
    fn handed_on(&mut self, local: LocalId) -> LocalId {
        let scope = self.top();
        let temporary = self.local(Made::Hidden, self.graph.locals[local].type_);
        self.keep(temporary, scope);
        self.run(Op { into: Some(temporary), moves: vec![local], ..Op::default() });
        self.drop_in(scope, temporary);
        temporary
    }
}
