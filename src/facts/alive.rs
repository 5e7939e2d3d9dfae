//! What would be alive across an `.await` written in a given place.
//!
//! Exact liveness is for later; here every local and temporary in drop scope counts, whether it is used again or not.
//! That is also what the compiler does: `drop(guard)` does not take a guard out of a future, the end of a block does.

use std::collections::HashSet;

use ra_ap_hir_def::{
    HasModule,
    hir::{BindingId, Expr, ExprId, PatId, Statement},
};
use ra_ap_hir_ty::{
    ParamEnvAndCrate,
    db::HirDatabase,
    display::{DisplayTarget, HirDisplay},
    next_solver::{Ty, TyKind},
    traits::implements_trait_unique,
};
use ra_ap_rustc_type_ir::{TypeVisitableExt, inherent::IntoKind};
use ra_ap_span::Edition;

use crate::{
    facts::body::{BodyFacts, Mention},
    finding::{Note, Place},
    knowledge::Guard,
};

/// Something that would live across the await, and why that matters.
#[derive(Clone, Debug)]
pub struct Alive {
    pub matter: Matter,
    /// The type, as one reads it.
    pub type_name: String,
    /// The variable, where there is one.
    pub name: Option<String>,
    pub at: Option<Place>,
}

/// Ordered by how much it is in the way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Matter {
    /// A guard that other tasks wait for: it may live across an await, but then a cancellation finds it held.
    AsyncGuard,
    /// A type parameter that is not bound to be `Send`.
    MaybeNotSend,
    /// Nobody can tell whether it is `Send`.
    UnknownType,
    /// The future would stop being `Send`.
    NotSend,
    /// Threads would wait for this guard while the task is suspended.
    Guard,
}

impl Alive {
    pub fn note(&self) -> Note {
        let what = match &self.name {
            Some(name) => format!("`{name}`, a `{}`,", self.type_name),
            None => format!("a `{}`", self.type_name),
        };
        let text = match self.matter {
            Matter::Guard => format!("{what} is held here, and would be held across an `.await`"),
            Matter::NotSend => {
                format!("{what} is alive here and not `Send`: the future would not be either")
            }
            Matter::UnknownType => {
                format!("{what} is alive here, and whether it is `Send` is not known")
            }
            Matter::MaybeNotSend => {
                format!("{what} is alive here, and nothing says that it is `Send`")
            }
            Matter::AsyncGuard => format!("{what} is held here: a cancellation would find it held"),
        };
        match &self.at {
            Some(at) => Note::at(at.clone(), text),
            None => Note::new(text),
        }
    }
}

impl<'db> BodyFacts<'db> {
    /// What stands against an `.await` at this mention, the worst first.
    pub fn alive_at(&self, mention: &Mention) -> Vec<Alive> {
        let Some(coroutine) = mention.awaits_in else { return Vec::new() };
        let scope = self.drop_scope(mention.expr, coroutine);
        let mut alive: Vec<Alive> = Vec::new();
        for local in scope.locals {
            let type_ = self.infer.binding_ty(local);
            if let Some(matter) = self.matter(type_, mention.moves) {
                alive.push(self.alive(matter, type_, Some(local), None));
            }
        }
        for expr in scope.temporaries {
            for type_ in self.held_types(expr) {
                if let Some(matter) = self.matter(type_, mention.moves) {
                    alive.push(self.alive(matter, type_, None, Some(expr)));
                }
            }
        }
        alive.sort_by(|a, b| b.matter.cmp(&a.matter));
        alive.dedup_by(|a, b| a.at == b.at && a.matter == b.matter);
        alive
    }

    fn alive(
        &self,
        matter: Matter,
        type_: Ty<'db>,
        local: Option<BindingId>,
        expr: Option<ExprId>,
    ) -> Alive {
        let krate = self.function.krate(self.db);
        let target = DisplayTarget::from_crate(self.db, krate);
        let name = local.map(|it| self.body[it].name.as_str().to_owned());
        let pattern = local.and_then(|it| self.map.patterns_for_binding(it).first().copied());
        let at = match pattern {
            Some(it) => self.place_of_pattern(it),
            None => expr.and_then(|it| self.place_of(it)),
        };
        let type_name = type_.display(self.db, target).to_string();
        Alive { matter, type_name, name, at }
    }

    fn place_of_pattern(&self, pattern: PatId) -> Option<Place> {
        let source = self.map.pat_syntax(pattern).ok()?;
        let root = source.file_id.parse_or_expand(self.db);
        let node = source.value.to_node(&root);
        self.place(source.file_id, ra_ap_syntax::AstNode::syntax(&node))
    }

    /// The types of the values that this expression leaves behind until its statement ends.
    fn held_types(&self, expr: ExprId) -> Vec<Ty<'db>> {
        let adjusted = self.infer.type_of_expr_with_adjust(expr);
        let is_place = matches!(
            &self.body[expr],
            Expr::Path(_) | Expr::Field { .. } | Expr::Index { .. } | Expr::UnaryOp { .. }
        );
        // The place itself is a local, or part of one: it counts where it was made.
        let own = (!is_place).then(|| self.infer.expr_ty(expr));
        let borrow = adjusted.filter(|_| self.infer.expr_adjustment(expr).is_some());
        own.into_iter().chain(borrow).collect()
    }

    fn matter(&self, type_: Ty<'db>, moves: bool) -> Option<Matter> {
        if let Some(guard) = self.guard_in(type_, 0) {
            return Some(match guard {
                Guard::Sync | Guard::Context => Matter::Guard,
                Guard::Async => Matter::AsyncGuard,
            });
        }
        if !moves || matches!(type_.kind(), TyKind::FnDef(..) | TyKind::Never) {
            return None;
        }
        // What a future holds across its own awaits is not known to the type checker.
        if type_.references_non_lt_error() || type_.has_coroutines() || type_.has_opaque_types() {
            return Some(Matter::UnknownType);
        }
        match self.is_send(type_) {
            true => None,
            false if type_.has_param() => Some(Matter::MaybeNotSend),
            false => Some(Matter::NotSend),
        }
    }

    /// A guard, or something that has one inside.
    fn guard_in(&self, type_: Ty<'db>, depth: usize) -> Option<Guard> {
        // Types nest; nobody reads a guard below the eighth pair of brackets.
        if depth > 8 {
            return None;
        }
        let inner = |it: Ty<'db>| self.guard_in(it, depth + 1);
        match type_.kind() {
            TyKind::Adt(adt, args) => {
                let row = self.known.type_(adt.def_id());
                row.and_then(|it| it.guard).or_else(|| args.types().find_map(inner))
            }
            TyKind::Ref(_, it, _) | TyKind::Slice(it) | TyKind::Array(it, _) => inner(it),
            TyKind::Tuple(types) => types.iter().find_map(inner),
            _ => None,
        }
    }

    fn is_send(&self, type_: Ty<'db>) -> bool {
        let krate = self.function.krate(self.db);
        let Some(send) = self.send_trait() else { return false };
        let param_env = self.db.trait_environment(self.function.into());
        implements_trait_unique(type_, self.db, ParamEnvAndCrate { param_env, krate }, send)
    }

    fn send_trait(&self) -> Option<ra_ap_hir_def::TraitId> {
        let krate = self.function.krate(self.db);
        // `Send` is no lang item, so it is looked up in the crate that defines it.
        ra_ap_hir_def::lang_item::lang_items(self.db, krate).Sized.and_then(|sized| {
            let module = sized.module(self.db);
            let name = ra_ap_hir::Name::new_root("Send");
            match module.def_map(self.db)[module].scope.get(&name).take_types()? {
                ra_ap_hir_def::ModuleDefId::TraitId(it) => Some(it),
                _ => None,
            }
        })
    }

    fn drop_scope(&self, expr: ExprId, coroutine: ExprId) -> DropScope {
        let mut scope = DropScope::default();
        self.values_in(expr, &mut scope, None);
        scope.temporaries.retain(|it| *it != expr);
        let mut child = expr;
        while let Some(parent) = self.parents.get(child).copied() {
            if parent == coroutine {
                break;
            }
            self.add_level(parent, child, &mut scope);
            child = parent;
        }
        let parameters = self.parameters();
        scope.locals.retain(|it| !parameters.contains(it));
        scope
    }

    /// What `parent` keeps alive while its `child` is evaluated.
    fn add_level(&self, parent: ExprId, child: ExprId, scope: &mut DropScope) {
        match &self.body[parent] {
            Expr::Block { statements, .. } | Expr::Unsafe { statements, .. } => {
                for statement in statements.iter().take_while(|it| !mentions(it, child)) {
                    if let Statement::Let { pat, initializer, .. } = statement {
                        self.bindings_in(*pat, scope);
                        initializer.into_iter().for_each(|it| self.extended(*it, scope));
                    }
                }
            }
            Expr::Match { expr, arms } if *expr != child => {
                self.values_in(*expr, scope, None);
                let inside = |it: &&ra_ap_hir_def::hir::MatchArm| {
                    it.expr == child || it.guard == Some(child)
                };
                arms.iter().filter(inside).for_each(|it| self.bindings_in(it.pat, scope));
            }
            Expr::If { condition, then_branch, else_branch } if *condition != child => {
                let edition = self.function.krate(self.db).data(self.db).edition;
                let in_else = *else_branch == Some(child);
                if *then_branch == child || (in_else && edition < Edition::Edition2024) {
                    self.conditions_in(*condition, scope);
                }
            }
            Expr::BinaryOp { lhs, rhs, .. } if *rhs == child => {
                self.conditions_in(*lhs, scope);
                self.values_in(*lhs, scope, None);
            }
            Expr::Call { .. }
            | Expr::MethodCall { .. }
            | Expr::Tuple { .. }
            | Expr::Array(_)
            | Expr::RecordLit { .. }
            | Expr::Index { .. } => self.values_in(parent, scope, Some(child)),
            _ => {}
        }
    }

    /// The heads of `if let` and of chains of them: what they borrow from lives on in the branch.
    fn conditions_in(&self, condition: ExprId, scope: &mut DropScope) {
        match &self.body[condition] {
            Expr::Let { pat, expr } => {
                self.bindings_in(*pat, scope);
                self.values_in(*expr, scope, None);
            }
            Expr::BinaryOp { lhs, rhs, .. } => {
                self.conditions_in(*lhs, scope);
                self.conditions_in(*rhs, scope);
            }
            _ => {}
        }
    }

    /// `let x = &make();` keeps what was made as long as `x`.
    fn extended(&self, initializer: ExprId, scope: &mut DropScope) {
        match &self.body[initializer] {
            Expr::Ref { expr, .. } => {
                scope.temporaries.insert(*expr);
                self.extended(*expr, scope);
            }
            Expr::Tuple { exprs } => exprs.iter().for_each(|it| self.extended(*it, scope)),
            Expr::RecordLit { fields, .. } => {
                fields.iter().for_each(|it| self.extended(it.expr, scope));
            }
            Expr::Block { tail: Some(tail), .. } => self.extended(*tail, scope),
            Expr::Field { expr, .. } | Expr::Cast { expr, .. } => self.extended(*expr, scope),
            _ => {}
        }
    }

    /// The values that evaluation leaves in this expression, up to the child where it now stands.
    fn values_in(&self, expr: ExprId, scope: &mut DropScope, until: Option<ExprId>) {
        if until.is_none() {
            scope.temporaries.insert(expr);
        }
        match &self.body[expr] {
            // Its own body keeps its values, an awaited future is gone, and statements clean up behind them.
            Expr::Closure { .. } | Expr::Await { .. } | Expr::Const(_) => {}
            Expr::Block { tail, .. } => {
                tail.iter().for_each(|it| self.values_in(*it, scope, None));
            }
            _ => {
                let mut children = Vec::new();
                self.body.walk_child_exprs_without_pats(expr, |it| children.push(it));
                for child in children.into_iter().take_while(|it| Some(*it) != until) {
                    self.values_in(child, scope, None);
                }
            }
        }
    }

    fn bindings_in(&self, pattern: PatId, scope: &mut DropScope) {
        self.body.walk_pats(pattern, &mut |it| {
            if let ra_ap_hir_def::hir::Pat::Bind { id, .. } = self.body[it] {
                scope.locals.insert(id);
            }
        });
    }

    /// Parameters are part of an async function's future from the start, awaits or not.
    fn parameters(&self) -> HashSet<BindingId> {
        let mut scope = DropScope::default();
        for param in &self.body.params {
            self.bindings_in(param.user_written, &mut scope);
            self.bindings_in(param.formal, &mut scope);
        }
        scope
            .locals
            .extend(self.body.self_param.iter().flat_map(|it| [it.formal, it.user_written]));
        scope.locals
    }
}

/// What is dropped when the future is dropped here.
#[derive(Default)]
struct DropScope {
    locals: HashSet<BindingId>,
    temporaries: HashSet<ExprId>,
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
