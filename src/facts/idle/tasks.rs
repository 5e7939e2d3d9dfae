//! The futures of a stream as tasks of their own, which run whoever waits.

use ra_ap_hir_def::hir::{CaptureBy, ClosureKind, Expr, ExprId};

use super::Idle;
use crate::{facts::body::BodyFacts, finding::Place};

/// Where the futures are made.
pub struct Tasks {
    /// The value of the closure that makes them.
    pub future: Place,
    /// The call that makes a stream of them.
    pub makes: Place,
    pub(crate) at: ExprId,
}

impl<'db> BodyFacts<'db> {
    /// The futures of a stream, when each of them may become a task; or why it may not.
    pub fn as_tasks(&self, idle: &Idle) -> Result<Tasks, String> {
        let no = |text: &str| Err(text.to_owned());
        let Some(makes) = idle.made_by else {
            return no("where the stream is made is not in sight");
        };
        let Expr::MethodCall { receiver, .. } = self.body[makes] else {
            return no("where the stream is made is not in sight");
        };
        let closure = match &self.body[receiver] {
            Expr::MethodCall { args, .. } => args.last().copied(),
            _ => None,
        };
        let Some(future) = closure.and_then(|it| self.value_of_closure(it)) else {
            return no("no closure makes the futures");
        };
        if !self.is_future(self.infer.expr_ty(future)) {
            return no("no closure makes the futures");
        }
        self.owns_all(future)?;
        match (self.place_of(future), self.place_of(makes)) {
            (Some(future_at), Some(makes)) => Ok(Tasks { future: future_at, makes, at: future }),
            _ => no("a macro has a hand in it"),
        }
    }

    /// Whether a future borrows from nothing, and may change threads.
    pub(in crate::facts) fn owns_all(&self, future: ExprId) -> Result<(), String> {
        match &self.body[future] {
            Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, capture_by, .. } => {
                let mut own = std::collections::BTreeSet::new();
                self.walk(future, &mut |it| own.extend(self.own_bindings(it)));
                for local in self.variables_in(future).difference(&own) {
                    let name = self.body[*local].name.as_str();
                    if *capture_by == CaptureBy::Ref {
                        return Err(format!("`{name}` is borrowed by the block"));
                    }
                    self.may_go(self.infer.binding_ty(*local), name)?;
                }
                self.stays_sendable(future, None).map_err(|it| it.text)
            }
            Expr::Call { .. } | Expr::MethodCall { .. } => {
                for it in self.values_of(future) {
                    let type_ = self.infer.type_of_expr_with_adjust(it);
                    let name = self.place_of(it).and_then(|it| {
                        self.workspace.text(&it.file).map(|text| text[it.range].to_owned())
                    });
                    let type_ = type_.ok_or("a type is not known")?;
                    self.may_go(type_, name.as_deref().unwrap_or("an argument"))?;
                }
                match self.future_moves(future, 0) {
                    true => Ok(()),
                    false => Err("whether the future is `Send` is not known".to_owned()),
                }
            }
            _ => Err("how the future is made is not in sight".to_owned()),
        }
    }

    fn may_go(&self, type_: ra_ap_hir_ty::next_solver::Ty<'db>, name: &str) -> Result<(), String> {
        self.owns_itself(type_).map_err(|it| format!("`{name}` {it}"))?;
        match self.is(type_, "Send") {
            true => Ok(()),
            false => Err(format!("`{name}` is not `Send`")),
        }
    }
}
