//! A future that a handler could drop before it waits for what it may hold.

use ra_ap_hir_def::hir::{BindingId, ExprId};

use crate::{
    facts::{
        body::BodyFacts,
        futurelock::Change,
        selects::{Branch, Select},
    },
    finding::Place,
};

/// What to change so that it is gone by then.
pub struct DropFirst {
    pub name: String,
    /// The handler that waits.
    pub handler: Place,
    /// What pins it where it is has to be a box.
    pub boxed: Option<(Place, Change)>,
}

impl BodyFacts<'_> {
    /// Whether nobody needs the future any more once this handler runs: it leaves the loop, and nothing behind that speaks
    /// of the future. Without a loop the `select!` itself may have it.
    pub(super) fn drop_first(
        &self,
        select: &Select,
        branch: &Branch,
        variable: BindingId,
        wait: ExprId,
    ) -> Option<DropFirst> {
        let turns = select.turns?;
        let is_around = |it: &&Branch| self.is_inside(wait, it.handler);
        let other = select.others(branch).find(is_around)?;
        if !self.always_leaves(other.handler, turns) || select.row.lends_named {
            return None;
        }
        let variables = self.variables();
        let needed = variables.uses_of(variable).any(|it| {
            !branch.at.range.contains_range(it.range) && it.range.end() > select.at.range.start()
        });
        if needed {
            return None;
        }
        let pattern = self.map.patterns_for_binding(variable).first().copied()?;
        let boxed = match self.is_reference(self.infer.binding_ty(variable)) {
            false => None,
            true => match self.place_of_pattern(pattern) {
                Some(_) => {
                    let pinned = self.plain_value_of(variable)?;
                    Some((self.macro_call_place(pinned)?, Change::Inside))
                }
                None => Some((self.place_around_pattern(pattern)?, Change::Gone)),
            },
        };
        let name = self.body[variable].name.as_str().to_owned();
        Some(DropFirst { name, handler: other.handler_at.clone(), boxed })
    }
}
