//! Which values have an asynchronous twin, and what the rows say of the calls that deal with them.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::{
        body::{BodyFacts, Form, Mention},
        runs_on::Thread,
        runtime::Driver,
    },
    knowledge::{Row, runtimes::KnownRuntime},
};

/// What a row says of a call that takes the next value out of an iterator: the type of that one knows how.
const EACH: &str = "$each";

impl<'db> BodyFacts<'db> {
    /// Whether a value of this type is, holds or lends one whose type has a twin.
    pub fn has_twin(&self, type_: Ty<'db>) -> bool {
        match type_.kind() {
            TyKind::Ref(_, it, _) | TyKind::Array(it, _) | TyKind::Slice(it) => self.has_twin(it),
            TyKind::Tuple(types) => types.iter().any(|it| self.has_twin(it)),
            TyKind::Adt(adt, args) => {
                let row = self.known.type_(adt.def_id());
                row.is_some_and(|it| it.becomes.is_some() && !it.wraps)
                    || args.types().any(|it| self.has_twin(it))
            }
            _ => false,
        }
    }

    /// What is known of the runtime that the code names so.
    pub fn runtime_of(&self, driver: &Driver) -> Option<&'db KnownRuntime> {
        let root = driver.root();
        let dependencies = &self.krate().data(self.db).dependencies;
        let krate = dependencies.iter().find(|it| it.name.symbol().as_str() == root)?.crate_id;
        self.known.runtime(krate)
    }

    /// The mention that this call is.
    pub fn mention_of(&self, call: ExprId) -> Option<&Mention> {
        let is_call = |it: &&Mention| matches!(it.form, Form::Call | Form::Method);
        self.mentions.iter().filter(is_call).find(|it| it.expr == call)
    }

    /// Whether this call stands in a closure on a thread that may block, where nothing is awaited.
    pub fn is_on_thread(&self, call: ExprId) -> bool {
        let there = self.uses.iter().find(|it| it.expr == call).map(|it| &it.context);
        there.is_some_and(|it| it.thread == Thread::MayBlock && it.awaits_in.is_none())
    }

    /// The variable that this place is, is a part of, or is borrowed from.
    pub fn variable_below(&self, place: ExprId) -> Option<BindingId> {
        match &self.body[place] {
            Expr::Path(_) => self.local(place),
            Expr::Field { expr, .. } | Expr::Ref { expr, .. } | Expr::UnaryOp { expr, .. } => {
                self.variable_below(*expr)
            }
            Expr::Match { .. } => self.variable_below(self.before_question_mark(place)?),
            Expr::MethodCall { receiver, .. } => {
                let passes = self.mention_of(place).is_some_and(|it| it.row.passes);
                if passes { self.variable_below(*receiver) } else { None }
            }
            _ => None,
        }
    }

    /// Whether the mention makes a value whose type has a twin, or deals with one.
    pub fn deals_with_twin(&self, mention: &Mention) -> bool {
        let values = self.values_of(mention.expr);
        mention.row.becomes.is_some()
            || values.iter().any(|it| self.has_twin(self.infer.expr_ty(*it)))
    }

    /// What is known of the type of a value, or of what it is a reference to.
    pub fn row_of_value(&self, expr: ExprId) -> Option<&'db Row> {
        match self.infer.expr_ty(expr).strip_references().kind() {
            TyKind::Adt(adt, _) => self.known.type_(adt.def_id()).map(|it| &**it),
            _ => None,
        }
    }

    /// What this call is written as once its values are the runtime's own.
    pub fn becomes(&self, mention: &Mention) -> Option<String> {
        let becomes = mention.row.becomes.clone()?;
        if let Some(it) = mention.row.on_thread.as_ref().filter(|_| mention.is_on_thread()) {
            return Some(it.clone());
        }
        if becomes != EACH {
            return Some(becomes);
        }
        let values = self.values_of(mention.expr);
        let row = self.row_of_value(*values.first()?).filter(|it| !it.endless)?;
        Some(format!("$self.{}", row.each.as_deref()?.split_once('.')?.1))
    }

    /// The expression that this one is a part of.
    pub fn parent(&self, expr: ExprId) -> Option<ExprId> {
        self.parents.get(expr).copied()
    }

    /// The values that a call is called on or given, in their order.
    pub fn values_of(&self, call: ExprId) -> Vec<ExprId> {
        match &self.body[call] {
            Expr::Call { args, .. } => args.to_vec(),
            Expr::MethodCall { receiver, args, .. } => {
                std::iter::once(*receiver).chain(args.iter().copied()).collect()
            }
            _ => Vec::new(),
        }
    }
}
