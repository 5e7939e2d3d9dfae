//! Locks by their place: which call takes which lock, and which locks are held at a call.

mod awaited;
pub mod everywhere;
pub mod short;
pub mod slow_holders;
pub mod taken;
pub mod telling;
mod tried;
pub mod waits;

use ra_ap_hir_def::{
    FieldId, StaticId,
    hir::{BindingAnnotation, BindingId, Expr, ExprId, UnaryOp},
    resolver::ValueNs,
};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::{
        body::{BodyFacts, Form, Mention},
        declared::Given,
        suspends::Origin,
    },
    finding::Place,
    knowledge::{Guard, takes::Takes},
};

/// Where a lock lies: two expressions of one body with the same place speak of the same lock.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct LockPlace {
    pub root: Root,
    pub fields: Vec<FieldStep>,
}

/// What a place begins with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Root {
    Variable(BindingId),
    Static(StaticId),
}

/// A field on the way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum FieldStep {
    Named(FieldId),
    OfTuple(u32),
}

/// A lock that is held.
#[derive(Clone)]
pub struct HeldLock {
    pub(crate) place: LockPlace,
    pub(crate) origin: Origin,
    pub takes: Takes,
    pub kind: Guard,
    /// The variable that holds the guard.
    pub name: Option<String>,
    /// The call that took it.
    pub at: Place,
}

impl<'db> BodyFacts<'db> {
    /// Each call and each `.await` at which a lock is held of which it is known where it lies.
    pub fn calls_under_locks(&self) -> Vec<(ExprId, Vec<HeldLock>)> {
        let takes_one = self.mentions.iter().any(|it| it.row.takes.is_some());
        if !takes_one || !self.has_guards(|_| true) {
            return Vec::new();
        }
        let known = |(call, held): (ExprId, Vec<Origin>)| {
            let mut locks: Vec<HeldLock> = Vec::new();
            for lock in held.into_iter().filter_map(|it| self.held_lock(it)) {
                // A guard on its way into its variable is one lock.
                if !locks.iter().any(|it| it.at == lock.at) {
                    locks.push(lock);
                }
            }
            (!locks.is_empty()).then_some((call, locks))
        };
        self.guards_at_calls().into_iter().filter_map(known).collect()
    }

    pub(super) fn held_lock(&self, origin: Origin) -> Option<HeldLock> {
        let (made, type_) = match origin {
            Origin::Temporary(it) => (it, self.infer.expr_ty(it)),
            Origin::Variable(it) => {
                let Given::By(value) = self.given(it) else { return None };
                (value, self.infer.binding_ty(it))
            }
        };
        let mention = self.taking_call(made)?;
        let name = match origin {
            Origin::Variable(it) => Some(self.body[it].name.as_str().to_owned()),
            Origin::Temporary(_) => None,
        };
        Some(HeldLock {
            place: self.lock_of(mention)?,
            origin,
            takes: mention.row.takes?,
            kind: self.owned_guard_in(type_)?.guard?,
            name,
            at: self.place_to_show(mention.expr)?,
        })
    }

    /// The call that took the lock of a guard.
    fn taking_call_of(&self, origin: Origin) -> Option<ExprId> {
        let made = match origin {
            Origin::Temporary(it) => it,
            Origin::Variable(it) => match self.given(it) {
                Given::By(value) => value,
                Given::Later | Given::Outside => return None,
            },
        };
        self.taking_call(made).map(|it| it.expr)
    }

    /// The lock that a call takes, by its place.
    pub(crate) fn lock_of(&self, mention: &Mention) -> Option<LockPlace> {
        mention.row.waits_in_turn()?;
        let is_call = matches!(mention.form, Form::Call | Form::Method);
        let values = self.values_of(mention.expr);
        values.first().filter(|_| is_call).and_then(|it| self.lock_place(*it))
    }

    /// The call behind `lock().unwrap()`, `lock().await` and the like.
    fn taking_call(&self, expr: ExprId) -> Option<&Mention> {
        let chain = std::iter::successors(Some(expr), |it| match self.body[*it] {
            Expr::Await { expr } => Some(expr),
            _ => self.step_back(*it),
        });
        self.mention_in(chain, |it| it.takes.is_some())
    }

    /// The place that an expression leads to, through references and shared pointers.
    pub(crate) fn lock_place(&self, expr: ExprId) -> Option<LockPlace> {
        match &self.body[expr] {
            Expr::Path(_) => self.named_place(expr),
            Expr::Field { expr: owner, .. } => {
                let mut place = self.lock_place(*owner)?;
                let field = self.infer.field_resolution(expr)?;
                place
                    .fields
                    .push(field.either(FieldStep::Named, |it| FieldStep::OfTuple(it.index)));
                Some(place)
            }
            Expr::Ref { expr, .. } | Expr::UnaryOp { expr, op: UnaryOp::Deref } => {
                self.lock_place(*expr)
            }
            // Another pointer to the same.
            Expr::MethodCall { receiver, method_name, args, .. } => {
                let is_clone = method_name.as_str() == "clone" && args.is_empty();
                (is_clone && self.is_shared_pointer(expr)).then(|| self.lock_place(*receiver))?
            }
            Expr::Call { args, .. } => match args[..] {
                [one] if self.is_call_of(expr, "clone") && self.is_shared_pointer(expr) => {
                    self.lock_place(one)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn named_place(&self, expr: ExprId) -> Option<LockPlace> {
        let Expr::Path(path) = &self.body[expr] else { return None };
        let hygiene = self.body.expr_path_hygiene(expr);
        let root =
            match self.resolver_at(expr).resolve_path_in_value_ns_fully(self.db, path, hygiene)? {
                ValueNs::LocalBinding(it) => {
                    // It may be another lock by now.
                    if self.body[it].mode == BindingAnnotation::Mutable && !self.is_parameter(it) {
                        return None;
                    }
                    if let Some(other) = self.plain_value_of(it).and_then(|it| self.lock_place(it))
                    {
                        return Some(other);
                    }
                    Root::Variable(it)
                }
                ValueNs::StaticId(it) => Root::Static(it),
                _ => return None,
            };
        Some(LockPlace { root, fields: Vec::new() })
    }

    /// Whether a function of this name is called by its path.
    fn is_call_of(&self, call: ExprId, name: &str) -> bool {
        let Expr::Call { callee, .. } = &self.body[call] else { return false };
        let Expr::Path(path) = &self.body[*callee] else { return false };
        let segments = path.segments();
        segments.last().is_some_and(|it| it.name.as_str() == name)
    }

    /// `Arc` and `Rc`, of which a clone leads to the same value.
    fn is_shared_pointer(&self, expr: ExprId) -> bool {
        let TyKind::Adt(adt, _) = self.infer.expr_ty(expr).kind() else { return false };
        self.known.type_(adt.def_id()).is_some_and(|it| it.shared)
            || matches!(self.infer.expr_ty(expr).kind(), TyKind::Ref(..))
    }

    /// The guard's place in the text: its variable, or the call that makes it.
    pub(crate) fn place_of_guard(&self, lock: &HeldLock) -> Place {
        let variable = match lock.origin {
            Origin::Variable(it) => self.map.patterns_for_binding(it).first().copied(),
            Origin::Temporary(_) => None,
        };
        variable.and_then(|it| self.place_of_pattern(it)).unwrap_or_else(|| lock.at.clone())
    }

    /// How a place is written: `self.state`, `HITS`.
    pub(crate) fn name_of_lock(&self, place: &LockPlace) -> String {
        let root = match place.root {
            Root::Variable(it) => self.body[it].name.as_str().to_owned(),
            Root::Static(it) => ra_ap_hir::Static::from(it).name(self.db).as_str().to_owned(),
        };
        let fields = place.fields.iter().map(|it| match it {
            FieldStep::Named(it) => ra_ap_hir::Field::from(*it).name(self.db).as_str().to_owned(),
            FieldStep::OfTuple(it) => it.to_string(),
        });
        std::iter::once(root).chain(fields).collect::<Vec<_>>().join(".")
    }
}
