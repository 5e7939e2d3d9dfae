//! Loops that compute for long and give nobody else a turn, as far as their text shows that.

use ra_ap_hir_def::hir::ExprId;
use ra_ap_syntax::{
    AstNode, SyntaxKind, T, TextRange, TextSize,
    ast::{self, HasLoopBody, HasName, RangeItem},
};

use crate::{
    facts::{
        body::{BodyFacts, Mention},
        runs_on::Thread,
    },
    finding::Place,
};

/// So many turns take a while, whatever happens in them.
const MANY: u128 = 1_000_000;

/// A loop on a thread that drives tasks.
pub struct LongLoop {
    /// Its head.
    pub at: Place,
    pub length: Length,
    pub thread: Thread,
    pub sketch: Option<Room>,
    pub(crate) expr: ExprId,
}

/// Why a loop takes long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// It has so many turns.
    Turns(u128),
    /// In each of its turns there is another loop, and how many turns they have depends on what they are given.
    Nested,
}

/// Where a loop could let others have their turn.
pub struct Room {
    /// Behind the first bracket of what it does in each turn.
    pub at: TextSize,
    /// The number that counts its turns.
    pub counter: Option<String>,
    pub(crate) expr: ExprId,
}

impl BodyFacts<'_> {
    /// Whether something in it shows that it may take long, and nothing that it must.
    pub fn may_compute_for_long(&self) -> bool {
        self.mentions.iter().any(|it| it.row.by_size) || !self.long_loops().is_empty()
    }

    /// Whether what is mentioned keeps other tasks waiting while it runs. Before any was started there is nobody to wait.
    pub fn keeps_others_waiting(&self, mention: &Mention) -> bool {
        self.holds_up_others(mention.thread, mention.position)
    }

    fn holds_up_others(&self, thread: Thread, position: usize) -> bool {
        match thread {
            Thread::Worker => true,
            Thread::Driver => self.spawns_before_position(position),
            Thread::MayBlock | Thread::Caller | Thread::Unknown => false,
        }
    }

    /// The long loops that run on a thread with other tasks to drive.
    pub fn long_loops(&self) -> Vec<LongLoop> {
        let mut found: Vec<(TextRange, LongLoop)> = Vec::new();
        for it in &self.uses {
            let is_held_up = self.holds_up_others(it.context.thread, it.position);
            let Some(source) = self.syntax(it.expr).filter(|_| is_held_up) else { continue };
            let ast::Expr::ForExpr(syntax) = source.value else { continue };
            let all = syntax.syntax().text_range();
            // What stands around a long loop comes before it; a `for` stands for several calls.
            if source.file_id.is_macro() || found.iter().any(|it| it.0.contains_range(all)) {
                continue;
            }
            let (Some(length), Some(over)) = (length(&syntax), syntax.iterable()) else { continue };
            let head = TextRange::new(all.start(), over.syntax().text_range().end());
            let Some(at) = self.place_of_range(source.file_id, head) else { continue };
            let sketch = room(&syntax).filter(|_| it.context.awaits_in.is_some());
            let sketch = sketch.map(|(at, counter)| Room { at, counter, expr: it.expr });
            let thread = it.context.thread;
            found.retain(|it| !all.contains_range(it.0));
            found.push((all, LongLoop { at, length, thread, sketch, expr: it.expr }));
        }
        found.into_iter().map(|it| it.1).collect()
    }
}

fn room(it: &ast::ForExpr) -> Option<(TextSize, Option<String>)> {
    let bracket = it.loop_body()?.stmt_list()?.l_curly_token()?;
    let counter = match it.pat()? {
        ast::Pat::IdentPat(it) => it.name().map(|it| it.text().to_string()),
        _ => None,
    };
    Some((bracket.text_range().end(), counter))
}

/// How long a loop takes, where its text shows that it is long, never gives way and goes on to its end.
pub(super) fn length(it: &ast::ForExpr) -> Option<Length> {
    let body = it.loop_body()?;
    let length = match turns(it)? {
        Turns::Known(it) if it >= MANY => Length::Turns(it),
        Turns::Known(_) => return None,
        Turns::Unknown => {
            let mut inner = body.syntax().descendants().filter_map(ast::ForExpr::cast);
            inner.find(|it| matches!(turns(it), Some(Turns::Unknown)))?;
            Length::Nested
        }
    };
    // A macro may await, or leave the loop; what is only made there may run elsewhere.
    let gives_way = body.syntax().descendants_with_tokens().any(|it| {
        matches!(
            it.kind(),
            T![await]
                | T![break]
                | T![return]
                | T![?]
                | SyntaxKind::MACRO_CALL
                | SyntaxKind::CLOSURE_EXPR
                | SyntaxKind::FN
        )
    });
    (!gives_way).then_some(length)
}

enum Turns {
    Known(u128),
    /// That depends on a value.
    Unknown,
}

/// How often a loop over a range of numbers goes round; a constant is taken to be small.
fn turns(it: &ast::ForExpr) -> Option<Turns> {
    let range = range(it.iterable()?)?;
    let (start, end) = (range.start()?, range.end()?);
    match (number(&start), number(&end)) {
        (Some(start), Some(end)) => Some(Turns::Known(end.saturating_sub(start))),
        _ if is_constant(&end) => None,
        (_, None) => Some(Turns::Unknown),
        (None, Some(_)) => None,
    }
}

fn range(it: ast::Expr) -> Option<ast::RangeExpr> {
    match it {
        ast::Expr::RangeExpr(it) => Some(it),
        ast::Expr::ParenExpr(it) => range(it.expr()?),
        _ => None,
    }
}

fn number(it: &ast::Expr) -> Option<u128> {
    let ast::Expr::Literal(it) = it else { return None };
    match it.kind() {
        ast::LiteralKind::IntNumber(it) => it.value().ok(),
        _ => None,
    }
}

/// Constants are written in capitals.
fn is_constant(it: &ast::Expr) -> bool {
    let ast::Expr::PathExpr(it) = it else { return false };
    let name = it.path().and_then(|it| it.segment()).and_then(|it| it.name_ref());
    name.is_some_and(|it| !it.text().chars().any(char::is_lowercase))
}
