//! Where variables are declared and used, in the text of a function.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId, PatId};
use ra_ap_syntax::TextRange;

use crate::facts::body::BodyFacts;

/// The variables of a function by the places at which its text speaks of them.
pub struct Variables {
    pub(crate) declared: Vec<(BindingId, TextRange)>,
    pub(crate) used: Vec<VariableUse>,
}

/// One use of a variable.
pub struct VariableUse {
    pub(crate) variable: BindingId,
    /// The use itself, or the smallest piece of the user's text that is known to contain it.
    pub range: TextRange,
}

impl BodyFacts<'_> {
    pub fn variables(&self) -> Variables {
        let mut variables = Variables { declared: Vec::new(), used: Vec::new() };
        for (id, _) in self.body.bindings() {
            for pattern in self.map.patterns_for_binding(id) {
                variables.declared.extend(self.range_around_pattern(*pattern).map(|it| (id, it)));
            }
        }
        for (expr, it) in self.body.exprs() {
            if let Expr::Path(_) = it
                && let Some(variable) = self.local(expr)
                // What has no place at all is how an async function takes its own parameters.
                && let Some(range) = self.range_around(expr)
            {
                variables.used.push(VariableUse { variable, range });
            }
        }
        variables
    }

    /// The smallest piece of the user's text that is known to contain this expression.
    pub(super) fn range_around(&self, expr: ExprId) -> Option<TextRange> {
        let mut at = Some(expr);
        while let Some(expr) = at {
            if let Some(place) = self.place_to_show(expr) {
                return Some(place.range);
            }
            at = self.parents.get(expr).copied();
        }
        None
    }

    fn range_around_pattern(&self, pattern: PatId) -> Option<TextRange> {
        let place = self.place_of_pattern(pattern).or_else(|| self.place_around_pattern(pattern));
        place.map(|it| it.range)
    }
}

impl Variables {
    pub(crate) fn uses_of(&self, variable: BindingId) -> impl Iterator<Item = &VariableUse> {
        self.used.iter().filter(move |it| it.variable == variable)
    }

    /// Where the variable is declared; none for what a loop or `?` writes down for itself.
    pub(crate) fn declaration(&self, variable: BindingId) -> Option<TextRange> {
        self.declared.iter().find(|it| it.0 == variable).map(|it| it.1)
    }
}
