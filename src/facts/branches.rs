//! Whether code runs each time that its function is called, behind a branch, or in an async body.

use ra_ap_hir_def::{
    EnumVariantId,
    hir::{Expr, ExprId, Literal, Statement, UnaryOp},
};
use ra_ap_syntax::ast::{BinaryOp, LogicOp};

use crate::facts::body::BodyFacts;

impl BodyFacts<'_> {
    /// An expression and all that stands around it, from the inside.
    pub(super) fn ancestors(&self, expr: ExprId) -> impl Iterator<Item = ExprId> + Clone {
        std::iter::successors(Some(expr), |it| self.parents.get(*it).copied())
    }

    /// Whether an expression is `outer`, or a part of it.
    pub(super) fn is_inside(&self, expr: ExprId, outer: ExprId) -> bool {
        self.ancestors(expr).any(|it| it == outer)
    }

    /// In how many branches an expression stands. A `?` is none.
    pub(super) fn branches_around(&self, expr: ExprId) -> usize {
        let parents = self.ancestors(expr);
        let pairs = parents.clone().zip(parents.skip(1));
        pairs.filter(|(child, parent)| self.is_branch(*child, *parent)).count()
    }

    /// Whether an expression is evaluated or not as some condition says, whoever runs the code around it.
    pub(super) fn is_chosen(&self, expr: ExprId) -> bool {
        let parents = self.ancestors(expr);
        let mut pairs = parents.clone().zip(parents.skip(1));
        let is_closure = |it: ExprId| matches!(self.body[it], Expr::Closure { .. });
        let mut before = self.sequence.iter().map(|it| it.0).take_while(|it| *it != expr);
        pairs.any(|(child, parent)| self.is_branch(child, parent) && !is_closure(parent))
            || before.any(|it| self.leaves(it))
    }

    /// In how many branches an expression stands that do not stand around another one too, or behind it.
    pub(super) fn branches_up_to(&self, expr: ExprId, other: ExprId) -> usize {
        let around: Vec<ExprId> = self.ancestors(other).collect();
        let parents = self.ancestors(expr);
        let pairs = parents.clone().zip(parents.skip(1));
        let below = pairs.take_while(|(_, parent)| !around.contains(parent));
        below.filter(|(child, parent)| self.is_branch(*child, *parent)).count()
    }

    /// Whether an expression is evaluated whenever another one is that comes before or after it, unless one of them ends
    /// the function.
    pub(super) fn goes_along_with(&self, expr: ExprId, other: ExprId) -> bool {
        let around: Vec<ExprId> = self.ancestors(other).collect();
        let parents = self.ancestors(expr);
        let pairs = parents.clone().zip(parents.skip(1));
        let mut apart = pairs.take_while(|(child, _)| !around.contains(child));
        !apart.any(|(child, parent)| self.is_branch(child, parent))
    }

    /// Whether an expression is evaluated each time that the function is called and has not failed before.
    pub(super) fn is_certain(&self, expr: ExprId) -> bool {
        let mut before = self.sequence.iter().map(|it| it.0).take_while(|it| *it != expr);
        self.branches_around(expr) == 0 && !before.any(|it| self.leaves(it))
    }

    /// The async body in which an `.await` could stand in place of this expression.
    pub(crate) fn awaits_at(&self, expr: ExprId) -> Option<ExprId> {
        self.sequence.iter().find(|it| it.0 == expr)?.1
    }

    /// The branch that is never taken wherever this program is built as it is now.
    pub(super) fn left_out(&self, parent: ExprId) -> Option<ExprId> {
        match &self.body[parent] {
            Expr::If { condition, then_branch, else_branch } => match self.decided(*condition)? {
                true => *else_branch,
                false => Some(*then_branch),
            },
            Expr::BinaryOp { lhs, rhs, op: Some(BinaryOp::LogicOp(op)) } => {
                (self.decided(*lhs)? == (*op == LogicOp::Or)).then_some(*rhs)
            }
            _ => None,
        }
    }

    /// What a condition comes to wherever this program is built as it is now: `cfg!(windows)`.
    fn decided(&self, condition: ExprId) -> Option<bool> {
        match &self.body[condition] {
            Expr::Literal(Literal::Bool(it)) => Some(*it),
            Expr::UnaryOp { expr, op: UnaryOp::Not } => Some(!self.decided(*expr)?),
            Expr::BinaryOp { lhs, rhs, op: Some(BinaryOp::LogicOp(op)) } => {
                let ends = *op == LogicOp::Or;
                match (self.decided(*lhs), self.decided(*rhs)) {
                    (Some(it), _) | (_, Some(it)) if it == ends => Some(ends),
                    (Some(_), Some(_)) => Some(!ends),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn is_branch(&self, child: ExprId, parent: ExprId) -> bool {
        match &self.body[parent] {
            Expr::If { condition, .. } => *condition != child,
            Expr::Match { expr, arms } => {
                *expr != child && arms.len() > 1 && !self.is_question_mark(parent)
            }
            Expr::BinaryOp { rhs, op: Some(BinaryOp::LogicOp(_)), .. } => *rhs == child,
            Expr::Closure { .. } => true,
            Expr::Block { statements, .. } => statements.iter().any(
                |it| matches!(it, Statement::Let { else_branch: Some(it), .. } if *it == child),
            ),
            _ => false,
        }
    }

    /// Whether the function may end here, other than by an error.
    fn leaves(&self, expr: ExprId) -> bool {
        match &self.body[expr] {
            Expr::Return { expr: Some(value) } => {
                let mut parents = self.ancestors(expr).skip(1);
                let other = |it: ExprId| {
                    self.is_question_mark(it) || matches!(self.body[it], Expr::Closure { .. })
                };
                !parents.any(other) && !self.is_error(*value)
            }
            Expr::Return { expr: None } => true,
            Expr::Break { label, .. } => label.is_some(),
            _ => false,
        }
    }

    /// `Err(..)`
    pub(super) fn is_error(&self, value: ExprId) -> bool {
        self.is_variant(value, "Err")
    }

    /// Whether a value is made as this variant of an enum: `Ok(..)`.
    pub(super) fn is_variant(&self, value: ExprId, name: &str) -> bool {
        let is_call = matches!(self.body[value], Expr::Call { .. });
        let variant = self.variant_of(value).filter(|_| is_call);
        variant.is_some_and(|it| self.is_named(it, name))
    }

    pub(super) fn is_named(&self, variant: EnumVariantId, name: &str) -> bool {
        ra_ap_hir::EnumVariant::from(variant).name(self.db).as_str() == name
    }
}
