//! Streams that run the futures which they hold only while somebody waits for the next item, and what is awaited meanwhile.

pub mod at_once;
pub(super) mod content;
pub mod tasks;
mod weight;

use std::sync::Arc;

use ra_ap_hir_def::hir::{BindingId, ClosureKind, Expr, ExprId, Literal};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;

use self::content::Content;
use crate::{
    facts::{
        body::{BodyFacts, Form, Mention},
        futurelock::Queued,
        locks::taken::{Link, TakenLocks},
        place,
    },
    finding::Place,
    knowledge::{Row, cancel::Cancel},
};

/// Adapters nest a few times, not more.
const DEEPEST: usize = 8;

/// An `.await` while the futures in a stream are begun and not polled.
pub struct Idle {
    /// What is awaited meanwhile.
    pub at: Place,
    /// Whose futures they are: a variable or field, or the call that made the stream.
    pub stream: String,
    /// Where they are polled.
    pub polled_at: Place,
    /// What both wait for, where that is so.
    pub shared: Option<Shared>,
    /// The stream that holds them, without what is wrapped around it.
    pub(crate) made_by: Option<ExprId>,
    pub(crate) consumed_by: Consumed,
}

/// Something for which the futures wait, and so does the one who does not poll them.
pub struct Shared {
    pub resource: String,
    pub held_by: Vec<Link>,
    pub wanted_by: Vec<Link>,
}

/// Who takes the items.
#[derive(Clone, Copy)]
pub(crate) enum Consumed {
    /// A loop, at this `next()`.
    Loop { next: ExprId, turns: ExprId },
    /// A method, by this closure.
    Method { call: ExprId, closure: ExprId },
}

/// A stream, and all that is awaited while nobody polls it.
struct Meanwhile {
    stream: ExprId,
    awaits: Vec<Wait>,
    polled_at: Place,
    consumed_by: Consumed,
}

/// A future that is awaited.
struct Wait {
    future: ExprId,
    /// Where that shows.
    at: ExprId,
}

impl<'db> BodyFacts<'db> {
    /// For each stream whose futures stand still while something else is awaited the place where that matters most.
    pub fn idle_streams(&self, locks: &TakenLocks<'db>) -> Vec<Idle> {
        let mut found: Vec<Idle> = Vec::new();
        let loops = self.streams_of_loops().into_iter().chain(self.streams_of_selects());
        for it in loops.chain(self.streams_of_methods()) {
            let Some(idle) = self.idle(locks, &it) else { continue };
            if !found.iter().any(|other| other.at == idle.at) {
                found.push(idle);
            }
        }
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }

    fn idle(&self, locks: &TakenLocks<'db>, it: &Meanwhile) -> Option<Idle> {
        let holder = self.holder_of_futures(self.infer.expr_ty(it.stream), 0)?;
        let made_by = self.maker_of(holder);
        if made_by.is_some_and(|it| self.runs_one(it)) {
            return None;
        }
        let content = self.content(holder);
        let shared = self.shared(locks, &content, &it.awaits);
        let (at, shared) = match shared {
            Some((at, shared)) => (at, Some(shared)),
            None if content.iter().any(|it| self.works(it)) => {
                let long = it.awaits.iter().find(|it| self.takes_long(it.future))?;
                (self.place_to_show(long.at)?, None)
            }
            None => return None,
        };
        Some(Idle {
            at,
            stream: self.name_of_stream(it.stream, made_by, holder),
            polled_at: it.polled_at.clone(),
            shared,
            made_by: made_by.map(|it| it.expr),
            consumed_by: it.consumed_by,
        })
    }

    /// The first wait of these for something that the futures wait for, too.
    fn shared(
        &self,
        locks: &TakenLocks<'db>,
        content: &[Content],
        awaits: &[Wait],
    ) -> Option<(Place, Shared)> {
        let made = content.iter().filter_map(|it| match it {
            Content::Made(it) => Some(*it),
            Content::By(_) => None,
        });
        let held: Vec<Queued> = made.flat_map(|it| self.queued_by(locks, it, 0)).collect();
        if held.is_empty() {
            return None;
        }
        awaits.iter().find_map(|wait| {
            let wanted = self.queued_by(locks, wait.future, 0);
            let (own, other) = held.iter().find_map(|it| Some((it, it.is_kept_from(&wanted)?)))?;
            let shared = Shared {
                resource: self.name_of_lock(&own.place),
                held_by: own.way.clone(),
                wanted_by: other.way.clone(),
            };
            Some((self.place_to_show(wait.at)?, shared))
        })
    }

    /// The streams from which loops take the next item, and wait for something else before they take another one.
    fn streams_of_loops(&self) -> Vec<Meanwhile> {
        let stream = |expr: ExprId| {
            let Expr::Await { expr: next } = self.body[expr] else { return None };
            let stream = self.stream_of_next(next)?;
            let turns = self.loop_around(expr)?;
            let awaits = self.awaits_of_turn(turns, stream)?;
            let polled_at = self.place_to_show(next)?;
            Some(Meanwhile {
                stream,
                awaits,
                polled_at,
                consumed_by: Consumed::Loop { next, turns },
            })
        };
        self.sequence.iter().filter_map(|it| stream(it.0)).collect()
    }

    /// The same of a `select!` that waits for the next item beside other things.
    fn streams_of_selects(&self) -> Vec<Meanwhile> {
        let mut found = Vec::new();
        for select in self.selects() {
            let Some(turns) = select.turns else { continue };
            for branch in &select.branches {
                let next = branch.future;
                let Some(stream) = self.stream_of_next(next) else { continue };
                let Some(awaits) = self.awaits_of_turn(turns, stream) else { continue };
                let polled_at = branch.at.clone();
                let consumed_by = Consumed::Loop { next, turns };
                found.push(Meanwhile { stream, awaits, polled_at, consumed_by });
            }
        }
        found
    }

    /// The streams whose items are given to a closure, and to no other before its future is done.
    fn streams_of_methods(&self) -> Vec<Meanwhile> {
        let calls =
            self.mentions.iter().filter(|it| it.row.one_at_a_time && it.form == Form::Method);
        let stream = |mention: &Mention| {
            let Expr::MethodCall { receiver, args, .. } = &self.body[mention.expr] else {
                return None;
            };
            let is_closure = |it: &ExprId| matches!(self.body[*it], Expr::Closure { .. });
            let closure = args.iter().copied().find(is_closure)?;
            let awaits = self.awaits_of_closure(closure)?;
            let consumed_by = Consumed::Method { call: mention.expr, closure };
            let polled_at = self.place_to_show(mention.expr)?;
            Some(Meanwhile { stream: *receiver, awaits, polled_at, consumed_by })
        };
        calls.filter_map(stream).collect()
    }

    /// The stream whose next item a call waits for.
    fn stream_of_next(&self, next: ExprId) -> Option<ExprId> {
        let mention = self.mention_of(next)?;
        let takes_next = mention.row.takes_out && mention.row.cancel == Some(Cancel::Safe);
        let Expr::MethodCall { receiver, .. } = self.body[next] else { return None };
        takes_next.then_some(receiver)
    }

    /// What each turn of a loop awaits besides the next item of a stream that outlives it, and comes back from.
    fn awaits_of_turn(&self, turns: ExprId, stream: ExprId) -> Option<Vec<Wait>> {
        let made = self.variables_of_loop(turns);
        let root = self.variable_below(stream)?;
        if made.contains(&root) {
            return None;
        }
        let around = self.awaits_at(stream);
        let mut awaits = Vec::new();
        self.walk(turns, &mut |it| {
            if let Expr::Await { expr: future } = self.body[it]
                && self.awaits_at(it) == around
                && self.place_of(it).is_some()
                && !self.polls(future, stream, root)
                && !self.leaves_after(it, turns)
            {
                awaits.push(Wait { future, at: it });
            }
        });
        (!awaits.is_empty()).then_some(awaits)
    }

    /// Whether what is awaited may poll the stream itself.
    fn polls(&self, future: ExprId, stream: ExprId, root: BindingId) -> bool {
        let Some(field) = self.field_of(stream) else {
            return self.variables_in(future).contains(&root);
        };
        let mut named = false;
        self.walk(future, &mut |it| named |= self.field_of(it).as_deref() == Some(&field));
        // What is given the whole may reach for the part.
        let own = self.uses.iter().find(|it| it.expr == future);
        named
            || own.is_some_and(|it| {
                self.variables_in(future).contains(&root)
                    && place::text_of(self.workspace, it.function)
                        .is_some_and(|it| it.contains(&format!(".{field}")))
            })
    }

    fn field_of(&self, expr: ExprId) -> Option<String> {
        match &self.body[expr] {
            Expr::Field { name, .. } => Some(name.as_str().to_owned()),
            Expr::Ref { expr, .. } | Expr::UnaryOp { expr, .. } => self.field_of(*expr),
            Expr::MethodCall { receiver, args, .. } if args.is_empty() => self.field_of(*receiver),
            _ => None,
        }
    }

    /// What the future awaits that a closure makes; all of it, where it is no async block.
    fn awaits_of_closure(&self, closure: ExprId) -> Option<Vec<Wait>> {
        let value = self.value_of_closure(closure)?;
        Some(match &self.body[value] {
            Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, .. } => {
                let wait = |(at, around): &(ExprId, Option<ExprId>)| match self.body[*at] {
                    Expr::Await { expr: future } if self.is_awaited_in(value, *around) => {
                        Some(Wait { future, at: *at })
                    }
                    _ => None,
                };
                self.sequence.iter().filter_map(wait).collect()
            }
            _ => vec![Wait { future: value, at: value }],
        })
    }

    /// Whether the loop ends once this is done, whatever comes of it.
    fn leaves_after(&self, expr: ExprId, turns: ExprId) -> bool {
        self.ancestors(expr).take_while(|it| *it != turns).any(|it| match &self.body[it] {
            Expr::Block { .. } => self.always_leaves(it, turns),
            Expr::Break { .. } | Expr::Return { .. } => !self.is_of_question_mark(it),
            _ => false,
        })
    }

    /// What runs futures, of all that a stream is made of.
    fn holder_of_futures(&self, type_: Ty<'db>, depth: usize) -> Option<Ty<'db>> {
        if depth > DEEPEST {
            return None;
        }
        match type_.kind() {
            TyKind::Ref(_, it, _) => self.holder_of_futures(it, depth + 1),
            TyKind::Adt(adt, args) => {
                let row = self.known.type_(adt.def_id());
                if row.is_some_and(|it| it.idles) {
                    return Some(type_);
                }
                args.types().find_map(|it| self.holder_of_futures(it, depth + 1))
            }
            _ => None,
        }
    }

    /// The call that made such a stream.
    fn maker_of(&self, holder: Ty<'db>) -> Option<&Mention> {
        let is_it = |it: &&Mention| it.row.idles && self.infer.expr_ty(it.expr) == holder;
        self.mentions.iter().filter(|it| it.form == Form::Method).find(is_it)
    }

    /// Whether it holds one future at a time, which is done when its item is there.
    fn runs_one(&self, made_by: &Mention) -> bool {
        let limit = self.values_of(made_by.expr).last().map(|it| &self.body[*it]);
        matches!(limit, Some(Expr::Literal(Literal::Uint(1, _) | Literal::Int(1, _))))
    }

    fn name_of_stream(&self, stream: ExprId, made_by: Option<&Mention>, holder: Ty<'db>) -> String {
        let bare = match &self.body[stream] {
            Expr::MethodCall { receiver, args, .. } if args.is_empty() => *receiver,
            _ => stream,
        };
        let place = self.variable_below(bare).and(self.place_of(bare));
        let text = place.and_then(|it| {
            let text = self.workspace.text(&it.file)?;
            Some(text[it.range].trim_start_matches("&mut ").to_owned())
        });
        let is_short = |it: &String| !it.contains(['(', '\n']);
        text.filter(is_short)
            .or_else(|| made_by.map(|it| it.row.name().to_owned()))
            .unwrap_or_else(|| self.type_name(holder))
    }

    /// The row of the call that made a stream.
    pub(crate) fn row_of_call(&self, call: ExprId) -> Option<&Arc<Row>> {
        self.mention_of(call).map(|it| &it.row)
    }
}
