//! What was written is flushed on every way out: unlike those of the standard library, the runtime's writers may be
//! dropped before it is where it belongs.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId};
use ra_ap_ide_db::text_edit::TextRange;
use ra_ap_syntax::{AstNode, SyntaxNode, ast, ast::HasArgList};

use crate::{
    finding::{Note, Place},
    fix::{
        lines::{indentation, line_end},
        migrate::Migration,
    },
    knowledge::Unflushed,
};

/// The trait whose method flushes.
const TRAIT: &str = "tokio::io::AsyncWriteExt";
const FEATURE: &str = "io-util";

/// A call that writes.
struct Writing {
    /// All of it, up to its closing bracket.
    at: TextRange,
    /// The variable that keeps the writer, ...
    variable: BindingId,
    /// ... and what was written before the dot.
    target: String,
    unflushed: Unflushed,
}

/// Where a flush goes, and how.
enum Spot {
    /// Behind this statement.
    Behind(SyntaxNode),
    /// The statement is the value of the function.
    AsValue(SyntaxNode),
}

impl<'db> Migration<'_, 'db> {
    pub(super) fn flush(&mut self) -> Result<(), Note> {
        let mut writings = Vec::new();
        for call in &self.journey.calls {
            writings.extend(self.writing(*call)?);
        }
        let variables: std::collections::BTreeSet<BindingId> =
            writings.iter().map(|it| it.variable).collect();
        for variable in variables {
            let own: Vec<&Writing> = writings.iter().filter(|it| it.variable == variable).collect();
            self.flush_variable(&own)?;
        }
        Ok(())
    }

    fn writing(&self, call: ExprId) -> Result<Option<Writing>, Note> {
        let Some(mention) = self.body.mention_of(call) else { return Ok(None) };
        let writes = mention.row.changes && mention.row.brings.is_some();
        let Some(value) = self.first_value(call).filter(|_| writes) else { return Ok(None) };
        let type_ = self.body.infer.expr_ty(value);
        let Some(unflushed) = self.body.known.unflushed(type_) else { return Ok(None) };
        let no_name = || Note::new("what is written to has no name, so nothing could flush it");
        let variable = self.body.variable_below(value).ok_or_else(no_name)?;
        let place = self.body.place_to_show(call);
        let at = place.filter(|it| it.file == self.file).ok_or_else(no_name)?.range;
        let target = self.body.body[variable].name.as_str().to_owned();
        let is_plain = matches!(self.body.body[value], Expr::Path(_) | Expr::Ref { .. });
        if !is_plain {
            return Err(no_name());
        }
        Ok(Some(Writing { at, variable, target, unflushed }))
    }

    /// One flush behind all, where nothing leaves before it; else one behind each.
    fn flush_variable(&mut self, writings: &[&Writing]) -> Result<(), Note> {
        let list =
            self.list_of(writings).ok_or_else(|| Note::new("how long it lives is not clear"))?;
        let inside =
            |range: TextRange| list.children().find(|it| it.text_range().contains_range(range));
        let statements: Option<Vec<SyntaxNode>> = writings.iter().map(|it| inside(it.at)).collect();
        let statements = statements.ok_or_else(|| Note::new("how long it lives is not clear"))?;
        let by_place = |it: &&SyntaxNode| it.text_range().start();
        let (Some(first), Some(last)) =
            (statements.iter().min_by_key(by_place), statements.iter().max_by_key(by_place))
        else {
            return Ok(());
        };
        let stretch = TextRange::new(first.text_range().start(), last.text_range().end());
        let Some(way_out) = self.way_out(writings, stretch) else {
            let latest = writings.iter().filter(|it| last.text_range().contains_range(it.at));
            let latest = latest.max_by_key(|it| it.at.start());
            return match latest.filter(|_| !self.is_flushed_behind(writings, last)) {
                Some(it) => self.flush_behind(it, last),
                None => Ok(()),
            };
        };
        if writings.iter().any(|it| it.unflushed == Unflushed::Lost) {
            let text = "the function may leave here before it is flushed";
            return Err(Note::at(Place::new(self.file.clone(), way_out), text));
        }
        for it in writings {
            let statement = self.statement_around(it.at);
            let statement = statement.ok_or_else(|| Note::new("a flush has no place here"))?;
            self.flush_behind(it, &statement)?;
        }
        Ok(())
    }

    /// The statements among which the variable is declared, or the innermost that have all of its writes.
    fn list_of(&self, writings: &[&Writing]) -> Option<SyntaxNode> {
        let first = writings.first()?;
        let pattern = self.body.map.patterns_for_binding(first.variable).first().copied()?;
        let declared = self.body.place_of_pattern(pattern).filter(|it| it.file == self.file)?;
        let node = self.node_at(declared.range)?;
        let owner = node.ancestors().find(|it| !is_part_of_pattern(it))?;
        if ast::LetStmt::can_cast(owner.kind()) {
            return owner.parent();
        }
        let has_all = |it: &SyntaxNode| {
            let range = it.text_range();
            ast::StmtList::can_cast(it.kind())
                && writings.iter().all(|writing| range.contains_range(writing.at))
        };
        self.node_at(first.at)?.ancestors().find(has_all)
    }

    /// The smallest node with this range in the file.
    fn node_at(&self, range: TextRange) -> Option<SyntaxNode> {
        let tree = self.function()?.syntax().ancestors().last()?;
        tree.text_range().contains_range(range).then(|| match tree.covering_element(range) {
            ra_ap_syntax::NodeOrToken::Node(it) => Some(it),
            ra_ap_syntax::NodeOrToken::Token(it) => it.parent(),
        })?
    }

    fn statement_around(&self, range: TextRange) -> Option<SyntaxNode> {
        let node = self.node_at(range)?;
        node.ancestors().find(|it| it.parent().is_some_and(|it| ast::StmtList::can_cast(it.kind())))
    }

    /// Whether the code flushes by itself behind the last write.
    fn is_flushed_behind(&self, writings: &[&Writing], last: &SyntaxNode) -> bool {
        let Some(variable) = writings.first().map(|it| it.variable) else { return false };
        let flushes = self.journey.calls.iter().filter(|it| {
            let is_one = self.body.mention_of(**it).is_some_and(|it| it.row.flushes);
            let values = self.body.values_of(**it);
            is_one && values.iter().any(|it| self.body.variable_below(*it) == Some(variable))
        });
        let places = flushes.filter_map(|it| self.body.place_of(*it));
        let mut behind = places.filter(|it| {
            let own = self.statement_around(it.range);
            it.range.start() >= last.text_range().end()
                && own.is_some_and(|it| it.parent() == last.parent())
        });
        behind.next().is_some()
    }

    /// Where the function or the loop around may be left, other than by a write that failed.
    fn way_out(&self, writings: &[&Writing], stretch: TextRange) -> Option<TextRange> {
        let body = self.body;
        body.body.exprs().find_map(|(expr, it)| {
            let is_exit = match it {
                Expr::Return { .. } => !self.is_failed_write(writings, expr),
                Expr::Break { .. } | Expr::Continue { .. } => !self.is_in_loop(expr, stretch),
                _ => false,
            };
            let place = body.place_to_show(expr)?;
            let range = place.range;
            (is_exit && place.file == self.file && stretch.contains_range(range)).then_some(range)
        })
    }

    fn is_in_loop(&self, expr: ExprId, stretch: TextRange) -> bool {
        let place = self.body.place_of(expr);
        let Some(node) = place.and_then(|it| self.node_at(it.range)) else { return false };
        node.ancestors().any(|it| {
            let is_loop = ast::ForExpr::can_cast(it.kind())
                || ast::WhileExpr::can_cast(it.kind())
                || ast::LoopExpr::can_cast(it.kind());
            is_loop && stretch.contains_range(it.text_range())
        })
    }

    /// The way out that `?` is behind one of these calls.
    fn is_failed_write(&self, writings: &[&Writing], exit: ExprId) -> bool {
        let body = self.body;
        if !body.is_question_mark(exit) {
            return false;
        }
        let Some(place) = body.place_to_show(exit) else {
            return false;
        };
        let Some(node) = self.node_at(place.range) else { return false };
        let Some(node) = node.ancestors().find_map(ast::TryExpr::cast) else { return false };
        let mut inner = node.expr();
        while let Some(it) = inner {
            if writings.iter().any(|writing| writing.at == it.syntax().text_range()) {
                return true;
            }
            inner = match it {
                ast::Expr::MethodCallExpr(it) => it.receiver(),
                _ => None,
            };
        }
        false
    }

    fn flush_behind(&mut self, writing: &Writing, statement: &SyntaxNode) -> Result<(), Note> {
        let unclear = || Note::new("what becomes of an error of a flush cannot be told");
        let flush = format!("{}.flush().await", writing.target);
        let line = format!(
            "{}{}",
            line_end(self.text),
            indentation(self.text, statement.text_range().start())
        );
        let end = statement.text_range().end();
        let after = match self.place_for(writing, statement).ok_or_else(unclear)? {
            Spot::Behind(it) => {
                let handled = self.handling(writing, &it).ok_or_else(unclear)?;
                handled.replace("$", &flush) + ";"
            }
            Spot::AsValue(it) => {
                let rest = TextRange::new(writing.at.end(), it.text_range().end());
                let rest = &self.text[rest];
                self.edits.push((TextRange::empty(end), "?;".to_owned()));
                format!("{flush}{rest}")
            }
        };
        match self.edits.last_mut().filter(|it| it.0 == TextRange::empty(end) && it.1 == "?;") {
            Some(it) => it.1.push_str(&format!("{line}{after}")),
            None => self.edits.push((TextRange::empty(end), format!("{line}{after}"))),
        }
        self.traits.insert(TRAIT.to_owned());
        self.wants.extend(crate::fix::twin::feature(self.around, FEATURE, self.driver));
        Ok(())
    }

    fn place_for(&self, writing: &Writing, statement: &SyntaxNode) -> Option<Spot> {
        let list = statement.parent().and_then(ast::StmtList::cast)?;
        let is_tail = list.tail_expr().is_some_and(|it| it.syntax() == statement);
        if !is_tail {
            return Some(Spot::Behind(statement.clone()));
        }
        let is_unit = self.body.body.exprs().find_map(|(expr, _)| {
            let at = self.body.place_of(expr)?;
            (at.file == self.file && at.range == statement.text_range())
                .then(|| self.body.infer.expr_ty(expr).is_unit())
        });
        if is_unit == Some(true) {
            return Some(Spot::Behind(statement.clone()));
        }
        let is_body =
            list.syntax().parent()?.parent().is_some_and(|it| ast::Fn::can_cast(it.kind()));
        let starts = statement.text_range().start() == writing.at.start();
        (is_body && starts).then(|| Spot::AsValue(statement.clone()))
    }

    /// How the code treats the result of a write, with `$` for the flush.
    fn handling(&self, writing: &Writing, statement: &SyntaxNode) -> Option<String> {
        let mut node = self.node_at(writing.at)?;
        if let Some(it) = node.parent().filter(|it| ast::MacroExpr::can_cast(it.kind())) {
            node = it;
        }
        let mut rest = String::new();
        let mut is_handled = false;
        while let Some(parent) = node.parent() {
            let after = TextRange::new(node.text_range().end(), parent.text_range().end());
            if ast::TryExpr::can_cast(parent.kind()) {
                is_handled = true;
            } else if let Some(it) = ast::MethodCallExpr::cast(parent.clone()) {
                let name = it.name_ref()?.text().to_string();
                let is_simple = it.arg_list()?.args().all(|it| is_simple(&it));
                if it.receiver()?.syntax() != &node || !is_simple {
                    break;
                }
                is_handled |= matches!(name.as_str(), "unwrap" | "expect");
                if name == "ok" {
                    return Some("let _ = $".to_owned());
                }
            } else {
                break;
            }
            rest.push_str(&self.text[after]);
            node = parent;
        }
        if is_handled {
            return Some(format!("${rest}"));
        }
        let ignored = ast::LetStmt::cast(statement.clone())
            .and_then(|it| it.pat())
            .is_some_and(|it| matches!(it, ast::Pat::WildcardPat(_)));
        ignored.then(|| "let _ = $".to_owned())
    }
}

fn is_part_of_pattern(node: &SyntaxNode) -> bool {
    ast::Pat::can_cast(node.kind())
        || ast::Name::can_cast(node.kind())
        || ast::RecordPatField::can_cast(node.kind())
        || ast::RecordPatFieldList::can_cast(node.kind())
}

/// An argument that can be written once more.
fn is_simple(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::Literal(_) => true,
        ast::Expr::PathExpr(it) => it
            .path()
            .and_then(|it| it.segment())
            .and_then(|it| it.name_ref())
            .is_some_and(|it| it.text().starts_with(char::is_uppercase) || it.text() == "from"),
        _ => false,
    }
}
