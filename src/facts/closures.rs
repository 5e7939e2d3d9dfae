//! Where closures run, as far as the code around them tells.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId, Pat, Statement};

use crate::{
    facts::body::BodyFacts,
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
                Expr::Block { statements, .. } => {
                    return statements.iter().any(|it| {
                        matches!(it, Statement::Let { initializer, .. } if *initializer == Some(value))
                    });
                }
                _ => return false,
            }
        }
        false
    }

    /// `let check = || ..; check()`: a closure that is only called, and only where no other closure is around the call,
    /// runs right here.
    pub(super) fn bound_closure_runs(&self, closure: ExprId) -> Option<ClosureRuns> {
        let block = *self.parents.get(closure)?;
        let Expr::Block { statements, .. } = &self.body[block] else { return None };
        let pattern = statements.iter().find_map(|it| match it {
            Statement::Let { pat, initializer, .. } if *initializer == Some(closure) => Some(*pat),
            _ => None,
        })?;
        let Pat::Bind { id, subpat: None } = self.body[pattern] else { return None };
        let mut uses = Uses { local: id, calls: 0, only_called_here: true };
        self.find_uses(block, false, &mut uses);
        (uses.calls > 0 && uses.only_called_here).then_some(ClosureRuns::Here)
    }

    fn find_uses(&self, expr: ExprId, in_closure: bool, uses: &mut Uses) {
        let mut in_closure = in_closure;
        let mut callee_of_use = None;
        match &self.body[expr] {
            Expr::Call { callee, .. } if self.names(*callee, uses.local) => {
                uses.calls += 1;
                uses.only_called_here &= !in_closure;
                callee_of_use = Some(*callee);
            }
            Expr::Path(_) if self.names(expr, uses.local) => uses.only_called_here = false,
            Expr::Closure { .. } => in_closure = true,
            _ => {}
        }
        let mut children = Vec::new();
        self.body.walk_child_exprs(expr, |it| children.push(it));
        for child in children.into_iter().filter(|it| Some(*it) != callee_of_use) {
            self.find_uses(child, in_closure, uses);
        }
    }

    fn names(&self, expr: ExprId, local: BindingId) -> bool {
        matches!(self.body[expr], Expr::Path(_)) && self.local(expr) == Some(local)
    }
}

/// What is done with the variable that a closure is bound to.
struct Uses {
    local: BindingId,
    calls: usize,
    only_called_here: bool,
}
