//! Futures that are made and dropped before anybody polls them.

use ra_ap_hir_def::{
    DefWithBodyId, FunctionId, Lookup,
    attrs::AttrFlags,
    expr_store::Body,
    hir::{BindingId, ClosureKind, Expr, ExprId, Pat, Statement},
    signatures::FunctionSignature,
    src::HasSource,
};
use ra_ap_hir_ty::{
    ImplTraitId,
    db::InternedOpaqueTyId,
    next_solver::{Ty, TyKind},
};
use ra_ap_rustc_type_ir::{AliasTyKind, inherent::IntoKind};

use crate::{
    facts::{alive::Alive, body::BodyFacts, functions::entry_row},
    finding::Place,
};

/// A future that nobody polls.
pub struct Unpolled {
    /// What makes it: a call, or an async block.
    pub at: Place,
    /// The function that is called; none for an async block.
    pub callee: Option<String>,
    pub dropped: Dropped,
    /// What it is dropped in: `Option`, `Vec`.
    pub inside: Option<String>,
    pub(crate) expr: ExprId,
}

/// How a value is dropped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Dropped {
    /// `save();`, which the compiler warns of too.
    AtOnce,
    /// `let _ = save();` and `_ = save();`
    Ignored,
    /// By a variable that nobody uses.
    Unused(String),
}

impl<'db> BodyFacts<'db> {
    pub fn unpolled(&self) -> Vec<Unpolled> {
        let mut found = Vec::new();
        for (expr, dropped) in self.dropped_values() {
            self.add_unpolled(expr, &dropped, &mut found);
        }
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }

    /// Every value that a statement makes and nobody takes.
    pub(super) fn dropped_values(&self) -> Vec<(ExprId, Dropped)> {
        let mut found = Vec::new();
        for (_, expr) in self.body.exprs() {
            match expr {
                Expr::Block { statements, .. } | Expr::Unsafe { statements, .. } => {
                    found.extend(statements.iter().filter_map(|it| self.dropped_by(it)));
                }
                Expr::Assignment { target, value } if self.body[*target] == Pat::Wild => {
                    found.push((*value, Dropped::Ignored));
                }
                _ => {}
            }
        }
        found
    }

    fn dropped_by(&self, statement: &Statement) -> Option<(ExprId, Dropped)> {
        match *statement {
            Statement::Expr { expr, has_semi: true } => Some((expr, Dropped::AtOnce)),
            Statement::Let { pat, initializer: Some(value), .. } => match &self.body[pat] {
                Pat::Wild => Some((value, Dropped::Ignored)),
                Pat::Bind { id, subpat: None } if self.is_never_used(*id) => {
                    let name = self.body[*id].name.as_str().to_owned();
                    Some((value, Dropped::Unused(name)))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Variables that say by their name that nobody uses them; of others the compiler speaks.
    fn is_never_used(&self, variable: BindingId) -> bool {
        self.body[variable].name.as_str().starts_with('_')
            && !self.body.exprs().any(|it| self.local(it.0) == Some(variable))
    }

    fn add_unpolled(&self, expr: ExprId, dropped: &Dropped, found: &mut Vec<Unpolled>) {
        match &self.body[expr] {
            Expr::Block { tail: Some(tail), .. } => self.add_unpolled(*tail, dropped, found),
            Expr::If { then_branch, else_branch, .. } => {
                let branches = [Some(*then_branch), *else_branch];
                branches.into_iter().flatten().for_each(|it| self.add_unpolled(it, dropped, found));
            }
            Expr::Match { arms, .. } => {
                arms.iter().for_each(|it| self.add_unpolled(it.expr, dropped, found));
            }
            Expr::Call { .. }
            | Expr::MethodCall { .. }
            | Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, .. } => {
                let type_ = self.infer.expr_ty(expr);
                let callee = self.callee(expr);
                if self.wraps_what_runs(expr) {
                    return;
                }
                let inside = match self.does_nothing_unpolled(type_, callee) {
                    true => None,
                    false => match self.container_of_unpolled(type_) {
                        Some(it) if !self.was_kept(expr) => Some(it),
                        _ => return,
                    },
                };
                let Some(at) = self.place_of(expr) else { return };
                let callee =
                    callee.map(|it| FunctionSignature::of(self.db, it).name.as_str().to_owned());
                found.push(Unpolled { at, callee, dropped: dropped.clone(), inside, expr });
            }
            _ => {}
        }
    }

    /// Whether this is a future that was just made, and has done nothing so far.
    pub(super) fn is_fresh_future(&self, expr: ExprId) -> bool {
        let is_made = matches!(
            self.body[expr],
            Expr::Call { .. }
                | Expr::MethodCall { .. }
                | Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, .. }
        );
        is_made && self.does_nothing_unpolled(self.infer.expr_ty(expr), self.callee(expr))
    }

    fn callee(&self, call: ExprId) -> Option<FunctionId> {
        self.uses.iter().find(|it| it.expr == call).map(|it| it.function)
    }

    /// Whether a value of this type is a future that has done nothing before it is polled.
    fn does_nothing_unpolled(&self, type_: Ty<'db>, callee: Option<FunctionId>) -> bool {
        match type_.kind() {
            TyKind::Coroutine(..) => true,
            TyKind::Alias(alias) => match alias.kind {
                AliasTyKind::Opaque { def_id } => self.is_of_async_code(def_id.0),
                _ => false,
            },
            TyKind::Adt(adt, args) => {
                let id = adt.def_id();
                // What is done at once has nothing left to do, whatever its `must_use` says.
                if self.known.type_(id).is_some_and(|it| it.at_once) {
                    return false;
                }
                let is_boxed = args
                    .types()
                    .any(|it| matches!(it.kind(), TyKind::Dynamic(..)) || self.is_boxed_future(it));
                match is_boxed && self.is_future(type_) {
                    true => callee.is_some_and(|it| self.is_lazy(it)),
                    false => {
                        let said = AttrFlags::must_use_message(self.db, id.into()).flatten();
                        said.is_some_and(|it| it.contains("do nothing")) && self.is_future(type_)
                    }
                }
            }
            _ => false,
        }
    }

    pub(super) fn is_boxed_future(&self, type_: Ty<'db>) -> bool {
        match type_.kind() {
            TyKind::Adt(_, args) => args.types().any(|it| matches!(it.kind(), TyKind::Dynamic(..))),
            _ => false,
        }
    }

    /// Whether what hides behind an `impl Future` is async code alone.
    fn is_of_async_code(&self, opaque: InternedOpaqueTyId<'db>) -> bool {
        self.async_code_behind(opaque).is_some()
    }

    /// The function that made such a future.
    pub(super) fn async_code_behind(&self, opaque: InternedOpaqueTyId<'db>) -> Option<FunctionId> {
        match opaque.loc(self.db) {
            ImplTraitId::ReturnTypeImplTrait(it, _) => self.is_lazy(it).then_some(it),
            ImplTraitId::TypeAliasImplTrait(..) => None,
        }
    }

    /// Whether all that a function does is done by the future that it returns.
    pub(super) fn is_lazy(&self, function: FunctionId) -> bool {
        if FunctionSignature::of(self.db, function).is_async() {
            let source = function.lookup(self.db).source(self.db).value;
            return entry_row(self.db, self.known, function, &source).is_none();
        }
        let body = Body::of(self.db, DefWithBodyId::FunctionId(function));
        let mut expr = body.root_expr();
        loop {
            match &body[expr] {
                Expr::Block { statements, tail: Some(tail), .. } if statements.is_empty() => {
                    expr = *tail;
                }
                Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, .. } => return true,
                // `Box::pin(async { .. })`
                Expr::Call { args, .. } if args.len() == 1 => expr = args[0],
                Expr::MethodCall { receiver, args, .. } if args.is_empty() => expr = *receiver,
                _ => return false,
            }
        }
    }

    /// Whether a method takes a future that runs by itself, as the handle of a task, and gives it back in another form.
    fn wraps_what_runs(&self, call: ExprId) -> bool {
        let Expr::MethodCall { receiver, .. } = self.body[call] else { return false };
        let type_ = self.infer.expr_ty(receiver);
        self.is_future(type_) && !self.does_nothing_unpolled(type_, self.callee(receiver))
    }

    /// Whether a call may give back what was kept somewhere, and polled there: `take()`, `remove(..)`.
    fn was_kept(&self, call: ExprId) -> bool {
        let Expr::MethodCall { receiver, .. } = &self.body[call] else { return false };
        let type_ = self.infer.type_of_expr_with_adjust(*receiver);
        type_.is_some_and(|it| matches!(it.kind(), TyKind::Ref(_, _, it) if it.is_mut()))
    }

    /// The name of what holds such futures and nothing else.
    fn container_of_unpolled(&self, type_: Ty<'db>) -> Option<String> {
        let TyKind::Adt(adt, args) = type_.kind() else { return None };
        if self.is_future(type_) {
            return None;
        }
        let row = self.known.type_(adt.def_id()).filter(|it| it.holds)?;
        let first = args.types().next()?;
        self.does_nothing_unpolled(first, None).then(|| row.name().to_owned())
    }

    pub(super) fn is_future(&self, type_: Ty<'db>) -> bool {
        let future = ra_ap_hir_def::lang_item::lang_items(self.db, self.krate()).Future;
        future.is_some_and(|it| self.implements(type_, it))
    }

    /// What would be alive meanwhile if an `.await` were written behind it, or why none can be.
    pub fn alive_while_polled(&self, unpolled: &Unpolled) -> Result<Vec<Alive>, &'static str> {
        if unpolled.inside.is_some() {
            return Err("each of the futures has to be awaited by itself");
        }
        let Some(coroutine) = self.awaits_at(unpolled.expr) else {
            return Err(
                "nothing can be awaited here: make the code around it asynchronous, or let a task run it",
            );
        };
        if let Expr::Closure { .. } = &self.body[unpolled.expr] {
            return Err("write an `.await` behind the block, or let a task run it");
        }
        let source = self.syntax(unpolled.expr);
        if !source.is_some_and(|it| self.is_written_once(&unpolled.at, it.file_id)) {
            return Err("a macro writes this in several places");
        }
        let context = self.uses.iter().find(|it| it.expr == unpolled.expr).map(|it| it.context);
        let moves = context.is_none_or(|it| it.moves);
        Ok(self.alive_while(coroutine, unpolled.expr, moves))
    }
}
