//! Futures that are dropped before they are done, and the wrapper that logs it for a while.

use ra_ap_hir::{Module, Name};
use ra_ap_hir_def::{
    FunctionId, HasModule, ModuleDefId,
    hir::{ClosureKind, Expr, ExprId},
    nameres::crate_def_map,
};
use ra_ap_syntax::TextRange;

use crate::{
    facts::{
        body::{BodyFacts, Form},
        losses::Losses,
        made_futures::MadeFuture,
        names,
        selects::{Branch, Select},
    },
    finding::{FilePath, Note, Place},
};

pub mod written;

/// The type of the wrapper, and the module at the root of the user's crate that has it and nothing else.
pub const TYPE: &str = "CancelDebug";
pub const MODULE: &str = "cancel_debug";

/// A future that may be dropped before it is done, and nobody hears of it.
pub struct Unlogged {
    pub at: Place,
    /// What makes it, in a word or two.
    pub name: String,
    /// Who drops it.
    pub dropped_by: Vec<Note>,
    /// How the wrapper is written around it, or why it cannot be.
    pub wrapping: Result<Wrapping, &'static str>,
}

/// Where a wrapper goes.
pub struct Wrapping {
    /// The future.
    pub at: Place,
    pub name: String,
    /// The file of the root module.
    pub root: FilePath,
    /// Whether this stands in the root module itself.
    pub is_in_root: bool,
    /// Whether the crate has the wrapper's type already.
    pub has_type: bool,
}

impl<'db> BodyFacts<'db> {
    /// Those that lose something, leave something behind or miss something when that happens.
    pub fn unlogged(&self, losses: &Losses<'db>) -> Vec<Unlogged> {
        let mut found: Vec<(ExprId, Vec<Note>)> = Vec::new();
        for select in self.selects() {
            let dropped = "another branch of this is done first";
            for branch in &select.branches {
                let loses = losses.of_branch(self, select, branch).is_some();
                let future = self.future_of_turns(select, branch).filter(|_| loses);
                let restarted = || self.restarted(select, branch).filter(|it| !it.at_once);
                let future = future.or_else(|| restarted().map(|_| branch.future));
                let note = || vec![Note::at(select.at.clone(), dropped)];
                found.extend(future.map(|it| (it, note())));
            }
        }
        for timeout in self.timeouts() {
            if losses.of_timeout(self, &timeout).is_some() {
                let note = Note::at(timeout.at.clone(), "the time of this is up");
                found.push((timeout.future, vec![note]));
            }
        }
        let behind = self.left_behind().into_iter().map(|it| (it.awaited, it.dropped_by));
        let late = self.written_late().into_iter().map(|it| (it.awaited, it.dropped_by));
        for (awaited, dropped_by) in behind.chain(late) {
            let mut future = None;
            self.walk(awaited, &mut |it| match self.body[it] {
                Expr::Await { expr } if future.is_none() => future = Some(expr),
                _ => {}
            });
            found.extend(future.map(|it| (it, dropped_by)));
        }
        let unlogged = found.into_iter().filter_map(|(future, by)| self.without_log(future, by));
        let mut unlogged: Vec<Unlogged> = unlogged.collect();
        unlogged.sort_by(|a, b| a.at.cmp(&b.at));
        unlogged.dedup_by(|b, a| a.at == b.at);
        unlogged
    }

    fn future_of_turns(&self, select: &Select, branch: &Branch) -> Option<ExprId> {
        self.future_of_turn(branch, &self.variables_of_loop(select.turns?))
    }

    fn without_log(&self, future: ExprId, dropped_by: Vec<Note>) -> Option<Unlogged> {
        let made = self.local(future).and_then(|it| self.plain_value_of(it));
        let future = made.unwrap_or(future);
        if self.logged(future).is_some() {
            return None;
        }
        let wrapping = match self.made_future(future) {
            Some(it) => self.wrapping_of(&it),
            None => Err("it is not made where it is given away"),
        };
        let (at, name) = (self.place_to_show(future)?, self.name_of_future(future));
        Some(Unlogged { at, name, dropped_by, wrapping })
    }

    /// The future that somebody means who points at this stretch of the text.
    pub fn future_at(&self, place: &Place) -> Option<Wrapping> {
        let range = place.range;
        let is_logged = |it: ExprId| {
            let parent = self.parents.get(it);
            self.logged(it).is_some() || parent.is_some_and(|it| self.logged(*it).is_some())
        };
        let made = self.made_futures().into_iter().filter(|it| {
            let is_around = it.at.file == place.file && it.at.range.contains_range(range);
            is_around && !self.is_deep_in(it, range) && !is_logged(it.expr)
        });
        let smallest = made.min_by_key(|it| it.at.range.len())?;
        self.wrapping_of(&smallest).ok()
    }

    /// Whether this stretch belongs to code in curly brackets that is a part of what makes the future.
    fn is_deep_in(&self, made: &MadeFuture<'db>, range: TextRange) -> bool {
        let mut deep = false;
        self.walk(made.expr, &mut |it| {
            let is_code = matches!(self.body[it], Expr::Block { .. } | Expr::Closure { .. });
            let Some(place) = self.place_of(it).filter(|_| is_code && !deep) else { return };
            let text = self.workspace.text(&place.file).unwrap_or_default();
            let bracket = text.get(std::ops::Range::from(place.range)).and_then(|it| it.find('{'));
            let Some(bracket) = bracket.and_then(|it| u32::try_from(it).ok()) else { return };
            deep = range.start() > place.range.start() + ra_ap_syntax::TextSize::new(bracket)
                && range.end() < place.range.end();
        });
        deep
    }

    fn wrapping_of(&self, made: &MadeFuture<'db>) -> Result<Wrapping, &'static str> {
        let at = self.wrapping(made)?;
        let db = self.db;
        let map = crate_def_map(db, self.krate());
        if map.is_no_std() {
            return Err("the crate does without the standard library");
        }
        let mut roots: Vec<&FilePath> =
            self.workspace.targets_of(&at.file).into_iter().map(|it| &it.root).collect();
        roots.dedup();
        let [root] = roots[..] else {
            return Err("several crates have this file, and each would need a wrapper of its own");
        };
        let scope = |it| &map[it].scope;
        let found = scope(map.root_module_id()).get(&Name::new_root(MODULE)).take_types();
        let has_type = match found {
            None => false,
            Some(ModuleDefId::ModuleId(it)) => {
                let module = it.def_map(db);
                if module[it].scope.get(&Name::new_root(TYPE)).take_types().is_none() {
                    return Err("the crate has a module of the wrapper's name");
                }
                true
            }
            Some(_) => return Err("the crate has something of the name of the wrapper's module"),
        };
        Ok(Wrapping {
            at,
            name: self.name_of_future(made.expr),
            root: root.clone(),
            is_in_root: self.function.module(db) == map.root_module_id(),
            has_type,
        })
    }

    fn name_of_future(&self, future: ExprId) -> String {
        match &self.body[future] {
            Expr::Call { callee, .. } => match &self.body[*callee] {
                Expr::Path(path) => path.segments().last().map(|it| it.name.as_str().to_owned()),
                _ => None,
            },
            Expr::MethodCall { method_name, .. } => Some(method_name.as_str().to_owned()),
            Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, .. } => {
                Some("async block".to_owned())
            }
            _ => self.local(future).map(|it| self.body[it].name.as_str().to_owned()),
        }
        .unwrap_or_else(|| "future".to_owned())
    }

    /// The future that a call puts into a wrapper.
    pub(super) fn logged(&self, call: ExprId) -> Option<ExprId> {
        let Expr::Call { args, .. } = &self.body[call] else { return None };
        let [_, future] = args[..] else { return None };
        let mut own = self.uses.iter().filter(|it| it.expr == call && it.form == Form::Call);
        own.any(|it| self.is_wrapper(it.function)).then_some(future)
    }

    /// The calls that put a future into a wrapper, and what the futures are called.
    pub fn wrappers(&self) -> Vec<(Place, String)> {
        let calls = self.uses.iter().filter(|it| self.is_wrapper(it.function));
        let found = calls.filter_map(|it| {
            let future = self.logged(it.expr)?;
            Some((self.place_of(it.expr)?, self.name_of_future(future)))
        });
        found.collect()
    }

    fn is_wrapper(&self, function: FunctionId) -> bool {
        let module = Module::from(function.module(self.db));
        let is_named = module.name(self.db).is_some_and(|it| it.as_str() == MODULE);
        is_named
            && module.parent(self.db).is_some_and(|it| it.is_crate_root(self.db))
            && names::of_function(self.db, function) == format!("{TYPE}::new")
    }
}
