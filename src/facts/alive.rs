//! What would be alive across an `.await` written in a given place.
//!
//! One question to the graph of the async body: what would be kept if the task were suspended here? A guard counts
//! where it is held, anything else where the compiler would give it a place in the future: `drop(guard)` gives the lock
//! back, but only the end of a block takes a guard that was used out of the future.

use ra_ap_hir_def::{
    HasModule,
    hir::{BindingId, ExprId},
};
use ra_ap_hir_ty::{
    ParamEnvAndCrate,
    db::HirDatabase,
    display::{DisplayTarget, HirDisplay},
    next_solver::{Ty, TyKind},
    traits::implements_trait_unique,
};
use ra_ap_rustc_type_ir::{TypeVisitableExt, inherent::IntoKind};

use crate::{
    facts::{
        body::{BodyFacts, Mention},
        names,
        suspends::{Kept, Lowered, Origin},
    },
    finding::{Note, Place},
    knowledge::Guard,
};

/// Something that would live across the await, and why that matters.
#[derive(Clone, Debug)]
pub struct Alive {
    pub matter: Matter,
    /// The type, as one reads it.
    pub type_name: String,
    /// The variable, where there is one.
    pub name: Option<String>,
    pub at: Option<Place>,
}

/// Ordered by how much it is in the way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Matter {
    /// A guard that other tasks wait for: it may live across an await, but then a cancellation finds it held.
    AsyncGuard,
    /// A type parameter that is not bound to be `Send`.
    MaybeNotSend,
    /// Nobody can tell whether it is `Send`.
    UnknownType,
    /// What is alive there cannot be told.
    Unseen,
    /// The future would stop being `Send`.
    NotSend,
    /// Threads would wait for this guard while the task is suspended.
    Guard,
}

impl Alive {
    pub fn note(&self) -> Note {
        let type_ = match self.type_name.contains("{unknown}") {
            true => "a value of a type that is not known".to_owned(),
            false => names::with_article(&self.type_name),
        };
        // What a `for` writes down for itself has a name that nobody wrote.
        let name = self.name.as_ref().filter(|it| !it.starts_with('<'));
        let what = match name {
            Some(name) => format!("`{name}`, {type_},"),
            None => type_,
        };
        let text = match self.matter {
            Matter::Guard => format!("{what} is held here, and would be held across an `.await`"),
            Matter::NotSend => {
                format!("{what} is alive here and not `Send`: the future would not be either")
            }
            Matter::UnknownType => {
                format!("{what} is alive here, and whether it is `Send` is not known")
            }
            Matter::Unseen => "what is alive here is not known".to_owned(),
            Matter::MaybeNotSend => {
                format!("{what} is alive here, and nothing says that it is `Send`")
            }
            Matter::AsyncGuard => format!("{what} is held here: a cancellation would find it held"),
        };
        Note::perhaps_at(self.at.clone(), text)
    }
}

impl<'db> BodyFacts<'db> {
    /// What stands against an `.await` at this mention, the worst first.
    pub fn alive_at(&self, mention: &Mention) -> Vec<Alive> {
        let Some(coroutine) = mention.awaits_in else { return Vec::new() };
        let mut alive = self.alive_while(coroutine, mention.expr, mention.moves);
        for local in self.seen_by_reference(mention) {
            let type_ = self.infer.binding_ty(local);
            if mention.moves && !self.is(type_, "Sync") {
                alive.push(self.local_alive(Matter::NotSend, local));
            }
        }
        alive.sort_by(|a, b| {
            b.matter.cmp(&a.matter).then_with(|| a.at.cmp(&b.at)).then_with(|| a.name.cmp(&b.name))
        });
        // One reason a place is enough.
        alive.dedup_by(|a, b| a.at == b.at && a.matter == b.matter);
        alive
    }

    /// What stands against an `.await` in place of a call, where the future around it may be moved to another thread.
    pub(super) fn alive_while(&self, coroutine: ExprId, call: ExprId, moves: bool) -> Vec<Alive> {
        let body = self.lowered(coroutine);
        let Some(kept) = body.kept_while(call) else {
            let (type_name, at) = (String::new(), self.place_of(call));
            return vec![Alive { matter: Matter::Unseen, type_name, name: None, at }];
        };
        let mut alive: Vec<Alive> = Vec::new();
        for it in &kept {
            let Some(matter) = self.matter(&body, it, moves) else { continue };
            alive.extend(body.origin(it).map(|origin| match origin {
                Origin::Variable(local) => self.local_alive(matter, local),
                Origin::Temporary(expr) => Alive {
                    matter,
                    type_name: self.type_name(body.type_of(it)),
                    name: None,
                    at: self.place_of(expr),
                },
            }));
        }
        for local in self.lent_to(coroutine) {
            let guard = self.guard_in(self.infer.binding_ty(local));
            alive.extend(guard.map(|it| self.local_alive(it.into(), local)));
        }
        alive
    }

    /// The variables around an async block that it sees, and does not take along as a whole.
    fn lent_to(&self, coroutine: ExprId) -> Vec<BindingId> {
        let captures = self.infer.closures_data.get(&coroutine);
        let captures = captures.iter().flat_map(|it| it.min_captures.values()).flatten();
        captures
            .filter(|it| it.is_by_ref() || !it.place.projections.is_empty())
            .map(|it| it.captured_local())
            .collect()
    }

    fn local_alive(&self, matter: Matter, local: BindingId) -> Alive {
        let pattern = self.map.patterns_for_binding(local).first().copied();
        Alive {
            matter,
            type_name: self.type_name(self.infer.binding_ty(local)),
            name: Some(self.body[local].name.as_str().to_owned()),
            at: pattern.and_then(|it| self.place_of_pattern(it)),
        }
    }

    pub(super) fn type_name(&self, type_: Ty<'db>) -> String {
        let target = DisplayTarget::from_crate(self.db, self.krate());
        type_.display(self.db, target).to_string()
    }

    fn matter(&self, body: &Lowered<'db>, kept: &Kept, moves: bool) -> Option<Matter> {
        let type_ = body.type_of(kept);
        if kept.filled
            && kept.full
            && let Some(guard) = self.guard_in(type_)
        {
            return Some(guard.into());
        }
        if self.is_from_outside(body, kept)
            || matches!(type_.kind(), TyKind::FnDef(..) | TyKind::Never)
        {
            return None;
        }
        // What is not known may be a guard, wherever the future stays.
        if type_.references_non_lt_error() {
            return Some(Matter::UnknownType);
        }
        if !moves || !kept.saved {
            return None;
        }
        // What a future holds across its own awaits is not known to the type checker.
        if type_.has_coroutines() || type_.has_opaque_types() {
            return Some(Matter::UnknownType);
        }
        match self.is(type_, "Send") {
            true => None,
            false if type_.has_param() => Some(Matter::MaybeNotSend),
            false => Some(Matter::NotSend),
        }
    }

    /// Parameters and captures are a part of the future from its start.
    fn is_from_outside(&self, body: &Lowered<'db>, kept: &Kept) -> bool {
        let variable = match body.origin(kept) {
            Some(Origin::Variable(it)) => Some(it),
            // On its way into what is awaited.
            Some(Origin::Temporary(it)) => {
                self.local(it).filter(|it| self.infer.binding_ty(*it) == body.type_of(kept))
            }
            None => None,
        };
        body.is_captured(kept) || variable.is_some_and(|it| self.is_parameter(it))
    }

    /// Whether the type is `Send`, or `Sync`.
    pub(super) fn is(&self, type_: Ty<'db>, marker: &str) -> bool {
        self.marker(marker).is_some_and(|it| self.implements(type_, it))
    }

    /// Whether the type has the trait.
    pub(crate) fn implements(&self, type_: Ty<'db>, trait_: ra_ap_hir_def::TraitId) -> bool {
        let param_env = self.db.trait_environment(self.function.into());
        let environment = ParamEnvAndCrate { param_env, krate: self.krate() };
        implements_trait_unique(type_, self.db, environment, trait_)
    }

    /// `Send` is no lang item, so it is looked up beside one.
    fn marker(&self, name: &str) -> Option<ra_ap_hir_def::TraitId> {
        let sized = ra_ap_hir_def::lang_item::lang_items(self.db, self.krate()).Sized?;
        let module = sized.module(self.db);
        let name = ra_ap_hir::Name::new_root(name);
        match module.def_map(self.db)[module].scope.get(&name).take_types()? {
            ra_ap_hir_def::ModuleDefId::TraitId(it) => Some(it),
            _ => None,
        }
    }
}

impl From<Guard> for Matter {
    fn from(guard: Guard) -> Matter {
        match guard {
            Guard::Sync | Guard::Context | Guard::Poisoned => Matter::Guard,
            Guard::Async => Matter::AsyncGuard,
        }
    }
}
