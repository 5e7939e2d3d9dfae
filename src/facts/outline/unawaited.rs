//! The calls whose value a statement drops or puts into a variable. Names only tell where to look.

use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList},
};

/// What this statement makes and does not await: the names of calls, and `async` blocks.
pub(super) fn in_statement(statement: SyntaxNode) -> Vec<TextRange> {
    let mut calls = Vec::new();
    match ast::Stmt::cast(statement) {
        Some(ast::Stmt::ExprStmt(it)) if it.semicolon_token().is_some() => match it.expr() {
            Some(ast::Expr::BinExpr(it)) => {
                if matches!(it.lhs(), Some(ast::Expr::UnderscoreExpr(_))) {
                    it.rhs().into_iter().for_each(|it| add(it, &mut calls));
                }
            }
            it => it.into_iter().for_each(|it| add(it, &mut calls)),
        },
        Some(ast::Stmt::LetStmt(it)) if it.pat().is_some_and(|it| takes_all(&it)) => {
            it.initializer().into_iter().for_each(|it| add(it, &mut calls));
        }
        _ => {}
    }
    calls
}

/// A pattern that takes the value as it is.
fn takes_all(pattern: &ast::Pat) -> bool {
    match pattern {
        ast::Pat::WildcardPat(_) => true,
        ast::Pat::IdentPat(it) => it.pat().is_none(),
        _ => false,
    }
}

fn add(expr: ast::Expr, calls: &mut Vec<TextRange>) {
    match expr {
        ast::Expr::CallExpr(it) => {
            if let Some(ast::Expr::PathExpr(path)) = it.expr() {
                let name = path.path().and_then(|it| it.segment()).and_then(|it| it.name_ref());
                calls.extend(name.map(|it| it.syntax().text_range()));
            }
            add_closures(it.arg_list(), calls);
        }
        ast::Expr::MethodCallExpr(it) => {
            calls.extend(it.name_ref().map(|it| it.syntax().text_range()));
            add_closures(it.arg_list(), calls);
            it.receiver().into_iter().for_each(|it| add(it, calls));
        }
        ast::Expr::BlockExpr(it) => match it.async_token() {
            Some(it) => calls.push(it.text_range()),
            None => it.tail_expr().into_iter().for_each(|it| add(it, calls)),
        },
        ast::Expr::ParenExpr(it) => it.expr().into_iter().for_each(|it| add(it, calls)),
        ast::Expr::TryExpr(it) => it.expr().into_iter().for_each(|it| add(it, calls)),
        ast::Expr::IfExpr(it) => {
            let branches = [
                it.then_branch().map(ast::Expr::BlockExpr),
                it.else_branch().map(|it| match it {
                    ast::ElseBranch::Block(it) => ast::Expr::BlockExpr(it),
                    ast::ElseBranch::IfExpr(it) => ast::Expr::IfExpr(it),
                }),
            ];
            branches.into_iter().flatten().for_each(|it| add(it, calls));
        }
        ast::Expr::MatchExpr(it) => {
            let arms = it.match_arm_list().into_iter().flat_map(|it| it.arms());
            arms.filter_map(|it| it.expr()).for_each(|it| add(it, calls));
        }
        _ => {}
    }
}

/// What the closures give back that a call is given.
fn add_closures(arguments: Option<ast::ArgList>, calls: &mut Vec<TextRange>) {
    for argument in arguments.into_iter().flat_map(|it| it.args()) {
        if let ast::Expr::ClosureExpr(it) = argument {
            it.body().into_iter().for_each(|it| add(it, calls));
        }
    }
}
