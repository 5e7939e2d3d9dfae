//! Futures that an adapter makes, one of each value of an iterator: `values.iter().map(|it| future(it))`.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId};

use crate::{
    facts::{body::BodyFacts, losses::Loss},
    knowledge::{ClosureRuns, counts::Counts},
};

/// Nobody follows a longer chain.
const DEEPEST: usize = 8;

/// What stands for all of them.
#[derive(Clone, Copy)]
pub(crate) struct OfEach {
    pub future: ExprId,
    closure: ExprId,
    /// The iterator.
    values: ExprId,
}

impl BodyFacts<'_> {
    /// The future that stands for each of these, where one closure makes all of them.
    pub(super) fn of_each(&self, futures: ExprId) -> Option<OfEach> {
        self.of_each_below(futures, 0)
    }

    fn of_each_below(&self, futures: ExprId, depth: usize) -> Option<OfEach> {
        match &self.body[futures] {
            _ if depth > DEEPEST => None,
            Expr::Path(_) => {
                self.of_each_below(self.plain_value_of(self.local(futures)?)?, depth + 1)
            }
            Expr::MethodCall { receiver, args, .. } => {
                let row = self.row_of_call(futures)?;
                if row.counts != Some(Counts::Same) {
                    return None;
                }
                let future = match args[..] {
                    [closure] if row.closure == Some(ClosureRuns::Lazy) => {
                        self.value_of_closure(closure).map(|it| (closure, it))
                    }
                    _ => None,
                };
                match future.filter(|it| self.is_future(self.infer.expr_ty(it.1))) {
                    Some((closure, future)) => Some(OfEach { future, closure, values: *receiver }),
                    None => self.of_each_below(*receiver, depth + 1),
                }
            }
            _ => None,
        }
    }

    /// What is lost with one of them, as it is seen outside the closure: none where it is gone with a value that only
    /// the closure has.
    pub(super) fn lost_outside(&self, each: &OfEach, loss: Loss) -> Option<Loss> {
        if self.body.binding_owner(loss.owner) != Some(each.closure) {
            return Some(loss);
        }
        let owner = self.behind_each(each, loss.owner)?;
        let owner_name = self.body[owner].name.as_str().to_owned();
        Some(Loss { owner, owner_name, ..loss })
    }

    /// The variable that the values are borrowed from, of which this is one.
    fn behind_each(&self, each: &OfEach, value: BindingId) -> Option<BindingId> {
        let is_lent = self.is_reference(self.infer.binding_ty(value));
        is_lent.then(|| self.owner_of(each.values))?
    }
}
