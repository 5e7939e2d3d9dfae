//! What a variable is given where it is declared.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId, Pat, PatId, Statement};

use crate::facts::body::BodyFacts;

/// Where a variable has its first value from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Given {
    /// All of this, or a part of it: by a `let`, or in the head of a `match` or `if let`.
    By(ExprId),
    /// It is declared without a value.
    Later,
    /// It is a parameter, or what a closure takes.
    Outside,
}

impl BodyFacts<'_> {
    pub(crate) fn given(&self, variable: BindingId) -> Given {
        let binds = |pattern: PatId| {
            let mut found = false;
            self.body.walk_bindings_in_pat(pattern, |it| found |= it == variable);
            found
        };
        let of = |it: &Expr| match it {
            Expr::Block { statements, .. } | Expr::Unsafe { statements, .. } => {
                statements.iter().find_map(|it| match it {
                    Statement::Let { pat, initializer, .. } if binds(*pat) => {
                        Some(initializer.map_or(Given::Later, Given::By))
                    }
                    _ => None,
                })
            }
            Expr::Let { pat, expr } if binds(*pat) => Some(Given::By(*expr)),
            Expr::Match { expr, arms } if arms.iter().any(|it| binds(it.pat)) => {
                Some(Given::By(*expr))
            }
            _ => None,
        };
        self.body.exprs().find_map(|it| of(it.1)).unwrap_or(Given::Outside)
    }

    /// The variable that is this parameter, `self` not counted.
    pub(super) fn parameter_at(&self, index: usize) -> Option<BindingId> {
        match self.body[self.body.params.get(index)?.user_written] {
            Pat::Bind { id, subpat: None } => Some(id),
            _ => None,
        }
    }

    /// The `let` of a block that gives this value away as a whole.
    pub(super) fn let_giving(&self, value: ExprId) -> Option<&Statement> {
        let Expr::Block { statements, .. } = &self.body[*self.parents.get(value)?] else {
            return None;
        };
        let gives = |it: &&Statement| matches!(it, Statement::Let { initializer, .. } if *initializer == Some(value));
        statements.iter().find(gives)
    }

    /// The variable that such a `let` puts it into.
    pub(super) fn variable_given(&self, value: ExprId) -> Option<BindingId> {
        let Statement::Let { pat, .. } = self.let_giving(value)? else { return None };
        match self.body[*pat] {
            Pat::Bind { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The value that `let variable = this;` gives.
    pub(super) fn plain_value_of(&self, variable: BindingId) -> Option<ExprId> {
        match self.plain_let(variable)? {
            Statement::Let { initializer, .. } => *initializer,
            _ => None,
        }
    }

    /// The `let` that declares this variable and nothing else.
    pub(super) fn plain_let(&self, variable: BindingId) -> Option<&Statement> {
        let pattern = self.map.patterns_for_binding(variable).first().copied()?;
        let blocks = self.body.exprs().filter_map(|it| match it.1 {
            Expr::Block { statements, .. } | Expr::Unsafe { statements, .. } => Some(statements),
            _ => None,
        });
        let declares =
            |it: &&Statement| matches!(it, Statement::Let { pat, .. } if *pat == pattern);
        blocks.flatten().find(declares)
    }
}
