//! One round: fixes that fit each other, tried out in memory, without those that would bring a new finding.

use std::collections::{HashMap, HashSet};

use crate::{
    config::Remedy,
    finding::{FilePath, Finding, Place, Severity, Want},
    plan::{
        Repair,
        merge::Merged,
        origin::Origins,
        planner::{Chosen, Key, Planner, changed, message_key},
        suppressed::{self, Heard},
        traces,
    },
    workspace::Texts,
};

/// So many fixes of one round are looked for one by one. After that all that stand near a new finding go.
const PATIENCE: usize = 8;

/// What came of some fixes.
struct Tried {
    /// The texts before imports are taken out.
    edited: Texts,
    after: Heard,
    /// What is found now and was not found before.
    worse: Vec<Finding>,
}

impl Planner<'_> {
    /// Repairs what can be repaired at once. None when there is nothing left to do.
    pub(super) fn round(&mut self, round: usize, heard: &Heard) -> Option<Heard> {
        let mut patience = PATIENCE;
        loop {
            let chosen = self.choose(round, &heard.findings);
            if chosen.repairs.is_empty() {
                return None;
            }
            let before = self.workspace.texts().clone();
            match self.try_out(&chosen.repairs, &chosen.merged, heard, &before) {
                Ok(tried) if tried.worse.is_empty() => return Some(self.keep(chosen, tried)),
                Ok(tried) => {
                    self.put_back(&before);
                    let (refused, new) = match patience {
                        0 => (suspects(&chosen.repairs, &tried.worse).0, tried.worse),
                        _ => self.culprit(&chosen.repairs, tried.worse, heard, &before),
                    };
                    patience = patience.saturating_sub(1);
                    let reason = format!("its result would have a new finding: {}", new[0].message);
                    self.refuse(refused.into_iter(), &reason);
                }
                Err(reason) => self.refuse(chosen.repairs.iter().filter(wants_feature), &reason),
            }
        }
    }

    /// Writes `merged`, which is all of `repairs`, over the texts `before`, and looks again; or says why that cannot be
    /// written.
    fn try_out(
        &mut self,
        repairs: &[Repair],
        merged: &Merged,
        heard: &Heard,
        before: &Texts,
    ) -> Result<Tried, String> {
        let edited = self.apply(merged)?;
        let files = changed(self.workspace.texts(), before).into_keys().collect();
        let after = self.look_again(heard, files);
        let now = self.workspace.texts();
        let mut worse = made_worse(&heard.findings, &after.findings, repairs, before, now);
        // A suppression that has lost its use is next to go; a new one has a use.
        if self.choice.remedy == Remedy::Fix {
            worse.retain(|it| !suppressed::is_about_comments(&self.rules, it));
        }
        worse.retain(|it| !self.is_remark(it));
        Ok(Tried { edited, after, worse })
    }

    /// Whether this is no reason to leave a repair out: somebody asked for it on top.
    fn is_remark(&self, finding: &Finding) -> bool {
        let page = self.rules.iter().map(|it| &it.1).find(|it| it.name == finding.rule);
        page.is_some_and(|it| it.on_demand || (it.preview && it.level == Severity::Info))
    }

    fn put_back(&mut self, before: &Texts) {
        let old = changed(before, self.workspace.texts());
        self.stale.extend(old.keys().cloned());
        self.workspace.set_texts(old);
    }

    fn keep(&mut self, chosen: Chosen, tried: Tried) -> Heard {
        let Chosen { merged, repairs, origins } = chosen;
        let fixes: Vec<_> = origins.into_iter().zip(repairs.iter().map(Repair::fix)).collect();
        let now = self.workspace.texts();
        traces::follow(&mut self.plan.traces, &fixes, &merged.edits(), &tried.edited, now);
        self.plan.repairs.extend(repairs);
        tried.after
    }

    /// The first repair with which there is a new finding, looked for by halving, and first among those that stand near
    /// `worse`; with what is new then.
    fn culprit<'r>(
        &mut self,
        repairs: &'r [Repair],
        mut worse: Vec<Finding>,
        heard: &Heard,
        before: &Texts,
    ) -> (Vec<&'r Repair>, Vec<Finding>) {
        let (near, far) = suspects(repairs, &worse);
        let (mut good, mut bad) = (0, repairs.len());
        let mut next = far.len();
        let order: Vec<&Repair> = far.into_iter().chain(near).collect();
        while bad - good > 1 {
            let first = if next > good && next < bad { next } else { (good + bad) / 2 };
            next = 0;
            let some: Vec<Repair> = order[..first].iter().map(|it| (*it).clone()).collect();
            let mut merged = Merged::default();
            // What fits all of them fits some.
            some.iter().filter_map(Repair::fix).for_each(|it| _ = merged.add(it));
            let new = self.try_out(&some, &merged, heard, before).map_or(Vec::new(), |it| it.worse);
            self.put_back(before);
            match new.is_empty() {
                true => good = first,
                false => (bad, worse) = (first, new),
            }
        }
        (vec![order[bad - 1]], worse)
    }

    /// Fixes that are refused are not tried again.
    fn refuse<'r>(&mut self, repairs: impl Iterator<Item = &'r Repair>, reason: &str) {
        for repair in repairs {
            self.skip(&repair.finding, &repair.title, reason);
        }
    }
}

fn wants_feature(repair: &&Repair) -> bool {
    repair.fix().is_some_and(|it| it.wants.iter().any(|it| matches!(it, Want::Feature(..))))
}

/// What a round repaired near a finding that was not there before, or else all of it; and what else it repaired.
fn suspects<'r>(repairs: &'r [Repair], worse: &[Finding]) -> (Vec<&'r Repair>, Vec<&'r Repair>) {
    let files: HashSet<&FilePath> = worse.iter().map(|it| &it.at.file).collect();
    let edits =
        |it: &Repair| it.fix().is_some_and(|it| it.edits.keys().any(|it| files.contains(it)));
    let (near, far): (Vec<_>, Vec<_>) =
        repairs.iter().partition(|it| files.contains(&it.finding.at.file) || edits(it));
    if near.is_empty() { (far, near) } else { (near, far) }
}

/// Findings that there are more of after a round than `before` it.
///
/// One that is where it was is the same one, whatever it says now: which way it takes to something that waits may have
/// changed. Where a repair was, or was written, findings are counted by what they say.
fn made_worse(
    before: &[Finding],
    after: &[Finding],
    repairs: &[Repair],
    then: &Texts,
    now: &Texts,
) -> Vec<Finding> {
    let repaired: HashSet<(&Place, &str)> =
        repairs.iter().map(|it| (&it.finding.at, it.finding.rule)).collect();
    let mut there: HashMap<Key, Vec<&Finding>> = HashMap::new();
    for it in before.iter().filter(|it| !repaired.contains(&(&it.at, it.rule))) {
        there.entry((it.at.clone(), it.rule)).or_default().push(it);
    }
    let mut origins = Origins::new(then, now);
    let mut moved = Vec::new();
    for it in after {
        let same = origins.of(&it.at).and_then(|at| there.get_mut(&(at, it.rule)));
        if same.and_then(Vec::pop).is_none() {
            moved.push(it);
        }
    }
    let gone = there.into_values().flatten();
    let mut known: HashMap<_, usize> = HashMap::new();
    for it in gone.chain(before.iter().filter(|it| repaired.contains(&(&it.at, it.rule)))) {
        *known.entry(message_key(it)).or_default() += 1;
    }
    moved.retain(|it| match known.get_mut(&message_key(it)) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    });
    moved.into_iter().cloned().collect()
}
