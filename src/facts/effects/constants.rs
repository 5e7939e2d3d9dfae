//! What a call says of the way that the function will take: constants among its arguments, and branches that ask for
//! one of them.
//!
//! `error_page(StatusCode::FORBIDDEN)` does not come to what stands behind `if status == StatusCode::NOT_FOUND`.
//! Constants of different names are taken to differ.

use ra_ap_hir_def::{
    ConstId, DefWithBodyId, VariantId,
    expr_store::Body,
    hir::{BindingId, Expr, ExprId, Literal, Pat, PatId, UnaryOp},
    resolver::ValueNs,
};
use ra_ap_hir_ty::method_resolution::CandidateId;
use ra_ap_syntax::ast::{BinaryOp, CmpOp};

use crate::facts::body::BodyFacts;

/// A value that is known without running anything.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Constant {
    Const(ConstId),
    Variant(VariantId),
    Bool(bool),
    Number(i128),
}

/// The parameters of which more is known than their types, by index without `self`.
pub(super) type Constants = Vec<(usize, Constant)>;

/// What a call gives for a parameter of the function.
#[derive(Clone, Debug)]
pub(super) enum Given {
    Constant(Constant),
    /// What it has been given itself.
    Parameter(usize),
}

/// What has to hold of a parameter so that some place is reached.
#[derive(Clone, Debug)]
pub(super) struct Demand {
    pub parameter: usize,
    any_of: Vec<Constant>,
    /// Whether it has to be one of these, or none of them.
    holds: bool,
}

impl Demand {
    fn agrees(&self, given: &Constants) -> bool {
        let given = given.iter().find(|it| it.0 == self.parameter);
        given.is_none_or(|it| self.any_of.contains(&it.1) == self.holds)
    }
}

/// Whether a function that is called with these constants may come to a place that has these demands.
pub(super) fn is_reached(demands: &[Demand], given: &Constants) -> bool {
    demands.iter().all(|it| it.agrees(given))
}

/// What a callee knows when its caller knows this.
pub(super) fn handed_on(given: &[(usize, Given)], known: &Constants) -> Constants {
    let value = |(index, it): &(usize, Given)| match it {
        Given::Constant(it) => Some((*index, it.clone())),
        Given::Parameter(own) => {
            known.iter().find(|it| it.0 == *own).map(|it| (*index, it.1.clone()))
        }
    };
    given.iter().filter_map(value).collect()
}

impl BodyFacts<'_> {
    /// What the parameters must be so that this expression is evaluated.
    pub(super) fn demands(&self, expr: ExprId) -> Vec<Demand> {
        let parents = self.ancestors(expr);
        let pairs = parents.clone().zip(parents.skip(1));
        pairs
            .flat_map(|(child, parent)| [self.demand(child, parent), self.guard(child, parent)])
            .flatten()
            .collect()
    }

    /// The condition behind the pattern of an arm.
    fn guard(&self, child: ExprId, parent: ExprId) -> Option<Demand> {
        let Expr::Match { arms, .. } = &self.body[parent] else { return None };
        self.condition(arms.iter().find(|it| it.expr == child)?.guard?)
    }

    fn demand(&self, child: ExprId, parent: ExprId) -> Option<Demand> {
        match &self.body[parent] {
            Expr::If { condition, then_branch, .. } if *condition != child => {
                let mut demand = self.condition(*condition)?;
                demand.holds ^= *then_branch != child;
                Some(demand)
            }
            Expr::Match { expr, arms } if *expr != child => {
                let parameter = self.parameter(*expr)?;
                let at = arms.iter().position(|it| it.expr == child)?;
                let mut any_of = Vec::new();
                if let Some(()) = self.constants_of(arms[at].pat, &mut any_of) {
                    return Some(Demand { parameter, any_of, holds: true });
                }
                let Pat::Wild = self.body[arms[at].pat] else { return None };
                any_of.clear();
                for arm in arms[..at].iter().filter(|it| it.guard.is_none()) {
                    let mut some = Vec::new();
                    if self.constants_of(arm.pat, &mut some).is_some() {
                        any_of.extend(some);
                    }
                }
                Some(Demand { parameter, any_of, holds: false })
            }
            _ => None,
        }
    }

    /// `on`, `!on`, `mode == Mode::Quick`
    fn condition(&self, condition: ExprId) -> Option<Demand> {
        match &self.body[condition] {
            Expr::UnaryOp { expr, op: UnaryOp::Not } => {
                let mut inner = self.condition(*expr)?;
                inner.holds = !inner.holds;
                Some(inner)
            }
            Expr::BinaryOp { lhs, rhs, op: Some(BinaryOp::CmpOp(CmpOp::Eq { negated })) } => {
                let either = |a, b| Some((self.parameter(a)?, self.constant(b)?));
                let (parameter, constant) = either(*lhs, *rhs).or_else(|| either(*rhs, *lhs))?;
                Some(Demand { parameter, any_of: vec![constant], holds: !negated })
            }
            _ => {
                let parameter = self.parameter(condition)?;
                Some(Demand { parameter, any_of: vec![Constant::Bool(true)], holds: true })
            }
        }
    }

    /// The arguments of a call that are constants, or parameters that are handed on.
    pub(super) fn given_to(&self, call: ExprId) -> Vec<(usize, Given)> {
        let args = match &self.body[call] {
            Expr::MethodCall { args, .. } => &args[..],
            Expr::Call { callee, args } => &args[self.own_arguments(*callee)..],
            _ => return Vec::new(),
        };
        let given = |it: ExprId| {
            let constant = self.constant(it).map(Given::Constant);
            constant.or_else(|| self.parameter(it).map(Given::Parameter))
        };
        args.iter().enumerate().filter_map(|(index, it)| Some((index, given(*it)?))).collect()
    }

    fn without_references(&self, expr: ExprId) -> ExprId {
        match &self.body[expr] {
            Expr::Ref { expr, .. } | Expr::UnaryOp { expr, op: UnaryOp::Deref } => {
                self.without_references(*expr)
            }
            _ => expr,
        }
    }

    /// The parameter that an expression names, where nothing is assigned to it.
    fn parameter(&self, expr: ExprId) -> Option<usize> {
        let local = self.local(self.without_references(expr))?;
        self.body.params.iter().position(|it| {
            matches!(self.body[it.user_written], Pat::Bind { id, subpat: None } if id == local)
                && self.stays(local)
        })
    }

    fn stays(&self, local: BindingId) -> bool {
        use ra_ap_hir_def::hir::BindingAnnotation;
        self.body[local].mode == BindingAnnotation::Unannotated
    }

    fn constant(&self, expr: ExprId) -> Option<Constant> {
        let expr = self.without_references(expr);
        match &self.body[expr] {
            Expr::Literal(it) => literal(it),
            Expr::Path(path) => {
                if let Some((CandidateId::ConstId(it), _)) =
                    self.infer.assoc_resolutions_for_expr(expr)
                {
                    return Some(Constant::Const(it));
                }
                let hygiene = self.body.expr_path_hygiene(expr);
                let resolver = self.resolver_at(expr);
                value(resolver.resolve_path_in_value_ns_fully(self.db, path, hygiene)?)
            }
            _ => None,
        }
    }

    /// Whether this is a number above zero, written here or as the value of a constant.
    pub fn is_positive(&self, expr: ExprId) -> bool {
        let number = match self.constant(expr) {
            Some(Constant::Const(it)) => {
                let body = Body::of(self.db, DefWithBodyId::ConstId(it));
                match &body[body.root_expr()] {
                    Expr::Literal(it) => literal(it),
                    _ => None,
                }
            }
            it => it,
        };
        matches!(number, Some(Constant::Number(it)) if it > 0)
    }

    /// Adds the constants that a pattern asks for. None when it asks for something else.
    fn constants_of(&self, pattern: PatId, found: &mut Vec<Constant>) -> Option<()> {
        match &self.body[pattern] {
            Pat::Or(all) => all.iter().try_for_each(|it| self.constants_of(*it, found)),
            Pat::Ref { pat, .. } => self.constants_of(*pat, found),
            Pat::Lit(expr) => {
                found.push(self.constant(*expr)?);
                Some(())
            }
            Pat::Path(_) => {
                let constant = match self.infer.assoc_resolutions_for_pat(pattern) {
                    Some((CandidateId::ConstId(it), _)) => Constant::Const(it),
                    Some(_) => return None,
                    None => Constant::Variant(self.infer.variant_resolution_for_pat(pattern)?),
                };
                found.push(constant);
                Some(())
            }
            _ => None,
        }
    }
}

fn literal(literal: &Literal) -> Option<Constant> {
    match literal {
        Literal::Bool(it) => Some(Constant::Bool(*it)),
        Literal::Int(it, _) => Some(Constant::Number(*it)),
        Literal::Uint(it, _) => i128::try_from(*it).ok().map(Constant::Number),
        _ => None,
    }
}

fn value(value: ValueNs) -> Option<Constant> {
    match value {
        ValueNs::ConstId(it) => Some(Constant::Const(it)),
        ValueNs::EnumVariantId(it) => Some(Constant::Variant(it.into())),
        _ => None,
    }
}
