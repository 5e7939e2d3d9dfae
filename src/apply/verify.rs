//! Takes back the repairs without which a check has nothing to complain about, and no others.

use crate::{
    apply::verify::problem::{LooseKey, Problem},
    config::Choice,
    finding::{Finding, Place},
    knowledge::CrateRows,
    plan::{self, Plan, Repair, TakenBack},
    workspace::Workspace,
};

mod blame;
pub mod build;
mod cargo;
pub mod memory;
mod packages;
pub mod problem;

/// All that it takes to plan once more.
pub struct Session<'a> {
    pub workspace: &'a mut Workspace,
    pub rows: &'a [CrateRows],
    pub choice: &'a Choice,
}

/// Says what is wrong with the new texts of a plan and was not wrong with the old ones, or why it cannot say it. It leaves the texts in
/// the workspace as they are.
pub type Check<'a, E> = dyn FnMut(&Plan, &mut Workspace) -> Result<Vec<Problem>, E> + 'a;

/// The most of `plan` that `check` has nothing against; what it had something against is in `taken_back`. The texts in
/// the workspace are those of `plan`, and of the plan that comes back.
///
/// A repair is taken back when it alone wrote what an error is about, and put in again when the error stays without
/// it. What no error points at is found by halving: the first repair, in their order, with which the error is there.
pub fn settle<E>(
    session: &mut Session<'_>,
    plan: Plan,
    check: &mut Check<'_, E>,
) -> Result<Plan, E> {
    let before = plan.taken_back.clone();
    let (blamed, innocent) = (Vec::new(), Vec::new());
    let mut search =
        Search { session, check, before, base: plan.clone(), now: plan, blamed, innocent };
    loop {
        let problems = search.check_now()?;
        if search.put_in_again(&problems) {
            continue;
        }
        let Some(problem) = problems.first() else { return Ok(search.now) };
        // What is new without any repair comes and goes by itself.
        if search.base.repairs.is_empty() {
            return Ok(search.now);
        }
        if !search.blame_the_certain(&problems) {
            let index = search.culprit(problem, number_of(problem, &problems))?;
            search.blame(index, problem, Certainty::Proved);
        }
        search.plan_on();
    }
}

struct Search<'a, 'w, 'c, E> {
    session: &'a mut Session<'w>,
    check: &'a mut Check<'c, E>,
    /// What an earlier check took back.
    before: Vec<TakenBack>,
    /// The plan whose repairs are judged.
    base: Plan,
    /// The plan whose texts are in the workspace.
    now: Plan,
    blamed: Vec<Blamed>,
    /// Repairs that were blamed, and without which the error stayed.
    innocent: Vec<Identity>,
}

struct Blamed {
    repair: TakenBack,
    error: LooseKey,
    certainty: Certainty,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// The error points at it. So many errors that say the same should be left without it.
    Pointed { left: usize },
    /// The error comes and goes with it.
    Proved,
}

/// How many of `problems` say the same as `problem`. The line of an error may be edited, so nothing less tells.
fn number_of(problem: &Problem, problems: &[Problem]) -> usize {
    problems.iter().filter(|it| it.loose_key() == problem.loose_key()).count()
}

/// What a repair is known by in every plan: the place of its finding, the rule, what it says, and what is done about it.
#[derive(PartialEq, Eq)]
struct Identity(Option<Place>, &'static str, String, String);

impl Identity {
    fn of(at: Option<&Place>, finding: &Finding, title: &str) -> Identity {
        Identity(at.cloned(), finding.rule, finding.message.clone(), title.to_owned())
    }
}

impl<E> Search<'_, '_, '_, E> {
    fn check_now(&mut self) -> Result<Vec<Problem>, E> {
        (self.check)(&self.now, self.session.workspace)
    }

    /// Repairs whose error is still there without them are innocent, as far as that error goes.
    fn put_in_again(&mut self, problems: &[Problem]) -> bool {
        let number =
            |error: &LooseKey| problems.iter().filter(|it| it.loose_key() == *error).count();
        let is_wrong = |it: &Blamed| matches!(it.certainty, Certainty::Pointed { left } if number(&it.error) > left);
        let (wrong, right): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.blamed).into_iter().partition(is_wrong);
        self.blamed = right;
        let identity = |Blamed { repair, .. }: &Blamed| {
            Identity::of(repair.at.as_ref(), &repair.finding, &repair.title)
        };
        self.innocent.extend(wrong.iter().map(identity));
        // What an error has gone with stays blamed, whatever comes to light later.
        self.blamed.iter_mut().for_each(|it| it.certainty = Certainty::Proved);
        if !wrong.is_empty() {
            self.plan_on();
        }
        !wrong.is_empty()
    }

    fn blame_the_certain(&mut self, problems: &[Problem]) -> bool {
        let pointed = problems.iter().filter_map(|problem| {
            let index = blame::certain(&self.base, problem)?;
            let Repair { finding, title, .. } = &self.base.repairs[index];
            let identity = Identity::of(self.base.traces[index].at.as_ref(), finding, title);
            (!self.innocent.contains(&identity)).then_some((index, problem))
        });
        let pointed: Vec<_> = pointed.collect();
        for (index, problem) in &pointed {
            let gone = pointed.iter().filter(|it| it.1.loose_key() == problem.loose_key()).count();
            let left = number_of(problem, problems) - gone;
            self.blame(*index, problem, Certainty::Pointed { left });
        }
        !pointed.is_empty()
    }

    fn blame(&mut self, index: usize, problem: &Problem, certainty: Certainty) {
        let repair = taken_back(&self.base, index, problem);
        let is_same = |it: &Blamed| {
            (&it.repair.at, it.repair.finding.key(), &it.repair.title)
                == (&repair.at, repair.finding.key(), &repair.title)
        };
        if !self.blamed.iter().any(is_same) {
            self.blamed.push(Blamed { repair, error: problem.loose_key(), certainty });
        }
    }

    /// Plans without what is blamed, so that the next best fix takes its place.
    fn plan_on(&mut self) {
        self.plan_without(&[]);
        self.base = self.now.clone();
    }

    /// ... and with none at all for the findings of `others`.
    fn plan_without(&mut self, others: &[TakenBack]) {
        let blamed = self.blamed.iter().map(|it| &it.repair);
        let taken_back = self.before.iter().chain(blamed).cloned().collect();
        let Session { workspace, rows, choice } = &mut *self.session;
        self.now = plan::plan_again(workspace, rows, choice, &self.now, taken_back, others);
    }

    /// The first repair with which there are as many errors like `problem` as now, looked for where it is likely first.
    fn culprit(&mut self, problem: &Problem, number: usize) -> Result<usize, E> {
        let all = self.base.repairs.len();
        for suspects in blame::suspects(&self.base, problem) {
            // Without any repair there is no new error.
            if suspects.len() < all && self.shows(problem, number, &suspects)? {
                continue;
            }
            let (mut good, mut bad) = (0, suspects.len());
            while bad - good > 1 {
                let middle = (good + bad) / 2;
                match self.shows(problem, number, &suspects[middle..])? {
                    true => bad = middle,
                    false => good = middle,
                }
            }
            return Ok(suspects[bad - 1]);
        }
        Ok(all - 1)
    }

    /// Whether there are `number` errors like `problem` without these repairs.
    fn shows(&mut self, problem: &Problem, number: usize, without: &[usize]) -> Result<bool, E> {
        let without: Vec<_> =
            without.iter().map(|index| taken_back(&self.base, *index, problem)).collect();
        self.plan_without(&without);
        Ok(number_of(problem, &self.check_now()?) >= number)
    }
}

fn taken_back(plan: &Plan, index: usize, problem: &Problem) -> TakenBack {
    let repair = &plan.repairs[index];
    TakenBack {
        finding: repair.finding.clone(),
        at: plan.traces[index].at.clone(),
        title: repair.title.clone(),
        error: problem.summary(),
        rendered: problem.rendered.clone(),
    }
}
