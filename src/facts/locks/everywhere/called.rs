//! Every call on a lock, and whether it could be awaited.

use std::collections::HashSet;

use ra_ap_hir::{Adt, AssocItem, Impl};
use ra_ap_hir_def::hir::{Expr, ExprId, Pat};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_ide_db::text_edit::{TextRange, TextSize};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{AstNode, ast};

use crate::{
    facts::{
        alive::{Alive, Matter},
        body::BodyFacts,
        calls::Use,
        functions::{self, Mentions},
        locks::everywhere::{LockType, LockUse, LockUses, matched::Matched},
        runs_on::Thread,
    },
    finding::{Note, Place},
    knowledge::takes::OnAsynchronous,
};

pub(super) fn add<'db>(
    body: &BodyFacts<'db>,
    lock: &LockType,
    names: &HashSet<String>,
    uses: &mut LockUses,
) -> Result<(), Note> {
    let (workspace, known) = (body.workspace, body.known);
    let mentions = Mentions::of(workspace, names);
    for target in workspace.targets() {
        for it in functions::candidates(workspace, known, &mentions, target) {
            let body = BodyFacts::new(workspace, known, it.function, it.entered);
            for call in body.body.exprs().map(|it| it.0) {
                body.add_lock_use(call, lock, uses)?;
            }
        }
    }
    Ok(())
}

/// The names of all methods of the lock.
pub(super) fn methods(body: &BodyFacts<'_>, lock: &LockType) -> impl Iterator<Item = String> {
    let db = body.db;
    let locks = body.known.types_at(&lock.path).map(Adt::from);
    let own = locks.flat_map(move |lock| {
        let impls = Impl::all_in_crate(db, lock.module(db).krate(db)).into_iter();
        impls.filter(move |it| it.trait_(db).is_none() && it.self_ty(db).as_adt() == Some(lock))
    });
    let items = own.flat_map(move |it| it.items(db));
    items.filter_map(move |it| match it {
        AssocItem::Function(it) if it.self_param(db).is_some() => {
            Some(it.name(db).as_str().to_owned())
        }
        _ => None,
    })
}

impl<'db> BodyFacts<'db> {
    fn add_lock_use(&self, call: ExprId, lock: &LockType, uses: &mut LockUses) -> Result<(), Note> {
        if let Some(strange) = self.needs_what_it_is(call, lock) {
            return Err(strange);
        }
        if self.lock_type_of_call(call).as_ref() != Some(lock) {
            return Ok(());
        }
        let Expr::MethodCall { method_name, .. } = &self.body[call] else { return Ok(()) };
        let name = method_name.as_str();
        let show = |text: &str| Note::perhaps_at(self.place_to_show(call), text);
        let written = self.written(call).ok_or_else(|| show("a macro uses it"))?;
        let end = written.range.end();
        let row = self.infer.method_resolution(call);
        let row = row.and_then(|it| self.known.function(self.db, it.0));
        let Some(becomes) = row.and_then(|it| it.on_asynchronous) else {
            return Err(show(&format!("`{name}` has no twin")));
        };
        match becomes {
            OnAsynchronous::Same => {
                if self.may_be_broken(call) {
                    let result = self.end_of_result(call).ok_or_else(|| show(BROKEN))?;
                    uses.breaks = true;
                    uses.add(place_of_end(&written, end), LockUse::Unwrapped { result });
                }
            }
            OnAsynchronous::Tried => match self.may_be_broken(call) {
                true if self.minds_why(call) => return Err(show(BROKEN)),
                true => uses.breaks = true,
                false => uses.add(place_of_end(&written, end), LockUse::TriedAsOption),
            },
            OnAsynchronous::Awaited => {
                let mut result = end;
                let mut block = None;
                if self.may_be_broken(call) {
                    uses.breaks = true;
                    let file = &written.file;
                    let mut needless =
                        |it| uses.add(Place::new(file.clone(), it), LockUse::Needless);
                    match (self.end_of_result(call), self.matched(call)) {
                        (Some(it), _) => result = it,
                        (None, Some(Matched::Whole { before, end })) => {
                            before.into_iter().for_each(needless);
                            result = end;
                        }
                        (None, Some(Matched::Head { opening, closing, block: it })) => {
                            needless(closing);
                            uses.add(
                                Place::new(file.clone(), opening),
                                LockUse::Head { block: it },
                            );
                            block = Some(it);
                        }
                        (None, None) => return Err(show(BROKEN)),
                    }
                }
                let on_thread = self.waits_on_thread(call, lock)?;
                let place = place_of_end(&written, end);
                match (block, on_thread.is_none()) {
                    (Some(block), awaited) => uses.add(place, LockUse::HeadEnds { block, awaited }),
                    (None, true) => uses.add(place, LockUse::Awaited { result }),
                    (None, false) if result > end => {
                        uses.add(place, LockUse::Unwrapped { result });
                    }
                    (None, false) => {}
                }
                if let Some(name) = on_thread {
                    uses.add(name, LockUse::OnThread);
                }
            }
        }
        Ok(())
    }

    /// The name of the method, where a thread that may block goes on waiting for the lock. None where it is awaited.
    fn waits_on_thread(&self, call: ExprId, lock: &LockType) -> Result<Option<Place>, Note> {
        let show = |text: &str| Note::perhaps_at(self.place_to_show(call), text);
        let use_ = self.uses.iter().find(|it| it.expr == call);
        let use_: &Use<'db> = use_.ok_or_else(|| show("it is locked outside a function"))?;
        let Some(coroutine) = use_.context.awaits_in else {
            if use_.context.thread != Thread::MayBlock {
                return Err(show(match use_.context.closure {
                    true => "a closure locks it, and cannot wait for a task",
                    false => "a function that is not asynchronous locks it",
                }));
            }
            let name = self.syntax(call).and_then(|it| match it.value {
                ast::Expr::MethodCallExpr(method) => {
                    self.place(it.file_id, method.name_ref()?.syntax())
                }
                _ => None,
            });
            return Ok(Some(name.ok_or_else(|| show("a macro uses it"))?));
        };
        // Guards of the same lock change too.
        let is_own = |it: &Alive| {
            it.matter >= Matter::NotSend
                && it.type_name.contains("Guard<")
                && super::without_lifetimes(&it.type_name).contains(&format!("{}>", lock.inner))
        };
        let alive = self.alive_while(coroutine, call, use_.context.moves);
        let mut alive: Vec<Alive> = alive
            .into_iter()
            .filter(|it| it.matter >= Matter::UnknownType && !is_own(it))
            .collect();
        alive.sort_by(|a, b| b.matter.cmp(&a.matter).then_with(|| a.at.cmp(&b.at)));
        match alive.first() {
            Some(it) => Err(it.note()),
            None => Ok(None),
        }
    }

    /// Whether this gives a `Result` that tells of a panic.
    fn may_be_broken(&self, call: ExprId) -> bool {
        let TyKind::Adt(_, args) = self.infer.expr_ty(call).kind() else { return false };
        let mut inner = args.types();
        inner.any(|it| match it.kind() {
            TyKind::Adt(adt, _) => {
                let row = self.known.type_(adt.def_id());
                row.is_some_and(|it| it.guard == Some(crate::knowledge::Guard::Poisoned))
            }
            _ => false,
        })
    }

    /// Where the code ends that takes the value out of a `Result`, and does nothing else: `.unwrap()`, `?`,
    /// `.map_err(..)?`.
    fn end_of_result(&self, call: ExprId) -> Option<TextSize> {
        let wanted = self.first_inside(self.infer.expr_ty(call))?;
        let end_of_call = self.written(call)?.range.end();
        let mut whole = call;
        for _ in 0..LONGEST_CHAIN {
            let parent = self.parents.get(whole).copied()?;
            whole = match &self.body[parent] {
                Expr::MethodCall { receiver, .. } if *receiver == whole => parent,
                Expr::Call { .. } if self.is_question_mark(parent) => {
                    self.parents.get(parent).copied()?
                }
                _ => return None,
            };
            let type_ = self.infer.expr_ty(whole);
            if type_ == wanted {
                let place = self.written(whole)?;
                let removed = TextRange::new(end_of_call, place.range.end());
                let text = &self.workspace.text(&place.file)?[removed];
                let has_comment = text.contains("//") || text.contains("/*");
                return (!has_comment).then_some(removed.end());
            }
            // Still in a `Result`, with another error, or in an `Option`.
            if self.first_inside(type_) != Some(wanted) {
                return None;
            }
        }
        None
    }

    fn first_inside(&self, type_: Ty<'db>) -> Option<Ty<'db>> {
        match type_.kind() {
            TyKind::Adt(_, args) => args.types().next(),
            _ => None,
        }
    }

    /// Whether it is asked why a lock was not free: the twin has one reason only.
    fn minds_why(&self, call: ExprId) -> bool {
        let Some(parent) = self.parents.get(call).copied() else { return true };
        match &self.body[parent] {
            Expr::MethodCall { receiver, args, .. } => *receiver != call || !args.is_empty(),
            Expr::Let { pat, .. } => !matches!(self.body[*pat], Pat::TupleStruct { .. }),
            Expr::Match { arms, .. } => arms.iter().any(|it| match &self.body[it.pat] {
                Pat::TupleStruct { args, .. } => {
                    args.iter().any(|it| !matches!(self.body[*it], Pat::Wild | Pat::Bind { .. }))
                }
                Pat::Wild => false,
                _ => true,
            }),
            _ => true,
        }
    }

    /// Whether a function from outside the workspace is given such a lock, or its guard, and asks for nothing else.
    fn needs_what_it_is(&self, call: ExprId, lock: &LockType) -> Option<Note> {
        let use_ = self.uses.iter().find(|it| it.expr == call)?;
        if crate::facts::place::file_of(self.workspace, use_.function).is_some() {
            return None;
        }
        let values = self.values_of(call);
        // The methods of the lock itself have rows.
        let values = values.iter().skip(usize::from(self.lock_type_of_call(call).is_some()));
        let is_given = values
            .map(|it| self.infer.type_of_expr_with_adjust(*it).unwrap_or(self.infer.expr_ty(*it)))
            .any(|it| self.is_lock_or_guard(it.strip_references(), lock));
        if !is_given {
            return None;
        }
        let function = ra_ap_hir::Function::from(use_.function);
        let mut asked = function.assoc_fn_params(self.db).into_iter();
        let asks = asked.any(|it| {
            let adt = it.ty().strip_references().as_adt();
            adt.and_then(|it| self.known.type_(it.into()))
                .is_some_and(|it| it.asynchronous.is_some())
        });
        let name = function.name(self.db);
        let at = self.place_to_show(call).filter(|_| asks)?;
        Some(Note::at(at, format!("`{}` needs it as it is", name.as_str())))
    }

    fn is_lock_or_guard(&self, type_: Ty<'db>, lock: &LockType) -> bool {
        let TyKind::Adt(adt, args) = type_.kind() else { return false };
        let has_twin = self.known.type_(adt.def_id()).is_some_and(|it| it.asynchronous.is_some());
        has_twin && args.types().last().is_some_and(|it| self.written_type(it) == lock.inner)
    }
}

/// Nobody writes more behind `lock()` before the guard is out.
const LONGEST_CHAIN: usize = 4;

const BROKEN: &str = "whether the lock is broken matters here, and its twin never breaks";

fn place_of_end(place: &Place, end: TextSize) -> Place {
    Place::new(place.file.clone(), ra_ap_syntax::TextRange::empty(end))
}
