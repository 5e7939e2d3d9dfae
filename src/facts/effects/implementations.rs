//! Which functions a call may come to: the methods of a trait by what stands for `Self`.

use std::{cell::OnceCell, collections::HashMap};

use ra_ap_base_db::Crate;
use ra_ap_hir::crate_def_map;
use ra_ap_hir_def::{
    AssocItemId, FunctionId, HasModule, ImplId, ItemContainerId, Lookup, TraitId,
    signatures::FunctionSignature, src::HasSource,
};
use ra_ap_hir_ty::{
    ParamEnvAndCrate,
    db::HirDatabase,
    next_solver::{DbInterner, EarlyBinder, GenericArg, GenericArgs, TyKind},
};
use ra_ap_rustc_type_ir::inherent::{GenericArgs as _, IntoKind};

use crate::{
    facts::effects::{Effects, summary},
    workspace::TargetKind,
};

/// A function, with what stands for its generics.
#[derive(Clone, Copy)]
pub(super) struct Callee<'db> {
    pub function: FunctionId,
    pub args: GenericArgs<'db>,
}

/// The implementations that the workspace has of each trait, outside its tests.
#[derive(Default)]
pub(super) struct Implementations {
    of_trait: OnceCell<HashMap<TraitId, Vec<ImplId>>>,
}

impl<'db> Effects<'_, 'db> {
    /// The functions that a call may come to. Empty when that is not known, or when they are not looked into.
    pub(super) fn callees(
        &self,
        function: FunctionId,
        args: GenericArgs<'db>,
        krate: Crate,
        caller: FunctionId,
    ) -> Vec<Callee<'db>> {
        if self.is_told_by_row(function) {
            return Vec::new();
        }
        let callees = match function.lookup(self.workspace.db()).container {
            ItemContainerId::TraitId(it) => self.of_trait(it, function, args, krate, caller),
            _ => vec![Callee { function, args }],
        };
        match callees.iter().all(|it| self.is_looked_into(it.function)) {
            true => callees,
            false => Vec::new(),
        }
    }

    fn is_looked_into(&self, function: FunctionId) -> bool {
        let db = self.workspace.db();
        let is_followed = summary::is_own(self.workspace, function) || {
            let krate = self.krate_of(function);
            // A runtime knows on which thread it does what.
            !krate.data(db).origin.is_lang() && self.known.runtime(krate).is_none()
        };
        is_followed && !self.is_told_by_row(function)
    }

    /// What a row says of how a function waits is all that there is to know.
    fn is_told_by_row(&self, function: FunctionId) -> bool {
        let row = self.known.function(self.workspace.db(), function);
        row.is_some_and(|it| !it.says_nothing_of_threads())
    }

    fn of_trait(
        &self,
        trait_: TraitId,
        function: FunctionId,
        args: GenericArgs<'db>,
        krate: Crate,
        caller: FunctionId,
    ) -> Vec<Callee<'db>> {
        let db = self.workspace.db();
        let Some(self_type) = args.types().next() else { return Vec::new() };
        match self_type.kind() {
            TyKind::Dynamic(..) | TyKind::Param(_) => {
                self.of_all_implementations(trait_, function, args)
            }
            TyKind::Error(_) | TyKind::Infer(_) => Vec::new(),
            kind => {
                let param_env = db.trait_environment(caller.into());
                let environment = ParamEnvAndCrate { param_env, krate };
                let (found, found_args) = db.lookup_impl_method(environment, function, args);
                let Some(found) = found.left() else { return Vec::new() };
                // The trait's own body is what runs where an implementation leaves it out; it is also what comes back
                // where nothing was found.
                let is_known = found != function || matches!(kind, TyKind::Adt(..));
                let callee = Callee { function: found, args: found_args };
                is_known.then_some(callee).into_iter().collect()
            }
        }
    }

    /// The method in each implementation of a trait that the workspace itself has.
    fn of_all_implementations(
        &self,
        trait_: TraitId,
        function: FunctionId,
        args: GenericArgs<'db>,
    ) -> Vec<Callee<'db>> {
        let db = self.workspace.db();
        if !summary::is_own(self.workspace, function) {
            return Vec::new();
        }
        let implementations = self.implementations();
        let name = &FunctionSignature::of(db, function).name;
        let method = |it: &ImplId| {
            let items = &it.impl_items(db).items;
            let own = items.iter().find(|(own, _)| own == name);
            match own {
                Some((_, AssocItemId::FunctionId(it))) => *it,
                _ => function,
            }
        };
        let found = implementations.get(&trait_).into_iter().flatten().map(method);
        let has_body = |it: &FunctionId| it.lookup(db).source(db).value.body().is_some();
        let found: Vec<FunctionId> = found.collect();
        match found.iter().all(has_body) {
            true => found.into_iter().map(|function| Callee { function, args }).collect(),
            false => Vec::new(),
        }
    }

    fn implementations(&self) -> &HashMap<TraitId, Vec<ImplId>> {
        self.implementations.of_trait.get_or_init(|| self.find_implementations())
    }

    fn find_implementations(&self) -> HashMap<TraitId, Vec<ImplId>> {
        let db = self.workspace.db();
        let mut found: HashMap<TraitId, Vec<ImplId>> = HashMap::new();
        let for_users =
            self.workspace.targets().iter().filter(|it| {
                !it.cfg_test && !matches!(it.kind, TargetKind::Test | TargetKind::Bench)
            });
        for target in for_users {
            for (_, module) in crate_def_map(db, target.krate).modules() {
                for implementation in module.scope.impls() {
                    if let Some(it) = db.impl_trait(implementation) {
                        let trait_ = it.skip_binder().def_id.0;
                        found.entry(trait_).or_default().push(implementation);
                    }
                }
            }
        }
        found
    }

    pub(super) fn krate_of(&self, function: FunctionId) -> Crate {
        function.krate(self.workspace.db())
    }

    /// How many generics a function has, with those of what it stands in.
    pub(super) fn count_generics(&self, function: FunctionId) -> usize {
        let interner = DbInterner::new_no_crate(self.workspace.db());
        GenericArgs::identity_for_item(interner, function.into()).len()
    }

    /// `args` in `function` as they are where `given` stands for its generics. Who implements a trait may have others
    /// than the trait: then nobody knows.
    pub(super) fn substituted(
        &self,
        function: FunctionId,
        args: GenericArgs<'db>,
        given: GenericArgs<'db>,
    ) -> GenericArgs<'db> {
        let interner = DbInterner::new_no_crate(self.workspace.db());
        let own = GenericArgs::identity_for_item(interner, function.into());
        let is_alike = |(own, given): (GenericArg<'db>, GenericArg<'db>)| {
            std::mem::discriminant(&own.kind()) == std::mem::discriminant(&given.kind())
        };
        match own.len() == given.len() && own.iter().zip(given.iter()).all(is_alike) {
            true => EarlyBinder::bind(args).instantiate(interner, given).skip_norm_wip(),
            false => args,
        }
    }
}
