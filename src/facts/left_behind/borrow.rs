//! What is taken out for a time, and could be borrowed where it is.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId};
use ra_ap_hir_ty::{Adjust, next_solver::TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{AstNode, TextRange, ast};

use crate::{
    facts::{
        body::BodyFacts,
        left_behind::{Kind, LeftBehind},
    },
    finding::FilePath,
};

/// What to change so that it stays in its place.
pub struct Borrowed {
    pub file: FilePath,
    /// What it is called.
    pub name: String,
    /// The name of the method that takes it out, and of the one that lends it.
    pub method: (TextRange, String),
    /// `mut name` in its pattern.
    pub pattern: TextRange,
    /// `&mut name` where it is lent.
    pub lent: Vec<TextRange>,
    /// The statement that puts it back.
    pub back: TextRange,
}

impl BodyFacts<'_> {
    /// How what is taken out could be borrowed instead; or why not.
    pub fn borrowed(&self, left: &LeftBehind) -> Result<Borrowed, &'static str> {
        let unclear = "a macro has a hand in it";
        let row = self.row_of_call(left.made).filter(|_| left.kind == Kind::Emptied);
        let lends = row.and_then(|it| it.borrowed_by.clone()).ok_or("nothing lends it")?;
        let Expr::MethodCall { receiver, .. } = self.body[left.made] else { return Err(unclear) };
        let owner = self.root(receiver).ok_or("it is behind a lock, which would be held")?;
        let [variable] = self.variables_given(left.made)[..] else {
            return Err("it is taken apart where it is taken out");
        };
        let call = self.syntax(left.made).filter(|it| !it.file_id.is_macro()).ok_or(unclear)?;
        let ast::Expr::MethodCallExpr(call) = call.value else { return Err(unclear) };
        let method = call.name_ref().ok_or(unclear)?.syntax().text_range();
        let back = self.statement_that_puts_back(left.back, variable)?;
        let between = TextRange::new(call.syntax().text_range().end(), back.start());
        self.is_free_meanwhile(owner, receiver, between)?;
        let patterns = self.map.patterns_for_binding(variable);
        let pattern = patterns.first().and_then(|it| self.place_of_pattern(*it)).ok_or(unclear)?;
        Ok(Borrowed {
            file: left.at.file.clone(),
            name: self.body[variable].name.as_str().to_owned(),
            method: (method, lends),
            pattern: pattern.range,
            lent: self.uses_as_reference(variable, left)?,
            back,
        })
    }

    /// `self.stream = Some(stream);`
    fn statement_that_puts_back(
        &self,
        back: ExprId,
        variable: BindingId,
    ) -> Result<TextRange, &'static str> {
        let Expr::Assignment { value, .. } = self.body[back] else {
            return Err("it comes back changed");
        };
        let Expr::Call { args, .. } = &self.body[value] else {
            return Err("it comes back changed");
        };
        let is_it = matches!(args[..], [it] if self.local(it) == Some(variable));
        let syntax = self.syntax(back).filter(|it| is_it && !it.file_id.is_macro());
        let syntax = syntax.ok_or("it comes back changed")?.value;
        let statement = syntax.syntax().parent().and_then(ast::ExprStmt::cast);
        Ok(statement.ok_or("it comes back changed")?.syntax().text_range())
    }

    /// Whether nothing else needs what is borrowed then, or all of what it belongs to.
    fn is_free_meanwhile(
        &self,
        owner: BindingId,
        borrowed: ExprId,
        between: TextRange,
    ) -> Result<(), &'static str> {
        let fields = |it: ExprId| {
            let mut fields = Vec::new();
            let mut place = it;
            while let Expr::Field { expr, name } = &self.body[place] {
                fields.push(name.clone());
                place = *expr;
            }
            fields.reverse();
            fields
        };
        let own = fields(borrowed);
        for place in self.places_in(self.body.root_expr()) {
            let is_between = self.range_around(place).is_some_and(|it| between.contains_range(it));
            if self.root(place) != Some(owner) || !is_between {
                continue;
            }
            let other = fields(place);
            let is_apart = own.iter().zip(&other).any(|(own, other)| own != other);
            if !is_apart {
                return Err("what it belongs to is needed as a whole meanwhile");
            }
        }
        Ok(())
    }

    /// The places at which it is lent; or why a reference would not do.
    fn uses_as_reference(
        &self,
        variable: BindingId,
        left: &LeftBehind,
    ) -> Result<Vec<TextRange>, &'static str> {
        let is_given_on = "it is given away, or to somebody who asks for the value";
        let mut lent = Vec::new();
        for (expr, around) in &self.sequence {
            let is_back = self.is_inside(*expr, left.back);
            if self.local(*expr) != Some(variable) || is_back {
                continue;
            }
            if *around != self.awaits_at(left.made) {
                return Err(is_given_on);
            }
            let parent = self.parents.get(*expr).copied().ok_or(is_given_on)?;
            let steps = self.infer.expr_adjustment(*expr).unwrap_or_default();
            let borrows = steps.iter().any(|it| matches!(it.kind, Adjust::Borrow(_)));
            match &self.body[parent] {
                Expr::MethodCall { receiver, .. } if receiver == expr && borrows => {}
                // To somebody who names the type that he asks for.
                Expr::Ref { .. } if self.is_plain_argument(parent) => {
                    lent.push(self.place_of(parent).ok_or(is_given_on)?.range);
                }
                Expr::Field { .. } if self.is(self.infer.expr_ty(parent), "Copy") => {}
                _ => return Err(is_given_on),
            }
        }
        Ok(lent)
    }

    /// Whether a reference is an argument of a function that takes a reference, whatever its other arguments are.
    fn is_plain_argument(&self, reference: ExprId) -> bool {
        let Some(call) = self.parents.get(reference).copied() else { return false };
        let Some(used) = self.uses.iter().find(|it| it.expr == call) else { return false };
        let values = self.values_of(call);
        let Some(index) = values.iter().position(|it| *it == reference) else { return false };
        let function = ra_ap_hir::Function::from(used.function);
        let params = function.assoc_fn_params(self.db);
        params.get(index).is_some_and(|it| it.ty().is_reference())
            && matches!(self.infer.expr_ty(reference).kind(), TyKind::Ref(..))
    }
}
