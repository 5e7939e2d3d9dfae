//! Patterns, and the statements that bind them.

use ra_ap_hir_def::{
    VariantId,
    hir::{Array, BindingId, Expr, ExprId, Pat, PatId, Statement},
};
use ra_ap_hir_ty::{BindingMode, ByRef, next_solver::TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_span::Edition;
use ra_ap_syntax::{AstNode, ast};

use crate::facts::suspends::{
    builder::{Builder, Spot},
    decide::Arms,
    graph::{BlockId, Contents, End, LocalId, Made, Op},
};

impl Builder<'_, '_> {
    /// Takes a place apart by a pattern that matches it.
    pub fn bind(&mut self, spot: &Spot, pattern: PatId, scope: usize) {
        self.bind_part(spot, pattern, scope);
        self.empty_taken();
    }

    fn bind_part(&mut self, spot: &Spot, pattern: PatId, scope: usize) {
        let adjusted = self.infer.pat_adjustment(pattern).is_some_and(|it| !it.is_empty());
        let behind = Spot::behind(spot.local);
        let spot = if adjusted { &behind } else { spot };
        let body = self.body;
        match &body[pattern] {
            Pat::Bind { id, subpat } => {
                let names_constant = self.infer.variant_resolution_for_pat(pattern).is_some();
                if !names_constant {
                    subpat.iter().for_each(|it| self.bind_part(spot, *it, scope));
                    self.bind_variable(spot, pattern, *id, scope);
                }
            }
            Pat::Tuple { args, ellipsis } => {
                let count = match self.infer.pat_ty(pattern).kind() {
                    TyKind::Tuple(types) => types.len(),
                    _ => args.len(),
                };
                self.bind_list(spot, args, *ellipsis, count, scope);
            }
            Pat::TupleStruct { args, ellipsis, .. } => {
                let variant = self.infer.variant_resolution_for_pat(pattern);
                let count =
                    variant.map_or(args.len(), |it| it.fields(self.facts.db).fields().len());
                let spot = spot.clone().part(self.downcast(variant));
                self.bind_list(&spot, args, *ellipsis, count, scope);
            }
            Pat::Record { args, .. } => {
                let variant = self.infer.variant_resolution_for_pat(pattern);
                let spot = spot.clone().part(self.downcast(variant));
                for arg in args {
                    let field = variant.and_then(|it| it.fields(self.facts.db).field(&arg.name));
                    let index = field.map_or(0, |it| it.into_raw().into_u32());
                    self.bind_part(&spot.clone().field(index), arg.pat, scope);
                }
            }
            Pat::Slice { prefix, slice, suffix } => {
                let element = spot.clone().field(0);
                let all = prefix.iter().chain(slice).chain(suffix);
                all.for_each(|it| self.bind_part(&element, *it, scope));
            }
            Pat::Or(alternatives) => {
                let starts: Vec<BlockId> = alternatives.iter().map(|_| self.block()).collect();
                let join = self.block();
                self.end(End::Branch(starts.clone()));
                for (start, alternative) in starts.into_iter().zip(alternatives) {
                    self.at = start;
                    self.assume(spot, *alternative);
                    self.bind_part(spot, *alternative, scope);
                    self.goto(join);
                }
                self.at = join;
            }
            Pat::Ref { pat: it, .. } | Pat::Box { inner: it } | Pat::Deref { inner: it } => {
                self.bind_part(&behind, *it, scope);
            }
            Pat::Expr(place) => {
                let target = self.place(*place);
                let uses = spot.local.into_iter().collect();
                let into = target.as_whole();
                self.run(Op { into, uses, result: Contents::OfOperands, ..Op::default() });
            }
            _ => {}
        }
    }

    fn bind_list(
        &mut self,
        spot: &Spot,
        args: &[PatId],
        ellipsis: Option<u32>,
        count: usize,
        scope: usize,
    ) {
        for (index, arg) in args.iter().enumerate() {
            let from_end = ellipsis.is_some_and(|it| index >= it as usize);
            let index = if from_end { (count + index).saturating_sub(args.len()) } else { index };
            self.bind_part(&spot.clone().field(index as u32), *arg, scope);
        }
    }

    fn bind_variable(&mut self, spot: &Spot, pattern: PatId, id: BindingId, scope: usize) {
        let local = self.variable(id, scope);
        match self.binds_by_reference(pattern) {
            true => {
                let mut op = Op::into(local);
                self.borrow(&mut op, spot);
                self.run(op);
            }
            false => self.put_from(local, spot, self.infer.binding_ty(id)),
        }
        self.drop_in(scope, local);
    }

    /// The local of a variable, whose place is there from now on.
    pub fn variable(&mut self, id: BindingId, scope: usize) -> LocalId {
        let local = match self.variables.get(&id) {
            Some(it) => *it,
            None => self.local(Made::Variable(id), self.infer.binding_ty(id)),
        };
        self.variables.insert(id, local);
        self.keep(local, scope);
        local
    }

    fn binds_by_reference(&self, pattern: PatId) -> bool {
        matches!(self.infer.binding_mode(pattern), Some(BindingMode(ByRef::Yes(_), _)))
    }

    /// On this way the value is none of those that `pattern` matches, or one of them.
    pub fn narrow(&mut self, spot: &Spot, pattern: PatId, matched: Match) {
        let Some(local) = spot.as_whole() else { return };
        if matched == Match::No && !self.matches_whole_variant(pattern) {
            return;
        }
        let Some(VariantId::EnumVariantId(variant)) =
            self.infer.variant_resolution_for_pat(pattern)
        else {
            return;
        };
        let type_ = self.graph.locals[local].type_;
        let left = self.facts.variants_with_guard(type_);
        let own = |it: &ra_ap_hir_def::EnumVariantId| (*it == variant) == (matched == Match::Yes);
        if !left.iter().any(own) {
            self.emptied(Some(local));
        }
    }

    /// Whether what is in a variant has no say in whether the pattern matches.
    fn matches_whole_variant(&self, pattern: PatId) -> bool {
        let mut whole = true;
        self.body.walk_pats_shallow(pattern, |it| {
            whole &= match &self.body[it] {
                Pat::Bind { subpat, .. } => {
                    subpat.is_none() && self.infer.variant_resolution_for_pat(it).is_none()
                }
                Pat::Wild | Pat::Rest => true,
                _ => false,
            };
        });
        whole
    }

    pub fn statements(&mut self, into: LocalId, statements: &[Statement], tail: Option<ExprId>) {
        let (outer, outer_extended) = (self.temporaries, self.extended.take());
        let scope = self.push_scope();
        let super_let = statements.iter().any(|it| self.is_super_let(it));
        for statement in statements {
            match statement {
                Statement::Let { pat, initializer, else_branch, .. } => {
                    let scope = match super_let && self.is_super_let(statement) {
                        true => outer_extended.unwrap_or(outer),
                        false => scope,
                    };
                    self.let_statement(*pat, *initializer, *else_branch, scope);
                }
                Statement::Expr { expr, .. } => {
                    self.in_own_scope(|it| it.temporary(*expr, it.top()));
                }
                Statement::Item(_) => {}
            }
        }
        match tail {
            // Since 2024 the last expression of a block cleans up as well.
            Some(tail) if !super_let && self.facts.edition_of(tail) >= Edition::Edition2024 => {
                let extended = outer_extended.filter(|_| self.is_extending(tail));
                self.in_own_scope(|it| {
                    it.extended = extended;
                    it.put(into, tail);
                });
            }
            Some(tail) => {
                let temporaries = std::mem::replace(&mut self.temporaries, outer);
                self.extended = outer_extended;
                self.put(into, tail);
                self.extended = None;
                self.temporaries = temporaries;
            }
            None => self.assign(into),
        }
        self.extended = outer_extended;
        self.pop_scope();
    }

    pub fn let_statement(
        &mut self,
        pattern: PatId,
        initializer: Option<ExprId>,
        else_branch: Option<ExprId>,
        scope: usize,
    ) {
        let Some(initializer) = initializer else {
            let mut variables = Vec::new();
            self.body.walk_bindings_in_pat(pattern, |it| variables.push(it));
            for it in variables {
                let local = self.variable(it, scope);
                self.drop_in(scope, local);
            }
            return;
        };
        let own = self.push_scope();
        let temporaries = std::mem::replace(&mut self.temporaries, own);
        match self.body[pattern] {
            Pat::Bind { id, subpat: None }
                if else_branch.is_none()
                    && self.infer.variant_resolution_for_pat(pattern).is_none()
                    && !self.binds_by_reference(pattern) =>
            {
                let local = self.local(Made::Variable(id), self.infer.binding_ty(id));
                self.keep(local, scope);
                self.extended = self.is_extending(initializer).then_some(scope);
                self.put(local, initializer);
                self.extended = None;
                self.variables.insert(id, local);
                self.drop_in(scope, local);
            }
            _ => {
                let extends = self.has_references(pattern) || self.is_extending(initializer);
                self.extended = extends.then_some(scope);
                let spot = self.place(initializer);
                self.extended = None;
                if let Some(else_branch) = else_branch {
                    self.let_else(&spot, pattern, else_branch, own);
                }
                self.bind(&spot, pattern, scope);
            }
        }
        self.temporaries = temporaries;
        self.pop_scope();
    }

    /// The `else` runs when the temporaries of the `let` are gone.
    fn let_else(&mut self, spot: &Spot, pattern: PatId, else_branch: ExprId, own: usize) {
        self.uses(spot.local);
        let matched = self.block();
        self.at = self.decide(spot, &[pattern], &mut Arms::one(matched));
        self.narrow(spot, pattern, Match::No);
        self.leave_scope(own);
        let drops = std::mem::take(&mut self.scopes[own]);
        let local = self.local(Made::Hidden, self.infer.expr_ty(else_branch));
        self.in_own_scope(|it| it.put(local, else_branch));
        self.scopes[own] = drops;
        self.at = matched;
    }

    /// `super let`, which `pin!` is made of, gives its variable to the scope around the block.
    fn is_super_let(&self, statement: &Statement) -> bool {
        let Statement::Let { pat, .. } = statement else { return false };
        let Ok(source) = self.facts.map.pat_syntax(*pat) else { return false };
        if !source.file_id.is_macro() {
            return false;
        }
        let root = source.file_id.parse_or_expand(self.facts.db);
        let node = source.value.to_node(&root);
        let owner = node.syntax().ancestors().find_map(ast::LetStmt::cast);
        owner.is_some_and(|it| {
            let own = it.pat().map(|it| it.syntax().text_range());
            it.super_token().is_some() && own == Some(node.syntax().text_range())
        })
    }

    fn has_references(&self, pattern: PatId) -> bool {
        let mut found = false;
        self.body.walk_pats(pattern, &mut |it| {
            found |= matches!(self.body[it], Pat::Bind { .. }) && self.binds_by_reference(it);
        });
        found
    }

    /// `&make()` and what it may be a part of: a `let` keeps what is borrowed there.
    pub fn is_extending(&self, expr: ExprId) -> bool {
        match &self.body[expr] {
            Expr::Ref { .. } => true,
            Expr::Tuple { exprs } | Expr::Array(Array::ElementList { elements: exprs }) => {
                exprs.iter().any(|it| self.is_extending(*it))
            }
            Expr::Cast { expr, .. } => self.is_extending(*expr),
            Expr::Block { tail: Some(tail), statements, .. }
            | Expr::Unsafe { tail: Some(tail), statements, .. } => {
                self.is_extending(*tail) || statements.iter().any(|it| self.is_super_let(it))
            }
            Expr::RecordLit { fields, .. } => fields.iter().any(|it| self.is_extending(it.expr)),
            Expr::If { then_branch, else_branch, .. } => {
                self.is_extending(*then_branch)
                    || else_branch.is_some_and(|it| self.is_extending(it))
            }
            Expr::Match { arms, .. } => arms.iter().any(|it| self.is_extending(it.expr)),
            Expr::Call { callee, args } if self.facts.is_constructor(*callee) => {
                args.iter().any(|it| self.is_extending(*it))
            }
            _ => false,
        }
    }
}

/// Whether a pattern matches on the way that is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    No,
}
