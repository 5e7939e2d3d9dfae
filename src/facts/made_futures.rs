//! Where futures are made, and who gets them.

use ra_ap_hir::{ModPath, Name, PathKind};
use ra_ap_hir_def::{
    FunctionId, GenericDefId, ItemContainerId, Lookup,
    expr_store::path::Path,
    hir::{BindingId, ClosureKind, CoroutineSource, Expr, ExprId, Pat, Statement},
    lang_item::lang_items,
    resolver::TypeNs,
    signatures::{FunctionSignature, TraitFlags, TraitSignature},
};
use ra_ap_hir_ty::{
    GenericPredicates,
    db::HirDatabase,
    next_solver::{DbInterner, GenericArgs, Ty, TyKind},
};
use ra_ap_rustc_type_ir::{
    ClauseKind, TypeVisitableExt,
    inherent::{GenericArg as _, IntoKind},
};

use crate::{
    facts::body::{BodyFacts, function_of},
    finding::Place,
};

const RELIES_ON_VARIABLE: &str = "what is done with the variable may rely on its type";

/// A future where it is made.
pub struct MadeFuture<'db> {
    pub at: Place,
    pub taken: Taken,
    pub(crate) expr: ExprId,
    pub(super) type_: Ty<'db>,
}

/// Who takes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// An `.await`.
    Awaited,
    /// A function that is given futures, by its name.
    Given(String),
    /// What a method makes of it, by its name.
    Wrapped(String),
    /// A branch of `select!`, `join!` or their like.
    Raced,
    /// `pin!`
    Pinned,
    /// A variable.
    Kept(String),
}

/// How a future can be put in a box where it is made.
pub enum Boxing {
    /// Around what makes it.
    Around(Place),
    /// In place of the macro that pins it, whose name stands there.
    InPlaceOf(Place),
}

impl<'db> BodyFacts<'db> {
    /// Every future that is made in the text of this function, and of which it can be told who takes it.
    pub(super) fn made_futures(&self) -> Vec<MadeFuture<'db>> {
        let exprs: Vec<ExprId> = self.body.exprs().map(|it| it.0).collect();
        exprs.into_iter().filter_map(|it| self.made_future(it)).collect()
    }

    /// The calls and blocks that are awaited where they stand, generic ones too.
    pub(super) fn awaited_futures(&self) -> Vec<MadeFuture<'db>> {
        let awaited = self.body.exprs().filter_map(|it| match it.1 {
            Expr::Await { expr } => Some(*expr),
            _ => None,
        });
        let made = awaited.filter_map(|expr| {
            let (at, type_) = (self.place_of(expr)?, self.infer.expr_ty(expr));
            Some(MadeFuture { at, taken: Taken::Awaited, expr, type_ })
        });
        let mut made: Vec<MadeFuture<'db>> = made.collect();
        made.sort_by(|a, b| a.at.cmp(&b.at));
        made
    }

    pub(super) fn made_future(&self, expr: ExprId) -> Option<MadeFuture<'db>> {
        let is_made = match &self.body[expr] {
            Expr::Call { .. } | Expr::MethodCall { .. } => true,
            Expr::Closure { closure_kind: ClosureKind::Coroutine { source, .. }, .. } => {
                *source != CoroutineSource::Fn
            }
            _ => false,
        };
        let type_ = self.infer.expr_ty(expr);
        let may_be =
            matches!(type_.kind(), TyKind::Coroutine(..) | TyKind::Alias(..) | TyKind::Adt(..));
        if !is_made || !may_be || type_.has_param() {
            return None;
        }
        let taken = self.taken(expr)?;
        // Of a value with another type only what polls it tells that it is a future.
        let is_polled = matches!(taken, Taken::Awaited | Taken::Given(_) | Taken::Raced);
        if matches!(type_.kind(), TyKind::Adt(..)) && !is_polled {
            return None;
        }
        Some(MadeFuture { at: self.place_of(expr)?, taken, expr, type_ })
    }

    pub(super) fn taken(&self, expr: ExprId) -> Option<Taken> {
        let parent = self.parents.get(expr).copied()?;
        match &self.body[parent] {
            Expr::Await { .. } => Some(Taken::Awaited),
            Expr::Call { callee, args } => {
                let index = args.iter().position(|it| *it == expr)?;
                let function = function_of(self.infer.expr_ty(*callee))?;
                self.takes_future(function, index)?;
                // `join!` has calls of its own around what it is given.
                let is_in_macro = self.place_of(expr).is_some() && self.place_of(parent).is_none();
                if is_in_macro && self.macro_call_place(parent).is_some() {
                    return Some(Taken::Raced);
                }
                Some(Taken::Given(self.name_of(function)))
            }
            Expr::MethodCall { receiver, args, .. } => {
                let (function, _) = self.infer.method_resolution(parent)?;
                if *receiver == expr {
                    return Some(Taken::Wrapped(self.name_of(function)));
                }
                let index = args.iter().position(|it| *it == expr)?;
                self.takes_future(function, index + 1)?;
                Some(Taken::Given(self.name_of(function)))
            }
            Expr::Block { statements, .. } | Expr::Unsafe { statements, .. } => {
                let variable = statements.iter().find_map(|it| match it {
                    Statement::Let { pat, initializer: Some(it), .. } if *it == expr => {
                        match self.body[*pat] {
                            Pat::Bind { id, subpat: None } => Some((*pat, id)),
                            _ => None,
                        }
                    }
                    _ => None,
                });
                let (pattern, variable) = variable?;
                if self.place_of_pattern(pattern).is_some() {
                    let type_ = self.infer.expr_ty(expr);
                    let mut uses =
                        self.body.exprs().filter(|it| self.local(it.0) == Some(variable));
                    let is_polled = uses.any(|it| self.is_polling_use(it.0, type_));
                    let name = self.body[variable].name.as_str().to_owned();
                    return is_polled.then_some(Taken::Kept(name));
                }
                self.is_pinned(self.infer.expr_ty(parent)).then_some(Taken::Pinned)
            }
            _ => self.is_raced(expr).then_some(Taken::Raced),
        }
    }

    fn name_of(&self, function: FunctionId) -> String {
        FunctionSignature::of(self.db, function).name.as_str().to_owned()
    }

    /// `Pin<&mut F>`
    fn is_pinned(&self, type_: Ty<'db>) -> bool {
        matches!(type_.kind(), TyKind::Adt(..)) && self.is_reference(type_)
    }

    /// Whether a function takes any future there, by value; and whether any other future would do as well.
    fn takes_future(&self, function: FunctionId, index: usize) -> Option<bool> {
        let signature = self.db.callable_item_signature(function.into());
        let inputs = signature.skip_binder().skip_binder().inputs();
        let TyKind::Param(parameter) = inputs.get(index)?.kind() else { return None };
        let traits = lang_items(self.db, self.krate());
        let (future, into_future) = (traits.Future?, traits.IntoFuture?);
        let is_of = |it: Ty<'db>| matches!(it.kind(), TyKind::Param(it) if it == parameter);
        let mut is_future = false;
        let mut is_free = true;
        let clauses = GenericPredicates::query_all(self.db, GenericDefId::from(function));
        for clause in clauses.skip_binder() {
            let ClauseKind::Trait(it) = clause.kind().skip_binder() else { continue };
            if !is_of(it.self_ty()) {
                continue;
            }
            let id = it.trait_ref.def_id.0;
            is_future |= id == future || id == into_future;
            let is_marker = traits.Sized == Some(id)
                || TraitSignature::of(self.db, id).flags.contains(TraitFlags::AUTO);
            is_free &= is_marker || id == future || id == into_future;
        }
        let mentions = inputs.iter().flat_map(|it| it.walk());
        let mentions = mentions.filter_map(|it| it.as_type()).filter(|it| is_of(*it)).count();
        // A parameter of the type around the function has been settled elsewhere.
        let is_own = parameter.id.parent() == GenericDefId::from(function);
        is_future.then_some(is_free && mentions == 1 && is_own)
    }

    /// How it is put in a box, or why not.
    pub(super) fn boxing(&self, made: &MadeFuture<'db>) -> Result<Boxing, &'static str> {
        if !self.has_box(made.expr) {
            return Err("`Box` means something else here");
        }
        self.may_be_another(made)?;
        match made.taken {
            Taken::Pinned => self.boxing_for_pin(made),
            _ => self.taken_as_any(made).map(Boxing::Around),
        }
    }

    /// Where something goes around it that makes another future of it, or why that cannot be.
    pub(super) fn wrapping(&self, made: &MadeFuture<'db>) -> Result<Place, &'static str> {
        self.may_be_another(made)?;
        match made.taken {
            Taken::Pinned if self.is_lent_when_pinned(made, &["as_mut"])? => Ok(made.at.clone()),
            Taken::Pinned => Err(RELIES_ON_VARIABLE),
            _ => self.taken_as_any(made),
        }
    }

    fn may_be_another(&self, made: &MadeFuture<'db>) -> Result<(), &'static str> {
        let source = self.syntax(made.expr).ok_or("a macro writes this")?;
        if !self.is_written_once(&made.at, source.file_id) {
            return Err("a macro writes this in several places");
        }
        if !self.is_future(made.type_) {
            return Err("it only becomes a future when it is awaited");
        }
        Ok(())
    }

    /// Where it is made, if whoever takes it takes any other future as well.
    fn taken_as_any(&self, made: &MadeFuture<'db>) -> Result<Place, &'static str> {
        let around = Ok(made.at.clone());
        let parent = self.parents.get(made.expr).copied().ok_or("nobody takes it")?;
        match made.taken {
            Taken::Awaited | Taken::Raced => around,
            Taken::Given(_) if self.takes_any_future(parent, made.expr) => around,
            Taken::Given(_) => Err("what it is given to may rely on its type"),
            Taken::Wrapped(_) if self.is_there_for_boxed(parent, made.type_) => around,
            Taken::Wrapped(_) => Err("the method may be there for this type only"),
            Taken::Pinned => Err("it stays where it is pinned"),
            Taken::Kept(_) => match self.variable_given(made.expr) {
                Some(it) if self.is_only_polled(it, made.type_) => around,
                _ => Err(RELIES_ON_VARIABLE),
            },
        }
    }

    /// `pin!(future)` becomes `Box::pin(future)`, where what is pinned is lent to whoever polls it.
    fn boxing_for_pin(&self, made: &MadeFuture<'db>) -> Result<Boxing, &'static str> {
        // Moved away, the box would be dropped sooner than what the macro pins.
        if !self.is_lent_when_pinned(made, &["as_mut", "set"])? {
            return Err(RELIES_ON_VARIABLE);
        }
        let name = self.macro_name(made.expr);
        name.map(Boxing::InPlaceOf).ok_or("another macro writes the one that pins it")
    }

    /// Whether nobody does more with a pinned future than to await it, to lend it, or to call one of these methods.
    fn is_lent_when_pinned(
        &self,
        made: &MadeFuture<'db>,
        methods: &[&str],
    ) -> Result<bool, &'static str> {
        let file = |it: ExprId| self.map.expr_syntax(it).ok().map(|it| it.file_id);
        let inside = self.ancestors(made.expr).take_while(|it| file(*it) == file(made.expr));
        let whole = inside.last().unwrap_or(made.expr);
        let variable = self.variable_given(whole).ok_or("it is not pinned for a variable")?;
        let mut uses = self.body.exprs().filter(|it| self.local(it.0) == Some(variable));
        let is_lent = |it: ExprId| {
            let parent = self.parents.get(it).map(|it| &self.body[*it]);
            match parent {
                Some(Expr::Await { .. } | Expr::Ref { .. }) => true,
                Some(Expr::MethodCall { receiver, method_name, .. }) => {
                    *receiver == it && methods.contains(&method_name.as_str())
                }
                _ => false,
            }
        };
        Ok(uses.all(|it| is_lent(it.0)))
    }

    fn takes_any_future(&self, call: ExprId, argument: ExprId) -> bool {
        let (function, index) = match &self.body[call] {
            Expr::Call { callee, args } => {
                let index = args.iter().position(|it| *it == argument);
                (function_of(self.infer.expr_ty(*callee)), index)
            }
            Expr::MethodCall { args, .. } => {
                let index = args.iter().position(|it| *it == argument);
                (self.infer.method_resolution(call).map(|it| it.0), index.map(|it| it + 1))
            }
            _ => return false,
        };
        function.zip(index).and_then(|(it, index)| self.takes_future(it, index)) == Some(true)
    }

    /// Whether the trait that a method comes from is there for a pinned box of this type as well.
    fn is_there_for_boxed(&self, call: ExprId, type_: Ty<'db>) -> bool {
        let Some((function, _)) = self.infer.method_resolution(call) else { return false };
        let ItemContainerId::TraitId(trait_) = function.lookup(self.db).container else {
            return false;
        };
        let interner = DbInterner::new_with(self.db, self.krate());
        let Some(pin) = lang_items(self.db, self.krate()).Pin else { return false };
        let args = GenericArgs::new_from_slice(&[Ty::new_box(interner, type_).into()]);
        let boxed = Ty::new_adt(interner, pin.into(), args);
        self.implements(boxed, trait_)
    }

    /// Whether nothing that is done with a variable asks for more than a future.
    fn is_only_polled(&self, variable: BindingId, type_: Ty<'db>) -> bool {
        // `fut.set(..)` puts another one of the same type in its place.
        let is_set = |it: &Expr| match it {
            Expr::MethodCall { receiver, method_name, .. } if method_name.as_str() == "set" => {
                let parts = self.infer.expr_ty(*receiver).walk();
                parts.filter_map(|it| it.as_type()).any(|it| it == type_)
            }
            _ => false,
        };
        let mut uses = self.body.exprs().filter(|it| self.local(it.0) == Some(variable));
        uses.all(|it| self.is_polling_use(it.0, type_)) && !self.body.exprs().any(|it| is_set(it.1))
    }

    fn is_polling_use(&self, expr: ExprId, type_: Ty<'db>) -> bool {
        let Some(parent) = self.parents.get(expr).copied() else { return false };
        match &self.body[parent] {
            Expr::Await { .. } => true,
            Expr::Ref { .. } => {
                let around = self.parents.get(parent).copied();
                self.is_raced(parent)
                    || around.is_some_and(|it| {
                        matches!(self.body[it], Expr::Await { .. })
                            || self.takes_any_future(it, parent)
                    })
            }
            Expr::MethodCall { receiver, .. } if *receiver == expr => {
                self.is_there_for_boxed(parent, type_)
            }
            Expr::Call { .. } | Expr::MethodCall { .. } => self.takes_any_future(parent, expr),
            // A macro pins it: `let mut future = future;`
            Expr::Block { statements, .. } => statements.iter().any(|it| match it {
                Statement::Let { pat, initializer: Some(it), .. } => {
                    *it == expr && self.place_of_pattern(*pat).is_none()
                }
                _ => false,
            }),
            _ => self.is_raced(expr),
        }
    }

    fn is_raced(&self, expr: ExprId) -> bool {
        let selects = self.selects().iter().filter(|it| !it.is_of_one_type());
        selects.flat_map(|it| &it.branches).any(|it| it.future == expr)
    }

    /// Whether `Box` is that of the standard library there.
    fn has_box(&self, expr: ExprId) -> bool {
        let path = ModPath::from_segments(PathKind::Plain, [Name::new_root("Box")]);
        let path = Path::from_known_path_with_no_generic(path);
        let found = self.resolver_at(expr).resolve_path_in_type_ns_fully(self.db, &path);
        let owned = lang_items(self.db, self.krate()).OwnedBox;
        matches!(found, Some(TypeNs::AdtId(it)) if owned.is_some_and(|owned| it == owned.into()))
    }
}
