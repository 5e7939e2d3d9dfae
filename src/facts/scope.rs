//! Which variables a piece of a body declares, and which of them others see.

use std::collections::BTreeSet;

use ra_ap_hir_def::{
    CallableDefId,
    hir::{BindingId, Expr, ExprId, Pat, PatId, Statement},
};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_span::Edition;

use crate::facts::body::{BodyFacts, Mention};

impl BodyFacts<'_> {
    /// The bindings of the arm in whose guard this expression stands: a guard sees them by reference.
    pub(super) fn seen_by_reference(&self, mention: &Mention) -> BTreeSet<BindingId> {
        let mut seen = BTreeSet::new();
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
        seen
    }

    fn bindings_in(&self, pattern: PatId, found: &mut BTreeSet<BindingId>) {
        self.body.walk_pats(pattern, &mut |it| {
            if let Pat::Bind { id, .. } = self.body[it] {
                found.insert(id);
            }
        });
    }

    /// The variables that this expression itself makes.
    pub(super) fn own_bindings(&self, expr: ExprId) -> BTreeSet<BindingId> {
        let mut own = BTreeSet::new();
        let mut add = |it: PatId| self.bindings_in(it, &mut own);
        match &self.body[expr] {
            Expr::Block { statements, .. } | Expr::Unsafe { statements, .. } => {
                for statement in statements {
                    if let Statement::Let { pat, .. } = statement {
                        add(*pat);
                    }
                }
            }
            Expr::Match { arms, .. } => arms.iter().for_each(|it| add(it.pat)),
            Expr::Let { pat, .. } => add(*pat),
            Expr::Closure { args, .. } => args.iter().for_each(|it| add(*it)),
            _ => {}
        }
        own
    }

    /// Whether a call of this makes a struct or a variant of an enum, and does nothing else.
    pub(super) fn is_constructor(&self, callee: ExprId) -> bool {
        let TyKind::FnDef(callable, _) = self.infer.expr_ty(callee).kind() else { return false };
        matches!(callable.0, CallableDefId::StructId(_) | CallableDefId::EnumVariantId(_))
    }

    pub(super) fn is_parameter(&self, local: BindingId) -> bool {
        let mut parameters = BTreeSet::new();
        for param in &self.body.params {
            self.bindings_in(param.user_written, &mut parameters);
            self.bindings_in(param.formal, &mut parameters);
        }
        parameters.contains(&local)
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
