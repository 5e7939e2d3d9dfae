//! Asynchronous locks that nobody ever holds across an `.await`.
//!
//! All must be in sight: a lock that is handed on, by itself or by its guard, is none of them.

use std::collections::HashSet;

use ra_ap_hir::{
    Field, HasSource, HasVisibility, HirFileId, ModuleDef, Static, Struct, Visibility,
};
use ra_ap_hir_def::{
    VariantId,
    hir::{Expr, ExprId, Pat, Statement, UnaryOp},
    resolver::ValueNs,
};
use ra_ap_syntax::{AstNode, TextRange, ast::HasName};

use crate::{
    facts::{
        body::{BodyFacts, Mention},
        calls,
        functions::{self, Mentions},
        locks::{FieldStep, LockPlace, Root},
        suspends::{Kept, Origin},
    },
    finding::Place,
    knowledge::{Guard, Row, resolve::Known},
    workspace::Workspace,
};

/// What may be done with such a lock besides waiting for it.
const HARMLESS: [&str; 6] =
    ["try_lock", "try_read", "try_write", "get_mut", "into_inner", "blocking_lock"];

/// A lock that tasks wait for, of which each holder is done before it waits for anything.
#[derive(Clone)]
pub struct ShortLock {
    pub name: String,
    /// The name of its type.
    pub kind: String,
    /// Where it is declared.
    pub at: Place,
    /// Where it is waited for.
    pub taken_at: Vec<Place>,
}

/// A field of the project's own, or a static.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Declared {
    name: String,
    at: Place,
}

impl<'db> BodyFacts<'db> {
    /// A lock that is declared in the project and that this call waits for as a task does.
    pub(super) fn declared_lock(&self, mention: &Mention) -> Option<Declared> {
        let place = self.lock_of(mention)?;
        self.awaited_guard(mention.expr)?;
        self.declaration_of(&place)
    }

    /// The guard that a call gives to whoever awaits it on the spot.
    fn awaited_guard(&self, call: ExprId) -> Option<&'db Row> {
        let parent = *self.parents.get(call)?;
        let Expr::Await { .. } = self.body[parent] else { return None };
        let type_ = self.infer.expr_ty(parent);
        let row = self.owned_guard_in(type_).filter(|_| self.is_itself_guard(type_))?;
        (row.guard == Some(Guard::Async)).then_some(row)
    }

    fn declaration_of(&self, place: &LockPlace) -> Option<Declared> {
        match (place.fields.last(), place.root) {
            (Some(FieldStep::Named(it)), _) => self.declared_field((*it).into()),
            (None, Root::Static(it)) => self.declared_static(it.into()),
            _ => None,
        }
    }

    fn declared_field(&self, field: Field) -> Option<Declared> {
        let source = field.source(self.db)?;
        let range = match source.value {
            ra_ap_hir::FieldSource::Named(it) => it.name()?.syntax().text_range(),
            ra_ap_hir::FieldSource::Pos(_) => return None,
        };
        declared(self.workspace, source.file_id, range, field.name(self.db).as_str())
    }

    fn declared_static(&self, it: Static) -> Option<Declared> {
        let source = it.source(self.db)?;
        let range = source.value.name()?.syntax().text_range();
        declared(self.workspace, source.file_id, range, it.name(self.db).as_str())
    }

    /// Whether other crates may use what is declared.
    pub(super) fn is_lock_offered(&self, mention: &Mention) -> bool {
        let Some(place) = self.lock_of(mention) else { return true };
        let (visibility, item): (_, ModuleDef) = match (place.fields.last(), place.root) {
            (Some(FieldStep::Named(it)), _) => {
                let VariantId::StructId(owner) = it.parent else { return true };
                (Field::from(*it).visibility(self.db), Struct::from(owner).into())
            }
            (None, Root::Static(it)) => {
                (Static::from(it).visibility(self.db), Static::from(it).into())
            }
            _ => return true,
        };
        visibility == Visibility::Public && calls::is_offered(self.workspace, item)
    }

    /// Where this body waits for the lock; None where it does something else with it, or holds it across an `.await`.
    fn waits_briefly_for(&self, lock: &Declared) -> Option<Vec<Place>> {
        let mut taken_at = Vec::new();
        for (expr, _) in self.body.exprs().filter(|it| self.is_the_lock(it.0, lock)) {
            taken_at.extend(self.use_of_lock(expr)?);
        }
        let names_field = |pattern: &Pat| match pattern {
            Pat::Record { args, .. } => args.iter().any(|it| it.name.as_str() == lock.name),
            _ => false,
        };
        if self.body.pats().any(|it| names_field(it.1)) || self.holds_across_await(lock) {
            return None;
        }
        Some(taken_at)
    }

    fn is_the_lock(&self, expr: ExprId, lock: &Declared) -> bool {
        match &self.body[expr] {
            Expr::Field { name, .. } if name.as_str() == lock.name => {
                let field = self.infer.field_resolution(expr).and_then(|it| it.left());
                field.and_then(|it| self.declared_field(it.into())).as_ref() == Some(lock)
            }
            Expr::Path(path) => {
                let segments = path.segments();
                if segments.last().is_none_or(|it| it.name.as_str() != lock.name) {
                    return false;
                }
                let hygiene = self.body.expr_path_hygiene(expr);
                let resolver = self.resolver_at(expr);
                let means = resolver.resolve_path_in_value_ns_fully(self.db, path, hygiene);
                let Some(ValueNs::StaticId(it)) = means else { return false };
                self.declared_static(it.into()).as_ref() == Some(lock)
            }
            _ => false,
        }
    }

    /// What is done with the lock that `expr` names: where it is waited for, if so; None where nobody can tell.
    fn use_of_lock(&self, expr: ExprId) -> Option<Option<Place>> {
        let parent = *self.parents.get(expr)?;
        match &self.body[parent] {
            Expr::Ref { .. } | Expr::UnaryOp { op: UnaryOp::Deref, .. } => self.use_of_lock(parent),
            Expr::MethodCall { receiver, method_name, .. } if *receiver == expr => {
                let waits = self.mentions.iter().find(|it| it.expr == parent);
                if waits.is_some_and(|it| it.row.takes.is_some()) {
                    self.awaited_guard(parent)?;
                    let guard = *self.parents.get(parent)?;
                    return self.stays_here(guard).then(|| self.place_to_show(parent));
                }
                HARMLESS.contains(&method_name.as_str()).then_some(None)
            }
            _ => None,
        }
    }

    /// Whether a guard is dropped by whoever is given it here: it lands in a variable that is only used on the spot, or
    /// in none.
    fn stays_here(&self, guard: ExprId) -> bool {
        if self.is_used_on_the_spot(guard) {
            return true;
        }
        let Some(Statement::Let { pat, else_branch: None, .. }) = self.let_giving(guard) else {
            return false;
        };
        let Pat::Bind { id, subpat: None } = self.body[*pat] else { return false };
        let is_dropped =
            |it: ExprId| self.parents.get(it).is_some_and(|it| self.is_call_of(*it, "drop"));
        let mut uses = self.body.exprs().filter(|it| self.local(it.0) == Some(id));
        uses.all(|it| self.is_used_on_the_spot(it.0) || is_dropped(it.0))
    }

    fn is_used_on_the_spot(&self, guard: ExprId) -> bool {
        match self.parents.get(guard).map(|it| &self.body[*it]) {
            Some(Expr::MethodCall { receiver, .. }) => *receiver == guard,
            Some(Expr::Field { .. } | Expr::Ref { .. }) => true,
            Some(Expr::UnaryOp { op, .. }) => *op == UnaryOp::Deref,
            Some(Expr::Index { base, .. }) => *base == guard,
            _ => false,
        }
    }

    /// Whether a guard is alive across an `.await` that is this lock's, or perhaps this lock's.
    fn holds_across_await(&self, lock: &Declared) -> bool {
        let is_ours = |it: Option<Origin>| {
            let place = it.and_then(|it| self.held_lock(it)).map(|it| it.place);
            place.is_none_or(|it| self.declaration_of(&it).is_none_or(|it| it == *lock))
        };
        self.async_bodies().iter().any(|body| {
            let is_guard = |it: &&Kept| self.guard_kept(body, it) == Some(Guard::Async);
            let alive = body.points.iter().flat_map(|it| it.alive.iter());
            alive.filter(is_guard).any(|it| is_ours(body.origin(it)))
        })
    }
}

/// Judges a lock by all that the workspace does with it.
pub(super) fn judge(
    workspace: &Workspace,
    known: &Known,
    lock: &Declared,
    kind: &str,
) -> Option<ShortLock> {
    let mentions = Mentions::of(workspace, &HashSet::from([lock.name.clone()]));
    let mut taken_at = Vec::new();
    for target in workspace.targets() {
        for it in functions::candidates(workspace, known, &mentions, target) {
            let body = BodyFacts::new(workspace, known, it.function, it.entered);
            taken_at.extend(body.waits_briefly_for(lock)?);
        }
    }
    taken_at.sort();
    taken_at.dedup();
    let (name, at) = (lock.name.clone(), lock.at.clone());
    Some(ShortLock { name, kind: kind.to_owned(), at, taken_at })
}

fn declared(
    workspace: &Workspace,
    file: HirFileId,
    range: TextRange,
    name: &str,
) -> Option<Declared> {
    let HirFileId::FileId(file) = file else { return None };
    let path = workspace.file_path(file.file_id(workspace.db()))?;
    Some(Declared { name: name.to_owned(), at: Place::new(path.clone(), range) })
}
