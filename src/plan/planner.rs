//! The rounds: look, choose fixes that fit each other, edit in memory, look again.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::{
    config::{
        Choice, Remedy,
        decision::{Answer, Fixes},
    },
    finding::{self, Coverage, FilePath, Finding, Fix, Place},
    knowledge::CrateRows,
    page::Page,
    plan::{
        Change, Plan, Repair, Skipped, TakenBack,
        features::{self, Features},
        look::{self, Look},
        merge::Merged,
        origin::Origins,
        seen::{Again, Seen},
        suppressed::{Heard, Suppressing},
        tidy,
        watch::Sight,
    },
    rules::{self, Rule},
    workspace::{Texts, Workspace},
};

mod round;

/// What makes a finding the same one in every round.
type Key = (Place, &'static str);

pub(super) struct Planner<'a> {
    workspace: &'a mut Workspace,
    rows: &'a [CrateRows],
    choice: &'a Choice,
    rules: Vec<(&'static Rule, Page)>,
    plan: Plan,
    original: Texts,
    /// Fixes that turned out wrong, by their titles and by where their findings are in the original text, which does not
    /// move. Those in code that a round wrote are known by where they are then.
    refused: HashSet<(Key, String)>,
    /// Findings that get no fix at all.
    left_out: &'a [TakenBack],
    features: Features,
    /// For each file the others that have a say in what is found in it.
    behind: BTreeMap<FilePath, BTreeSet<FilePath>>,
    /// Files of which one finds something in the other.
    across: BTreeMap<FilePath, BTreeSet<FilePath>>,
    seen: Seen,
    /// Files that were edited and put back since the last look.
    stale: BTreeSet<FilePath>,
}

/// The fixes of one round.
#[derive(Default)]
struct Chosen {
    merged: Merged,
    repairs: Vec<Repair>,
    /// Where the findings of `repairs` are in the original text.
    origins: Vec<Option<Place>>,
}

impl<'a> Planner<'a> {
    pub fn new(
        workspace: &'a mut Workspace,
        rows: &'a [CrateRows],
        choice: &'a Choice,
    ) -> Planner<'a> {
        let rules = rules::with_pages();
        let plan = Plan { remedy: choice.remedy.clone(), ..Plan::default() };
        let features = Features::default();
        let (original, refused) = (workspace.texts().clone(), HashSet::new());
        let (behind, seen, stale) = (BTreeMap::new(), Seen::default(), BTreeSet::new());
        Planner {
            workspace,
            rows,
            choice,
            rules,
            plan,
            original,
            refused,
            left_out: &[],
            features,
            behind,
            across: BTreeMap::new(),
            seen,
            stale,
        }
    }

    /// Does not try the fixes in `taken_back`, nor any for the findings in `left_out`.
    pub fn without(mut self, taken_back: Vec<TakenBack>, left_out: &'a [TakenBack]) -> Planner<'a> {
        let refused = |it: &TakenBack| (key(it.at.clone(), &it.finding), it.title.clone());
        self.refused.extend(taken_back.iter().map(refused));
        self.plan.taken_back = taken_back;
        self.left_out = left_out;
        self
    }

    pub fn run(mut self) -> Plan {
        let heard = self.look();
        self.run_from(heard)
    }

    /// Starts from what a look at these very texts has found.
    pub fn run_after(mut self, sight: &Sight) -> Plan {
        let Sight { heard, coverage, behind, across, lasting, .. } = sight;
        self.plan.coverage = coverage.clone();
        self.behind = behind.clone();
        self.across = across.clone();
        self.seen.lasting = lasting.clone();
        let mut heard = heard.clone();
        self.remedy(&mut heard.findings);
        self.run_from(heard)
    }

    fn run_from(mut self, mut heard: Heard) -> Plan {
        self.plan.findings = self.wanted(&heard.findings);
        self.plan.suppressed_before = self.wanted(&heard.suppressed);
        // Each round repairs something for good, so there are at most as many as there are findings, and names in
        // suppressions, which lose their use.
        for round in 0..heard.findings.len() + heard.names {
            match self.round(round, &heard) {
                Some(next) => heard = next,
                None => break,
            }
        }
        self.plan.remaining = self.wanted(&heard.findings);
        self.tell_what_was_chosen_in_vain();
        self.forget_what_was_done_otherwise();
        self.plan.suppressed = self.wanted(&heard.suppressed);
        self.plan.changes = self.changes();
        let spoken_of = self.spoken_of();
        self.plan.texts =
            self.original.into_iter().filter(|it| spoken_of.contains(&it.0)).collect();
        self.plan
    }

    fn look(&mut self) -> Heard {
        let settings = &self.choice.settings;
        let mut look = look::look(self.workspace, self.rows, &self.rules, settings, None);
        let mut coverage = std::mem::take(&mut look.coverage);
        self.behind = std::mem::take(&mut look.behind);
        self.across = std::mem::take(&mut look.across);
        self.seen = std::mem::take(&mut look.seen);
        let heard = self.hear(look, &mut coverage, None);
        self.plan.coverage = coverage;
        heard
    }

    fn hear(
        &self,
        look: Look,
        coverage: &mut Coverage,
        files: Option<&BTreeSet<FilePath>>,
    ) -> Heard {
        let mut heard = self.suppressing().hear(look, coverage, files);
        self.remedy(&mut heard.findings);
        heard
    }

    fn suppressing(&self) -> Suppressing<'_> {
        let Planner { workspace, choice, rules, .. } = self;
        Suppressing { workspace, choice, rules }
    }

    /// Gives the findings what the user wants in place of their fixes, where that is something else.
    fn remedy(&self, findings: &mut [Finding]) {
        let suppressing = self.suppressing();
        if let Remedy::Suppress { reason } = &self.choice.remedy {
            suppressing.suppress(findings, |it| self.is_wanted(it), reason.as_deref());
        }
        self.answer(&suppressing, findings);
    }

    /// Gives the findings that the user has an answer of their own to that one, in place of their fixes.
    fn answer(&self, suppressing: &Suppressing<'_>, findings: &mut [Finding]) {
        if matches!(self.choice.fixes, Fixes::Best) {
            return;
        }
        let mut origins = Origins::new(&self.original, self.workspace.texts());
        for finding in findings {
            let Some(at) = origins.of(&finding.at) else { continue };
            match self.choice.fixes.answer(&at, finding.rule) {
                Some(Answer::Edited(fix)) => {
                    // It was written for the text as it was.
                    let file = &finding.at.file;
                    let is_as_it_was =
                        self.original.get(file).map(String::as_str) == self.workspace.text(file);
                    finding.fixes = is_as_it_was.then(|| fix.clone()).into_iter().collect();
                }
                Some(Answer::Suppress { reason }) => {
                    let finding = std::slice::from_mut(finding);
                    suppressing.suppress(finding, |_| true, reason.as_deref());
                }
                Some(Answer::Take(_)) | None => (),
            }
        }
    }

    /// What is found after an edit of `files`. Edits stay within bodies and imports, so others find what they found,
    /// except where they call what was edited.
    fn look_again(&mut self, before: &Heard, mut files: BTreeSet<FilePath>) -> Heard {
        files.append(&mut self.stale);
        let calls_edited = |it: &(&FilePath, &BTreeSet<FilePath>)| !it.1.is_disjoint(&files);
        let callers: Vec<_> =
            self.behind.iter().filter(calls_edited).map(|it| it.0.clone()).collect();
        files.extend(callers);
        self.add_across(&mut files);
        let settings = &self.choice.settings;
        let again = Again { files: &files, kept: None, seen: std::mem::take(&mut self.seen) };
        let mut look = look::look(self.workspace, self.rows, &self.rules, settings, Some(again));
        self.seen = std::mem::take(&mut look.seen);
        self.behind.extend(std::mem::take(&mut look.behind));
        self.across.extend(std::mem::take(&mut look.across));
        // What the first look could not see, this one does not see either.
        let mut coverage = self.plan.coverage.clone();
        let again = self.hear(look, &mut coverage, Some(&files));
        let merged = |before: &[Finding], again: Vec<Finding>| {
            let others = before.iter().filter(|it| !files.contains(&it.at.file)).cloned();
            let mut findings: Vec<Finding> = others.chain(again).collect();
            findings.sort_by(|a, b| a.key().cmp(&b.key()));
            findings
        };
        Heard {
            findings: merged(&before.findings, again.findings),
            suppressed: merged(&before.suppressed, again.suppressed),
            names: before.names,
        }
    }

    /// Adds all files that find something in one of `files`, or in which one of them does: what is found there is found
    /// again as a whole.
    fn add_across(&self, files: &mut BTreeSet<FilePath>) {
        let mut waiting: Vec<FilePath> = files.iter().cloned().collect();
        while let Some(file) = waiting.pop() {
            let others = self.across.get(&file).into_iter().flatten();
            waiting.extend(others.filter(|it| files.insert((*it).clone())).cloned());
        }
    }

    /// The best fix of each finding that is wanted, as far as they fit each other.
    fn choose(&mut self, round: usize, findings: &[Finding]) -> Chosen {
        let mut chosen = Chosen::default();
        let mut findings = self.with_origins(self.wanted(findings));
        // What the user has written goes first: it fits nothing but the text that they saw.
        findings.sort_by_key(|(origin, finding)| {
            let is_edited =
                matches!(self.answer_to(origin.as_ref(), finding), Some(Answer::Edited(_)));
            (!is_edited, !finding.cured_at.is_empty())
        });
        for (origin, finding) in findings {
            let finding = &finding;
            // Whether there is something left to repair is seen in the next round.
            let cures = |it: &Repair| finding.cured_at.iter().any(|at| at.meets(&it.finding.at));
            if chosen.repairs.iter().any(cures) {
                continue;
            }
            let Some(fix) = self.best(origin.as_ref(), finding) else { continue };
            if chosen.merged.add(fix) {
                let remedy = match self.answer_to(origin.as_ref(), finding) {
                    Some(Answer::Suppress { reason }) => {
                        Remedy::Suppress { reason: reason.clone() }
                    }
                    _ => self.choice.remedy.clone(),
                };
                chosen.origins.push(origin);
                chosen.repairs.push(Repair {
                    finding: finding.clone(),
                    title: fix.title.clone(),
                    applicability: fix.applicability,
                    remedy,
                    round,
                });
            }
        }
        chosen
    }

    /// The best fix that is wanted, can be had, and has not turned out wrong.
    fn best<'f>(&mut self, origin: Option<&Place>, finding: &'f Finding) -> Option<&'f Fix> {
        loop {
            let takes = |it: &Fix| {
                self.choice.takes(&finding.at.file, it)
                    && !self.is_refused(origin, finding, &it.title)
            };
            let place = origin.unwrap_or(&finding.at);
            let fix = self.choice.fixes.choose(place, finding.rule, &finding.fixes, takes)?;
            // What the user has written is taken whether it is wanted or not, but not when it is wrong.
            if self.is_refused(origin, finding, &fix.title) {
                return None;
            }
            match self.features.possible(self.workspace, fix, self.choice.locked_by) {
                Ok(()) => return Some(fix),
                Err(reason) => self.skip(finding, &fix.title, &reason),
            }
        }
    }

    /// What the user said of a finding, whose place in the original text is `origin`.
    fn answer_to(&self, origin: Option<&Place>, finding: &Finding) -> Option<&Answer> {
        self.choice.fixes.answer(origin.unwrap_or(&finding.at), finding.rule)
    }

    fn is_refused(&self, origin: Option<&Place>, finding: &Finding, title: &str) -> bool {
        let key = key(origin.cloned(), finding);
        // What was written has another place once other fixes are left out, so it is known by what it says.
        let same = |it: &TakenBack| match (&it.at, origin) {
            (None, None) => message_key(&it.finding) == message_key(finding),
            (Some(at), _) => (at, it.finding.rule) == (&key.0, key.1),
            (None, Some(_)) => false,
        };
        let taken_back = |it: &TakenBack| it.title == title && same(it);
        self.left_out.iter().any(same)
            || self.plan.taken_back.iter().any(taken_back)
            || self.refused.contains(&(key.clone(), title.to_owned()))
    }

    /// All of `merged`, or nothing and why. The texts come back as they are before imports are taken out.
    fn apply(&mut self, merged: &Merged) -> Result<Texts, String> {
        let manifests = features::edits(self.workspace, &merged.features)?;
        let mut texts = Texts::new();
        for (file, edit) in &merged.edits() {
            let Some(text) = self.workspace.text(file) else { continue };
            let mut text = text.to_owned();
            edit.apply(&mut text);
            texts.insert(file.clone(), text);
        }
        tidy::set_tidied(self.workspace, &texts);
        self.workspace.set_texts(manifests);
        Ok(texts)
    }

    fn skip(&mut self, finding: &Finding, title: &str, reason: &str) {
        let at = Origins::new(&self.original, self.workspace.texts()).of(&finding.at);
        let (title, reason) = (title.to_owned(), reason.to_owned());
        if self.refused.insert((key(at.clone(), finding), title.clone())) {
            self.plan.skipped.push(Skipped { finding: finding.clone(), at, title, reason });
        }
    }

    /// A fix that the user chose may be gone once others are done.
    fn tell_what_was_chosen_in_vain(&mut self) {
        for (at, finding) in self.with_origins(self.plan.remaining.clone()) {
            let Some(answer) = self.answer_to(at.as_ref(), &finding) else { continue };
            let (title, reason) = (answer.title().to_owned(), in_vain(answer));
            if !self.is_refused(at.as_ref(), &finding, &title) {
                self.skip(&finding, &title, reason);
            }
        }
    }

    /// A fix that turned out wrong, in whose place another one was taken, is nothing to speak of.
    fn forget_what_was_done_otherwise(&mut self) {
        let Plan { repairs, traces, skipped, .. } = &mut self.plan;
        let done =
            repairs.iter().zip(traces).map(|(it, trace)| (trace.at.clone(), it.finding.rule));
        let done: HashSet<_> = done.collect();
        skipped.retain(|it| it.at.is_none() || !done.contains(&(it.at.clone(), it.finding.rule)));
    }

    fn with_origins(&self, findings: Vec<Finding>) -> Vec<(Option<Place>, Finding)> {
        let mut origins = Origins::new(&self.original, self.workspace.texts());
        findings.into_iter().map(|it| (origins.of(&it.at), it)).collect()
    }

    fn wanted(&self, findings: &[Finding]) -> Vec<Finding> {
        finding::told_once(findings.iter().filter_map(|it| self.as_wanted(it)).collect())
    }

    fn is_wanted(&self, finding: &Finding) -> bool {
        self.as_wanted(finding).is_some()
    }

    /// The finding as it is configured; None where it is not wanted.
    fn as_wanted(&self, finding: &Finding) -> Option<Finding> {
        let file = &finding.at.file;
        let (_, page) = self.rules.iter().find(|it| it.0.name == finding.rule)?;
        let is_in = self.choice.includes(file, &self.workspace.disk_path(file));
        if is_in { self.choice.rated(page, finding) } else { None }
    }

    fn changes(&self) -> Vec<Change> {
        changed(self.workspace.texts(), &self.original)
            .into_iter()
            .filter_map(|(file, after)| {
                let before = self.original.get(&file)?.clone();
                let real = self.workspace.behind_links(&file);
                Some(Change { file, real, before, after })
            })
            .collect()
    }

    fn spoken_of(&self) -> HashSet<FilePath> {
        let plan = &self.plan;
        let suppressed = plan.suppressed_before.iter().chain(&plan.suppressed);
        let findings = plan.findings.iter().chain(&plan.remaining).chain(suppressed);
        let notes = |it: &Finding| -> Vec<FilePath> {
            it.because.iter().filter_map(|it| Some(it.at.as_ref()?.file.clone())).collect()
        };
        let edited = |it: &Finding| -> Vec<FilePath> {
            it.fixes.iter().flat_map(|it| it.edits.keys().cloned()).collect()
        };
        findings
            .flat_map(|it| [vec![it.at.file.clone()], notes(it), edited(it)].concat())
            .chain(plan.changes.iter().map(|it| it.file.clone()))
            .collect()
    }
}

/// What is in `now` and was not, or not so, in `then`.
fn changed(now: &Texts, then: &Texts) -> Texts {
    let differs = |it: &(&FilePath, &String)| then.get(it.0) != Some(it.1);
    now.iter().filter(differs).map(|(file, text)| (file.clone(), text.clone())).collect()
}

/// `origin` is where it is in the original text.
fn key(origin: Option<Place>, finding: &Finding) -> Key {
    (origin.unwrap_or_else(|| finding.at.clone()), finding.rule)
}

/// Why what the user chose did nothing about a finding that is still there.
fn in_vain(answer: &Answer) -> &'static str {
    match answer {
        Answer::Take(_) => "the other fixes have changed what it was for",
        Answer::Edited(_) => "it does not cure this, or another fix edits the same lines",
        Answer::Suppress { .. } => "no comment can stand where it covers this",
    }
}

fn message_key(finding: &Finding) -> (&FilePath, &'static str, &str) {
    (&finding.at.file, finding.rule, &finding.message)
}
