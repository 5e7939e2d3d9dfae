//! One look at the texts as they are: every rule on every body that mentions something.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Once},
};

use crate::{
    config::settings::Settings,
    facts::{
        body::{BodyFacts, Entered},
        calls,
        effects::Effects,
        foreign::Foreign,
        functions::{self, Asked, Candidate, Mentions},
        locks::taken::TakenLocks,
        losses::Losses,
        runtime::{self, Runtime},
        several_threads,
        sizes::large::LargeFutures,
        surroundings::Surroundings,
        unseen,
    },
    finding::{Coverage, FilePath, Finding, Place},
    knowledge::{CrateRows, resolve::Known},
    page::Page,
    plan::{
        asked::{SizeLimits, is_asked_about},
        seen::{Again, Seen, Shared},
        sights::{Looked, Sight, Sights},
    },
    rules::{About, Check, Pass, Rule},
    workspace::{Target, Workspace, is_cancellation},
};

/// What was found, in order of place, and what was looked at.
pub(super) struct Look {
    pub findings: Vec<Finding>,
    pub coverage: Coverage,
    /// Calls of which nobody knows what they call.
    pub unresolved: BTreeSet<Place>,
    /// For each file the others that have a say in what is found in it: they have functions that it calls.
    pub behind: BTreeMap<FilePath, BTreeSet<FilePath>>,
    /// For each file the others in which functions of it find something, and those whose functions find something in it.
    pub across: BTreeMap<FilePath, BTreeSet<FilePath>>,
    /// The bodies that were looked at, and whose findings all lie in them.
    pub bodies: BTreeSet<Place>,
    pub seen: Seen,
}

/// Runs `rules` on every target of the workspace; where something was seen before, on what may have changed.
pub(super) fn look(
    workspace: &Workspace,
    rows: &[CrateRows],
    rules: &[(&Rule, Page)],
    settings: &Settings,
    again: Option<Again<'_>>,
) -> Look {
    let files = again.as_ref().map(|it| it.files);
    let kept = again.as_ref().and_then(|it| it.kept);
    let mut seen = again.map(|it| it.seen).unwrap_or_default();
    workspace.attached(|| {
        let known = seen.lasting.known.take();
        let known = known.unwrap_or_else(|| Arc::new(Known::resolve(workspace.db(), rows)));
        let mentions = match (seen.lasting.mentions.take(), files) {
            (Some(mentions), Some(files)) => mentions.renewed(workspace, files),
            _ => {
                let asked_about = |it| is_asked_about(it, workspace, rules, settings);
                let asked = Asked {
                    calls: settings.follows_calls(),
                    races: asked_about(About::Races) || asked_about(About::Dropped),
                    state: asked_about(About::State) || asked_about(About::Dropped),
                    logged: asked_about(About::Logged),
                    futures: asked_about(About::Futures) || asked_about(About::Locals),
                    runtimes: asked_about(About::Runtimes),
                };
                Mentions::find(workspace, &known, asked)
            }
        };
        let effects = Effects::new(workspace, &known, &mentions);
        let locks = TakenLocks::new(workspace, &known);
        let losses = Losses::new(workspace, &known);
        let foreign = Foreign::new(workspace, &known);
        let shared = RefCell::new(std::mem::take(&mut seen.shared));
        let mut sights = Sights::default();
        let mut coverage = match files {
            None => unseen::coverage(workspace, &known),
            Some(_) => Coverage::default(),
        };
        let limits = SizeLimits { rules, settings };
        let without_timers = runtime::without_timers(workspace, &known);
        let mut targets: Vec<_> = workspace.targets().iter().enumerate().collect();
        // What is found for users decides what has to be asked again for tests.
        targets.sort_by_key(|(view, target)| (target.cfg_test, *view));
        for (view, target) in targets {
            match files {
                Some(files) if !seen.lasting.may_compile(view, files) => continue,
                Some(_) => (),
                None => {
                    for file in functions::files(workspace, target) {
                        seen.lasting.views.entry(file.clone()).or_default().insert(view);
                    }
                }
            }
            let runtime = runtime::runtime(workspace, &known, target);
            coverage.runtimes.extend(names(&runtime));
            let large_futures = LargeFutures::new(workspace, &known, target.krate, &limits);
            let place = InTarget {
                workspace,
                known: &known,
                effects: &effects,
                locks: &locks,
                losses: &losses,
                foreign: &foreign,
                large_futures,
                shared: &shared,
                rules,
                settings,
                target,
                several_threads: several_threads::certain(workspace, &known, target, &runtime),
                runtime,
                without_timers: without_timers.clone(),
            };
            let candidates =
                functions::candidates_in(workspace, &known, &mentions, target, &|it| {
                    files.is_none_or(|files| files.contains(it))
                });
            let wanted = |it: &Candidate| {
                let file = it.at.as_ref().map(|it| &it.file);
                let is_in = files.is_none_or(|files| file.is_none_or(|it| files.contains(it)));
                let is_known = |it: &Place| {
                    kept.is_some_and(|kept| kept.contains(it)) || seen.is_quiet(workspace, it)
                };
                is_in && !it.at.as_ref().is_some_and(is_known)
            };
            for candidate in candidates.into_iter().filter(wanted) {
                place.look_at(candidate, view, &mut sights, &mut coverage);
            }
        }
        let behind = effects.behind();
        seen.lasting.mentions = Some(mentions);
        // No edit touches what a dependency is.
        let touched = rows.iter().any(|it| workspace.has_library(&it.krate));
        seen.lasting.known = (!touched).then(|| Arc::clone(&known));
        seen.shared = shared.into_inner();
        let findings = sights.found.iter().map(|it| &it.finding.at);
        let bodies = sights.bodies.iter().map(|it| &it.at);
        seen.add(
            workspace,
            bodies,
            findings.chain(&sights.unresolved).chain(&sights.finds_outside),
        );
        let unresolved = std::mem::take(&mut sights.unresolved);
        let across = std::mem::take(&mut sights.across);
        let bodies = sights.bodies.iter().map(|it| it.at.clone());
        let bodies = bodies.filter(|it| !sights.finds_outside.contains(it)).collect();
        Look { findings: sights.merged(), coverage, unresolved, behind, across, bodies, seen }
    })
}

fn names(runtime: &Runtime) -> Vec<String> {
    match runtime {
        Runtime::One(it) => vec![it.name.clone()],
        Runtime::Several(it) => it.iter().cloned().collect(),
        Runtime::Unknown => Vec::new(),
    }
}

/// All that the bodies of one target have in common.
struct InTarget<'a, 'db> {
    workspace: &'db Workspace,
    known: &'db Known,
    effects: &'a Effects<'a, 'db>,
    locks: &'a TakenLocks<'db>,
    losses: &'a Losses<'db>,
    foreign: &'a Foreign<'db>,
    large_futures: LargeFutures<'a, 'db>,
    shared: &'a RefCell<Shared>,
    rules: &'a [(&'a Rule, Page)],
    settings: &'a Settings,
    target: &'a Target,
    runtime: Runtime,
    several_threads: bool,
    without_timers: Option<FilePath>,
}

impl<'db> InTarget<'_, 'db> {
    fn is_only_driven(&self, candidate: &Candidate, view: usize) -> bool {
        let (function, target) = (candidate.function, self.target);
        if self.shared.borrow().contains(&(view, function)) {
            return false;
        }
        let is_it = calls::is_only_driven(self.workspace, self.known, target, function);
        if !is_it {
            self.shared.borrow_mut().insert((view, function));
        }
        is_it
    }

    /// Whether a rule has a say in this body: one in preview or on demand only where
    /// somebody asks for it.
    fn has_a_say(&self, page: &Page, at: Option<&Place>) -> bool {
        let is_selected = |it: &Place| self.settings.of(&it.file).rule(page, &it.file).selected;
        page.by_default() || at.is_none_or(is_selected)
    }

    fn limit(&self, page: &Page, at: Option<&Place>) -> Option<u64> {
        let limit = |it: &Place| self.settings.of(&it.file).rule(page, &it.file).limit;
        at.map_or(page.limit, limit)
    }

    fn is_quiet_in_tests(&self, page: &Page, at: Option<&Place>) -> bool {
        at.map_or(page.quiet_in_tests, |at| {
            self.settings.of(&at.file).rule(page, &at.file).quiet_in_tests
        })
    }

    fn look_at(
        &self,
        candidate: Candidate,
        view: usize,
        sights: &mut Sights,
        coverage: &mut Coverage,
    ) {
        let kept_out = |it: &Place| self.workspace.kept_out(&it.file).is_some();
        if candidate.at.as_ref().is_some_and(kept_out) {
            return;
        }
        let at = candidate.at.clone();
        let mut checks = self.rules.iter().filter(|it| matches!(it.0.check, Check::Body(_)));
        let says_nothing = checks.all(|it| self.is_quiet_in_tests(&it.1, at.as_ref()));
        // Code for tests only has a say in what is done to code that it shares with others.
        let is_for_tests = candidate.in_test || self.target.cfg_test;
        if is_for_tests && says_nothing && !at.as_ref().is_some_and(|it| sights.has_finding_in(it))
        {
            return;
        }
        let body = guarded(coverage, "the analysis", at.as_ref(), || {
            let body =
                |entered| BodyFacts::new(self.workspace, self.known, candidate.function, entered);
            let with_calls = |body: BodyFacts<'db>| {
                let follows = self.settings.follows_calls();
                let calls = if follows { self.effects.in_body(&body) } else { Vec::new() };
                (body, calls)
            };
            let is_called = candidate.entered == Entered::Called;
            let (found, calls) = with_calls(body(candidate.entered));
            let blocks = found.blocks_as_async_function()
                || found.may_compute_for_long()
                || !calls.is_empty();
            match is_called && blocks && self.is_only_driven(&candidate, view) {
                true => with_calls(body(Entered::AsEntry)),
                false => (found, calls),
            }
        });
        let Some((body, calls)) = body else { return };
        if let Some(at) = &at
            && sights.counted.insert(at.clone())
        {
            unseen::add_body(&body, coverage);
        }
        sights.unresolved.extend(body.unresolved.iter().filter_map(|it| body.place_of(*it)));
        let around = Surroundings {
            workspace: self.workspace,
            manifest: self.workspace.packages()[self.target.package].manifest.clone(),
            runtime: runtime::of_body(
                self.workspace,
                self.known,
                self.target,
                &self.runtime,
                &body,
            ),
            several_threads: self.several_threads,
            without_timers: self.without_timers.clone(),
        };
        let mut findings = Vec::new();
        for (rule, page) in self.rules {
            let Check::Body(check) = rule.check else { continue };
            if !self.has_a_say(page, at.as_ref()) {
                continue;
            }
            let found = guarded(coverage, rule.name, at.as_ref(), || {
                let mut pass = Pass {
                    rule: rule.name,
                    page,
                    around: &around,
                    body: &body,
                    calls: &calls,
                    effects: self.settings.follows_calls().then_some(self.effects),
                    locks: self.locks,
                    losses: self.losses,
                    foreign: self.foreign,
                    target: self.target,
                    large_futures: &self.large_futures,
                    limit: self.limit(page, at.as_ref()),
                    findings: Vec::new(),
                };
                check(&mut pass);
                pass.findings
            });
            let in_test = candidate.in_test;
            let sight = |mut finding: Finding| {
                finding.within = at.clone().filter(|_| finding.behind.is_some());
                let quiet_in_tests = self.is_quiet_in_tests(page, Some(&finding.at));
                Sight { view, in_test, quiet_in_tests, finding }
            };
            findings.extend(found.into_iter().flatten().map(sight));
        }
        findings.retain(|it| !kept_out(&it.finding.at));
        if let Some(at) = &at {
            sights.add_outside(at, &findings);
        }
        sights.found.extend(findings);
        sights.bodies.extend(at.map(|at| Looked {
            view,
            for_tests: self.target.cfg_test,
            at,
            expressions: body.ranges(),
        }));
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    /// Whether the last panic on this thread began in rust-analyzer.
    static IN_ANALYZER: Cell<bool> = const { Cell::new(false) };
}

/// Its crates, as the paths of their sources name them.
const ANALYZER: &str = "ra_ap_";

/// Has each panic noted down by where it begins, besides what is done with it already.
fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            IN_ANALYZER.set(panic.location().is_some_and(|it| it.file().contains(ANALYZER)));
            others(panic);
        }));
    });
}

/// Whether a panic on this thread will be caught and reported, so that nobody else needs to speak of it.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs `work` so that a panic in it costs this one answer. A cancelled query is no panic and goes on.
pub(super) fn guarded<T>(
    coverage: &mut Coverage,
    who: &str,
    at: Option<&Place>,
    work: impl FnOnce() -> T,
) -> Option<T> {
    note_panics();
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    match result {
        Ok(it) => Some(it),
        Err(panic) if is_cancellation(&*panic) => resume_unwind(panic),
        // Code that cannot be read makes rust-analyzer stumble, now and then; that it was not seen is said already.
        Err(panic)
            if (IN_ANALYZER.get() || panic.is::<salsa::Cancelled>())
                && at.is_some_and(|it| coverage.broken_files.contains(&it.file)) =>
        {
            None
        }
        Err(panic) => {
            let place = match at {
                Some(it) => format!("{} (byte {})", it.file, u32::from(it.range.start())),
                None => "a macro".to_owned(),
            };
            let said = said(&*panic);
            coverage.internal_errors.push(format!("internal error in {who} at {place}: {said}"));
            None
        }
    }
}

/// What a panic says.
pub fn said(panic: &(dyn Any + Send)) -> &str {
    if panic.is::<salsa::Cancelled>() {
        return "what it asks for has panicked before";
    }
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message")
}
