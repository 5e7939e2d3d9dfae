//! Functions that wait for the first of several futures, where a `match` goes on with what they give.

use std::sync::Arc;

use ra_ap_hir_def::{
    Lookup,
    hir::{BindingId, Expr, ExprId, MatchArm, Pat, PatId},
    resolver::ValueNs,
};

use crate::facts::{
    body::{BodyFacts, Form, Mention},
    selects::{Branch, Select},
};

impl BodyFacts<'_> {
    /// Every such call that is awaited on the spot, and drops the futures that were not done.
    pub(super) fn called_selects(&self) -> Vec<Select> {
        let calls = self.mentions.iter().filter(|it| {
            it.row.cancels && it.row.gives_variants && matches!(it.form, Form::Call | Form::Method)
        });
        calls.filter_map(|it| self.called_select(it)).collect()
    }

    fn called_select(&self, mention: &Mention) -> Option<Select> {
        let awaited = *self.parents.get(mention.expr)?;
        let whole = *self.parents.get(awaited)?;
        let Expr::Match { expr, arms } = &self.body[whole] else { return None };
        if *expr != awaited || !matches!(self.body[awaited], Expr::Await { .. }) {
            return None;
        }
        let mut branches = Vec::new();
        for (index, future) in self.values_of(mention.expr).into_iter().enumerate() {
            let arm = arms.iter().find(|it| self.variant_index(it.pat) == Some(index))?;
            let handler_at = self.place_to_show(arm.expr)?;
            branches.push(Branch {
                pattern: self.place_of_pattern(arm.pat)?,
                at: self.place_of(future)?,
                guard: None,
                future,
                handler: arm.expr,
                handler_at,
                is_lent: self.lends_one(future),
            });
        }
        arms.iter().all(|it| self.drops_the_rest(it)).then_some(Select {
            row: Arc::clone(&mention.row),
            at: self.place_of(mention.expr)?,
            branches,
            has_else: false,
            whole,
            turns: self.loop_around(whole),
        })
    }

    /// Whether a future lives on when it was given: a variable, or a reference to one. What is made on the spot goes.
    fn lends_one(&self, future: ExprId) -> bool {
        self.is_reference(self.infer.expr_ty(future)) && self.lent_variable(future).is_some()
    }

    /// The variant that a pattern like `Either::Left(..)` stands for.
    fn variant_index(&self, pattern: PatId) -> Option<usize> {
        let Pat::TupleStruct { path, .. } = &self.body[pattern] else { return None };
        let resolver = self.resolver_at(self.body.root_expr());
        let hygiene = self.body.pat_path_hygiene(pattern);
        match resolver.resolve_path_in_value_ns_fully(self.db, path, hygiene)? {
            ValueNs::EnumVariantId(it) => Some(it.lookup(self.db).index(self.db)),
            _ => None,
        }
    }

    /// Whether nothing is done with the futures that are left: `Either::Left((value, _))`.
    fn drops_the_rest(&self, arm: &MatchArm) -> bool {
        let Pat::TupleStruct { args, .. } = &self.body[arm.pat] else { return false };
        let [inner] = args[..] else { return false };
        match &self.body[inner] {
            Pat::Wild => true,
            Pat::Tuple { args, .. } => args.iter().skip(1).all(|it| match self.body[*it] {
                Pat::Wild => true,
                Pat::Bind { id, subpat: None } => self.is_unused(id),
                _ => false,
            }),
            _ => false,
        }
    }

    fn is_unused(&self, variable: BindingId) -> bool {
        !self.sequence.iter().any(|it| self.local(it.0) == Some(variable))
    }
}
