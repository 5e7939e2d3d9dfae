//! A lock whose breaking is asked about by a pattern: `if let Ok(guard) = lock.lock()`.

use ra_ap_hir_def::hir::ExprId;
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, TextRange, TextSize, ast};

use crate::facts::body::BodyFacts;

/// What stands around the call, all of which a lock that never breaks makes needless. Nothing in it is a comment.
pub(super) enum Matched {
    /// `if let Ok(guard) = call { .. }`: from the `if` to the pattern, the bracket behind that, and the end of the brace.
    Head { opening: TextRange, closing: TextRange, block: TextSize },
    /// `let Ok(guard) = call else { .. };` or `match call { Ok(guard) => guard, Err(..) => .. }`: what goes before the
    /// call, and the end of what goes behind it.
    Whole { before: Vec<TextRange>, end: TextSize },
}

impl BodyFacts<'_> {
    /// How a pattern takes the guard out of the result of this call.
    pub(super) fn matched(&self, call: ExprId) -> Option<Matched> {
        let source = self.syntax(call).filter(|it| !it.file_id.is_macro())?;
        let parent = source.value.syntax().parent()?;
        let call = source.value.syntax().text_range();
        match parent.kind() {
            SyntaxKind::LET_EXPR => head(&ast::LetExpr::cast(parent)?),
            SyntaxKind::LET_STMT => with_else(&ast::LetStmt::cast(parent)?, call),
            SyntaxKind::MATCH_EXPR => both_ways(&ast::MatchExpr::cast(parent)?, call),
            _ => None,
        }
    }
}

fn head(condition: &ast::LetExpr) -> Option<Matched> {
    let around = ast::IfExpr::cast(condition.syntax().parent()?)?;
    if around.else_branch().is_some() {
        return None;
    }
    let (guard, closing) = guard_of(&condition.pat()?)?;
    let opening = TextRange::new(start(around.syntax()), start(guard.syntax()));
    let brace = around.then_branch()?.stmt_list()?.l_curly_token()?.text_range().end();
    let removed = [opening, closing, TextRange::new(end(condition.syntax()), brace)];
    is_free_of_comments(around.syntax(), &removed).then_some(Matched::Head {
        opening,
        closing,
        block: brace,
    })
}

fn with_else(statement: &ast::LetStmt, call: TextRange) -> Option<Matched> {
    let end_of_else = end(statement.let_else()?.syntax());
    let pattern = statement.pat()?;
    let (guard, closing) = guard_of(&pattern)?;
    let opening = TextRange::new(start(pattern.syntax()), start(guard.syntax()));
    let removed = [opening, closing, TextRange::new(call.end(), end_of_else)];
    is_free_of_comments(statement.syntax(), &removed)
        .then(|| Matched::Whole { before: vec![opening, closing], end: end_of_else })
}

fn both_ways(match_: &ast::MatchExpr, call: TextRange) -> Option<Matched> {
    let arms: Vec<ast::MatchArm> = match_.match_arm_list()?.arms().collect();
    let [one, other] = &arms[..] else { return None };
    let is_free =
        gives_guard(one) && is_about_errors(other) || gives_guard(other) && is_about_errors(one);
    let before = TextRange::new(start(match_.syntax()), call.start());
    let end = end(match_.syntax());
    let removed = [before, TextRange::new(call.end(), end)];
    (is_free && is_free_of_comments(match_.syntax(), &removed))
        .then(|| Matched::Whole { before: vec![before], end })
}

/// `Ok(guard) => guard`
fn gives_guard(arm: &ast::MatchArm) -> bool {
    let guard = arm.pat().and_then(|it| guard_of(&it)).map(|it| it.0.syntax().text().to_string());
    let given = arm.expr().map(|it| it.syntax().text().to_string());
    arm.guard().is_none() && guard.is_some() && guard == given
}

fn is_about_errors(arm: &ast::MatchArm) -> bool {
    arm.pat().is_some_and(|it| variant_of(&it).as_deref() == Some("Err"))
}

/// `guard` in `Ok(guard)`, and the bracket behind it.
fn guard_of(pattern: &ast::Pat) -> Option<(ast::IdentPat, TextRange)> {
    let ast::Pat::TupleStructPat(whole) = pattern else { return None };
    let mut fields = whole.fields();
    match (fields.next()?, fields.next()) {
        (ast::Pat::IdentPat(guard), None) if variant_of(pattern)? == "Ok" => {
            Some((guard, whole.r_paren_token()?.text_range()))
        }
        _ => None,
    }
}

fn variant_of(pattern: &ast::Pat) -> Option<String> {
    let ast::Pat::TupleStructPat(it) = pattern else { return None };
    Some(it.path()?.segment()?.name_ref()?.text().to_string())
}

fn is_free_of_comments(around: &SyntaxNode, removed: &[TextRange]) -> bool {
    let tokens = around.descendants_with_tokens();
    let mut comments = tokens.filter(|it| it.kind() == SyntaxKind::COMMENT);
    !comments.any(|it| removed.iter().any(|range| range.contains_range(it.text_range())))
}

fn start(node: &SyntaxNode) -> TextSize {
    node.text_range().start()
}

fn end(node: &SyntaxNode) -> TextSize {
    node.text_range().end()
}
