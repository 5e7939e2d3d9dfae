//! Futures and tasks of which as many run at once as there are things to do.

use std::sync::Arc;

use ra_ap_hir_def::{
    AdtId,
    hir::{Expr, ExprId},
    lang_item,
};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::{
        body::{BodyFacts, Form, Mention},
        counts::{Count, MANY},
    },
    finding::Place,
    knowledge::{FutureRuns, Row, cancel::Cancel, counts::Zero},
};

/// A call that runs several futures at once.
pub struct FanOut {
    /// The limit, or the call.
    pub at: Place,
    pub row: Arc<Row>,
    pub limit: Limit,
    /// How many futures there are.
    pub count: Count,
    /// What gives them, as it is written, if it is short.
    pub source: Option<String>,
    pub(crate) call: ExprId,
}

/// How many futures run at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// None at all, with this consequence.
    Nothing(Zero),
    /// So many.
    Number(u128),
    /// All.
    None,
    /// As many as something is long.
    Length,
    /// Each of them, as there is no word for a limit.
    Unsaid,
}

/// A task for each thing that comes in.
pub struct TaskEach {
    /// The call that starts it.
    pub at: Place,
    /// What brings the things, as it is called, ...
    pub brings: String,
    /// ... and where.
    pub from: Place,
    /// How many there are, where that is known.
    pub count: Count,
}

impl<'db> BodyFacts<'db> {
    /// The calls in this body that run more futures at once than somebody has thought of, or none.
    pub fn fan_outs(&self) -> Vec<FanOut> {
        let calls = self.mentions.iter().filter(|it| matches!(it.form, Form::Call | Form::Method));
        let mut found: Vec<FanOut> = calls.filter_map(|it| self.fan_out(it)).collect();
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }

    fn fan_out(&self, mention: &Mention) -> Option<FanOut> {
        let values = self.values_of(mention.expr);
        let first = *values.first()?;
        let (limit, shown) = if mention.row.all_at_once {
            self.runs_here(mention.expr).then_some((Limit::Unsaid, mention.expr))?
        } else {
            let argument = match mention.form {
                Form::Method => *values.get(1)?,
                _ => first,
            };
            (self.limit(argument, mention.row.zero?)?, argument)
        };
        let count = match limit {
            Limit::Nothing(_) => Count::Unknown,
            _ if mention.form == Form::Method || mention.row.all_at_once => self.count_of(first),
            _ => return None,
        };
        if count.is_small() {
            return None;
        }
        Some(FanOut {
            at: self.place_to_show(shown)?,
            row: Arc::clone(&mention.row),
            limit,
            count,
            source: self.short_text(first),
            call: mention.expr,
        })
    }

    /// What this argument says of how many futures run at once. None where it is a limit, or nobody can tell.
    fn limit(&self, argument: ExprId, zero: Zero) -> Option<Limit> {
        if let Some(number) = self.number(argument) {
            return match number {
                0 if zero == Zero::NoLimit => Some(Limit::None),
                0 => Some(Limit::Nothing(zero)),
                _ if zero == Zero::Panics => None,
                it if it >= MANY => Some(Limit::Number(it)),
                _ => None,
            };
        }
        match &self.body[argument] {
            Expr::Call { args, .. }
                if args.len() == 1 && self.is_option(self.infer.expr_ty(argument)) =>
            {
                self.limit(args[0], zero)
            }
            Expr::Path(_)
                if self.is_option(self.infer.expr_ty(argument))
                    && self.local(argument).is_none() =>
            {
                Some(Limit::None)
            }
            Expr::MethodCall { method_name, args, .. } => {
                (method_name.as_str() == "len" && args.is_empty()).then_some(Limit::Length)
            }
            _ => None,
        }
    }

    /// Whether the futures that a call gets do their work in it: tasks that run already do not.
    fn runs_here(&self, call: ExprId) -> bool {
        let TyKind::Adt(_, args) = self.infer.expr_ty(call).kind() else { return false };
        args.types().next().is_some_and(|it| self.works_when_polled(it))
    }

    /// The future of an async function or block, or one in a box.
    fn works_when_polled(&self, type_: Ty<'db>) -> bool {
        match type_.kind() {
            TyKind::Coroutine(..) | TyKind::Alias(..) | TyKind::Dynamic(..) => true,
            TyKind::Adt(adt, args) => {
                let is_pin = self.known.type_(adt.def_id()).is_some_and(|it| it.pins);
                let wraps = is_pin || self.is_box(type_);
                wraps && args.types().next().is_some_and(|it| self.works_when_polled(it))
            }
            _ => false,
        }
    }

    fn is_box(&self, type_: Ty<'db>) -> bool {
        let TyKind::Adt(adt, _) = type_.kind() else { return false };
        let boxes = lang_item::lang_items(self.db, self.krate()).OwnedBox;
        matches!(adt.def_id(), AdtId::StructId(it) if Some(it) == boxes)
    }

    fn short_text(&self, expr: ExprId) -> Option<String> {
        let place = self.place_of(expr)?;
        let text = self.workspace.text(&place.file)?.get(std::ops::Range::from(place.range))?;
        (text.len() <= 40 && !text.contains('\n')).then(|| text.to_owned())
    }

    /// The loops that start a task for each thing that comes in, and wait for nothing else.
    pub fn tasks_for_each(&self) -> Vec<TaskEach> {
        let starts = |it: &&Mention| {
            let is_call = matches!(it.form, Form::Call | Form::Method);
            is_call && it.row.future.is_some_and(|it| it != FutureRuns::Driven)
        };
        let mut found: Vec<TaskEach> =
            self.mentions.iter().filter(starts).filter_map(|it| self.task_each(it)).collect();
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }

    fn task_each(&self, start: &Mention) -> Option<TaskEach> {
        let turns = self.loop_around(start.expr)?;
        let around = self.awaits_at(turns);
        let head = self.head_of_for(turns).filter(|_| self.is_for(turns));
        let mut others = Vec::new();
        self.walk(turns, &mut |it| {
            if let Expr::Await { expr } = self.body[it]
                && self.awaits_at(it) == around
            {
                others.push(expr);
            }
        });
        let at = self.place_to_show(start.expr)?;
        if let Some(head) = head {
            let count = self.count_of(head);
            let brings = self.short_text(head).unwrap_or_else(|| "this".to_owned());
            let from = self.place_to_show(head)?;
            return (others.is_empty() && count.is_large()).then_some(TaskEach {
                at,
                brings,
                from,
                count,
            });
        }
        // The wait for the next one is the only one.
        let [next] = others[..] else { return None };
        let mention = self.mention_of(next).filter(|it| it.row.takes_out)?;
        let ends = |it: &Row| it.cancel == Some(Cancel::Safe);
        ends(&mention.row).then_some(())?;
        let from = self.place_to_show(next)?;
        let count = Count::OpenEnded(mention.row.path.clone());
        Some(TaskEach { at, brings: format!("`{}`", mention.row.path), from, count })
    }
}
