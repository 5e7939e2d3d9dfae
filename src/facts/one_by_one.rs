//! Futures that are all there, and are awaited one after the other.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId, Pat, Statement};
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, TextRange, TextSize, ast};

use crate::{facts::body::BodyFacts, finding::Place};

/// Futures of which each runs only when the one before it is done.
pub struct OneByOne {
    pub futures: Vec<Waiting>,
    /// The statements that await them, where nothing stands between.
    pub statements: Result<Together, &'static str>,
}

/// A future in a variable, made before the first of them is awaited.
pub struct Waiting {
    pub name: String,
    pub made_at: Place,
    pub awaited_at: Place,
}

/// Statements that can be one.
pub struct Together {
    /// The first of them, ...
    pub at: Place,
    /// ... and the others, with the space before each.
    pub others: Vec<TextRange>,
    /// What the values are bound to; none where nobody takes one.
    pub patterns: Vec<Option<TextRange>>,
    /// Each is followed by `?`.
    pub tried: bool,
}

/// `let pattern = variable.await;`, as the statement at this index.
pub(super) struct AwaitStatement {
    pub index: usize,
    pub variable: BindingId,
    pub await_: ExprId,
    pub tried: bool,
}

impl BodyFacts<'_> {
    pub fn one_by_one(&self) -> Vec<OneByOne> {
        let mut found = Vec::new();
        for (_, expr) in self.body.exprs() {
            if let Expr::Block { statements, tail, .. } = expr {
                found.extend(self.one_by_one_in(statements, *tail));
            }
        }
        found.sort_by(|a, b| a.futures[1].awaited_at.cmp(&b.futures[1].awaited_at));
        found
    }

    fn one_by_one_in(&self, statements: &[Statement], tail: Option<ExprId>) -> Option<OneByOne> {
        let mut awaits: Vec<AwaitStatement> = statements
            .iter()
            .enumerate()
            .filter_map(|(index, it)| self.await_statement(index, value_of(it)?))
            .collect();
        awaits.extend(tail.and_then(|it| self.await_statement(statements.len(), it)));
        let first = awaits.first()?.index;
        awaits.retain(|it| self.is_made_before(it, &statements[..first]));
        if awaits.len() < 2 {
            return None;
        }
        let futures = awaits.iter().map(|it| {
            Some(Waiting {
                name: self.body[it.variable].name.as_str().to_owned(),
                made_at: self.place_of(self.plain_value_of(it.variable)?)?,
                awaited_at: self.place_of(it.await_)?,
            })
        });
        let futures = futures.collect::<Option<Vec<Waiting>>>()?;
        Some(OneByOne { futures, statements: self.together(&awaits) })
    }

    /// A statement that does nothing but await a variable that nobody else uses.
    fn await_statement(&self, index: usize, value: ExprId) -> Option<AwaitStatement> {
        let (await_, tried) = match self.before_question_mark(value) {
            Some(it) => (it, true),
            None => (value, false),
        };
        let Expr::Await { expr } = self.body[await_] else { return None };
        let variable = self.local(expr)?;
        let mut uses = self.body.exprs().filter(|it| self.local(it.0) == Some(variable));
        let is_only_use = uses.next()?.0 == expr && uses.next().is_none();
        is_only_use.then_some(AwaitStatement { index, variable, await_, tried })
    }

    /// Whether one of these statements puts a future into its variable that has done nothing so far.
    fn is_made_before(&self, it: &AwaitStatement, statements: &[Statement]) -> bool {
        statements.iter().any(|statement| match statement {
            Statement::Let { pat, initializer: Some(value), .. } => {
                matches!(self.body[*pat], Pat::Bind { id, .. } if id == it.variable)
                    && self.is_fresh_future(*value)
                    && self.awaits_at(*value) == self.awaits_at(it.await_)
            }
            _ => false,
        })
    }

    /// How these statements, which follow each other, become one.
    pub(super) fn together(&self, awaits: &[AwaitStatement]) -> Result<Together, &'static str> {
        let last = &awaits[awaits.len() - 1];
        if last.index - awaits[0].index + 1 != awaits.len() {
            return Err("other statements stand between them");
        }
        if awaits.iter().any(|it| it.tried != awaits[0].tried) {
            return Err("only some of them may end the function by `?`");
        }
        let mut patterns = Vec::new();
        let mut ranges: Vec<TextRange> = Vec::new();
        let mut file = None;
        for it in awaits {
            let source = self.syntax(it.await_).filter(|it| !it.file_id.is_macro());
            let source = source.ok_or("a macro has a hand in them")?;
            let statement = source.value.syntax().ancestors().find_map(ast::Stmt::cast);
            let statement = statement.ok_or("the last one is the value of the block")?;
            patterns.push(pattern_of(&statement)?);
            let space = space_before(statement.syntax());
            let space = match space {
                _ if ranges.is_empty() && !has_comment(statement.syntax()) => None,
                Some(it) if !has_comment(statement.syntax()) => Some(it),
                _ => return Err("a comment stands between them"),
            };
            let range = statement.syntax().text_range();
            ranges.push(space.map_or(range, |it| it.cover(range)));
            file = self.place_of(it.await_).map(|it| it.file);
        }
        let file = file.ok_or("it is not written in the project")?;
        let at = Place::new(file, ranges.remove(0));
        Ok(Together { at, others: ranges, patterns, tried: awaits[0].tried })
    }
}

/// What a statement evaluates, where nothing else is done with it but to bind it.
pub(super) fn value_of(statement: &Statement) -> Option<ExprId> {
    match *statement {
        Statement::Let { initializer, else_branch: None, .. } => initializer,
        Statement::Expr { expr, has_semi: true } => Some(expr),
        _ => None,
    }
}

fn pattern_of(statement: &ast::Stmt) -> Result<Option<TextRange>, &'static str> {
    match statement {
        ast::Stmt::LetStmt(it) if it.ty().is_some() => Err("one of them is given a type"),
        ast::Stmt::LetStmt(it) => Ok(it.pat().map(|it| it.syntax().text_range())),
        _ => Ok(None),
    }
}

fn has_comment(statement: &SyntaxNode) -> bool {
    let inside = statement.descendants_with_tokens().filter_map(|it| it.into_token());
    inside.into_iter().any(|it| it.kind() == SyntaxKind::COMMENT)
}

/// The space before a statement. None when a comment stands there that may speak of it: not on the line of the one before.
fn space_before(statement: &SyntaxNode) -> Option<TextRange> {
    let before = std::iter::successors(statement.prev_sibling_or_token(), |it| {
        it.as_token().and_then(|it| it.prev_sibling_or_token())
    });
    let tokens: Vec<_> = before.map_while(|it| it.into_token()).collect();
    let space = tokens.first().filter(|it| it.kind() == SyntaxKind::WHITESPACE)?;
    let is_of_line_before = match &tokens[1..] {
        [] => true,
        [comment] | [comment, _] => {
            let on_line = tokens.get(2).is_none_or(|it| !it.text().contains('\n'));
            comment.kind() == SyntaxKind::COMMENT && on_line
        }
        _ => false,
    };
    // A comment has what comes before the line feed.
    let feed = tokens.get(1).is_some_and(|it| it.text().ends_with('\r'));
    let start = space.text_range().start() - if feed { TextSize::of('\r') } else { 0.into() };
    is_of_line_before.then(|| TextRange::new(start, space.text_range().end()))
}
