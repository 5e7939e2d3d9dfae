//! Where closures run, as far as the code around them tells.

use ra_ap_hir_def::{
    DefWithBodyId, HasModule,
    expr_store::Body,
    hir::{BindingId, Expr, ExprId, Pat, Statement},
    resolver::{HasResolver, ValueNs},
    signatures::FunctionSignature,
};

use crate::{
    facts::{
        body::{BodyFacts, function_of},
        calls,
    },
    knowledge::{ClosureRuns, Row},
};

impl BodyFacts<'_> {
    /// Where a closure runs that this call is given. One that waits in a variable is run by whoever gets that.
    pub(super) fn closure_runs(&self, call: ExprId, row: Option<&Row>) -> Option<ClosureRuns> {
        match row?.closure? {
            ClosureRuns::Lazy if self.is_stored(call) => None,
            ClosureRuns::Lazy => Some(ClosureRuns::Here),
            runs => Some(runs),
        }
    }

    /// Whether a lazy value, or what is built on it, ends up in a variable instead of being used on the spot.
    fn is_stored(&self, call: ExprId) -> bool {
        let mut value = call;
        while let Some(parent) = self.parents.get(value).copied() {
            match &self.body[parent] {
                Expr::MethodCall { receiver, .. } if *receiver == value => {
                    let method = self.infer.method_resolution(parent);
                    let row = method.and_then(|it| self.known.function(self.db, it.0));
                    if row.is_none_or(|it| it.closure != Some(ClosureRuns::Lazy)) {
                        return false;
                    }
                    value = parent;
                }
                Expr::Block { .. } => return self.let_giving(value).is_some(),
                _ => return false,
            }
        }
        false
    }

    /// `let check = || ..; check()`: a closure that is only called, and only where no other closure is around the call,
    /// runs right here.
    pub(super) fn bound_closure_runs(&self, closure: ExprId) -> Option<ClosureRuns> {
        let block = *self.parents.get(closure)?;
        let Statement::Let { pat, .. } = self.let_giving(closure)? else { return None };
        let Pat::Bind { id, subpat: None } = self.body[*pat] else { return None };
        let names = |it| self.names(it, id);
        is_only_called(self.body, block, &names).then_some(ClosureRuns::Here)
    }

    fn names(&self, expr: ExprId, local: BindingId) -> bool {
        matches!(self.body[expr], Expr::Path(_)) && self.local(expr) == Some(local)
    }

    /// How many of the arguments are `self`, which is no parameter here.
    pub(super) fn own_arguments(&self, callee: ExprId) -> usize {
        let Some(function) = function_of(self.infer.expr_ty(callee)) else { return 0 };
        usize::from(FunctionSignature::of(self.db, function).has_self_param())
    }

    /// Where a closure runs that is the argument of this index of a call that no row speaks of: right here, when it is
    /// handed to a function of the workspace that only calls it.
    pub(super) fn handed_closure_runs(&self, call: ExprId, index: usize) -> Option<ClosureRuns> {
        let (function, index) = match &self.body[call] {
            Expr::Call { callee, .. } => {
                let index = index.checked_sub(self.own_arguments(*callee))?;
                (function_of(self.infer.expr_ty(*callee))?, index)
            }
            Expr::MethodCall { .. } => (self.infer.method_resolution(call)?.0, index),
            _ => return None,
        };
        let root = function.krate(self.db).data(self.db).root_file_id;
        self.workspace.file_path(root)?;
        // Which method of a trait it is comes out later.
        if calls::is_of_trait(self.db, function) {
            return None;
        }
        let owner = DefWithBodyId::FunctionId(function);
        let body = Body::of(self.db, owner);
        let Pat::Bind { id, subpat: None } = body[body.params.get(index)?.user_written] else {
            return None;
        };
        let name = &body[id].name;
        let names = |expr: ExprId| {
            let Expr::Path(path) = &body[expr] else { return false };
            let is_it = path.mod_path().and_then(|it| it.as_ident()) == Some(name);
            is_it && {
                let mut resolver = function.resolver(self.db);
                let _ = resolver.update_to_inner_scope(self.db, owner, expr);
                let hygiene = body.expr_path_hygiene(expr);
                resolver.resolve_path_in_value_ns_fully(self.db, path, hygiene)
                    == Some(ValueNs::LocalBinding(id))
            }
        };
        is_only_called(body, body.root_expr(), &names).then_some(ClosureRuns::Here)
    }
}

/// Whether what `names` picks out is called below `expr`, outside any closure, and nothing else is done with it.
fn is_only_called(body: &Body, expr: ExprId, names: &dyn Fn(ExprId) -> bool) -> bool {
    let mut uses = Uses { calls: 0, only_called_here: true };
    find_uses(body, expr, names, false, &mut uses);
    uses.calls > 0 && uses.only_called_here
}

fn find_uses(
    body: &Body,
    expr: ExprId,
    names: &dyn Fn(ExprId) -> bool,
    in_closure: bool,
    uses: &mut Uses,
) {
    let mut in_closure = in_closure;
    let mut callee_of_use = None;
    match &body[expr] {
        Expr::Call { callee, .. } if names(*callee) => {
            uses.calls += 1;
            uses.only_called_here &= !in_closure;
            callee_of_use = Some(*callee);
        }
        Expr::Path(_) if names(expr) => uses.only_called_here = false,
        Expr::Closure { .. } => in_closure = true,
        _ => {}
    }
    let mut children = Vec::new();
    body.walk_child_exprs(expr, |it| children.push(it));
    for child in children.into_iter().filter(|it| Some(*it) != callee_of_use) {
        find_uses(body, child, names, in_closure, uses);
    }
}

/// What is done with the variable that a closure is bound to.
struct Uses {
    calls: usize,
    only_called_here: bool,
}
