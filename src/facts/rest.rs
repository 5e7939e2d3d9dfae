//! The rest of a block as a future of its own, which is put into a context each time it is polled.

use std::collections::BTreeSet;

use ra_ap_hir_def::hir::{BindingAnnotation, BindingId, Expr, ExprId, Statement};
use ra_ap_hir_ty::{
    Adjust,
    next_solver::{Ty, TyKind},
};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, TextRange, TextSize, ast, ast::HasAttrs};

use crate::{
    facts::{
        body::{BodyFacts, Mention},
        held::HeldGuard,
        suspends::Origin,
    },
    finding::FilePath,
};

/// What follows on the `let` of a context, to the end of its block.
pub struct Rest {
    pub file: FilePath,
    /// `let guard = context.enter();`
    pub statement: ast::LetStmt,
    pub statements: Vec<SyntaxNode>,
    pub context: Context,
    /// The block gives `()`.
    pub gives_nothing: bool,
    /// The method of a trait that puts a future into the context.
    pub by: String,
    /// The call that enters it.
    pub(crate) at: ExprId,
}

/// What is entered.
pub enum Context {
    /// Nobody else needs it.
    Own(String),
    /// Others may look at it.
    Shared(String),
    /// It is made in the same statement: where, and which variable can have it.
    Made { value: TextRange, name: String },
}

/// What such a variable is called, unless that means something else, and the guard's own name is taken.
const NAME: &str = "span";

const BY_MACRO: &str = "a macro has a hand in this";

impl<'db> BodyFacts<'db> {
    /// What follows on the `let` of a context, when a future can be made of it, or why not. None for other guards.
    pub fn rest(&self, guard: &HeldGuard<'db>) -> Result<Option<Rest>, &'static str> {
        let Some((variable, entered, by)) = self.enters(guard) else { return Ok(None) };
        let statement = self.let_of(variable).ok_or(BY_MACRO)?;
        if self.variables().uses_of(variable).next().is_some() {
            return Err("it is let go of by hand");
        }
        let list = statement.syntax().parent().and_then(ast::StmtList::cast);
        let list = list.filter(|_| statement.attrs().next().is_none());
        let list = list.ok_or("it is not declared by a statement of its own")?;
        let statements = statements_from(&list, statement.syntax().text_range().end());
        let (Some(first), Some(last)) = (statements.first(), statements.last()) else {
            return Ok(None);
        };
        if statements.iter().any(|it| ast::Item::can_cast(it.kind())) {
            return Err("an item is declared after it");
        }
        let range = TextRange::new(first.text_range().start(), last.text_range().end());
        let at = entered.expr;
        let coroutine = self.awaits_at(at).ok_or(BY_MACRO)?;
        let block = self.block_of(variable).ok_or(BY_MACRO)?;
        let given = self.given_by(block, coroutine, is_whole_body(&list), range)?;
        self.leaves_alone(given, range)?;
        let context = self.context(variable, entered, &list, &statements);
        Ok(Some(Rest {
            file: guard.at.file.clone(),
            statement,
            context: context.ok_or("what is entered is not clear")?,
            gives_nothing: given.is_unit(),
            by,
            at,
            statements,
        }))
    }

    /// The variable that holds a context, the call that entered it, and what does so for futures.
    fn enters(&self, guard: &HeldGuard<'db>) -> Option<(BindingId, &Mention, String)> {
        let Origin::Variable(variable) = guard.origin else { return None };
        let value = self.plain_value_of(variable)?;
        let entered = self.mentions.iter().find(|it| it.expr == value)?;
        Some((variable, entered, entered.row.for_futures.clone()?))
    }

    /// The block in which a variable is declared.
    fn block_of(&self, variable: BindingId) -> Option<ExprId> {
        let pattern = self.map.patterns_for_binding(variable).first().copied()?;
        let is_let = |it: &Statement| matches!(it, Statement::Let { pat, .. } if *pat == pattern);
        let mut blocks = self.body.exprs().filter(|it| match it.1 {
            Expr::Block { statements, .. } => statements.iter().any(is_let),
            _ => false,
        });
        blocks.next().map(|it| it.0)
    }

    /// The type of what the rest of a block gives, where nothing in it needs to know more than the block itself tells.
    fn given_by(
        &self,
        block: ExprId,
        coroutine: ExprId,
        whole: bool,
        range: TextRange,
    ) -> Result<Ty<'db>, &'static str> {
        let mut results = Vec::new();
        if let Expr::Block { tail: Some(tail), .. } = self.body[block] {
            self.results(tail, &mut results);
        }
        for out in self.ways_out(coroutine, range) {
            match &self.body[out] {
                _ if !whole => return Err("a way out of the block, like `?`, stands after it"),
                Expr::Return { expr: Some(it) } => self.results(*it, &mut results),
                _ => {}
            }
        }
        if results.iter().any(|it| self.needs_to_be_told(*it)) {
            return Err("what the block gives is converted to the type that is asked for");
        }
        match &self.body[coroutine] {
            Expr::Closure { body, .. } if whole => Ok(self.infer.expr_ty(*body)),
            _ => Ok(self.infer.expr_ty(block)),
        }
    }

    /// `return` and the like in this range that lead out of it, in this async body.
    fn ways_out(&self, coroutine: ExprId, range: TextRange) -> Vec<ExprId> {
        let mut found = Vec::new();
        for (expr, it) in self.body.exprs() {
            let inner_loop_counts = match it {
                Expr::Return { .. } => false,
                Expr::Break { label, .. } | Expr::Continue { label } => label.is_none(),
                _ => continue,
            };
            if !self.range_around(expr).is_some_and(|it| range.contains_range(it)) {
                continue;
            }
            let up = |it: &ExprId| self.parents.get(*it).copied();
            let stays = std::iter::successors(Some(expr), up)
                .take_while(|it| *it != coroutine)
                .any(|it| match &self.body[it] {
                    Expr::Closure { .. } => true,
                    Expr::Loop { .. } => {
                        let place = self.range_around(it);
                        inner_loop_counts && place.is_some_and(|it| range.contains_range(it))
                    }
                    _ => false,
                });
            if !stays {
                found.push(expr);
            }
        }
        found
    }

    /// What may be the value of an expression, and what that is wrapped in.
    fn results(&self, expr: ExprId, into: &mut Vec<ExprId>) {
        into.push(expr);
        let parts: Vec<ExprId> = match &self.body[expr] {
            Expr::Block { tail, .. } | Expr::Unsafe { tail, .. } => tail.iter().copied().collect(),
            Expr::If { then_branch, else_branch, .. } => {
                else_branch.iter().copied().chain([*then_branch]).collect()
            }
            Expr::Match { arms, .. } => arms.iter().map(|it| it.expr).collect(),
            Expr::Call { callee, args } if self.is_constructor(*callee) => args.to_vec(),
            Expr::Tuple { exprs } => exprs.to_vec(),
            Expr::RecordLit { fields, .. } => fields.iter().map(|it| it.expr).collect(),
            _ => Vec::new(),
        };
        parts.into_iter().for_each(|it| self.results(it, into));
    }

    /// Whether a value gets its type from what the function says that it gives.
    fn needs_to_be_told(&self, value: ExprId) -> bool {
        let steps = self.infer.expr_adjustment(value).unwrap_or_default();
        matches!(self.body[value], Expr::Closure { .. })
            || steps.iter().any(|it| !matches!(it.kind, Adjust::NeverToAny))
    }

    /// Whether a future of these statements may borrow all at once what they need one after the other.
    fn leaves_alone(&self, given: Ty<'db>, range: TextRange) -> Result<(), &'static str> {
        let variables = self.variables();
        // What a loop or `?` writes down for itself has no declaration, and stays inside.
        let is_outside = |it: &BindingId| match variables.declaration(*it) {
            Some(it) => !range.contains_range(it),
            None => self.is_parameter(*it),
        };
        let used = variables.used.iter().filter(|it| range.contains_range(it.range));
        let taken: BTreeSet<BindingId> = used.map(|it| it.variable).filter(is_outside).collect();
        let mut borrows = false;
        let mut changes = false;
        let mut lends = false;
        for variable in taken {
            let type_ = self.infer.binding_ty(variable);
            let is_shared = matches!(type_.kind(), TyKind::Ref(_, _, it) if it.is_not());
            let own = !self.is_parameter(variable);
            if own && !self.begins_with_value(variable) {
                return Err("a variable from before it gets its first value after it");
            }
            borrows |= own && self.may_borrow(type_);
            lends |= self.may_borrow(type_) && !is_shared;
            changes |= self.body[variable].mode == BindingAnnotation::Mutable
                || matches!(type_.kind(), TyKind::Ref(_, _, it) if it.is_mut());
        }
        match (borrows && changes, lends && self.gives_borrow(given)) {
            (true, _) => Err("something is borrowed before it, and something is changed after it"),
            (_, true) => Err("what the block gives is borrowed from what it may change"),
            _ => Ok(()),
        }
    }

    /// Whether a value that a function gives may hold a borrow of its parameters.
    fn gives_borrow(&self, given: Ty<'db>) -> bool {
        match given.kind() {
            TyKind::Dynamic(_, region) => !region.is_static(),
            TyKind::Adt(_, args) if args.regions().next().is_none() => {
                args.types().any(|it| self.gives_borrow(it))
            }
            _ => self.may_borrow(given),
        }
    }

    fn begins_with_value(&self, variable: BindingId) -> bool {
        !matches!(self.plain_let(variable), Some(Statement::Let { initializer: None, .. }))
    }

    fn context(
        &self,
        guard: BindingId,
        entered: &Mention,
        list: &ast::StmtList,
        statements: &[SyntaxNode],
    ) -> Option<Context> {
        let Expr::MethodCall { receiver, .. } = &self.body[entered.expr] else { return None };
        let ast::Expr::MethodCallExpr(call) = self.syntax(entered.expr)?.value else { return None };
        let value = call.receiver()?;
        let steps = self.infer.expr_adjustment(*receiver).unwrap_or_default();
        if self.root(*receiver).is_some() {
            let text = value.syntax().text().to_string();
            let is_own = steps.is_empty() || self.is_only_needed_here(*receiver, list);
            return Some(if is_own { Context::Own(text) } else { Context::Shared(text) });
        }
        let own = self.body[guard].name.as_str();
        let name = [NAME, own].into_iter().find(|it| self.is_free(it, statements))?.to_owned();
        steps.is_empty().then_some(Context::Made { value: value.syntax().text_range(), name })
    }

    /// A variable of the same block, or a parameter in the outermost one, that nothing else uses.
    fn is_only_needed_here(&self, place: ExprId, list: &ast::StmtList) -> bool {
        let Some(variable) = self.local(place) else { return false };
        let is_near = match self.is_parameter(variable) {
            true => is_whole_body(list),
            false => {
                let declared = self.let_of(variable).and_then(|it| it.syntax().parent());
                declared.as_ref() == Some(list.syntax())
            }
        };
        is_near
            && self.variables().uses_of(variable).count() == 1
            && !matches!(self.infer.binding_ty(variable).kind(), TyKind::Ref(..))
    }

    /// Whether a name means nothing in these statements.
    fn is_free(&self, name: &str, statements: &[SyntaxNode]) -> bool {
        let tokens = statements.iter().flat_map(|it| it.descendants_with_tokens());
        let mut words = tokens.filter_map(|it| it.into_token());
        let in_text = words.any(|it| it.kind() == SyntaxKind::IDENT && it.text() == name);
        let variables = self.variables();
        let is_in =
            |range: TextRange| statements.iter().any(|it| it.text_range().contains_range(range));
        let mut used = variables.used.iter().filter(|it| is_in(it.range));
        !in_text && !used.any(|it| self.body[it.variable].name.as_str() == name)
    }
}

/// The statements of a block from `start` on, and its value.
pub(super) fn statements_from(list: &ast::StmtList, start: TextSize) -> Vec<SyntaxNode> {
    let all = list.statements().map(|it| it.syntax().clone());
    let all = all.chain(list.tail_expr().map(|it| it.syntax().clone()));
    all.filter(|it| it.text_range().start() >= start).collect()
}

/// Whether it is the body of an async function, block or closure: what leaves it gives its result.
fn is_whole_body(list: &ast::StmtList) -> bool {
    let Some(block) = list.syntax().parent().and_then(ast::BlockExpr::cast) else { return false };
    let around = block.syntax().parent();
    let is_async_closure = |it: &SyntaxNode| {
        ast::ClosureExpr::cast(it.clone()).is_some_and(|it| it.async_token().is_some())
    };
    block.async_token().is_some()
        || around.is_some_and(|it| ast::Fn::can_cast(it.kind()) || is_async_closure(&it))
}
