//! The end of a function as work for a task of its own, which goes on when the task that waits for it is cancelled.

use std::collections::BTreeSet;

use ra_ap_hir_def::{
    FunctionId,
    hir::{BindingId, Expr, ExprId},
    signatures::FunctionSignature,
};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::{TypeVisitableExt, inherent::IntoKind};
use ra_ap_syntax::{AstNode, SyntaxNode, TextRange, ast};

use crate::{
    facts::{
        body::{BodyFacts, Entered},
        captures::Capture,
        half_done::HalfDone,
        rest::statements_from,
        suspends::Origin,
    },
    finding::{FilePath, Note},
};

/// Futures nest; nobody looks into the fifth.
const DEEPEST: usize = 4;

/// All statements of a function from the one that takes a lock.
pub struct OwnTask {
    pub file: FilePath,
    pub statements: Vec<SyntaxNode>,
    /// From the first to the last.
    pub range: TextRange,
    pub captures: Vec<Capture>,
    pub(crate) at: ExprId,
}

impl<'db> BodyFacts<'db> {
    /// The rest of the function from where this guard is made, when a task can have it; or why not.
    pub fn own_task(&self, half: &HalfDone<'db>) -> Result<OwnTask, Note> {
        let no = |text: &str| Note::new(text);
        let unclear = || no("a macro has a hand in it");
        let statement = self.let_of(half.guard).ok_or_else(|| no("no `let` declares the guard"))?;
        let list = statement.syntax().parent().and_then(ast::StmtList::cast).ok_or_else(unclear)?;
        let is_whole =
            list.syntax().ancestors().nth(2).is_some_and(|it| ast::Fn::can_cast(it.kind()));
        if !is_whole {
            return Err(no("the lock is not taken in the outermost block of the function"));
        }
        let start = statement.syntax().text_range().start();
        let statements = statements_from(&list, start);
        let end = statements.last().ok_or_else(unclear)?.text_range().end();
        let range = TextRange::new(start, end);
        let coroutine = self.awaits_at(half.await_).ok_or_else(unclear)?;
        self.gives_what_it_owns(coroutine)?;
        self.stays_sendable(coroutine, Some(range))?;
        let captures = self.captures_of_rest(half.guard, range)?;
        Ok(OwnTask { file: half.at.file.clone(), statements, range, captures, at: half.await_ })
    }

    /// Whether what the function returns may come from another thread.
    fn gives_what_it_owns(&self, coroutine: ExprId) -> Result<(), Note> {
        let Expr::Closure { body, .. } = &self.body[coroutine] else {
            return Err(Note::new("it is no async function"));
        };
        let given = self.infer.expr_ty(*body);
        self.owns_itself(given)
            .map_err(|it| Note::new(format!("what the function returns {it}")))?;
        match self.is(given, "Send") {
            true => Ok(()),
            false => Err(Note::new("what the function returns is not `Send`")),
        }
    }

    /// Whether the statements in `range`, or all of them, make a future that may change threads.
    pub(super) fn stays_sendable(
        &self,
        coroutine: ExprId,
        range: Option<TextRange>,
    ) -> Result<(), Note> {
        let is_in = |it: ExprId| {
            range.is_none_or(|range| {
                self.range_around(it).is_some_and(|it| range.contains_range(it))
            })
        };
        for body in self.async_bodies().into_iter().filter(|it| it.coroutine() == coroutine) {
            for point in body.points.iter().filter(|it| is_in(it.await_)) {
                for kept in point.alive.iter().filter(|it| it.saved && !body.is_awaited(it)) {
                    let type_ = body.type_of(kept);
                    if matches!(body.origin(kept), Some(Origin::Variable(it)) if self.is_parameter(it))
                    {
                        continue;
                    }
                    if !self.moves(type_) {
                        let name = self.type_name(type_);
                        let text = format!(
                            "whether `{name}`, which is alive here, is `Send` is not known"
                        );
                        return Err(Note::perhaps_at(self.place_to_show(point.await_), text));
                    }
                }
                if !self.awaited_moves(point.await_, 0) {
                    let text = "whether what is awaited here is `Send` is not known";
                    return Err(Note::perhaps_at(self.place_to_show(point.await_), text));
                }
            }
        }
        Ok(())
    }

    /// Whether this is certainly `Send`; what futures hold is not known to the type checker.
    fn moves(&self, type_: Ty<'db>) -> bool {
        !type_.has_coroutines()
            && !type_.has_opaque_types()
            && !type_.references_non_lt_error()
            && self.is(type_, "Send")
    }

    /// Whether the future that is awaited may change threads.
    fn awaited_moves(&self, await_: ExprId, depth: usize) -> bool {
        let Expr::Await { expr } = &self.body[await_] else { return false };
        // Who may take a lock's guard to another thread may wait for it there.
        if self.mentions.iter().any(|it| it.expr == *expr && it.row.takes.is_some()) {
            return self.moves(self.infer.expr_ty(await_));
        }
        self.future_moves(*expr, depth)
    }

    /// Whether a future may change threads.
    pub(super) fn future_moves(&self, future: ExprId, depth: usize) -> bool {
        let type_ = self.infer.expr_ty(future);
        // A block of this function is looked at by itself.
        if self.moves(type_) || is_block(type_) {
            return true;
        }
        let called = self.uses.iter().find(|it| it.expr == future);
        let called = called.filter(|_| self.is(type_, "Send"));
        called.is_some_and(|it| self.futures_of_move(it.function, depth))
    }

    /// Whether what an async function makes may change threads, as far as its code tells that.
    pub(super) fn futures_of_move(&self, function: FunctionId, depth: usize) -> bool {
        if depth >= DEEPEST || !FunctionSignature::of(self.db, function).is_async() {
            return false;
        }
        let inner = BodyFacts::new(self.workspace, self.known, function, Entered::Called);
        inner.async_bodies().iter().all(|body| {
            let mut kept = body.points.iter().flat_map(|it| &it.alive);
            let moves = |type_| is_block(type_) || inner.moves(type_);
            kept.all(|it| !it.saved || body.is_awaited(it) || moves(body.type_of(it)))
                && body.points.iter().all(|it| inner.awaited_moves(it.await_, depth + 1))
        })
    }

    /// What the statements in `range`, the last of the function, take along.
    fn captures_of_rest(&self, guard: BindingId, range: TextRange) -> Result<Vec<Capture>, Note> {
        let root = self.body.root_expr();
        let variables = self.variables();
        let made: BTreeSet<BindingId> = variables
            .declared
            .iter()
            .filter(|it| range.contains_range(it.1))
            .map(|it| it.0)
            .collect();
        let mut captures: Vec<Capture> = Vec::new();
        for place in self.places_in(root) {
            let is_in = self.range_around(place).is_some_and(|it| range.contains_range(it));
            let Some(local) = self.root(place).filter(|it| is_in && !made.contains(it)) else {
                continue;
            };
            let capture = self.capture_of_rest(guard, place, local)?;
            // Its name stands for the guard from then on.
            let hides = self.body[guard].name.as_str() == capture.name;
            match captures.iter_mut().find(|it| it.name == capture.name) {
                Some(it) if !hides && it.made_by == capture.made_by => {
                    it.mentions.extend(capture.mentions)
                }
                Some(it) => {
                    return Err(Note::new(format!("`{}` would stand for two things", it.name)));
                }
                None => captures.push(capture),
            }
        }
        Ok(captures)
    }

    fn capture_of_rest(
        &self,
        guard: BindingId,
        place: ExprId,
        local: BindingId,
    ) -> Result<Capture, Note> {
        let name = self.body[local].name.as_str().to_owned();
        let type_ = self.infer.binding_ty(local);
        match self.owns_itself(type_) {
            Ok(()) if self.is(type_, "Send") => {
                Ok(Capture { name, made_by: None, mentions: Vec::new() })
            }
            Ok(()) => Err(Note::new(format!("`{name}` is not `Send`"))),
            Err(_) if self.local(place).is_none() => self.field_unless(place, |name| {
                let mut others = self.body.bindings().filter(|it| it.0 != guard);
                others.any(|it| it.1.name.as_str() == name)
            }),
            Err(why) => Err(Note::new(format!("`{name}` {why}"))),
        }
    }
}

fn is_block(type_: Ty<'_>) -> bool {
    matches!(type_.kind(), TyKind::Coroutine(..))
}
