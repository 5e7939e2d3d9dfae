//! What was waited for, and is kept only after something else has been waited for.

use std::collections::BTreeSet;

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId, Pat, Statement};
use ra_ap_syntax::{AstNode, TextRange, ast};

use crate::{
    facts::{
        body::BodyFacts,
        left_behind::{Change, Does},
        suspends::AsyncBody,
    },
    finding::{Note, Place},
};

/// A write that could be made one `.await` earlier.
pub struct WrittenLate {
    /// The `.await` in between.
    pub at: Place,
    /// The statement that waits there.
    pub(crate) awaited: ExprId,
    /// What is written to.
    pub name: String,
    /// What is written, and where that was waited for.
    pub value: String,
    pub got: Place,
    pub written: Place,
    /// Who may drop the future.
    pub dropped_by: Vec<Note>,
    pub earlier: Result<Earlier, &'static str>,
}

/// How the write moves.
pub struct Earlier {
    /// The statement that writes, and the one before which it goes.
    pub statement: TextRange,
    pub before: TextRange,
    /// What it takes away, and the code in between needs: a copy has to go in its place.
    pub copied: Vec<TextRange>,
    /// A copy that is not needed any more.
    pub plain: Vec<(TextRange, String)>,
}

/// One statement of a block.
struct Line {
    expr: ExprId,
    /// Whether nobody looks at what it gives.
    ignored: bool,
}

impl<'db> BodyFacts<'db> {
    pub fn written_late(&self) -> Vec<WrittenLate> {
        let writes = self.state_changes();
        let writes: Vec<&Change> = writes.iter().filter(|it| self.keeps_something(it)).collect();
        if writes.is_empty() {
            return Vec::new();
        }
        let bodies = self.async_bodies();
        let found = writes.into_iter().filter_map(|it| self.late(it, &bodies));
        found.collect()
    }

    fn keeps_something(&self, change: &Change) -> bool {
        match &change.does {
            Does::Fills => true,
            Does::Calls(it) => !it.counts && it.undone_by.is_some(),
            _ => false,
        }
    }

    fn late(&self, write: &Change, bodies: &[AsyncBody<'db>]) -> Option<WrittenLate> {
        let coroutine = self.awaits_at(write.expr)?;
        let body = bodies.iter().find(|it| self.is_awaited_in(it.coroutine(), Some(coroutine)))?;
        if self.begins_with_one(&self.variables_of_loop(body.coroutine()), &write.state) {
            return None;
        }
        let parent = *self.parents.get(write.expr)?;
        let Expr::Block { statements, .. } = &self.body[parent] else { return None };
        let lines: Vec<Option<Line>> = statements.iter().map(|it| self.line(it)).collect();
        let own =
            lines.iter().position(|it| it.as_ref().is_some_and(|it| it.expr == write.expr))?;
        // The last variable of those that it needs which was waited for, ...
        let needed = self.variables_in(write.expr);
        let (got, variable) = (0..own).rev().find_map(|index| {
            let Statement::Let { pat, initializer: Some(value), else_branch: None, .. } =
                &statements[index]
            else {
                return None;
            };
            let Pat::Bind { id, .. } = self.body[*pat] else { return None };
            (needed.contains(&id) && self.was_awaited(*value)).then_some((index, id))
        })?;
        // ... and what comes behind that and does not lead anywhere else.
        let between = lines[got + 1..own].iter().map(Option::as_ref).collect::<Option<Vec<_>>>()?;
        let first = between.iter().position(|it| self.awaits_something(it.expr))?;
        let waiting = between[first];
        let are_plain = between
            .iter()
            .all(|it| (it.ignored || !self.awaits_something(it.expr)) && !self.leads_out(it.expr));
        if !are_plain || between.iter().any(|it| self.speaks_of(it.expr, write)) {
            return None;
        }
        let dropped_by = self.who_drops_before(body.coroutine(), write.state.owner())?;
        // Of whoever may come one day nobody knows whether he goes on with this.
        dropped_by.last().filter(|it| it.at.is_some())?;
        let Statement::Let { initializer: Some(value), .. } = &statements[got] else { return None };
        let exprs: Vec<ExprId> = between[first..].iter().map(|it| it.expr).collect();
        Some(WrittenLate {
            at: self.place_to_show(waiting.expr)?,
            awaited: waiting.expr,
            name: self.name_of_state(&write.state),
            value: self.body[variable].name.as_str().to_owned(),
            got: self.place_to_show(*value)?,
            written: self.place_to_show(write.expr)?,
            dropped_by,
            earlier: self.earlier(write.expr, waiting.expr, &exprs, &needed),
        })
    }

    fn line(&self, statement: &Statement) -> Option<Line> {
        match statement {
            Statement::Expr { expr, .. } => {
                let ignored = self.infer.expr_ty(*expr).is_unit();
                Some(Line { expr: *expr, ignored })
            }
            Statement::Let { pat, initializer: Some(expr), else_branch: None, .. } => {
                let ignored = matches!(self.body[*pat], Pat::Wild);
                Some(Line { expr: *expr, ignored })
            }
            _ => None,
        }
    }

    /// Whether a value is what an `.await` gave, or a part of it.
    fn was_awaited(&self, value: ExprId) -> bool {
        match &self.body[value] {
            Expr::Await { .. } => true,
            _ => self.step_back(value).is_some_and(|it| self.was_awaited(it)),
        }
    }

    fn awaits_something(&self, expr: ExprId) -> bool {
        let mut awaits = false;
        self.walk(expr, &mut |it| awaits |= matches!(self.body[it], Expr::Await { .. }));
        awaits
    }

    fn leads_out(&self, expr: ExprId) -> bool {
        let mut leads_out = false;
        self.walk(expr, &mut |it| {
            leads_out |= matches!(
                self.body[it],
                Expr::Return { .. } | Expr::Break { .. } | Expr::Continue { .. }
            );
        });
        leads_out
    }

    /// Whether it has to do with what is written to, or with all that this belongs to.
    fn speaks_of(&self, expr: ExprId, write: &Change) -> bool {
        let mut speaks = false;
        self.walk(expr, &mut |it| {
            if let Some(state) = self.state(it) {
                speaks |= state == write.state;
            }
        });
        speaks
    }

    fn earlier(
        &self,
        write: ExprId,
        waiting: ExprId,
        between: &[ExprId],
        needed: &BTreeSet<BindingId>,
    ) -> Result<Earlier, &'static str> {
        let unclear = "a macro has a hand in it";
        let statement = |it: ExprId| {
            let syntax = self.syntax(it).filter(|it| !it.file_id.is_macro())?;
            let statement = syntax.value.syntax().ancestors().find_map(ast::Stmt::cast)?;
            Some(statement.syntax().text_range())
        };
        let own = statement(write).ok_or(unclear)?;
        let before = statement(waiting).ok_or(unclear)?;
        let inside = |it: BindingId| {
            let mut uses = Vec::new();
            between.iter().for_each(|expr| {
                self.walk(*expr, &mut |expr| {
                    if self.local(expr) == Some(it) {
                        uses.push(expr);
                    }
                });
            });
            uses
        };
        let mut declared = BTreeSet::new();
        between.iter().for_each(|it| {
            if let Some(Statement::Let { pat, .. }) = self.let_giving(*it) {
                self.body.walk_bindings_in_pat(*pat, |it| {
                    declared.insert(it);
                });
            }
        });
        if needed.iter().any(|it| declared.contains(it)) {
            return Err("it is made of what only comes in between");
        }
        let mut change = Earlier { statement: own, before, copied: Vec::new(), plain: Vec::new() };
        for variable in needed.iter().copied() {
            let uses = inside(variable);
            let type_ = self.infer.binding_ty(variable);
            if self.may_borrow(type_) && !self.is_parameter(variable) {
                return Err("what it is made of may be borrowed from what is written to");
            }
            let mut given = Vec::new();
            self.walk(write, &mut |it| {
                if self.local(it) == Some(variable) && self.is_given_whole(it) {
                    given.push(it);
                }
            });
            if uses.is_empty() || given.is_empty() || self.is(type_, "Copy") {
                continue;
            }
            if !self.is_clone(type_) {
                return Err("what is written is needed in between, and cannot be copied");
            }
            for it in given {
                change.copied.push(self.place_of(it).ok_or(unclear)?.range);
            }
            // The only other use is a copy: that one can have it.
            let last = self.variables().uses_of(variable).all(|it| it.range.start() < own.end());
            if let [only] = uses[..]
                && last
                && let Some(copy) = self.parents.get(only).copied()
                && self.row_of_call(copy).is_some_and(|it| it.clones)
                && self.loop_around(only) == self.loop_around(write)
            {
                let name = self.body[variable].name.as_str().to_owned();
                change.plain.push((self.place_of(copy).ok_or(unclear)?.range, name));
            }
        }
        Ok(change)
    }

    /// Whether a variable goes away with this mention of it.
    fn is_given_whole(&self, mention: ExprId) -> bool {
        let steps = self.infer.expr_adjustment(mention).unwrap_or_default();
        let parent = self.parents.get(mention).map(|it| &self.body[*it]);
        steps.is_empty() && !matches!(parent, Some(Expr::Ref { .. } | Expr::Field { .. }))
    }
}
