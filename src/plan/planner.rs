//! The rounds: look, choose fixes that fit each other, edit in memory, look again.

use std::collections::{HashMap, HashSet};

use crate::{
    config::Choice,
    finding::{Applicability, FilePath, Finding, Fix, Place},
    knowledge::CrateRows,
    page::Page,
    plan::{
        Change, Plan, Repair, Skipped,
        features::{self, Features},
        imports,
        look::{self, Look},
        merge::Merged,
    },
    rules::{self, Rule},
    workspace::{Texts, Workspace},
};

pub(super) struct Planner<'a> {
    workspace: &'a mut Workspace,
    rows: &'a [CrateRows],
    choice: &'a Choice,
    rules: Vec<(&'static Rule, Page)>,
    plan: Plan,
    /// Fixes that turned out wrong: where they start from, by the text of the finding.
    refused: HashMap<(Place, &'static str), String>,
    features: Features,
}

impl<'a> Planner<'a> {
    pub fn new(
        workspace: &'a mut Workspace,
        rows: &'a [CrateRows],
        choice: &'a Choice,
    ) -> Planner<'a> {
        let rules = rules::with_pages();
        let (plan, features) = (Plan::default(), Features::default());
        Planner { workspace, rows, choice, rules, plan, refused: HashMap::new(), features }
    }

    pub fn run(mut self) -> Plan {
        let mut look = self.look();
        self.plan.coverage = look.coverage;
        self.plan.findings = self.wanted(&look.findings);
        let original = self.workspace.texts().clone();
        // Each round repairs something for good, so there are at most as many as there are findings.
        for round in 0..look.findings.len() {
            match self.round(round, &look.findings) {
                Some(next) => look.findings = next,
                None => break,
            }
        }
        self.plan.remaining = self.wanted(&look.findings);
        self.plan.changes = self.changes(&original);
        let spoken_of = self.spoken_of();
        self.plan.texts = original.into_iter().filter(|it| spoken_of.contains(&it.0)).collect();
        self.plan
    }

    fn look(&self) -> Look {
        look::look(self.workspace, self.rows, &self.rules)
    }

    /// Repairs what can be repaired at once. None when there is nothing left to do.
    fn round(&mut self, round: usize, findings: &[Finding]) -> Option<Vec<Finding>> {
        loop {
            let before = self.workspace.texts().clone();
            let (merged, repairs) = self.choose(round, findings);
            if repairs.is_empty() {
                return None;
            }
            self.apply(merged);
            let after = self.look().findings;
            let worse = made_worse(findings, &after);
            if worse.is_empty() {
                self.plan.repairs.extend(repairs);
                return Some(after);
            }
            self.workspace.set_texts(changed(&before, self.workspace.texts()));
            self.refuse(&repairs, &worse);
        }
    }

    /// The best fix of each finding that is wanted, as far as they fit each other.
    fn choose(&mut self, round: usize, findings: &[Finding]) -> (Merged, Vec<Repair>) {
        let mut merged = Merged::default();
        let mut repairs = Vec::new();
        for finding in &self.wanted(findings) {
            if self.refused.contains_key(&(finding.at.clone(), finding.rule)) {
                continue;
            }
            let Some(fix) = finding.fixes.iter().find(|it| self.may_apply(it)) else { continue };
            if let Err(reason) = self.features.possible(self.workspace, fix) {
                self.skip(finding, fix, reason);
                continue;
            }
            if merged.add(fix) {
                repairs.push(Repair {
                    finding: finding.clone(),
                    title: fix.title.clone(),
                    applicability: fix.applicability,
                    round,
                });
            }
        }
        (merged, repairs)
    }

    fn may_apply(&self, fix: &Fix) -> bool {
        let least =
            if self.choice.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe };
        fix.applicability >= least
    }

    fn apply(&mut self, merged: Merged) {
        let mut texts = Texts::new();
        for (file, edit) in &merged.edits {
            let Some(text) = self.workspace.text(file) else { continue };
            let mut text = text.to_owned();
            edit.apply(&mut text);
            texts.insert(file.clone(), text);
        }
        let tidied = self.tidied(&texts);
        texts.extend(tidied);
        self.workspace.set_texts(texts);
        // Each of them was possible, and features only add to each other.
        if let Ok(texts) = features::edits(self.workspace, &merged.features) {
            self.workspace.set_texts(texts);
        }
    }

    /// Those of the `edited` texts that have imports to lose, without them.
    fn tidied(&self, edited: &Texts) -> Texts {
        let tidied = edited.iter().filter_map(|(file, after)| {
            let meanings = imports::meanings(self.workspace, file);
            let others = self.others_of_package(file, edited);
            let before = self.workspace.text(file)?;
            Some((file.clone(), imports::tidied(before, after, &meanings, &others)?))
        });
        tidied.collect()
    }

    /// The other Rust files that may be of the same crate, as they will be.
    fn others_of_package<'t>(&'t self, file: &FilePath, edited: &'t Texts) -> Vec<&'t str> {
        let package = |file: &FilePath| {
            let folders = self.workspace.packages().iter().map(|it| it.manifest.folder());
            folders.filter(|it| file.is_in(it)).max_by_key(|it| it.as_str().len())
        };
        let own = package(file);
        // A file outside all packages was reached by `#[path]`, by any of them.
        let may_share = |it: &FilePath| match (&own, package(it)) {
            (Some(own), Some(other)) => *own == other,
            _ => true,
        };
        let texts = self.workspace.texts().iter();
        let others =
            texts.filter(|it| it.0 != file && it.0.as_str().ends_with(".rs") && may_share(it.0));
        others.map(|it| edited.get(it.0).unwrap_or(it.1).as_str()).collect()
    }

    /// What this round repaired near a finding that was not there before is taken back, and not tried again.
    fn refuse(&mut self, repairs: &[Repair], worse: &[Finding]) {
        let files: HashSet<&FilePath> = worse.iter().map(|it| &it.at.file).collect();
        let here = |it: &&Repair| files.contains(&it.finding.at.file);
        let suspects: Vec<&Repair> = match repairs.iter().any(|it| here(&it)) {
            true => repairs.iter().filter(here).collect(),
            false => repairs.iter().collect(),
        };
        for repair in suspects {
            let reason = format!("its result would have a new finding: {}", worse[0].message);
            let finding = repair.finding.clone();
            self.refused.insert((finding.at.clone(), finding.rule), reason.clone());
            self.plan.skipped.push(Skipped { finding, title: repair.title.clone(), reason });
        }
    }

    fn skip(&mut self, finding: &Finding, fix: &Fix, reason: String) {
        let key = (finding.at.clone(), finding.rule);
        if self.refused.insert(key, reason.clone()).is_none() {
            let (finding, title) = (finding.clone(), fix.title.clone());
            self.plan.skipped.push(Skipped { finding, title, reason });
        }
    }

    fn wanted(&self, findings: &[Finding]) -> Vec<Finding> {
        findings.iter().filter(|it| self.is_wanted(it)).cloned().collect()
    }

    fn is_wanted(&self, finding: &Finding) -> bool {
        let paths = &self.choice.paths;
        let file = self.workspace.disk_path(&finding.at.file);
        self.choice.wants_rule(finding.rule)
            && (paths.is_empty() || paths.iter().any(|it| file.starts_with(it)))
    }

    fn changes(&self, original: &Texts) -> Vec<Change> {
        changed(self.workspace.texts(), original)
            .into_iter()
            .filter_map(|(file, after)| {
                let before = original.get(&file)?.clone();
                Some(Change { file, before, after })
            })
            .collect()
    }

    fn spoken_of(&self) -> HashSet<FilePath> {
        let plan = &self.plan;
        let findings = plan.findings.iter().chain(&plan.remaining);
        let notes = |it: &Finding| -> Vec<FilePath> {
            it.because.iter().filter_map(|it| Some(it.at.as_ref()?.file.clone())).collect()
        };
        findings
            .flat_map(|it| [vec![it.at.file.clone()], notes(it)].concat())
            .chain(plan.changes.iter().map(|it| it.file.clone()))
            .collect()
    }
}

/// What is in `now` and was not, or not so, in `then`.
fn changed(now: &Texts, then: &Texts) -> Texts {
    let differs = |it: &(&FilePath, &String)| then.get(it.0) != Some(it.1);
    now.iter().filter(differs).map(|(file, text)| (file.clone(), text.clone())).collect()
}

/// Findings that there are more of after a round than before it. Places move, so they are counted by what they say.
fn made_worse(before: &[Finding], after: &[Finding]) -> Vec<Finding> {
    let key = |it: &Finding| (it.at.file.clone(), it.rule, it.message.clone());
    let mut known: HashMap<_, usize> = HashMap::new();
    for it in before {
        *known.entry(key(it)).or_default() += 1;
    }
    let is_new = |it: &&Finding| match known.get_mut(&key(it)) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    };
    after.iter().filter(is_new).cloned().collect()
}
