//! Buffers on which the kernel works in its own time, and futures that do not live as long.

use std::sync::Arc;

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::{
        body::{BodyFacts, Form, Mention},
        runs_on::Thread,
    },
    finding::Place,
    knowledge::{Row, buffers::Buffers},
};

/// A buffer that may be gone, or lost, while the kernel works on it.
pub struct KernelBuffer {
    pub at: Place,
    pub row: Arc<Row>,
    pub why: Why,
}

/// What is wrong with it.
pub enum Why {
    /// The future that has it is dropped when another branch of a `select!` is done first, ...
    OtherBranch,
    /// ... or when its time is up.
    TimeIsUp,
    /// It ends with the future in which it is declared; here that one waits.
    EndsWithFuture { name: String, waits: Option<Place> },
    /// It is whoever polls who has it, and he may be gone.
    OfWhoeverPolls { name: String },
    /// It is that of whoever reads and writes.
    Borrowed,
    /// All is copied.
    Copied,
}

impl BodyFacts<'_> {
    /// All of them in this body.
    pub fn kernel_buffers(&self) -> Vec<KernelBuffer> {
        let mut found = self.lost_buffers();
        let calls = self.mentions.iter().filter(|it| matches!(it.form, Form::Call | Form::Method));
        for mention in calls {
            let why = match mention.row.buffers {
                Some(Buffers::PointedAt) => self.outlived(mention),
                Some(Buffers::Borrowed) => Some(Why::Borrowed),
                Some(Buffers::Copied) => Some(Why::Copied),
                Some(Buffers::Taken) | None => None,
            };
            if let Some(why) = why
                && let Some(at) = self.place_to_show(mention.expr)
            {
                found.push(KernelBuffer { at, row: Arc::clone(&mention.row), why });
            }
        }
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }

    /// Those that are dropped with a future that has taken them, in a loop that goes on then.
    fn lost_buffers(&self) -> Vec<KernelBuffer> {
        let mut found = Vec::new();
        for select in self.selects() {
            for branch in &select.branches {
                if !branch.is_lent && self.comes_back_after_another(select, branch) {
                    found.extend(self.taking(branch.future, Why::OtherBranch));
                }
            }
        }
        for timeout in self.timeouts() {
            if !self.is_reference(self.infer.expr_ty(timeout.future)) {
                found.extend(self.taking(timeout.future, Why::TimeIsUp));
            }
        }
        found
    }

    fn taking(&self, future: ExprId, why: Why) -> Option<KernelBuffer> {
        let mention = self.mention_of(future)?;
        (mention.row.buffers == Some(Buffers::Taken)).then_some(())?;
        let at = self.place_to_show(future)?;
        Some(KernelBuffer { at, row: Arc::clone(&mention.row), why })
    }

    /// Whether the buffer that a pointer leads to may be gone before the kernel is done with it.
    fn outlived(&self, mention: &Mention) -> Option<Why> {
        let is_pointer = |it: &ExprId| matches!(self.infer.expr_ty(*it).kind(), TyKind::RawPtr(..));
        let pointer = self.values_of(mention.expr).into_iter().find(is_pointer)?;
        let variable = self.pointed_at(pointer)?;
        if self.is_given_on(variable) || self.stays_for_ever(variable) {
            return None;
        }
        let name = self.body[variable].name.as_str().to_owned();
        if mention.awaits_in.is_some() {
            let waits = self.sequence.iter().skip_while(|it| it.0 != mention.expr);
            let mut waits = waits.filter(|it| {
                matches!(self.body[it.0], Expr::Await { .. }) && it.1 == mention.awaits_in
            });
            let waits = self.place_to_show(waits.next()?.0);
            return Some(Why::EndsWithFuture { name, waits });
        }
        let is_polled = mention.thread == Thread::Worker && !mention.in_closure;
        let is_own = self.body.self_param.iter().any(|it| it.user_written == variable);
        (is_polled && self.is_parameter(variable) && !is_own)
            .then_some(Why::OfWhoeverPolls { name })
    }

    /// The variable with the bytes that a pointer leads to.
    fn pointed_at(&self, pointer: ExprId) -> Option<BindingId> {
        match &self.body[pointer] {
            Expr::Cast { expr, .. } => self.pointed_at(*expr),
            Expr::MethodCall { receiver, method_name, .. } => match method_name.as_str() {
                "as_ptr" | "as_mut_ptr" => self.with_bytes(*receiver),
                "cast" => self.pointed_at(*receiver),
                _ => None,
            },
            Expr::Path(_) => {
                let value = self.plain_value_of(self.local(pointer)?)?;
                self.pointed_at(value)
            }
            _ => None,
        }
    }

    fn with_bytes(&self, value: ExprId) -> Option<BindingId> {
        match &self.body[value] {
            Expr::Path(_) => self.local(value),
            Expr::Ref { expr, .. } | Expr::Index { base: expr, .. } => self.with_bytes(*expr),
            Expr::UnaryOp { expr, .. } => self.with_bytes(*expr),
            // `buf.unfilled_mut().as_mut_ptr()`
            Expr::MethodCall { receiver, args, .. } if args.is_empty() => {
                let is_lent = matches!(self.infer.expr_ty(value).kind(), TyKind::Ref(..));
                self.with_bytes(*receiver).filter(|_| is_lent)
            }
            _ => None,
        }
    }

    /// Whether a variable is given to somebody else as a whole: a table of what is under way, it may be.
    fn is_given_on(&self, variable: BindingId) -> bool {
        let gives = |it: &ExprId| {
            let parent = self.parents.get(*it).map(|it| &self.body[*it]);
            self.local(*it) == Some(variable)
                && match parent {
                    Some(Expr::Call { args, .. } | Expr::MethodCall { args, .. }) => {
                        args.contains(it)
                    }
                    Some(Expr::RecordLit { .. } | Expr::Tuple { .. } | Expr::Array(_)) => true,
                    Some(Expr::Return { .. } | Expr::Assignment { .. }) => true,
                    Some(Expr::Block { tail, .. }) => *tail == Some(*it),
                    _ => false,
                }
        };
        let is_lent = self.is_reference(self.infer.binding_ty(variable));
        !is_lent && self.sequence.iter().any(|it| gives(&it.0))
    }

    /// Whether nothing ever frees what a variable holds or leads to.
    fn stays_for_ever(&self, variable: BindingId) -> bool {
        let type_ = self.infer.binding_ty(variable);
        match type_.kind() {
            TyKind::Ref(lifetime, ..) => {
                format!("{lifetime:?}").contains("static") || self.is_leaked(variable)
            }
            TyKind::Adt(adt, _) => {
                ra_ap_hir::Adt::from(adt.def_id()).name(self.db).as_str() == "ManuallyDrop"
            }
            _ => false,
        }
    }

    /// `Box::leak(..)` and its like.
    fn is_leaked(&self, variable: BindingId) -> bool {
        let value = self.plain_value_of(variable);
        value.is_some_and(|it| matches!(self.body[it], Expr::Call { .. } | Expr::MethodCall { .. }))
    }
}
