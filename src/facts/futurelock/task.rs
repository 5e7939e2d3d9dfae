//! A lent future that could run as a task of its own, whose handle is lent in its place.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId};

use crate::{
    facts::{
        body::BodyFacts,
        selects::{Branch, Select},
    },
    finding::Place,
};

/// What to change so that it does.
pub struct LentTask {
    pub name: String,
    /// What makes the future, ...
    pub future: Place,
    /// ... with all that pins or boxes it.
    pub wrapped: Place,
    /// The name where it is declared.
    pub pattern: Place,
    /// `pin!(future);`
    pub pinned: Option<Place>,
    /// What the branch does with the result.
    pub result: Place,
    /// It gives nothing.
    pub is_unit: bool,
    pub handler: Place,
    /// A name for the result that is free.
    pub joined: String,
    pub(crate) at: ExprId,
}

impl BodyFacts<'_> {
    pub(super) fn lent_task(
        &self,
        select: &Select,
        branch: &Branch,
        variable: BindingId,
        made: ExprId,
    ) -> Result<LentTask, String> {
        let no = |text: &str| text.to_owned();
        let unclear = || no("a macro has a hand in it");
        if select.row.lends_named {
            return Err(no("this macro asks for a future that says when it is done"));
        }
        if select.is_of_one_type() {
            return Err(no("it has to be of the type of the others"));
        }
        self.owns_all(made)?;
        let (declared, value) = self.declares(variable, made).ok_or_else(unclear)?;
        let variables = self.variables();
        let pattern = |it: BindingId| self.map.patterns_for_binding(it).first().copied();
        let pinned = match declared == variable {
            true => None,
            false => {
                let pattern = pattern(variable).ok_or_else(unclear)?;
                Some(self.place_around_pattern(pattern).ok_or_else(unclear)?)
            }
        };
        let is_own = |it: &Place| {
            let inside = [Some(&branch.at), pinned.as_ref()];
            inside.into_iter().flatten().any(|own| own.range.contains_range(it.range))
        };
        let mut uses = variables.uses_of(variable).chain(variables.uses_of(declared));
        if !uses.all(|it| is_own(&Place::new(branch.at.file.clone(), it.range))) {
            return Err(no("its result is needed elsewhere, too"));
        }
        let declared_at = pattern(declared).and_then(|it| self.place_of_pattern(it));
        let wrapped = self.place_of(value).or_else(|| self.macro_call_place(value));
        Ok(LentTask {
            name: self.body[variable].name.as_str().to_owned(),
            future: self.place_of(made).ok_or_else(unclear)?,
            wrapped: wrapped.ok_or_else(unclear)?,
            pattern: declared_at.ok_or_else(unclear)?,
            pinned,
            result: branch.pattern.clone(),
            is_unit: self.gives_nothing(made),
            handler: branch.handler_at.clone(),
            joined: self.free_name("joined").ok_or_else(unclear)?,
            at: made,
        })
    }

    /// The variable that the user declares with this future, and what he gives it.
    fn declares(&self, variable: BindingId, made: ExprId) -> Option<(BindingId, ExprId)> {
        let value = self.plain_value_of(variable)?;
        let pattern = self.map.patterns_for_binding(variable).first().copied()?;
        if self.place_of_pattern(pattern).is_some() {
            return self.is_inside(made, value).then_some((variable, value));
        }
        // `pin!(it)` declares another one of the same name.
        let mut inner = None;
        self.walk(value, &mut |it| inner = inner.or(self.local(it)));
        inner.filter(|it| *it != variable).and_then(|it| self.declares(it, made))
    }

    fn gives_nothing(&self, future: ExprId) -> bool {
        match &self.body[future] {
            Expr::Closure { body, .. } => self.infer.expr_ty(*body).is_unit(),
            _ => self.uses.iter().find(|it| it.expr == future).is_some_and(|it| {
                let function = ra_ap_hir::Function::from(it.function);
                function.async_ret_type(self.db).is_some_and(|it| it.is_unit())
            }),
        }
    }
}
