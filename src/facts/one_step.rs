//! Changes that could wait for the `.await` behind them, so that they are made in one step with those that follow.

use std::collections::BTreeSet;

use ra_ap_hir_def::hir::{BindingAnnotation, BindingId};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_ide_db::text_edit::{TextRange, TextSize};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{AstNode, NodeOrToken, SyntaxKind, SyntaxNode, T, ast};

use crate::{
    facts::{body::BodyFacts, half_done::HalfDone},
    finding::FilePath,
};

/// Statements that may move.
pub struct OneStep {
    pub file: FilePath,
    /// The first changes, ...
    pub changes: TextRange,
    /// ... up to the statement behind them, ...
    pub gap: TextRange,
    /// ... and the statement before which they would stand.
    pub to: TextSize,
    /// Whether the function may end on the way.
    pub may_end: bool,
}

impl<'db> BodyFacts<'db> {
    /// The first changes through a guard, when they can be made together with the next ones; or why not.
    pub fn one_step(&self, half: &HalfDone<'db>) -> Result<OneStep, &'static str> {
        let unclear = "a macro has a hand in it";
        let source = self.syntax(half.await_).filter(|it| !it.file_id.is_macro()).ok_or(unclear)?;
        let list =
            source.value.syntax().ancestors().find_map(ast::StmtList::cast).ok_or(unclear)?;
        let statements: Vec<SyntaxNode> = list
            .statements()
            .map(|it| it.syntax().clone())
            .chain(list.tail_expr().map(|it| it.syntax().clone()))
            .collect();
        let index = |range: TextRange| {
            statements.iter().position(|it| it.text_range().contains_range(range))
        };
        let awaiting = index(source.value.syntax().text_range()).ok_or(unclear)?;
        let mut changing = BTreeSet::new();
        for it in &half.changes {
            let place = self.place_of(*it).ok_or(unclear)?;
            changing.insert(
                index(place.range).ok_or("not all of the changes stand in one block of code")?,
            );
        }
        let last = changing.range(..=awaiting).next_back().copied().ok_or(unclear)?;
        let first = (0..=last).rev().take_while(|it| changing.contains(it)).last().unwrap_or(last);
        if changing.range(..first).next().is_some() || last == awaiting {
            return Err("other code stands between the changes");
        }
        let next = changing.range(awaiting..).next().copied();
        let next = next.ok_or("not all of the changes stand in one block of code")?;
        let moved = &statements[first..=last];
        if !moved.iter().all(is_plain_change) {
            return Err(
                "what is written first is more than a value, so it is made where it stands",
            );
        }
        let between = &statements[last + 1..next];
        self.is_independent(half.guard, moved, between)?;
        let start = |it: usize| statements[it].text_range().start();
        let changes = TextRange::new(start(first), statements[last].text_range().end());
        let gap = TextRange::new(changes.end(), start(last + 1));
        let comment = |it: &SyntaxNode| {
            let tokens = it.siblings_with_tokens(ra_ap_syntax::Direction::Next);
            tokens
                .skip(1)
                .take_while(|it| it.text_range().end() <= gap.end())
                .any(|it| it.kind() == SyntaxKind::COMMENT)
        };
        if moved.iter().any(comment) {
            return Err(
                "a comment stands behind the first changes, and only you know to what it belongs",
            );
        }
        Ok(OneStep {
            file: half.at.file.clone(),
            changes,
            gap,
            to: start(next),
            may_end: between.iter().any(may_end),
        })
    }

    /// Whether it makes no difference to `moved` and `between` which of them comes first.
    fn is_independent(
        &self,
        guard: BindingId,
        moved: &[SyntaxNode],
        between: &[SyntaxNode],
    ) -> Result<(), &'static str> {
        let variables = self.variables();
        let is_in = |range: TextRange, nodes: &[SyntaxNode]| {
            nodes.iter().any(|it| it.text_range().contains_range(range))
        };
        let used_in = |nodes: &[SyntaxNode]| -> BTreeSet<BindingId> {
            let used = variables.used.iter().filter(|it| is_in(it.range, nodes));
            used.map(|it| it.variable).collect()
        };
        let (needed, touched) = (used_in(moved), used_in(between));
        if touched.contains(&guard) {
            return Err("what is protected is needed in between");
        }
        let names = |it: &BindingId| self.body[*it].name.as_str();
        let declared = variables.declared.iter().filter(|it| is_in(it.1, between));
        let hidden: BTreeSet<&str> = declared.map(|it| names(&it.0)).collect();
        if needed.iter().any(|it| hidden.contains(names(it))) {
            return Err("a variable of the same name is declared in between");
        }
        let stays = |it: &BindingId| {
            let type_ = self.infer.binding_ty(*it);
            let is_value = matches!(
                type_.kind(),
                TyKind::Bool | TyKind::Char | TyKind::Int(_) | TyKind::Uint(_) | TyKind::Float(_)
            );
            is_value && self.body[*it].mode != BindingAnnotation::Mutable
        };
        match needed.intersection(&touched).all(stays) {
            true => Ok(()),
            false => Err("what is written first is needed in between"),
        }
    }
}

/// `guard.field = value;`, with a value that is made of what is there already.
fn is_plain_change(statement: &SyntaxNode) -> bool {
    let Some(statement) = ast::ExprStmt::cast(statement.clone()) else { return false };
    let Some(ast::Expr::BinExpr(change)) = statement.expr() else { return false };
    let is_plain = |it: SyntaxNode| match ast::Expr::cast(it) {
        Some(it) => matches!(
            it,
            ast::Expr::Literal(_)
                | ast::Expr::PathExpr(_)
                | ast::Expr::FieldExpr(_)
                | ast::Expr::ParenExpr(_)
                | ast::Expr::BinExpr(_)
                | ast::Expr::PrefixExpr(_)
                | ast::Expr::CastExpr(_)
                | ast::Expr::TupleExpr(_)
                | ast::Expr::RecordExpr(_)
                | ast::Expr::IndexExpr(_)
        ),
        None => true,
    };
    statement.semicolon_token().is_some() && change.syntax().descendants().all(is_plain)
}

/// `?`, `return` and the like. Those of closures are none, but who writes them there would look twice anyway.
fn may_end(statement: &SyntaxNode) -> bool {
    let ends = |it: SyntaxKind| matches!(it, T![?] | T![return] | T![break] | T![continue]);
    let tokens = statement.descendants_with_tokens().filter_map(NodeOrToken::into_token);
    tokens.map(|it| it.kind()).any(ends)
}
