//! Futures of which as many run at once as there are things to do.

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
        idle::content::Content,
    },
    finding::Place,
    knowledge::{Row, counts::Zero},
};

/// A call that runs several futures at once.
pub struct FanOut {
    /// The limit, or the call.
    pub at: Place,
    /// The name of the call.
    pub named_at: Place,
    pub row: Arc<Row>,
    pub limit: Limit,
    /// How many futures there are.
    pub count: Count,
    /// What gives them, as it is written, if it is short.
    pub source: Option<String>,
    /// The futures, as far as they are in sight.
    pub(crate) futures: Vec<Content>,
    pub(crate) call: ExprId,
}

/// How many futures run at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// None at all, with this consequence.
    Nothing(Zero),
    /// One after the other.
    One,
    /// So many.
    Number(u128),
    /// All.
    None,
    /// As many as something is long.
    Length,
    /// Each of them, as there is no word for a limit.
    Unsaid,
    /// Some, as far as anybody can tell.
    Given,
}

/// A macro that runs several futures on one task.
pub struct Joined {
    /// The call of the macro.
    pub at: Place,
    /// The name of the macro, with its `!`.
    pub name: String,
    pub(crate) futures: Vec<ExprId>,
}

impl<'db> BodyFacts<'db> {
    /// The calls in this body that run more futures at once than somebody has thought of, or none.
    pub fn unlimited(&self) -> impl Iterator<Item = FanOut> {
        self.fan_outs().into_iter().filter(|it| match it.limit {
            Limit::Nothing(_) => true,
            Limit::Given | Limit::One => false,
            _ => !it.count.is_small(),
        })
    }

    /// The calls in this body that run several futures, in the order of the text.
    pub fn fan_outs(&self) -> Vec<FanOut> {
        let calls = self.mentions.iter().filter(|it| matches!(it.form, Form::Call | Form::Method));
        let mut found: Vec<FanOut> = calls.filter_map(|it| self.fan_out(it)).collect();
        found.extend(self.sequence.iter().filter_map(|it| self.collected(it.0)));
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }

    fn fan_out(&self, mention: &Mention) -> Option<FanOut> {
        let values = self.values_of(mention.expr);
        let first = *values.first()?;
        let (limit, shown) = if mention.row.all_at_once {
            let limit = if self.is_limited_before(first) { Limit::Given } else { Limit::Unsaid };
            self.runs_here(mention.expr).then_some((limit, mention.expr))?
        } else {
            let argument = match mention.form {
                Form::Method => *values.get(1)?,
                _ => first,
            };
            let limit = self.limit(argument, mention.row.zero?);
            (limit.unwrap_or(Limit::Given), argument)
        };
        let count = match limit {
            Limit::Nothing(_) => Count::Unknown,
            _ if mention.form == Form::Method || mention.row.all_at_once => self.count_of(first),
            _ => return None,
        };
        Some(FanOut {
            at: self.place_to_show(shown)?,
            named_at: self.name_of_call(mention)?,
            row: Arc::clone(&mention.row),
            limit,
            count,
            source: self.short_text(first),
            futures: self.content(self.infer.expr_ty(mention.expr)),
            call: mention.expr,
        })
    }

    /// Whether a call in a chain says how many may run at once.
    fn is_limited_before(&self, expr: ExprId) -> bool {
        let Expr::MethodCall { receiver, .. } = self.body[expr] else { return false };
        self.row_of_call(expr).is_some_and(|it| it.limits) || self.is_limited_before(receiver)
    }

    /// Futures that are collected in what runs all of them.
    fn collected(&self, call: ExprId) -> Option<FanOut> {
        let Expr::MethodCall { receiver, method_name, args, .. } = &self.body[call] else {
            return None;
        };
        if method_name.as_str() != "collect" || !args.is_empty() || !self.runs_here(call) {
            return None;
        }
        let type_ = self.infer.expr_ty(call);
        let at = self.place_to_show(call)?;
        Some(FanOut {
            at: at.clone(),
            named_at: at,
            row: Arc::clone(self.runner(type_)?),
            limit: Limit::Unsaid,
            count: self.count_of(*receiver),
            source: self.short_text(*receiver),
            futures: self.content(type_),
            call,
        })
    }

    /// The row of a type whose values run all futures that they hold.
    pub(super) fn runner(&self, type_: Ty<'db>) -> Option<&Arc<Row>> {
        let TyKind::Adt(adt, _) = type_.strip_references().kind() else { return None };
        self.known.type_(adt.def_id()).filter(|it| it.idles)
    }

    /// The macros in this body that run several futures to their ends.
    pub fn joined(&self) -> Vec<Joined> {
        let mut found: Vec<Joined> = Vec::new();
        for it in self.mentions.iter().filter(|it| it.row.joins && it.form == Form::Call) {
            let (Some(at), [future]) =
                (self.macro_call_place(it.expr), &self.values_of(it.expr)[..])
            else {
                continue;
            };
            if let Some(it) = found.iter_mut().find(|it| it.at == at) {
                it.futures.push(*future);
                continue;
            }
            let text = self.workspace.text(&at.file).map_or("", |it| &it[at.range]);
            let path = text.split('!').next().unwrap_or_default();
            let name = format!("{}!", path.rsplit("::").next().unwrap_or_default());
            found.push(Joined { at, name, futures: vec![*future] });
        }
        found
    }

    fn name_of_call(&self, mention: &Mention) -> Option<Place> {
        let parts = self.call_parts(mention);
        let name = parts.map(|it| Place::new(it.at.file, it.callee));
        name.or_else(|| self.place_to_show(mention.expr))
    }

    /// What this argument says of how many futures run at once. None where it is a limit, or nobody can tell.
    fn limit(&self, argument: ExprId, zero: Zero) -> Option<Limit> {
        if let Some(number) = self.number(argument) {
            return match number {
                0 if zero == Zero::NoLimit => Some(Limit::None),
                0 => Some(Limit::Nothing(zero)),
                _ if zero == Zero::Panics => None,
                1 => Some(Limit::One),
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
        match self.infer.expr_ty(call).kind() {
            TyKind::Adt(_, args) => {
                args.types().next().is_some_and(|it| self.works_when_polled(it))
            }
            // A method of a trait that is asynchronous itself.
            TyKind::Alias(..) => true,
            _ => false,
        }
    }

    /// The future of an async function or block, or one in a box.
    pub(super) fn works_when_polled(&self, type_: Ty<'db>) -> bool {
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

    pub(super) fn short_text(&self, expr: ExprId) -> Option<String> {
        let place = self.place_of(expr)?;
        let text = self.workspace.text(&place.file)?.get(std::ops::Range::from(place.range))?;
        (text.len() <= 40 && !text.contains('\n')).then(|| text.to_owned())
    }
}
