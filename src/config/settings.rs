//! All that configures the files of a workspace, and what comes of it for each.

use crate::{
    config::{
        Reasons, Suppressions,
        layer::Layer,
        names::{self, Fit},
        values::{FailOn, Level, RuleValues, Tests, Values, Verify},
    },
    finding::{Applicability, FilePath, Fix, Severity},
    knowledge::CrateRows,
    page::Page,
};

/// What configures a workspace.
#[derive(Clone, Default, Debug)]
pub struct Settings {
    /// What counts for files of no package.
    pub root: Chain,
    pub packages: Vec<(FilePath, Chain)>,
    /// Files that are there and do not count, one sentence each.
    pub warnings: Vec<String>,
}

/// The places that configure a package, each counting more than those before it.
#[derive(Clone, Default, Debug)]
pub struct Chain(pub Vec<Layer>);

/// What is wanted of a rule in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RuleChoice {
    /// Whether its findings are reported.
    pub selected: bool,
    /// How much they matter, where that is not left to the rule.
    pub level: Option<Severity>,
    /// Whether it says nothing about tests, benches and build scripts.
    pub quiet_in_tests: bool,
    /// Whether its fixes may be written.
    pub fixable: bool,
    /// How many bytes it takes for granted, or how many things at once.
    pub limit: Option<u64>,
    /// What its fixes count as, where that is not left to the rule.
    pub rating: Option<Applicability>,
}

impl Settings {
    /// Those of packages in `folders` that nothing configures.
    pub fn of_nothing(folders: impl Iterator<Item = FilePath>) -> Settings {
        let packages = folders.map(|it| (it, Chain::default())).collect();
        Settings { packages, ..Settings::default() }
    }

    /// Whether unsafe fixes are written wherever safe ones are.
    pub fn take_unsafe_fixes(&self) -> bool {
        let mut chains = self.packages.iter().map(|it| &it.1).chain([&self.root]);
        chains.all(Chain::unsafe_fixes)
    }

    /// What configures a file or a folder: the settings of its package.
    pub fn of(&self, file: &FilePath) -> &Chain {
        self.nearest(file).map_or(&self.root, |it| &it.1)
    }

    /// The folder of the package that a file belongs to.
    pub fn package(&self, file: &FilePath) -> Option<&FilePath> {
        self.nearest(file).map(|it| &it.0)
    }

    fn nearest(&self, file: &FilePath) -> Option<&(FilePath, Chain)> {
        let around = self.packages.iter().filter(|it| *file == it.0 || file.is_in(&it.0));
        around.max_by_key(|it| it.0.as_str().len())
    }

    /// Adds a layer that counts more than all others, everywhere.
    pub fn push(&mut self, layer: Layer) {
        let chains = self.packages.iter_mut().map(|it| &mut it.1).chain([&mut self.root]);
        chains.for_each(|it| it.0.push(layer.clone()));
    }

    /// Whether what functions do is looked for where they are called.
    pub fn follows_calls(&self) -> bool {
        self.root.last(|it| it.follow_calls).unwrap_or(true)
    }

    /// How fixes are made sure of.
    pub fn verify(&self) -> Verify {
        self.root.last(|it| it.verify?.mode).unwrap_or_default()
    }

    /// The user's own rows, behind those that members ship; of two for one item the later counts.
    pub fn knowledge(&self) -> impl Iterator<Item = &CrateRows> {
        let of_root = self.root.0.iter().flat_map(|it| it.values.knowledge.iter().flatten());
        let is_of_root = |it: &&Layer| self.root.0.iter().any(|of| of.source == it.source);
        let of_members = self.packages.iter().flat_map(|it| &it.1.0);
        let of_members = of_members.filter(move |it| !is_of_root(it));
        of_members.flat_map(Layer::shipped_rows).chain(of_root)
    }
}

impl Chain {
    pub fn unsafe_fixes(&self) -> bool {
        self.last(|it| it.unsafe_fixes).unwrap_or(false)
    }

    pub fn fail_on(&self) -> Option<Severity> {
        self.last(|it| it.fail_on).unwrap_or(FailOn::Warn).severity()
    }

    /// Whether a suppression has to give a reason.
    pub fn reasons(&self) -> Reasons {
        match self.last(|it| it.suppressions.as_ref()?.require_reason) {
            Some(true) => Reasons::Required,
            Some(false) | None => Reasons::Optional,
        }
    }

    /// Whether what clippy is told to pass over is left alone.
    pub fn clippy_allows(&self) -> Suppressions {
        match self.last(|it| it.suppressions.as_ref()?.honor_clippy_allow) {
            Some(false) => Suppressions::Ignored,
            Some(true) | None => Suppressions::Honoured,
        }
    }

    fn last<T>(&self, value: impl Fn(&Values) -> Option<T>) -> Option<T> {
        self.0.iter().rev().find_map(|it| value(&it.values))
    }

    /// Whether a file is neither reported on nor edited.
    pub fn excludes(&self, file: &FilePath) -> bool {
        self.0.iter().rev().find_map(|it| it.exclude.verdict(file)).unwrap_or(false)
    }

    /// What is wanted of the rule of `page` in `file`.
    pub fn rule(&self, page: &Page, file: &FilePath) -> RuleChoice {
        let mut choice = RuleChoice {
            selected: page.by_default(),
            level: None,
            quiet_in_tests: page.quiet_in_tests,
            fixable: true,
            limit: page.limit,
            rating: None,
        };
        let mut ignored = false;
        for layer in &self.0 {
            choose(&layer.values, page, &mut choice);
            let here = layer.per_path.iter().filter(|it| it.0.verdict(file) == Some(true));
            for (_, values) in here {
                ignored |= names::closest(values.ignore.as_ref(), page).is_some();
                if let Some(rule) = values.rules.as_ref().and_then(|it| it.get(&page.name)) {
                    choice.selected = rule.level.map_or(choice.selected, |it| it != Level::Off);
                    set_details(rule, &mut choice);
                }
            }
        }
        choice.selected &= !ignored;
        choice
    }
}

/// What one layer says of a rule: of its lists the closer name counts, and the one that takes away when both fit as well.
fn choose(values: &Values, page: &Page, choice: &mut RuleChoice) {
    let rule = values.rules.as_ref().and_then(|it| it.get(&page.name));
    let level = rule.and_then(|it| it.level);
    let own = |it: bool| it.then_some(Fit::Own);
    let fit = |it: &Option<Vec<String>>| names::closest(it.as_ref(), page);

    // What is done on demand is asked for by its own name alone.
    let asks = |it| fit(it).filter(|it| *it == Fit::Own || !page.on_demand);
    let on = asks(&values.select).max(asks(&values.extend_select));
    let on = on.max(own(level.is_some_and(|it| it != Level::Off)));
    let off = fit(&values.ignore).max(own(level == Some(Level::Off)));
    let all_others = values.select.is_some().then_some(false);
    choice.selected = decide(on, off).or(all_others).unwrap_or(choice.selected);
    if let Some(rule) = rule {
        set_details(rule, choice);
    }

    let fixable = decide(fit(&values.fixable), fit(&values.unfixable));
    let all_others = values.fixable.is_some().then_some(false);
    choice.fixable = fixable.or(all_others).unwrap_or(choice.fixable);
    match decide(fit(&values.extend_safe_fixes), fit(&values.extend_unsafe_fixes)) {
        // What is done on demand is never done together with what is safe.
        Some(true) if !page.on_demand => choice.rating = Some(Applicability::Safe),
        Some(true) => (),
        Some(false) => choice.rating = Some(Applicability::Unsafe),
        None => (),
    }
}

fn decide(on: Option<Fit>, off: Option<Fit>) -> Option<bool> {
    match (on, off) {
        (None, None) => None,
        (on, off) => Some(on > off),
    }
}

/// How a rule speaks where it is selected.
fn set_details(rule: &RuleValues, choice: &mut RuleChoice) {
    choice.level = rule.level.and_then(Level::severity).or(choice.level);
    choice.quiet_in_tests = rule.tests.map_or(choice.quiet_in_tests, |it| it == Tests::Quiet);
    choice.limit = rule.limit.or(choice.limit);
}

impl RuleChoice {
    /// Makes `fix` count as what it is set to count as.
    pub fn rate(&self, fix: &mut Fix) {
        let (rating, doubt) = match (self.rating, fix.applicability) {
            (_, Applicability::Manual) => return,
            _ if !self.fixable => {
                (Applicability::Manual, Some("its rule is not among the fixable ones"))
            }
            (Some(Applicability::Safe), Applicability::Unsafe) => (Applicability::Safe, None),
            (Some(Applicability::Unsafe), Applicability::Safe) => {
                (Applicability::Unsafe, Some("it is set to count as unsafe"))
            }
            _ => return,
        };
        fix.applicability = rating;
        fix.doubt = doubt.map(str::to_owned);
    }
}
