//! What is in drop scope at a place in a body: the variables and temporaries that a new `.await` there would keep.

use std::collections::BTreeSet;

use ra_ap_hir_def::{
    CallableDefId,
    hir::{BindingAnnotation, BindingId, Expr, ExprId, MatchArm, Pat, PatId, Statement, UnaryOp},
};
use ra_ap_hir_ty::{Adjust, next_solver::TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_span::Edition;

use crate::facts::body::{BodyFacts, Mention};

/// What is dropped when the future is dropped at this place.
#[derive(Default)]
pub(super) struct DropScope {
    /// Variables that were made in the async body itself.
    pub locals: BTreeSet<Local>,
    /// Variables that it got from outside: parameters and captures. They are part of the future from its start.
    pub outer: BTreeSet<Local>,
    pub temporaries: BTreeSet<Temporary>,
}

/// By index, which is the order of the text.
pub(super) type Local = ra_ap_hir_def::hir::BindingId;
pub(super) type Temporary = ExprId;

impl BodyFacts<'_> {
    pub(super) fn drop_scope(&self, mention: &Mention, coroutine: ExprId) -> DropScope {
        let mut scope = DropScope::default();
        // What the call is given moves into the future that takes its place.
        let mut given = Vec::new();
        self.body.walk_child_exprs_without_pats(mention.expr, |it| given.push(it));
        for it in given {
            scope.temporaries.insert(it);
            self.borrowed_in(it, &mut scope);
        }
        let mut child = mention.expr;
        while let Some(parent) = self.parents.get(child).copied() {
            // What the body of a function that is not asynchronous yet declares is a part of its future too.
            self.add_level(parent, child, &mut scope);
            if parent == coroutine {
                break;
            }
            child = parent;
        }
        self.add_outer(coroutine, &mut scope);
        scope.locals = scope.locals.difference(&scope.outer).copied().collect();
        scope
    }

    /// The bindings of the arm in whose guard this expression stands: a guard sees them by reference.
    pub(super) fn seen_by_reference(&self, mention: &Mention) -> Vec<BindingId> {
        let mut seen = DropScope::default();
        let mut child = mention.expr;
        while let Some(parent) = self.parents.get(child).copied() {
            if let Expr::Match { arms, .. } = &self.body[parent] {
                let of_guard = arms.iter().filter(|it| it.guard == Some(child));
                of_guard.for_each(|it| self.bindings_in(it.pat, &mut seen));
            }
            if Some(parent) == mention.awaits_in {
                break;
            }
            child = parent;
        }
        seen.locals.into_iter().collect()
    }

    /// What `parent` keeps alive while its `child` is evaluated.
    fn add_level(&self, parent: ExprId, child: ExprId, scope: &mut DropScope) {
        match &self.body[parent] {
            Expr::Block { statements, .. } | Expr::Unsafe { statements, .. } => {
                for statement in statements.iter().take_while(|it| !mentions(it, child)) {
                    if let Statement::Let { pat, initializer, .. } = statement {
                        self.bindings_in(*pat, scope);
                        initializer.iter().for_each(|it| self.kept_by_let(*pat, *it, scope));
                    }
                }
            }
            Expr::Match { expr, arms } if *expr != child => {
                self.scrutinee(*expr, scope);
                let inside = |it: &&MatchArm| it.expr == child || it.guard == Some(child);
                arms.iter().filter(inside).for_each(|it| self.bindings_in(it.pat, scope));
            }
            Expr::If { condition, then_branch, else_branch } if *condition != child => {
                let edition = self.edition_of(parent);
                let in_else = *else_branch == Some(child);
                if *then_branch == child || (in_else && edition < Edition::Edition2024) {
                    self.conditions_in(*condition, scope);
                }
            }
            // `a && b`: the chain of an `if let`.
            Expr::BinaryOp { lhs, rhs, .. } if *rhs == child => {
                self.conditions_in(*lhs, scope);
                scope.temporaries.insert(*lhs);
                self.borrowed_in(*lhs, scope);
            }
            Expr::Call { .. }
            | Expr::MethodCall { .. }
            | Expr::Tuple { .. }
            | Expr::Array(_)
            | Expr::RecordLit { .. }
            | Expr::Index { .. } => {
                // Operands that are evaluated already wait for this one.
                let mut children = Vec::new();
                self.body.walk_child_exprs_without_pats(parent, |it| children.push(it));
                for it in children.into_iter().take_while(|it| *it != child) {
                    scope.temporaries.insert(it);
                    self.borrowed_in(it, scope);
                }
            }
            _ => {}
        }
        if self.borrows(parent, child) {
            self.borrowed_in(child, scope);
        }
    }

    /// The head of a `match` or `if let` lives as long as its arms.
    fn scrutinee(&self, expr: ExprId, scope: &mut DropScope) {
        scope.temporaries.insert(expr);
        self.borrowed_in(expr, scope);
    }

    /// The heads of `if let` and of chains of them: what they borrow from lives on in the branch.
    fn conditions_in(&self, condition: ExprId, scope: &mut DropScope) {
        match &self.body[condition] {
            Expr::Let { pat, expr } => {
                self.bindings_in(*pat, scope);
                self.scrutinee(*expr, scope);
            }
            Expr::BinaryOp { lhs, rhs, .. } => {
                self.conditions_in(*lhs, scope);
                self.conditions_in(*rhs, scope);
            }
            _ => {}
        }
    }

    /// `let x = &make();` keeps what was made as long as `x`.
    fn kept_by_let(&self, pattern: PatId, initializer: ExprId, scope: &mut DropScope) {
        let mut by_reference = false;
        self.body.walk_pats(pattern, &mut |it| {
            if let Pat::Bind { id, .. } = self.body[it] {
                let mode = self.body[id].mode;
                by_reference |= matches!(mode, BindingAnnotation::Ref | BindingAnnotation::RefMut);
            }
        });
        match by_reference {
            true => self.extended_place(initializer, scope),
            false => self.extended(initializer, scope),
        }
    }

    fn extended(&self, expr: ExprId, scope: &mut DropScope) {
        match &self.body[expr] {
            Expr::Ref { expr, .. } => self.extended_place(*expr, scope),
            Expr::Tuple { exprs } => exprs.iter().for_each(|it| self.extended(*it, scope)),
            Expr::Array(_) => {
                self.body.walk_child_exprs_without_pats(expr, |it| self.extended(it, scope));
            }
            Expr::RecordLit { fields, .. } => {
                fields.iter().for_each(|it| self.extended(it.expr, scope));
            }
            // `Some(&make())`
            Expr::Call { callee, args } if self.is_constructor(*callee) => {
                args.iter().for_each(|it| self.extended(*it, scope));
            }
            Expr::Block { tail: Some(tail), .. } => self.extended(*tail, scope),
            Expr::If { then_branch, else_branch, .. } => {
                self.extended(*then_branch, scope);
                else_branch.iter().for_each(|it| self.extended(*it, scope));
            }
            Expr::Match { arms, .. } => arms.iter().for_each(|it| self.extended(it.expr, scope)),
            Expr::Cast { expr, .. } => self.extended(*expr, scope),
            _ => {}
        }
    }

    /// A place that is borrowed for good: the value it is a part of, too.
    fn extended_place(&self, expr: ExprId, scope: &mut DropScope) {
        scope.temporaries.insert(expr);
        match &self.body[expr] {
            Expr::Field { expr, .. } | Expr::UnaryOp { expr, op: UnaryOp::Deref } => {
                self.extended_place(*expr, scope);
            }
            Expr::Index { base, .. } => self.extended_place(*base, scope),
            _ => self.extended(expr, scope),
        }
    }

    fn is_constructor(&self, callee: ExprId) -> bool {
        let TyKind::FnDef(callable, _) = self.infer.expr_ty(callee).kind() else { return false };
        matches!(callable.0, CallableDefId::StructId(_) | CallableDefId::EnumVariantId(_))
    }

    /// The values below this expression that something borrows: they live until the statement ends.
    fn borrowed_in(&self, expr: ExprId, scope: &mut DropScope) {
        match &self.body[expr] {
            // Its own body keeps its values, an awaited future is gone, and statements clean up behind them.
            Expr::Closure { .. } | Expr::Await { .. } | Expr::Const(_) => {}
            Expr::Block { tail: Some(tail), .. } => {
                // Since 2024 the last expression of a block cleans up as well.
                if self.edition_of(*tail) < Edition::Edition2024 {
                    self.borrowed_in(*tail, scope);
                }
            }
            Expr::Block { .. } => {}
            _ => {
                let mut children = Vec::new();
                self.body.walk_child_exprs_without_pats(expr, |it| children.push(it));
                for child in children {
                    if self.borrows(expr, child) {
                        scope.temporaries.insert(child);
                    }
                    self.borrowed_in(child, scope);
                }
            }
        }
    }

    /// Whether `parent` uses the value of `child` where it lies, instead of taking it.
    fn borrows(&self, parent: ExprId, child: ExprId) -> bool {
        let in_place = match &self.body[parent] {
            Expr::Ref { .. } | Expr::Field { .. } => true,
            Expr::UnaryOp { op, .. } => *op == UnaryOp::Deref,
            Expr::Index { base, .. } => *base == child,
            Expr::Match { expr, .. } => *expr == child,
            Expr::Let { expr, .. } => *expr == child,
            _ => false,
        };
        let adjustments = self.infer.expr_adjustment(child).unwrap_or_default();
        in_place || adjustments.iter().any(|it| matches!(it.kind, Adjust::Borrow(_)))
    }

    fn bindings_in(&self, pattern: PatId, scope: &mut DropScope) {
        self.body.walk_pats(pattern, &mut |it| {
            if let Pat::Bind { id, .. } = self.body[it] {
                scope.locals.insert(id);
            }
        });
    }

    /// Parameters, and the variables from outside that an async block mentions.
    fn add_outer(&self, coroutine: ExprId, scope: &mut DropScope) {
        let mut parameters = DropScope::default();
        for param in &self.body.params {
            self.bindings_in(param.user_written, &mut parameters);
            self.bindings_in(param.formal, &mut parameters);
        }
        parameters
            .locals
            .extend(self.body.self_param.iter().flat_map(|it| [it.formal, it.user_written]));
        let mut own = DropScope::default();
        let mut mentioned = BTreeSet::new();
        self.walk(coroutine, &mut |expr| {
            self.bindings_of(expr, &mut own);
            mentioned.extend(self.local(expr));
        });
        let is_function = self.parents.get(coroutine).is_none_or(|it| *it == self.body.root_expr());
        let captured = mentioned.difference(&own.locals).copied();
        scope.outer.extend(captured);
        if is_function {
            scope.outer.extend(parameters.locals);
        }
    }

    /// The variables that this expression itself makes.
    fn bindings_of(&self, expr: ExprId, scope: &mut DropScope) {
        match &self.body[expr] {
            Expr::Block { statements, .. } | Expr::Unsafe { statements, .. } => {
                for statement in statements {
                    if let Statement::Let { pat, .. } = statement {
                        self.bindings_in(*pat, scope);
                    }
                }
            }
            Expr::Match { arms, .. } => arms.iter().for_each(|it| self.bindings_in(it.pat, scope)),
            Expr::Let { pat, .. } => self.bindings_in(*pat, scope),
            Expr::Closure { args, .. } => args.iter().for_each(|it| self.bindings_in(*it, scope)),
            _ => {}
        }
    }

    /// The variables that this expression itself makes.
    pub(super) fn own_bindings(&self, expr: ExprId) -> BTreeSet<Local> {
        let mut scope = DropScope::default();
        self.bindings_of(expr, &mut scope);
        scope.locals
    }

    pub(super) fn is_parameter(&self, local: Local) -> bool {
        let mut parameters = DropScope::default();
        for param in &self.body.params {
            self.bindings_in(param.user_written, &mut parameters);
            self.bindings_in(param.formal, &mut parameters);
        }
        parameters.locals.contains(&local)
            || self.body.self_param.iter().any(|it| [it.formal, it.user_written].contains(&local))
    }

    pub(super) fn walk(&self, expr: ExprId, each: &mut dyn FnMut(ExprId)) {
        each(expr);
        let mut children = Vec::new();
        self.body.walk_child_exprs(expr, |it| children.push(it));
        children.into_iter().for_each(|it| self.walk(it, each));
    }

    /// The edition of the text that wrote this expression: a macro brings that of its own crate.
    pub(super) fn edition_of(&self, expr: ExprId) -> Edition {
        match self.map.expr_syntax(expr) {
            Ok(source) => source.file_id.edition(self.db),
            Err(_) => self.krate().data(self.db).edition,
        }
    }
}

fn mentions(statement: &Statement, child: ExprId) -> bool {
    match statement {
        Statement::Let { initializer, else_branch, .. } => {
            *initializer == Some(child) || *else_branch == Some(child)
        }
        Statement::Expr { expr, .. } => *expr == child,
        Statement::Item(_) => false,
    }
}
