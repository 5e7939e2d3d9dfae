//! How many things there are, as far as the code shows it: in an array, in a range, behind the adapters of an iterator or a
//! stream.

use ra_ap_hir::DisplayTarget;
use ra_ap_hir_def::{
    hir::{
        ArithOp, Array, BinaryOp, BindingId, Expr, ExprId, Literal, LoopSource, Pat, PatId, UnaryOp,
    },
    resolver::ValueNs,
};
use ra_ap_hir_ty::{
    method_resolution::CandidateId,
    next_solver::{Ty, TyKind},
};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::SyntaxKind;

use crate::{
    facts::body::{BodyFacts, function_of},
    knowledge::counts::Counts,
};

/// So many at once are many, whatever they do.
pub const MANY: u128 = 1024;

/// A value that is made of others so many times is not followed further.
const DEEPEST: usize = 16;

/// How many there are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Count {
    /// So many, or fewer.
    AtMost(u128),
    /// One after the other comes in from outside, or they never end; by what they are called.
    OpenEnded(String),
    /// As many as somebody has asked for by a number.
    Chosen,
    Unknown,
}

impl Count {
    pub fn is_small(&self) -> bool {
        match self {
            Count::AtMost(it) => *it < MANY,
            Count::Chosen => true,
            Count::OpenEnded(_) | Count::Unknown => false,
        }
    }

    pub fn is_one(&self) -> bool {
        matches!(self, Count::AtMost(..=1))
    }

    pub fn is_large(&self) -> bool {
        match self {
            Count::AtMost(it) => *it >= MANY,
            Count::OpenEnded(_) => true,
            Count::Chosen | Count::Unknown => false,
        }
    }

    /// As many as the one or the other, whichever is less as far as anybody can see.
    fn or_fewer(self, other: Count) -> Count {
        match (self, other) {
            (it, Count::AtMost(most)) => it.and_at_most(Some(most)),
            (it, _) => it,
        }
    }

    fn and_at_most(self, most: Option<u128>) -> Count {
        match (self, most) {
            (Count::AtMost(it), Some(most)) => Count::AtMost(it.min(most)),
            (_, Some(most)) => Count::AtMost(most),
            (it, None) => it,
        }
    }
}

impl<'db> BodyFacts<'db> {
    /// How many items an iterator, a collection or a stream gives.
    pub fn count_of(&self, expr: ExprId) -> Count {
        self.count_at(expr, 0)
    }

    fn count_at(&self, expr: ExprId, depth: usize) -> Count {
        if depth > DEEPEST {
            return Count::Unknown;
        }
        if let Some(count) = self.count_of_range(expr) {
            return count;
        }
        let by_value = match &self.body[expr] {
            Expr::Array(Array::ElementList { elements }) => Count::AtMost(elements.len() as u128),
            Expr::Tuple { exprs } => Count::AtMost(exprs.len() as u128),
            Expr::Ref { expr, .. } | Expr::UnaryOp { expr, op: UnaryOp::Deref } => {
                self.count_at(*expr, depth + 1)
            }
            Expr::Path(_) => self.count_of_variable(expr, depth),
            Expr::Field { expr, .. } => self.count_of_half(*expr, depth),
            Expr::Call { .. } | Expr::MethodCall { .. } => self.count_of_call(expr, depth),
            _ => Count::Unknown,
        };
        match by_value {
            Count::Unknown => self.count_by_type(self.infer.expr_ty(expr)),
            it => it,
        }
    }

    fn count_of_call(&self, call: ExprId, depth: usize) -> Count {
        let values = self.values_of(call);
        let Some(first) = values.first().copied() else { return Count::Unknown };
        let row = self.counts_by_row(call);
        match row {
            // `zip` ends with the shorter of two.
            Some(Counts::Same) => {
                let counts = values.iter().map(|it| self.count_at(*it, depth + 1));
                counts.reduce(Count::or_fewer).unwrap_or(Count::Unknown)
            }
            Some(Counts::Argument) => {
                let most = values.get(1).and_then(|it| self.number(*it));
                self.count_at(first, depth + 1).and_at_most(most)
            }
            Some(Counts::One) => Count::AtMost(1),
            Some(Counts::Pieces) | None => self.count_of_vec(call, depth),
        }
    }

    fn counts_by_row(&self, call: ExprId) -> Option<Counts> {
        let function = match self.body[call] {
            Expr::Call { callee, .. } => function_of(self.infer.expr_ty(callee)),
            _ => self.infer.method_resolution(call).map(|it| it.0),
        };
        self.known.function(self.db, function?)?.counts
    }

    /// `vec![a, b, c]` stands for calls that are given an array, at last.
    fn count_of_vec(&self, call: ExprId, depth: usize) -> Count {
        let source = self.map.expr_syntax(call).ok();
        let is_of_macro = source.is_none_or(|it| {
            let kind = it.value.syntax_node_ptr().kind();
            it.file_id.is_macro() || matches!(kind, SyntaxKind::MACRO_EXPR | SyntaxKind::MACRO_CALL)
        });
        match &self.body[call] {
            Expr::Call { args, .. } if is_of_macro => {
                let counts = args.iter().map(|it| self.count_at(*it, depth + 1));
                counts.into_iter().find(|it| *it != Count::Unknown).unwrap_or(Count::Unknown)
            }
            _ => Count::Unknown,
        }
    }

    fn count_of_variable(&self, expr: ExprId, depth: usize) -> Count {
        let Some(variable) = self.local(expr) else { return Count::Unknown };
        if let Some(value) = self.plain_value_of(variable) {
            return self.count_at(value, depth + 1);
        }
        self.head_of_loop_over(variable).map_or(Count::Unknown, |it| self.count_of_piece(it))
    }

    /// Pieces of something have a size of their own.
    fn count_of_piece(&self, pieces: ExprId) -> Count {
        let is_of_type = match self.infer.expr_ty(pieces).kind() {
            TyKind::Adt(adt, _) => self.known.type_(adt.def_id()),
            _ => None,
        };
        if !is_of_type.is_some_and(|it| it.counts == Some(Counts::Pieces)) {
            return Count::Unknown;
        }
        let size = self.mention_of(pieces).and_then(|it| self.values_of(it.expr).get(1).copied());
        size.and_then(|it| self.number(it)).map_or(Count::Chosen, Count::AtMost)
    }

    /// One of the collections that `unzip` and its like give.
    fn count_of_half(&self, both: ExprId, depth: usize) -> Count {
        let given = self.local(both).and_then(|it| self.plain_value_of(it)).unwrap_or(both);
        match (&self.body[given], self.counts_by_row(given)) {
            (Expr::MethodCall { receiver, .. }, Some(Counts::Same)) => {
                self.count_at(*receiver, depth + 1)
            }
            _ => Count::Unknown,
        }
    }

    fn count_by_type(&self, type_: Ty<'db>) -> Count {
        match type_.kind() {
            TyKind::Ref(_, it, _) => self.count_by_type(it),
            TyKind::Tuple(types) => Count::AtMost(types.len() as u128),
            TyKind::Array(_, length) => {
                let target = DisplayTarget::from_crate(self.db, self.krate());
                use ra_ap_hir_ty::display::HirDisplay;
                let length = length.display(self.db, target).to_string();
                length.parse().map_or(Count::Unknown, Count::AtMost)
            }
            TyKind::Adt(adt, _) => match self.known.type_(adt.def_id()) {
                Some(row) if row.open_ended => Count::OpenEnded(row.name().to_owned()),
                _ => Count::Unknown,
            },
            _ => Count::Unknown,
        }
    }

    fn count_of_range(&self, expr: ExprId) -> Option<Count> {
        let source = self.map.expr_syntax(expr).ok()?;
        if source.value.syntax_node_ptr().kind() != SyntaxKind::RANGE_EXPR {
            return None;
        }
        let (start, end, more) = match &self.body[expr] {
            Expr::RecordLit { fields, .. } => {
                let field =
                    |it: &str| fields.iter().find(|f| f.name.as_str() == it).map(|f| f.expr);
                let last = field("last");
                (field("start")?, last.or_else(|| field("end")), u128::from(last.is_some()))
            }
            Expr::Call { args, .. } => (*args.first()?, Some(*args.get(1)?), 1),
            _ => return None,
        };
        let Some(end) = end else {
            return Some(Count::OpenEnded("a range without end".to_owned()));
        };
        let numbers = self.number(start).zip(self.number(end));
        let length = |(start, end): (u128, u128)| (end + more).saturating_sub(start);
        Some(numbers.map_or(Count::Unknown, |it| Count::AtMost(length(it))))
    }

    /// What a `for` goes through, if it names each item like this.
    fn head_of_loop_over(&self, variable: BindingId) -> Option<ExprId> {
        let loops = self.body.exprs().map(|it| it.0).filter(|it| self.is_for(*it));
        let is_it =
            |it: &PatId| matches!(self.body[*it], Pat::Bind { id, subpat: None } if id == variable);
        let names_it = |it: &ExprId| self.item_patterns(*it).any(|it| is_it(&it));
        loops.filter(names_it).find_map(|it| self.head_of_for(it))
    }

    /// How a `for` names what its turns are for.
    fn item_patterns(&self, turns: ExprId) -> impl Iterator<Item = PatId> {
        let block = match self.body[turns] {
            Expr::Loop { body, .. } => Some(&self.body[body]),
            _ => None,
        };
        let next = match block {
            Some(Expr::Block { tail: Some(tail), .. }) => Some(&self.body[*tail]),
            _ => None,
        };
        let arms = match next {
            Some(Expr::Match { arms, .. }) => &arms[..],
            _ => &[],
        };
        arms.iter().flat_map(|arm| match &self.body[arm.pat] {
            Pat::TupleStruct { args, .. } => args.iter().copied(),
            _ => [].iter().copied(),
        })
    }

    /// Whether a `for` goes through a range without looking at its numbers: it only says how often.
    pub(super) fn only_counts(&self, turns: ExprId) -> bool {
        let is_range = |it: ExprId| self.count_of_range(it).is_some();
        let is_nothing = |it: PatId| match &self.body[it] {
            Pat::Wild => true,
            Pat::Bind { id, .. } => self.body[*id].name.as_str().starts_with('_'),
            _ => false,
        };
        self.item_patterns(turns).any(is_nothing) && self.head_of_for(turns).is_some_and(is_range)
    }

    pub(super) fn is_for(&self, expr: ExprId) -> bool {
        matches!(self.body[expr], Expr::Loop { source: LoopSource::ForLoop, .. })
    }

    /// What the `for` goes through whose turns these are.
    pub(super) fn head_of_for(&self, turns: ExprId) -> Option<ExprId> {
        let Expr::Match { expr, .. } = self.body[*self.parents.get(turns)?] else { return None };
        match &self.body[expr] {
            Expr::Call { args, .. } => args.first().copied(),
            _ => None,
        }
    }

    /// A number that is known without running anything.
    pub fn number(&self, expr: ExprId) -> Option<u128> {
        match &self.body[expr] {
            Expr::Literal(Literal::Int(it, _)) => u128::try_from(*it).ok(),
            Expr::Literal(Literal::Uint(it, _)) => Some(*it),
            Expr::Cast { expr, .. } => self.number(*expr),
            Expr::BinaryOp { lhs, rhs, op: Some(BinaryOp::ArithOp(op)) } => {
                let (lhs, rhs) = (self.number(*lhs)?, self.number(*rhs)?);
                match op {
                    ArithOp::Add => lhs.checked_add(rhs),
                    ArithOp::Mul => lhs.checked_mul(rhs),
                    ArithOp::Sub => lhs.checked_sub(rhs),
                    _ => None,
                }
            }
            Expr::Path(path) => {
                if let Some((CandidateId::ConstId(it), _)) =
                    self.infer.assoc_resolutions_for_expr(expr)
                {
                    return self.value_of_const(it.into());
                }
                let hygiene = self.body.expr_path_hygiene(expr);
                let resolver = self.resolver_at(expr);
                match resolver.resolve_path_in_value_ns_fully(self.db, path, hygiene)? {
                    ValueNs::ConstId(it) => self.value_of_const(it.into()),
                    ValueNs::LocalBinding(it) => self.number(self.plain_value_of(it)?),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn value_of_const(&self, it: ra_ap_hir::Const) -> Option<u128> {
        // In decimals first, whatever follows.
        let value = it.eval(self.db).ok()?.render_debug(self.db).ok()?;
        value.split(' ').next()?.parse().ok()
    }
}
