//! `for` loops over a value that becomes the runtime's own.

use std::collections::BTreeSet;

use ra_ap_hir_def::hir::{BindingAnnotation, BindingId};
use ra_ap_ide_db::text_edit::{TextRange, TextSize};
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, T, ast,
    ast::{HasAttrs, HasLoopBody, HasName},
};

use crate::{
    facts::{
        alive::Alive,
        journey::{Adapter, Loop},
    },
    finding::{Note, Place},
    fix::{
        lines::{indentation, line_end},
        migrate::Migration,
    },
};

impl Migration<'_, '_> {
    /// Whether each turn of a loop may be awaited.
    pub(super) fn turns_are_awaited(&mut self, it: &Loop) -> Result<(), Vec<Note>> {
        let origin = self.journey.origins.iter().find_map(|it| self.body.mention_of(*it));
        let Some(mention) = origin.map(|origin| self.body.mention_at(origin, it.next)) else {
            return Ok(());
        };
        if self.body.is_on_thread(it.call) {
            return Ok(());
        }
        let head = self.body.place_to_show(it.head);
        // What the loop goes over becomes something else.
        let is_own = |alive: &Alive| match &alive.name {
            Some(name) => name.starts_with('<'),
            None => alive.at.as_ref().is_none_or(|at| {
                head.as_ref().is_some_and(|head| head.range.contains_range(at.range))
            }),
        };
        self.awaited(&mention, is_own)
    }

    pub(super) fn rewrite_loop(&mut self, it: &Loop) -> Result<(), Note> {
        let unclear = || Note::new("a macro has a hand in a loop over it");
        let head = self.body.syntax(it.head).ok_or_else(unclear)?;
        let source = self.body.syntax(it.source).ok_or_else(unclear)?;
        if head.file_id.is_macro() || source.file_id.is_macro() {
            return Err(unclear());
        }
        let for_ = head.value.syntax().parent().and_then(ast::ForExpr::cast).ok_or_else(unclear)?;
        let loop_ = ForLoop::new(&for_, &head.value, &source.value).ok_or_else(|| {
            Note::new("the loop over it stands where no statement can stand before it")
        })?;
        if loop_.has_comment_behind_source(&head.value) {
            return Err(Note::new("a comment stands between what is adapted and how"));
        }
        let row = self.body.row_of_value(it.source).ok_or_else(unclear)?;
        let each = match self.body.is_on_thread(it.call) {
            true => row.each_on_thread.clone(),
            false => row.each.clone(),
        };
        let each = each.ok_or_else(|| Note::new("a closure uses it, and cannot await"))?;
        match row.endless {
            true => self.endless(&loop_, &each, &it.adapters),
            false => {
                let mention = self.body.mention_of(it.source);
                let call = mention.and_then(|it| it.row.becomes.as_deref());
                self.as_long_as(&loop_, &each, &it.adapters, call == Some("$self"))
            }
        }
    }

    /// `while let Some(pattern) = values.next().await`
    fn as_long_as(
        &mut self,
        it: &ForLoop,
        each: &str,
        adapters: &[Adapter],
        same: bool,
    ) -> Result<(), Note> {
        let (name, next) = each.split_once('.').unwrap_or(("it", each));
        let start = it.whole.start();
        // `for message in receiver.iter()`
        let direct = it.variable.as_ref().or(it.receiver.as_ref().filter(|_| same));
        if let Some(variable) = direct {
            self.make_mutable(self.variable_of(variable)?)?;
            let head = self.head(it, variable, next, adapters)?;
            let old = TextRange::new(start, it.behind.end());
            self.edits.push((old, head));
            self.covered.push(old);
            return Ok(());
        }
        let name = self.free_name(name, &it.node);
        let line = format!("{}{}", line_end(self.text), indentation(self.text, start));
        let head = self.head(it, &name, next, adapters)?;
        self.edits.push((TextRange::new(start, it.source.start()), format!("let mut {name} = ")));
        self.edits.push((it.behind, format!(";{line}{head}")));
        Ok(())
    }

    /// `loop { let pattern = values.next().await; .. }`
    fn endless(&mut self, it: &ForLoop, each: &str, adapters: &[Adapter]) -> Result<(), Note> {
        let next = each.split_once('.').map_or(each, |it| it.1);
        let receiver = it.receiver.as_deref();
        let receiver = receiver.ok_or_else(|| Note::new("the loop over it has no name for it"))?;
        let head = TextRange::new(it.whole.start(), it.behind.end());
        self.edits.push((head, format!("{}loop", it.label)));
        self.covered.push(head);
        self.endless_lines(it, &format!("{receiver}.{next}"), adapters)?;
        self.edits.extend(it.idle_rest.map(|it| (it, String::new())));
        Ok(())
    }

    /// The variable of this loop.
    fn variable_of(&self, name: &str) -> Result<BindingId, Note> {
        let variables = self.journey.variables.iter().copied();
        let mut named = variables.filter(|it| self.body.body[*it].name.as_str() == name);
        match (named.next(), named.next()) {
            (Some(it), None) => Ok(it),
            _ => Err(Note::new("what the loop goes over is not declared by a `let`")),
        }
    }

    /// Twins are often asked through `&mut`.
    pub(super) fn make_mutable(&mut self, variable: BindingId) -> Result<(), Note> {
        let binding = &self.body.body[variable];
        if binding.mode == BindingAnnotation::Mutable {
            return Ok(());
        }
        let pattern = self.body.map.patterns_for_binding(variable).first().copied();
        let place = pattern.and_then(|it| self.body.place_of_pattern(it));
        let is_plain =
            |it: &Place| it.file == self.file && self.text[it.range] == *binding.name.as_str();
        let place = place.filter(is_plain);
        let place = place.ok_or_else(|| Note::new("its variable cannot be made `mut`"))?;
        let edit = (TextRange::empty(place.range.start()), "mut ".to_owned());
        if !self.edits.contains(&edit) {
            self.edits.push(edit);
        }
        Ok(())
    }

    /// A name that means nothing yet in the function around `node`.
    pub(super) fn free_name(&self, wanted: &str, node: &SyntaxNode) -> String {
        let function = node.ancestors().find(|it| ast::Fn::can_cast(it.kind()));
        let tokens = function.iter().flat_map(|it| it.descendants_with_tokens());
        let tokens = tokens.filter_map(|it| it.into_token());
        // Behind a dot it is a method or a field.
        let names: BTreeSet<String> = tokens
            .filter(|it| it.prev_token().is_none_or(|it| it.kind() != T![.]))
            .map(|it| it.text().to_owned())
            .collect();
        let is_taken = |name: &str| names.contains(name);
        let mut name = wanted.to_owned();
        let mut number = 2;
        while is_taken(&name) || self.edits.iter().any(|it| it.1.contains(&format!("mut {name} =")))
        {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        name
    }
}

/// A `for` loop in the user's text, taken apart.
pub(super) struct ForLoop {
    pub node: SyntaxNode,
    pub whole: TextRange,
    pub label: String,
    pub pattern: ast::Pat,
    /// What it goes over, ...
    source: TextRange,
    /// ... and the adapters behind that in its head.
    behind: TextRange,
    /// The source, where it is a variable, or a reference to one.
    variable: Option<String>,
    /// The variable that the method of the source is called on.
    receiver: Option<String>,
    pub body: ast::BlockExpr,
    /// Behind the bracket that opens the body.
    pub body_start: TextSize,
    /// What follows on the loop and is never reached when it does not end.
    idle_rest: Option<TextRange>,
}

/// `let line = line?;`, the first statement of the body, when the loop's own variable is used nowhere else.
pub(super) struct First {
    /// The statement with the space behind it.
    pub range: TextRange,
    pub statement: TextRange,
    pub pattern: String,
    /// `?`, or what else makes the value of the result.
    pub handling: String,
}

impl ForLoop {
    fn new(for_: &ast::ForExpr, head: &ast::Expr, source: &ast::Expr) -> Option<ForLoop> {
        let node = for_.syntax();
        let parent = node.parent()?;
        let is_statement =
            ast::ExprStmt::can_cast(parent.kind()) || ast::StmtList::can_cast(parent.kind());
        if !is_statement || for_.attrs().next().is_some() {
            return None;
        }
        let label = for_.label().map(|it| format!("{} ", it.syntax().text()));
        let body = for_.loop_body()?;
        Some(ForLoop {
            node: node.clone(),
            whole: node.text_range(),
            label: label.unwrap_or_default(),
            pattern: for_.pat()?,
            source: source.syntax().text_range(),
            behind: TextRange::new(
                source.syntax().text_range().end(),
                head.syntax().text_range().end(),
            ),
            variable: variable(source),
            receiver: match source {
                ast::Expr::MethodCallExpr(it) => variable(&it.receiver()?),
                _ => None,
            },
            body_start: body.stmt_list()?.l_curly_token()?.text_range().end(),
            idle_rest: idle_rest(node, &body),
            body,
        })
    }

    fn has_comment_behind_source(&self, head: &ast::Expr) -> bool {
        let mut tokens = head.syntax().descendants_with_tokens();
        tokens.any(|it| {
            it.kind() == SyntaxKind::COMMENT && self.behind.contains_range(it.text_range())
        })
    }
}

impl First {
    pub fn new(pattern: &ast::Pat, body: &ast::BlockExpr) -> Option<First> {
        let ast::Pat::IdentPat(own) = pattern else { return None };
        let own = own.name()?.text().to_string();
        let ast::Stmt::LetStmt(first) = body.statements().next()? else { return None };
        let initializer = first.initializer()?;
        let (inner, handling) = handling(&initializer)?;
        let ast::Expr::PathExpr(inner) = inner else { return None };
        let new = first.pat()?;
        let hides = matches!(&new, ast::Pat::IdentPat(it) if it.name()?.text() == own.as_str());
        let new = new.syntax().text().to_string();
        let is_only_use = inner.syntax().text() == own.as_str()
            && (hides || words(body.syntax(), &own) == 1)
            && first.ty().is_none()
            && first.let_else().is_none()
            && first.attrs().next().is_none();
        let has_comment =
            first.syntax().descendants_with_tokens().any(|it| it.kind() == SyntaxKind::COMMENT);
        if !is_only_use || has_comment {
            return None;
        }
        let statement = first.syntax().text_range();
        let after = first.syntax().next_sibling_or_token();
        let space = after.filter(|it| it.kind() == SyntaxKind::WHITESPACE);
        let end = space.map_or(statement.end(), |it| it.text_range().end());
        let range = TextRange::new(statement.start(), end);
        Some(First { range, statement, pattern: new, handling })
    }
}

/// `line` and `?` of `line?`; `line` and `.unwrap()` of `line.unwrap()`.
fn handling(expr: &ast::Expr) -> Option<(ast::Expr, String)> {
    match expr {
        ast::Expr::TryExpr(it) => Some((it.expr()?, "?".to_owned())),
        ast::Expr::MethodCallExpr(it) => {
            let name = it.name_ref()?.text().to_string();
            let receiver = it.receiver()?;
            let end = expr.syntax().text_range().end();
            let start = receiver.syntax().text_range().end();
            let text = expr.syntax().text();
            let offset = expr.syntax().text_range().start();
            let rest = text.slice(TextRange::new(start, end) - offset).to_string();
            matches!(name.as_str(), "unwrap" | "expect").then_some((receiver, rest))
        }
        _ => None,
    }
}

fn variable(expr: &ast::Expr) -> Option<String> {
    match expr {
        ast::Expr::PathExpr(it) => Some(it.path()?.as_single_name_ref()?.text().to_string()),
        ast::Expr::RefExpr(it) => variable(&it.expr()?),
        _ => None,
    }
}

fn words(node: &SyntaxNode, word: &str) -> usize {
    let tokens = node.descendants_with_tokens().filter_map(|it| it.into_token());
    tokens.filter(|it| it.text().trim_start_matches("r#") == word || names(it.text(), word)).count()
}

/// `"{line}"` names a variable too.
fn names(text: &str, word: &str) -> bool {
    text.starts_with('"') && text.contains(&format!("{{{word}"))
}

/// `Ok(())` behind a loop that nothing leaves.
fn idle_rest(for_: &SyntaxNode, body: &ast::BlockExpr) -> Option<TextRange> {
    let may_break = body.syntax().descendants().any(|it| ast::BreakExpr::can_cast(it.kind()));
    let in_macro = body
        .syntax()
        .descendants()
        .any(|it| ast::MacroCall::can_cast(it.kind()) && it.text().to_string().contains("break"));
    if may_break || in_macro {
        return None;
    }
    let parent = for_.parent()?;
    let statement = if ast::ExprStmt::can_cast(parent.kind()) { parent } else { for_.clone() };
    let list = statement.parent().and_then(ast::StmtList::cast)?;
    let tail = list.tail_expr()?;
    let follows = statement.next_sibling().is_some_and(|it| it == *tail.syntax());
    let is_idle = tail.syntax().text() == "Ok(())";
    (follows && is_idle)
        .then(|| TextRange::new(statement.text_range().end(), tail.syntax().text_range().end()))
}
