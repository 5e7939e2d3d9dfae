//! What is done with each item of a stream, as a part of the future that makes the item.

use ra_ap_hir_def::hir::{BindingAnnotation, BindingId, Expr, ExprId, Pat, PatId};
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList, HasLoopBody},
};

use super::{Consumed, Idle};
use crate::{facts::body::BodyFacts, finding::FilePath};

/// Places to change so that all is done in the futures, which the stream runs side by side.
pub struct AtOnce {
    pub file: FilePath,
    /// The method that does so, up to a limit.
    pub method: String,
    /// The limit.
    pub limit: TextRange,
    /// A name for the future that is free.
    pub future: String,
    pub consumed: ConsumedAt,
}

/// Where the items are taken.
pub enum ConsumedAt {
    Loop(Box<LoopAt>),
    Method(MethodAt),
}

/// `let mut name = stream; while let Some(pattern) = name.next().await { .. }`
pub struct LoopAt {
    /// `let mut name = `
    pub head: TextRange,
    /// The name of the method that makes the stream.
    pub name: TextRange,
    /// From behind its last argument to the brace of the loop.
    pub between: TextRange,
    pub pattern: TextRange,
    /// All in the braces of the loop, and these.
    pub statements: SyntaxNode,
    pub close: TextRange,
}

/// `stream.for_each(|pattern| value)`
pub struct MethodAt {
    /// `.buffer_unordered(limit)`
    pub makes: TextRange,
    /// The name of the method that takes the items.
    pub name: TextRange,
    pub pattern: TextRange,
    pub value: TextRange,
    /// Where its statements begin, when it is an async block.
    pub open: Option<TextRange>,
    pub closure: TextRange,
}

const UNCLEAR: &str = "a macro has a hand in it";

impl<'db> BodyFacts<'db> {
    /// How what is done with the items can be done in the futures, or why that cannot be.
    pub fn at_once(&self, idle: &Idle) -> Result<AtOnce, &'static str> {
        let made_by = idle.made_by.ok_or("no call in sight makes the stream of all its futures")?;
        let row = self.row_of_call(made_by).ok_or(UNCLEAR)?;
        let method = row.concurrently.clone().ok_or(
            "the order of the items would be lost, or no method is known that does it for several of them",
        )?;
        let makes = self.method_call(made_by).ok_or(UNCLEAR)?;
        let limit = makes.arg_list().and_then(|it| it.args().last()).ok_or(UNCLEAR)?;
        let file = self.place_of(made_by).ok_or(UNCLEAR)?.file;
        let consumed = match idle.consumed_by {
            Consumed::Loop { next, turns } => {
                ConsumedAt::Loop(Box::new(self.loop_at(made_by, &makes, next, turns)?))
            }
            Consumed::Method { call, closure } => {
                ConsumedAt::Method(self.method_at(made_by, &makes, call, closure, &method)?)
            }
        };
        let future = self.free_name("future").ok_or(UNCLEAR)?;
        Ok(AtOnce { file, method, limit: limit.syntax().text_range(), future, consumed })
    }

    fn method_call(&self, call: ExprId) -> Option<ast::MethodCallExpr> {
        let source = self.syntax(call).filter(|it| !it.file_id.is_macro())?;
        ast::MethodCallExpr::cast(source.value.syntax().clone())
    }

    fn loop_at(
        &self,
        made_by: ExprId,
        makes: &ast::MethodCallExpr,
        next: ExprId,
        turns: ExprId,
    ) -> Result<LoopAt, &'static str> {
        let variable = self.variable_given(made_by).ok_or("the stream is wrapped once more")?;
        let uses = self.body.exprs().filter(|it| self.local(it.0) == Some(variable)).count();
        let Expr::MethodCall { receiver, .. } = self.body[next] else { return Err(UNCLEAR) };
        if uses != 1 || self.local(receiver) != Some(variable) {
            return Err("the stream is used elsewhere, too");
        }
        let whole = self.syntax(turns).filter(|it| !it.file_id.is_macro()).ok_or(UNCLEAR)?;
        let whole = ast::WhileExpr::cast(whole.value.syntax().clone())
            .ok_or("it is no `while let` that takes the items")?;
        let Some(ast::Expr::LetExpr(head)) = whole.condition() else { return Err(UNCLEAR) };
        let Some(ast::Pat::TupleStructPat(some)) = head.pat() else { return Err(UNCLEAR) };
        let pattern = some.fields().next().ok_or(UNCLEAR)?.syntax().text_range();
        let (bound, body) = self.parts_of_while_let(turns).ok_or(UNCLEAR)?;
        if !self.takes_everything(bound) {
            return Err("the loop ends with an item that it does not expect");
        }
        self.may_be_done_at_once(turns, body)?;
        let statement = makes.syntax().parent().and_then(ast::LetStmt::cast).ok_or(UNCLEAR)?;
        let follows = statement.syntax().next_sibling();
        let is_next =
            follows.is_some_and(|it| it == *whole.syntax() || is_only(&it, whole.syntax()));
        if !is_next || has_comment(statement.syntax(), whole.syntax()) {
            return Err("something stands between the stream and its loop");
        }
        let list = whole.loop_body().and_then(|it| it.stmt_list()).ok_or(UNCLEAR)?;
        let (open, close) = list.l_curly_token().zip(list.r_curly_token()).ok_or(UNCLEAR)?;
        let bracket = makes.arg_list().and_then(|it| it.r_paren_token()).ok_or(UNCLEAR)?;
        let start = statement.syntax().text_range().start();
        Ok(LoopAt {
            head: TextRange::new(start, makes.syntax().text_range().start()),
            name: makes.name_ref().ok_or(UNCLEAR)?.syntax().text_range(),
            between: TextRange::new(bracket.text_range().start(), open.text_range().end()),
            pattern,
            statements: list.syntax().clone(),
            close: close.text_range(),
        })
    }

    /// The pattern in `Some(pattern)` in the head of a `while let`, and its block.
    fn parts_of_while_let(&self, turns: ExprId) -> Option<(PatId, ExprId)> {
        let Expr::Loop { body, .. } = self.body[turns] else { return None };
        let inner = match &self.body[body] {
            Expr::Block { statements, tail: Some(tail), .. } if statements.is_empty() => *tail,
            _ => body,
        };
        let Expr::If { condition, then_branch, .. } = self.body[inner] else { return None };
        let Expr::Let { pat, .. } = self.body[condition] else { return None };
        match &self.body[pat] {
            Pat::TupleStruct { args, .. } => Some((*args.first()?, then_branch)),
            _ => None,
        }
    }

    fn takes_everything(&self, pattern: PatId) -> bool {
        match &self.body[pattern] {
            Pat::Wild => true,
            Pat::Bind { subpat, .. } => subpat.is_none(),
            Pat::Tuple { args, .. } => args.iter().all(|it| self.takes_everything(*it)),
            _ => false,
        }
    }

    /// Whether the turns of a loop may overlap: none ends the loop, and none changes what is outside.
    fn may_be_done_at_once(&self, turns: ExprId, body: ExprId) -> Result<(), &'static str> {
        let mut all = Vec::new();
        self.walk(body, &mut |it| all.push(it));
        let leads_out = |it: &ExprId| {
            matches!(
                self.body[*it],
                Expr::Return { .. } | Expr::Break { .. } | Expr::Continue { .. }
            )
        };
        if all.iter().any(leads_out) {
            return Err("its body may leave the loop or the turn");
        }
        let made = self.variables_of_loop(turns);
        let outer = all.iter().filter_map(|it| self.local(*it)).filter(|it| !made.contains(it));
        let is_shared = |it: BindingId| {
            self.is(self.infer.binding_ty(it), "Copy")
                && self.body[it].mode != BindingAnnotation::Mutable
        };
        match outer.into_iter().all(is_shared) {
            true => Ok(()),
            false => Err("its body uses something that only one at a time can have"),
        }
    }

    fn method_at(
        &self,
        made_by: ExprId,
        makes: &ast::MethodCallExpr,
        call: ExprId,
        closure: ExprId,
        method: &str,
    ) -> Result<MethodAt, &'static str> {
        let of_call = self.row_of_call(call).and_then(|it| it.concurrently.as_deref());
        let Expr::MethodCall { receiver, .. } = self.body[call] else { return Err(UNCLEAR) };
        if of_call != Some(method) || receiver != made_by {
            return Err("no method is known that does it for several items");
        }
        let takes = self.method_call(call).ok_or(UNCLEAR)?;
        let (syntax, value) = self.closure_parts(closure).ok_or(UNCLEAR)?;
        let parameter = syntax.param_list().and_then(|it| it.params().next()).ok_or(UNCLEAR)?;
        if parameter.ty().is_some() {
            return Err("the type of the item is written there");
        }
        let open = match &value {
            ast::Expr::BlockExpr(it) if it.async_token().is_some() => {
                Some(it.stmt_list().and_then(|it| it.l_curly_token()).ok_or(UNCLEAR)?.text_range())
            }
            ast::Expr::BlockExpr(_) => return Err("the closure does something by itself"),
            _ => None,
        };
        let receiver = makes.receiver().ok_or(UNCLEAR)?.syntax().text_range();
        Ok(MethodAt {
            makes: TextRange::new(receiver.end(), makes.syntax().text_range().end()),
            name: takes.name_ref().ok_or(UNCLEAR)?.syntax().text_range(),
            pattern: parameter.pat().ok_or(UNCLEAR)?.syntax().text_range(),
            value: value.syntax().text_range(),
            open,
            closure: syntax.syntax().text_range(),
        })
    }

    /// A closure, and what it gives back.
    pub(super) fn closure_parts(&self, closure: ExprId) -> Option<(ast::ClosureExpr, ast::Expr)> {
        let source = self.syntax(closure).filter(|it| !it.file_id.is_macro())?;
        let syntax = ast::ClosureExpr::cast(source.value.syntax().clone())?;
        let value = syntax.body()?;
        Some((syntax, value))
    }
}

/// Whether a statement is this expression alone.
fn is_only(statement: &SyntaxNode, expr: &SyntaxNode) -> bool {
    ast::ExprStmt::can_cast(statement.kind()) && statement.first_child().as_ref() == Some(expr)
}

/// Whether a comment stands between two neighbours.
fn has_comment(first: &SyntaxNode, second: &SyntaxNode) -> bool {
    let between = TextRange::new(first.text_range().end(), second.text_range().start());
    let parent = first.parent();
    let mut tokens = parent.iter().flat_map(|it| it.descendants_with_tokens());
    tokens.any(|it| {
        it.kind() == ra_ap_syntax::SyntaxKind::COMMENT && between.contains_range(it.text_range())
    })
}
