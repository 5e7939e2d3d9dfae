//! What a future has sent or written before it waits to send or write more: who begins anew does the first once more.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId};

use crate::{
    facts::{
        body::BodyFacts,
        losses::{Loss, What},
    },
    finding::Note,
    knowledge::cancel::Cancel,
};

/// One thing that is done outside, and awaited.
struct Effect {
    await_: ExprId,
    said: String,
    owner: BindingId,
}

impl BodyFacts<'_> {
    /// The first two things that an async body sends or writes one after the other, whenever it does either of them.
    pub(super) fn half_outside(&self, coroutine: ExprId) -> Option<Loss> {
        let effects: Vec<Effect> =
            self.sequence.iter().filter_map(|it| self.effect(coroutine, it.0, it.1)).collect();
        let (first, second) = effects.iter().zip(effects.iter().skip(1)).find(|(one, other)| {
            let goes_along = self.goes_along_with(one.await_, other.await_)
                && self.goes_along_with(other.await_, one.await_);
            goes_along && self.loop_around(one.await_) == self.loop_around(other.await_)
        })?;
        let done = Note::perhaps_at(self.place_to_show(first.await_), "this is done by then");
        let waits = "and this is still waited for";
        let waits = Note::perhaps_at(self.place_to_show(second.await_), waits);
        let what = What::Half { first: first.said.clone(), second: second.said.clone() };
        Some(self.loss(what, first.owner, vec![done, waits], None))
    }

    fn effect(&self, coroutine: ExprId, await_: ExprId, around: Option<ExprId>) -> Option<Effect> {
        let Expr::Await { expr: call } = self.body[await_] else { return None };
        let row = self.row_of_call(call).filter(|_| self.is_awaited_in(coroutine, around))?;
        let is_outside = matches!(row.cancel, Some(Cancel::LosesArgument | Cancel::HalfWritten));
        let owner = self.owner_of(*self.values_of(call).first()?)?;
        is_outside.then(|| Effect { await_, said: row.said(), owner })
    }
}
