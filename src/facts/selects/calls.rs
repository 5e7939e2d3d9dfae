//! Functions that wait for the first of several futures, where a `match` goes on with what they give.

use std::sync::Arc;

use ra_ap_hir_def::{
    Lookup,
    hir::{Array, BindingId, Expr, ExprId, MatchArm, Pat, PatId, Statement},
    resolver::ValueNs,
};

use ra_ap_syntax::TextRange;

use crate::{
    facts::{
        body::{BodyFacts, Form, Mention},
        of_each::OfEach,
        selects::{Branch, Select},
    },
    finding::Place,
};

impl BodyFacts<'_> {
    /// Every such call that is awaited on the spot, and drops the futures that were not done.
    pub(super) fn called_selects(&self) -> Vec<Select> {
        let is_call =
            |it: &&Mention| it.row.cancels && matches!(it.form, Form::Call | Form::Method);
        let selects = self.mentions.iter().filter(is_call).filter_map(|it| match &it.row {
            row if row.gives_variants => self.called_select(it),
            row if row.gives_first => self.first_of_several(it),
            _ => None,
        });
        selects.collect()
    }

    /// The first of the futures in a list, where nobody takes the others. What is done then is all that stands behind it.
    fn first_of_several(&self, mention: &Mention) -> Option<Select> {
        let Expr::Call { callee, .. } = self.body[mention.expr] else { return None };
        let awaited = *self.parents.get(mention.expr)?;
        let parent = *self.parents.get(awaited)?;
        let whole = match &self.body[parent] {
            Expr::Call { .. } => self.ancestors(parent).find(|it| self.is_question_mark(*it))?,
            _ => awaited,
        };
        if !matches!(self.body[awaited], Expr::Await { .. }) || !self.leaves_the_rest(whole) {
            return None;
        }
        let futures = *self.values_of(mention.expr).first()?;
        let at = self.place_of(mention.expr)?;
        let nothing = Place::new(at.file.clone(), TextRange::empty(at.range.start()));
        let branch = |future: ExprId, each: Option<OfEach>| {
            Some(Branch {
                pattern: nothing.clone(),
                at: self.place_of(future)?,
                guard: None,
                future,
                handler: callee,
                handler_at: at.clone(),
                is_lent: self.lends_one(future),
                each,
            })
        };
        let branches = match self.list_of(futures, 0) {
            Some(it) if it.len() > 1 => it.iter().map(|it| branch(*it, None)).collect(),
            Some(_) => None,
            None => {
                let each = self.of_each(futures)?;
                Some(vec![branch(each.future, Some(each))?])
            }
        }?;
        Some(Select {
            row: Arc::clone(&mention.row),
            at,
            branches,
            has_else: false,
            whole,
            turns: self.loop_around(whole),
        })
    }

    /// Whether of a tuple only the first parts are taken: `(value, index, _)`, or `.0`.
    fn leaves_the_rest(&self, tuple: ExprId) -> bool {
        match self.parents.get(tuple).map(|it| &self.body[*it]) {
            Some(Expr::Field { name, .. }) => name.as_tuple_index() == Some(0),
            Some(Expr::Let { pat, .. }) => self.leaves_last(*pat),
            Some(Expr::Match { expr, arms }) if *expr == tuple => {
                arms.iter().all(|it| self.leaves_last(it.pat))
            }
            _ => match self.let_giving(tuple) {
                Some(Statement::Let { pat, .. }) => self.leaves_last(*pat),
                _ => false,
            },
        }
    }

    /// Whether a pattern does not take the last part of a tuple, which may be that of an `Ok`.
    fn leaves_last(&self, pattern: PatId) -> bool {
        match &self.body[pattern] {
            Pat::Wild => true,
            Pat::Tuple { args, ellipsis } => {
                *ellipsis == Some(args.len() as u32)
                    || args.last().is_some_and(|it| match self.body[*it] {
                        Pat::Wild => true,
                        Pat::Bind { id, subpat: None } => self.is_unused(id),
                        _ => false,
                    })
            }
            Pat::TupleStruct { path, args, .. } => {
                let is_ok = path.segments().last().is_some_and(|it| it.name.as_str() == "Ok");
                !is_ok || args.iter().all(|it| self.leaves_last(*it))
            }
            _ => false,
        }
    }

    /// The elements of `[a, b]` and `vec![a, b]`, in a variable too.
    fn list_of(&self, value: ExprId, depth: usize) -> Option<Vec<ExprId>> {
        match &self.body[value] {
            _ if depth > 4 => None,
            Expr::Array(Array::ElementList { elements }) => Some(elements.to_vec()),
            // What a macro writes around its list.
            Expr::Call { callee, args } if self.place_of(*callee).is_none() => {
                args.iter().find_map(|it| self.list_of(*it, depth + 1))
            }
            Expr::Path(_) => self.list_of(self.plain_value_of(self.local(value)?)?, depth + 1),
            _ => None,
        }
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
                each: None,
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
