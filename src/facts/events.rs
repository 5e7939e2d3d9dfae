//! Which variants of an enum a piece of code gives, and whether a loop goes on with one of them.

use ra_ap_hir_def::{
    EnumVariantId, VariantId,
    hir::{BindingId, Expr, ExprId, Pat, PatId, Statement},
    resolver::ValueNs,
    signatures::FunctionSignature,
};

use crate::facts::{
    body::{BodyFacts, Entered},
    place,
    selects::{Branch, Select},
};

/// Nobody follows a longer chain of calls.
const DEEPEST: usize = 4;

impl<'db> BodyFacts<'db> {
    /// Whether what a `select!` gives decides alone whether the loop ends behind it, and does not end it with something that
    /// this branch gives.
    pub(super) fn goes_on_with(&self, select: &Select, branch: &Branch, loop_: ExprId) -> bool {
        let given = self.variants_given_by(branch);
        if given.is_empty() {
            return false;
        }
        let mut child = select.whole;
        let mut names = Vec::new();
        let mut goes_on = true;
        while let Some(parent) = self.parents.get(child).copied().filter(|it| *it != loop_) {
            match &self.body[parent] {
                Expr::Block { statements, tail, .. } => {
                    let mut behind = statements.iter().skip_while(|it| !is_made_by(it, child));
                    // Behind its tail nothing comes.
                    if let Some(own) = behind.next() {
                        if child == select.whole {
                            names.extend(self.named_by(own));
                            goes_on &= self.let_passes(own, &given, loop_);
                        }
                        goes_on &= behind.all(|it| match it {
                            Statement::Let { initializer: Some(it), .. }
                            | Statement::Expr { expr: it, .. }
                                if self.may_leave(*it, loop_) =>
                            {
                                self.lets_pass(*it, &names, &given, loop_)
                            }
                            Statement::Let {
                                initializer: Some(value),
                                else_branch: Some(other),
                                ..
                            } if self.may_leave(*other, loop_) => {
                                self.local(*value).is_some_and(|it| names.contains(&it))
                                    && self.let_passes(it, &given, loop_)
                            }
                            _ => true,
                        });
                        goes_on &= tail.is_none_or(|it| {
                            !self.may_leave(it, loop_) || self.lets_pass(it, &names, &given, loop_)
                        });
                    }
                }
                Expr::Match { expr, .. } if *expr == child => {
                    goes_on &= self.arm_goes_on(parent, &given, loop_);
                }
                Expr::If { condition, .. } if *condition == child => return false,
                _ => {}
            }
            child = parent;
        }
        goes_on
    }

    fn named_by(&self, statement: &Statement) -> Option<BindingId> {
        match statement {
            Statement::Let { pat, .. } => match self.body[*pat] {
                Pat::Bind { id, subpat: None } => Some(id),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether one of these variants fits the pattern of a `let`, where something else leaves the loop.
    fn let_passes(&self, statement: &Statement, given: &[EnumVariantId], loop_: ExprId) -> bool {
        match statement {
            Statement::Let { pat, else_branch: Some(other), .. } => {
                !self.may_leave(*other, loop_) || given.iter().any(|it| self.may_match(*pat, *it))
            }
            _ => true,
        }
    }

    /// Whether a `match` on one of these variables goes on with one of these variants.
    fn lets_pass(
        &self,
        expr: ExprId,
        names: &[BindingId],
        given: &[EnumVariantId],
        loop_: ExprId,
    ) -> bool {
        match &self.body[expr] {
            Expr::Match { expr: head, .. } => {
                let is_one = self.local(*head).is_some_and(|it| names.contains(&it));
                is_one && self.arm_goes_on(expr, given, loop_)
            }
            _ => false,
        }
    }

    fn arm_goes_on(&self, match_: ExprId, given: &[EnumVariantId], loop_: ExprId) -> bool {
        let Expr::Match { arms, .. } = &self.body[match_] else { return false };
        given.iter().any(|variant| {
            let mut taken = arms.iter().filter(|it| self.may_match(it.pat, *variant));
            let mut is_sure = false;
            // What comes behind an arm that takes all of them is never reached.
            let reached = taken.by_ref().take_while(|it| {
                let is_reached = !is_sure;
                is_sure |= it.guard.is_none();
                is_reached
            });
            reached.into_iter().any(|it| !self.always_leaves(it.expr, loop_))
        })
    }

    fn may_match(&self, pattern: PatId, variant: EnumVariantId) -> bool {
        match &self.body[pattern] {
            Pat::Or(all) => all.iter().any(|it| self.may_match(*it, variant)),
            Pat::Ref { pat, .. } => self.may_match(*pat, variant),
            _ => match self.infer.variant_resolution_for_pat(pattern) {
                Some(VariantId::EnumVariantId(it)) => it == variant,
                Some(_) => false,
                None => matches!(self.body[pattern], Pat::Wild | Pat::Bind { .. }),
            },
        }
    }

    /// The variants that a branch may give, as far as they are in sight.
    fn variants_given_by(&self, branch: &Branch) -> Vec<EnumVariantId> {
        let mut found = Vec::new();
        self.add_variants(branch.handler, 0, &mut found);
        // `event = next() => event`
        if found.is_empty()
            && let Some(variable) = self.local(self.last_of(branch.handler))
            && self.bound_by(branch).contains(&variable)
        {
            self.add_variants(self.made_for_branch(branch), 0, &mut found);
        }
        found
    }

    fn add_variants(&self, expr: ExprId, depth: usize, found: &mut Vec<EnumVariantId>) {
        if depth > DEEPEST {
            return;
        }
        if let Some(it) = self.variant_of(expr) {
            found.push(it);
            return;
        }
        match &self.body[expr] {
            Expr::Block { tail: Some(it), .. } | Expr::Await { expr: it } => {
                self.add_variants(*it, depth, found);
            }
            Expr::Match { arms, .. } if !self.is_question_mark(expr) => {
                arms.iter().for_each(|it| self.add_variants(it.expr, depth, found));
            }
            Expr::If { then_branch, else_branch, .. } => {
                self.add_variants(*then_branch, depth, found);
                else_branch.iter().for_each(|it| self.add_variants(*it, depth, found));
            }
            Expr::Call { .. } | Expr::MethodCall { .. } => {
                let Some(own) = self.uses.iter().find(|it| it.expr == expr) else { return };
                let function = self.implementation(own);
                if place::file_of(self.workspace, function).is_none() {
                    return;
                }
                let is_async = FunctionSignature::of(self.db, function).is_async();
                let body = BodyFacts::new(self.workspace, self.known, function, Entered::Called);
                let root = match is_async {
                    true => body.own_coroutine(),
                    false => None,
                };
                if let Some(Expr::Closure { body: whole, .. }) = root.map(|it| &body.body[it]) {
                    body.add_variants(*whole, depth + 1, found);
                    let returns = body.body.exprs().filter_map(|it| match it.1 {
                        Expr::Return { expr } if !body.is_of_question_mark(it.0) => *expr,
                        _ => None,
                    });
                    returns.for_each(|it| body.add_variants(it, depth + 1, found));
                }
            }
            _ => {}
        }
    }

    fn last_of(&self, expr: ExprId) -> ExprId {
        match &self.body[expr] {
            Expr::Block { tail: Some(it), .. } => self.last_of(*it),
            _ => expr,
        }
    }

    /// The variant of an enum as which a value is made.
    pub(super) fn variant_of(&self, value: ExprId) -> Option<EnumVariantId> {
        let path = match &self.body[value] {
            Expr::Call { callee, .. } => *callee,
            Expr::Path(_) => value,
            Expr::RecordLit { .. } => match self.infer.variant_resolution_for_expr(value)? {
                VariantId::EnumVariantId(it) => return Some(it),
                _ => return None,
            },
            _ => return None,
        };
        let Expr::Path(written) = &self.body[path] else { return None };
        let hygiene = self.body.expr_path_hygiene(path);
        match self.resolver_at(path).resolve_path_in_value_ns_fully(self.db, written, hygiene)? {
            ValueNs::EnumVariantId(it) => Some(it),
            // `Self::Variant`
            _ => match self.infer.variant_resolution_for_expr(path)? {
                VariantId::EnumVariantId(it) => Some(it),
                _ => None,
            },
        }
    }
}

fn is_made_by(statement: &Statement, expr: ExprId) -> bool {
    match statement {
        Statement::Let { initializer, .. } => *initializer == Some(expr),
        Statement::Expr { expr: it, .. } => *it == expr,
        Statement::Item(_) => false,
    }
}
