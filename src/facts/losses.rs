//! What is lost when a future is dropped before it is done, and from whom.
//!
//! Only what belongs to somebody who lives on can be lost: a future that makes its own connection makes another one the
//! next time. What is not known loses nothing.

mod called;
mod half;
mod taken;

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use ra_ap_hir_def::{
    FunctionId, Lookup,
    hir::{BindingId, ClosureKind, CoroutineSource, Expr, ExprId},
    signatures::FunctionSignature,
    src::HasSource,
};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{AstNode, ast};

use self::called::argument_of;
use crate::{
    config::suppression::grammar::Says,
    facts::{
        body::{BodyFacts, Entered, Form},
        declared::Given,
        effects::declared::Declared,
        locks::taken::parameters,
        names,
        of_each::OfEach,
        place,
        selects::{Branch, Select},
        timeouts::Timeout,
        until_error::Sibling,
    },
    finding::Note,
    knowledge::{Row, cancel::Cancel, resolve::Known},
    workspace::Workspace,
};

/// Nobody follows a longer chain of calls.
const DEEPEST: usize = 6;

/// What functions lose, asked for as calls need it.
pub struct Losses<'db> {
    workspace: &'db Workspace,
    known: &'db Known,
    declared: Declared,
    functions: RefCell<HashMap<FunctionId, Rc<Vec<OfFunction>>>>,
}

/// Something that is lost with a future.
#[derive(Clone)]
pub struct Loss {
    pub what: What,
    /// Whose it was, or where it went: the variable that leads there.
    pub(crate) owner: BindingId,
    pub owner_name: String,
    /// The calls on the way to what loses it.
    pub way: Vec<Note>,
    /// What to do in its place, where that is known.
    pub keeping: Option<String>,
}

/// What it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// What has been read, by the call that reads.
    Read(String),
    /// Nobody knows how much of what this call writes is written.
    Written(String),
    /// A value that this call was given.
    Given(String),
    /// What this call has taken out.
    TakenOut(String),
    /// Nobody says what: a comment says that something is.
    Said(String),
    /// Nothing, but the first of these two calls is done, and the second may never come.
    Half { first: String, second: String },
}

/// What a function loses of what its caller gave it.
#[derive(Clone)]
struct OfFunction {
    argument: usize,
    /// The value itself, and not what it leads to.
    by_value: bool,
    what: What,
    way: Vec<Note>,
    keeping: Option<String>,
}

impl<'db> Losses<'db> {
    pub fn new(workspace: &'db Workspace, known: &'db Known) -> Losses<'db> {
        let declared = Declared::in_all_files(workspace);
        Losses { workspace, known, declared, functions: RefCell::default() }
    }

    /// What each turn of a loop loses with the future that it makes for this branch, when another one is done first.
    pub fn of_branch(
        &self,
        body: &BodyFacts<'db>,
        select: &Select,
        branch: &Branch,
    ) -> Option<Loss> {
        let Some(turns) = select.turns else {
            return self.of_called_branch(body, select, branch);
        };
        if !body.comes_back_after_another(select, branch) {
            return None;
        }
        let made = body.variables_of_loop(turns);
        let future = body.future_of_turn(branch, &made)?;
        // The next turn misses it when the place that it came from outlives the turn, and so does not what was to be
        // given away.
        let is_missed = |it: &Loss| match it.what {
            What::Given(_) => made.contains(&it.owner) && body.was_taken_out(it.owner),
            _ => !made.contains(&it.owner),
        };
        self.lost_outside(body, future, branch.each.as_ref()).into_iter().find(is_missed)
    }

    /// What each turn of a loop loses with the future that it makes, when the time is up.
    pub fn of_timeout(&self, body: &BodyFacts<'db>, timeout: &Timeout) -> Option<Loss> {
        self.of_turn(body, timeout.turns, timeout.future, None)
    }

    /// What each turn of a loop loses with the future that it makes, when another one gives an error.
    pub fn of_sibling(&self, body: &BodyFacts<'db>, sibling: &Sibling) -> Option<Loss> {
        self.of_turn(body, sibling.turns, sibling.future, sibling.each.as_ref())
    }

    fn of_turn(
        &self,
        body: &BodyFacts<'db>,
        turns: ExprId,
        future: ExprId,
        each: Option<&OfEach>,
    ) -> Option<Loss> {
        let made = body.variables_of_loop(turns);
        // Who gives a message a time to be taken means to drop it then.
        let is_missed = |it: &Loss| !matches!(it.what, What::Given(_)) && !made.contains(&it.owner);
        self.lost_outside(body, future, each).into_iter().find(is_missed)
    }

    /// What is lost with a future, as it is seen where it is made, or where all of its kind are.
    fn lost_outside(
        &self,
        body: &BodyFacts<'db>,
        future: ExprId,
        each: Option<&OfEach>,
    ) -> Vec<Loss> {
        let lost = self.below(body, future, 0);
        match each {
            Some(each) => lost.into_iter().filter_map(|it| body.lost_outside(each, it)).collect(),
            None => lost,
        }
    }

    fn below(&self, body: &BodyFacts<'db>, future: ExprId, depth: usize) -> Vec<Loss> {
        if depth > DEEPEST {
            return Vec::new();
        }
        match &body.body[future] {
            Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, .. } => {
                self.of_coroutine(body, future, depth)
            }
            Expr::Call { .. } | Expr::MethodCall { .. } => self.of_call(body, future, depth),
            Expr::Path(_) => {
                let made = body.local(future).and_then(|it| body.plain_value_of(it));
                made.map_or_else(Vec::new, |it| self.below(body, it, depth + 1))
            }
            _ => Vec::new(),
        }
    }

    fn of_call(&self, body: &BodyFacts<'db>, call: ExprId, depth: usize) -> Vec<Loss> {
        if let Some(logged) = body.logged(call) {
            return self.below(body, logged, depth + 1);
        }
        let values = body.values_of(call);
        let own = body.mentions.iter().filter(|it| it.expr == call && it.form != Form::Named);
        let row = own.map(|it| &it.row).find(|it| it.cancel.is_some());
        if let Some(row) = row {
            return match row.cancel {
                Some(Cancel::AsGiven) => {
                    values.iter().flat_map(|it| self.below(body, *it, depth + 1)).collect()
                }
                Some(cancel) => body.lost_by_row(call, row, cancel).into_iter().collect(),
                None => Vec::new(),
            };
        }
        let is_call = |form| matches!(form, Form::Call | Form::Method);
        let Some(own) = body.uses.iter().find(|it| it.expr == call && is_call(it.form)) else {
            return Vec::new();
        };
        let function = body.implementation(own);
        let link = body.calls(call, &names::of_function(body.db, function));
        let lost = |it: &OfFunction| {
            let value = *values.get(it.argument)?;
            let owner = match it.by_value {
                true => body.given_away(value)?,
                false => body.owner_of(value)?,
            };
            let way = std::iter::once(link.clone()).chain(it.way.iter().cloned()).collect();
            Some(body.loss(it.what.clone(), owner, way, it.keeping.clone()))
        };
        self.of_function(function, depth).iter().filter_map(lost).collect()
    }

    fn of_function(&self, function: FunctionId, depth: usize) -> Rc<Vec<OfFunction>> {
        if let Some(known) = self.functions.borrow().get(&function) {
            return Rc::clone(known);
        }
        let db = self.workspace.db();
        if !FunctionSignature::of(db, function).is_async()
            || place::file_of(self.workspace, function).is_none()
        {
            return Rc::default();
        }
        // What calls itself loses nothing new by that.
        self.functions.borrow_mut().insert(function, Rc::default());
        let lost = Rc::new(self.look_into(function, depth));
        self.functions.borrow_mut().insert(function, Rc::clone(&lost));
        lost
    }

    fn look_into(&self, function: FunctionId, depth: usize) -> Vec<OfFunction> {
        let db = self.workspace.db();
        let source = function.lookup(db).source(db);
        let file = source.file_id.original_file(db).file_id(db);
        let says = |it| self.declared.says(file, source.value.syntax().text_range(), it);
        if ast::HasName::name(&source.value).is_none()
            || source.value.body().is_none()
            || says(Says::CancelSafe)
        {
            return Vec::new();
        }
        let body = BodyFacts::new(self.workspace, self.known, function, Entered::Called);
        let parameters = parameters(self.workspace, function);
        if says(Says::CancelUnsafe) {
            let what = What::Said(names::of_function(db, function));
            let all = 0..parameters.len();
            return all
                .map(|argument| OfFunction {
                    argument,
                    by_value: false,
                    what: what.clone(),
                    way: Vec::new(),
                    keeping: None,
                })
                .collect();
        }
        let Some(coroutine) = body.own_coroutine() else { return Vec::new() };
        let of_caller = |it: Loss| {
            let argument = argument_of(&body, &parameters, &it)?;
            let by_value = matches!(it.what, What::Given(_));
            let Loss { what, way, keeping, .. } = it;
            Some(OfFunction { argument, by_value, what, way, keeping })
        };
        self.of_coroutine(&body, coroutine, depth).into_iter().filter_map(of_caller).collect()
    }

    /// What an async body loses, at whichever of its `.await`s it is dropped.
    fn of_coroutine(&self, body: &BodyFacts<'db>, coroutine: ExprId, depth: usize) -> Vec<Loss> {
        let mut lost = Vec::new();
        for (expr, around) in &body.sequence {
            if let Expr::Await { expr: future } = body.body[*expr]
                && body.is_awaited_in(coroutine, *around)
            {
                lost.extend(self.below(body, future, depth + 1));
            }
        }
        lost.extend(body.taken_out_and_held(coroutine));
        lost.extend(body.half_outside(coroutine));
        // One of each kind is enough.
        let mut kept: Vec<Loss> = Vec::new();
        for it in lost {
            let is_same = |other: &Loss| {
                other.owner == it.owner
                    && std::mem::discriminant(&other.what) == std::mem::discriminant(&it.what)
            };
            if !kept.iter().any(is_same) {
                kept.push(it);
            }
        }
        kept
    }
}

impl<'db> BodyFacts<'db> {
    /// The body of this function, where it is asynchronous.
    pub(super) fn own_coroutine(&self) -> Option<ExprId> {
        let is_own = |it: &(ExprId, &Expr)| match it.1 {
            Expr::Closure { closure_kind: ClosureKind::Coroutine { source, .. }, .. } => {
                *source == CoroutineSource::Fn
            }
            _ => false,
        };
        self.body.exprs().find(is_own).map(|it| it.0)
    }

    /// Whether what is awaited in `around` is awaited by this async body itself.
    pub(super) fn is_awaited_in(&self, coroutine: ExprId, around: Option<ExprId>) -> bool {
        let Expr::Closure { body, .. } = self.body[coroutine] else { return false };
        around.is_some_and(|it| it == coroutine || it == body)
    }

    fn loss(&self, what: What, owner: BindingId, way: Vec<Note>, keeping: Option<String>) -> Loss {
        let owner_name = self.body[owner].name.as_str().to_owned();
        Loss { what, owner, owner_name, way, keeping }
    }

    /// Whether a variable has what was taken out of something, and is in no other place.
    fn was_taken_out(&self, variable: BindingId) -> bool {
        let Given::By(value) = self.given(variable) else { return false };
        let mut taking = self.mentions.iter().filter(|it| it.row.takes_out);
        taking.any(|it| self.is_on_spine(value, it.expr))
    }

    /// The call of something on the way.
    fn calls(&self, call: ExprId, callee: &str) -> Note {
        let caller = names::of_function(self.db, self.function);
        Note::perhaps_at(self.place_to_show(call), format!("`{caller}` calls `{callee}`"))
    }

    fn lost_by_row(&self, call: ExprId, row: &Arc<Row>, cancel: Cancel) -> Option<Loss> {
        let values = self.values_of(call);
        let said = row.said();
        let (owner, what) = match cancel {
            Cancel::LosesRead => (self.owner_of(*values.first()?)?, What::Read(said)),
            Cancel::HalfWritten => (self.owner_of(*values.first()?)?, What::Written(said)),
            Cancel::LosesArgument => (self.given_away(*values.last()?)?, What::Given(said)),
            _ => return None,
        };
        let way = vec![self.calls(call, &row.path)];
        Some(self.loss(what, owner, way, row.keeping.clone()))
    }

    /// The variable that a value leads to: through references, fields, guards and whatever lends more of it. What a call
    /// makes for itself leads nowhere.
    pub(super) fn owner_of(&self, value: ExprId) -> Option<BindingId> {
        let lends = |it: ExprId| self.may_borrow(self.infer.expr_ty(it));
        match &self.body[value] {
            Expr::Path(_) => {
                let variable = self.local(value)?;
                let lent = match self.given(variable) {
                    Given::By(value) if self.leads_elsewhere(variable) => self.owner_of(value),
                    _ => None,
                };
                lent.or(Some(variable))
            }
            Expr::Ref { expr, .. }
            | Expr::UnaryOp { expr, .. }
            | Expr::Field { expr, .. }
            | Expr::Index { base: expr, .. } => self.owner_of(*expr),
            Expr::Await { expr } if lends(value) => match &self.body[*expr] {
                Expr::MethodCall { receiver, .. } => self.owner_of(*receiver),
                _ => None,
            },
            Expr::MethodCall { receiver, .. } if lends(value) => self.owner_of(*receiver),
            Expr::Match { .. } => self.owner_of(self.before_question_mark(value)?),
            Expr::Call { args, .. } if lends(value) => {
                args.iter().find(|it| lends(**it)).and_then(|it| self.owner_of(*it))
            }
            _ => None,
        }
    }

    /// Whether a variable is only a way to something that others have, too.
    fn leads_elsewhere(&self, variable: BindingId) -> bool {
        let type_ = self.infer.binding_ty(variable);
        self.is_reference(type_) || self.is_shared(type_)
    }

    pub(super) fn is_shared(&self, type_: Ty<'db>) -> bool {
        let TyKind::Adt(adt, _) = type_.kind() else { return false };
        self.known.type_(adt.def_id()).is_some_and(|it| it.shared)
    }

    /// The variable that is given away with this value, as a whole.
    fn given_away(&self, value: ExprId) -> Option<BindingId> {
        let variable = self.local(value)?;
        let type_ = self.infer.binding_ty(variable);
        (!self.is(type_, "Copy") && !self.is_reference(type_)).then_some(variable)
    }
}
