//! The futures of a stream as tasks of their own, which run whoever waits.

use ra_ap_hir_def::{
    FunctionId,
    hir::{CaptureBy, ClosureKind, Expr, ExprId},
};
use ra_ap_hir_ty::db::HirDatabase;

use super::Idle;
use crate::{
    facts::{
        body::{BodyFacts, function_of},
        fan_out::FanOut,
    },
    finding::Place,
    knowledge::counts::Counts,
};

/// Where the futures are made.
pub struct Tasks {
    /// What makes one of them.
    pub future: Made,
    /// Where their values are taken as they were.
    pub values: Values,
    pub(crate) at: ExprId,
}

/// What makes a future, where it is written.
pub enum Made {
    /// An expression.
    By(Place),
    /// A function that is named, and called elsewhere.
    Named(Place),
}

/// Where the values of tasks become what the futures gave.
pub enum Values {
    /// Behind the call that makes a stream of them.
    Behind(Place),
    /// In a future around each of the tasks.
    InEach,
    /// The same, where the task begins when that future is polled.
    InBranch,
}

impl Made {
    pub fn place(&self) -> &Place {
        match self {
            Made::By(it) | Made::Named(it) => it,
        }
    }
}

const NO_CLOSURE: &str = "no closure makes the futures";

impl<'db> BodyFacts<'db> {
    /// The futures of a stream, when each of them may become a task; or why it may not.
    pub fn as_tasks(&self, idle: &Idle) -> Result<Tasks, String> {
        let makes = idle.made_by.ok_or("no call in sight makes the stream of all its futures")?;
        self.stream_as_tasks(makes)
    }

    /// The futures that are run together, when each of them may become a task; or why it may not.
    pub fn each_as_task(&self, together: &FanOut) -> Result<Tasks, String> {
        let row = &together.row;
        if row.idles {
            return self.stream_as_tasks(together.call);
        }
        let values = self.values_of(together.call);
        let maker = match (row.all_at_once, &values[..]) {
            (true, [source]) => self.maker_in(*source),
            (false, [.., closure]) => Some(*closure),
            _ => None,
        };
        let (future, at) = self.future_made_by(maker.ok_or(NO_CLOSURE)?)?;
        Ok(Tasks { future, values: Values::InEach, at })
    }

    /// A branch of a macro that runs several futures, when it may become a task; or why it may not.
    pub fn branch_as_task(&self, future: ExprId) -> Result<Tasks, String> {
        self.owns_all(future)?;
        let made = Made::By(self.place_of(future).ok_or("a macro has a hand in it")?);
        Ok(Tasks { future: made, values: Values::InBranch, at: future })
    }

    fn stream_as_tasks(&self, makes: ExprId) -> Result<Tasks, String> {
        let Expr::MethodCall { receiver, .. } = self.body[makes] else {
            return Err("no call in sight makes the stream of all its futures".to_owned());
        };
        let (future, at) = self.future_made_by(self.maker_in(receiver).ok_or(NO_CLOSURE)?)?;
        let values = self.place_of(makes).ok_or("a macro has a hand in it")?;
        Ok(Tasks { future, values: Values::Behind(values), at })
    }

    /// What an adapter is given that makes the items anew.
    fn maker_in(&self, source: ExprId) -> Option<ExprId> {
        let variable = self.local(source).and_then(|it| self.plain_value_of(it));
        let source = variable.unwrap_or(source);
        let Expr::MethodCall { args, method_name, .. } = &self.body[source] else { return None };
        let is_adapter = self.row_of_call(source).is_some_and(|it| it.counts == Some(Counts::Same));
        match args[..] {
            [maker] if is_adapter && method_name.as_str() == "map" => Some(maker),
            _ => None,
        }
    }

    /// The future that a closure makes, or a function in its place.
    fn future_made_by(&self, maker: ExprId) -> Result<(Made, ExprId), String> {
        let macro_ = "a macro has a hand in it";
        if let Some(function) = function_of(self.infer.expr_ty(maker)) {
            self.owns_all_of(function)?;
            return Ok((Made::Named(self.place_of(maker).ok_or(macro_)?), maker));
        }
        let future = self.value_of_closure(maker).ok_or(NO_CLOSURE)?;
        if !self.is_future(self.infer.expr_ty(future)) {
            return Err(NO_CLOSURE.to_owned());
        }
        self.owns_all(future)?;
        Ok((Made::By(self.place_of(future).ok_or(macro_)?), future))
    }

    /// Whether what an async function makes borrows from nothing, and may change threads.
    fn owns_all_of(&self, function: FunctionId) -> Result<(), String> {
        let signature = self.db.callable_item_signature(function.into());
        for it in signature.skip_binder().skip_binder().inputs().iter() {
            self.may_go(*it, "what the function is given")?;
        }
        match self.futures_of_move(function, 0) {
            true => Ok(()),
            false => Err("whether the future is `Send` is not known".to_owned()),
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
