//! What the user wants to be left alone: findings that a comment suppresses, and the rules about such comments.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::TextRange;

use crate::{
    config::{
        Choice, Suppressions,
        suppression::{Comments, Suppression, edit, edit::Spot},
    },
    facts::{
        compiled::{self, Compiled, For},
        lints::Lints,
    },
    finding::{Applicability, Coverage, FilePath, Finding, Fix, Note, Place},
    page::Page,
    plan::look::{self, Look},
    rules::{
        Check, Rule,
        comments::{CommentsPass, Found, answers_to, meant},
    },
    workspace::Workspace,
};

/// What decides about the findings of a look.
pub(super) struct Suppressing<'a> {
    pub workspace: &'a Workspace,
    pub choice: &'a Choice,
    pub rules: &'a [(&'static Rule, Page)],
}

/// What a look found, once the user's comments have been heard.
#[derive(Clone, Default, Debug)]
pub(super) struct Heard {
    pub findings: Vec<Finding>,
    pub suppressed: Vec<Finding>,
    /// How many names stand in the suppressions that were read.
    pub names: usize,
}

impl Suppressing<'_> {
    /// Hears the comments in `files`, or in all. `coverage` says what could not be seen.
    pub fn hear(
        &self,
        look: Look,
        coverage: &mut Coverage,
        files: Option<&BTreeSet<FilePath>>,
    ) -> Heard {
        let mut by_file: BTreeMap<FilePath, Vec<Finding>> = BTreeMap::new();
        for finding in look.findings {
            by_file.entry(finding.at.file.clone()).or_default().push(finding);
        }
        let mut heard = Heard::default();
        self.workspace.attached(|| {
            for (file, comments) in self.comments(files) {
                let findings = by_file.remove(&file).unwrap_or_default();
                heard.names += comments.suppressions.iter().map(|it| it.names.len()).sum::<usize>();
                let file = InFile { of: self, file, comments, unresolved: &look.unresolved };
                file.hear(findings, coverage, &mut heard);
            }
            heard.findings.extend(std::mem::take(&mut by_file).into_values().flatten());
            self.hear_clippy(&mut heard);
        });
        heard.findings.sort_by(|a, b| a.key().cmp(&b.key()));
        heard
    }

    /// Takes out what a lint of clippy finds too and is told to pass over.
    fn hear_clippy(&self, heard: &mut Heard) {
        let lints = |it: &Finding| {
            let page = self.rules.iter().find(|(rule, _)| rule.name == it.rule);
            page.map_or(&[][..], |it| it.1.clippy.as_slice())
        };
        if self.choice.suppressions == Suppressions::Ignored
            || heard.findings.iter().all(|it| lints(it).is_empty())
        {
            return;
        }
        let allowed = Lints::new(self.workspace);
        let is_allowed = |it: &Finding| {
            let settings = self.choice.settings.of(&it.at.file);
            settings.clippy_allows() == Suppressions::Honoured
                && lints(it).iter().any(|lint| allowed.allow(lint, &it.at))
        };
        let findings = std::mem::take(&mut heard.findings);
        let (suppressed, rest) = findings.into_iter().partition(is_allowed);
        heard.findings = rest;
        heard.suppressed.extend::<Vec<Finding>>(suppressed);
    }

    /// Gives each finding that is wanted, in place of its fixes, the one that suppresses it.
    pub fn suppress(
        &self,
        findings: &mut [Finding],
        is_wanted: impl Fn(&Finding) -> bool,
        reason: Option<&str>,
    ) {
        findings.iter_mut().for_each(|it| it.fixes.clear());
        let mut by_file: BTreeMap<FilePath, Vec<&mut Finding>> = BTreeMap::new();
        for finding in findings.iter_mut().filter(|it| is_wanted(it)) {
            // What is wrong with a comment is not cured by another one.
            if !is_about_comments(self.rules, finding) {
                by_file.entry(finding.at.file.clone()).or_default().push(finding);
            }
        }
        for (file, findings) in by_file {
            let Some(text) = self.workspace.text(&file) else { continue };
            suppress_in(&file, &Comments::read(text), findings, reason);
        }
    }

    /// The files in which somebody speaks to async-fix.
    fn comments(&self, files: Option<&BTreeSet<FilePath>>) -> Vec<(FilePath, Comments)> {
        let wanted = |it: &FilePath| files.is_none_or(|files| files.contains(it));
        let texts = self.workspace.files().filter_map(|(file, _)| {
            Some((file, self.workspace.text(file).filter(|it| Comments::may_be_in(it))?))
        });
        let speaking: Vec<_> = texts
            .filter(|(file, _)| wanted(file) && self.workspace.kept_out(file).is_none())
            .collect();
        if speaking.is_empty() {
            return Vec::new();
        }
        let compiled = Compiled::new(self.workspace);
        let compiled = speaking.into_iter().filter(|it| compiled.has(it.0));
        compiled.map(|(file, text)| (file.clone(), Comments::read(text))).collect()
    }
}

/// Findings that one comment can suppress share it, and so their fix is the same.
fn suppress_in(
    file: &FilePath,
    comments: &Comments,
    findings: Vec<&mut Finding>,
    reason: Option<&str>,
) {
    let mut by_spot: BTreeMap<Spot, Vec<&mut Finding>> = BTreeMap::new();
    for finding in findings {
        match edit::spot(comments, finding.at.range) {
            Some(spot) => by_spot.entry(spot).or_default().push(finding),
            None => finding.because.push(Note::new(match comments.parses {
                true => "no comment can stand where it covers this",
                false => "the file does not parse, so no comment is written",
            })),
        }
    }
    for (spot, findings) in by_spot {
        let names: BTreeSet<&str> = findings.iter().map(|it| it.rule).collect();
        let edit = edit::suppress(comments, spot, &names, reason);
        for finding in findings {
            finding.fixes.push(Fix {
                title: format!("Suppress `{}` here", finding.rule),
                applicability: Applicability::Safe,
                doubt: None,
                edits: BTreeMap::from([(file.clone(), edit.clone())]),
                wants: BTreeSet::new(),
            });
        }
    }
}

/// Whether the finding is one of those that speak of comments.
pub(super) fn is_about_comments(rules: &[(&'static Rule, Page)], finding: &Finding) -> bool {
    rules.iter().any(|it| it.0.name == finding.rule && it.0.is_about_comments())
}

/// One file and what is said in it.
struct InFile<'a> {
    of: &'a Suppressing<'a>,
    file: FilePath,
    comments: Comments,
    unresolved: &'a BTreeSet<Place>,
}

impl InFile<'_> {
    fn hear(&self, mut findings: Vec<Finding>, coverage: &mut Coverage, heard: &mut Heard) {
        findings.extend(self.about_comments(&findings, coverage));
        for mut finding in findings {
            let honoured = self.of.choice.suppressions == Suppressions::Honoured;
            if honoured && self.suppresses(&finding) {
                heard.suppressed.push(finding);
                continue;
            }
            if honoured && self.was_meant(&finding) {
                finding.fixes.clear();
                finding.because.push(Note::new(
                    "a suppression here does not work, so nothing is done: see `invalid-suppression`",
                ));
            }
            heard.findings.push(finding);
        }
    }

    fn about_comments(&self, findings: &[Finding], coverage: &mut Coverage) -> Vec<Finding> {
        let found =
            |it: &Finding| Found { rule: it.rule, anchors: self.comments.anchors(it.at.range) };
        let found: Vec<Found> = findings.iter().map(found).collect();
        let compiled = Compiled::new(self.of.workspace);
        let mut all = Vec::new();
        for (rule, page) in self.of.rules {
            let Check::Comments(check) = rule.check else { continue };
            let place = Place::new(self.file.clone(), self.comments.root().text_range());
            let seen = coverage.clone();
            let result = look::guarded(coverage, rule.name, Some(&place), || {
                let mut pass = CommentsPass {
                    rule: rule.name,
                    page,
                    rules: self.of.rules,
                    file: &self.file,
                    comments: &self.comments,
                    found: &found,
                    asked: &|page, range| self.was_asked(&compiled, &seen, page, range),
                    reasons: self.of.choice.settings.of(&self.file).reasons(),
                    findings: Vec::new(),
                };
                check(&mut pass);
                pass.findings
            });
            all.extend(result.into_iter().flatten());
        }
        // Where a string is not closed, the next comment may be none.
        if !self.comments.parses {
            all.iter_mut().for_each(|it: &mut Finding| it.fixes.clear());
        }
        all
    }

    /// Whether silence of the rule about `range` means that there is nothing.
    fn was_asked(
        &self,
        compiled: &Compiled<'_>,
        coverage: &Coverage,
        page: &Page,
        range: TextRange,
    ) -> bool {
        let root = self.comments.root();
        let is_unresolved = || {
            self.unresolved.iter().any(|it| it.file == self.file && range.contains_range(it.range))
        };
        let rule = self.of.choice.settings.of(&self.file).rule(page, &self.file);
        let least = if rule.quiet_in_tests { For::Users } else { For::Tests };
        rule.selected
            && self.comments.parses
            && coverage.internal_errors.is_empty()
            && compiled.whom(&self.file, root, range) >= least
            && !compiled::has_unexpanded(root, range, coverage)
            && !is_unresolved()
    }

    fn suppresses(&self, finding: &Finding) -> bool {
        let mut working = self.comments.suppressions.iter().filter(|it| it.works());
        working.any(|it| self.covers(it, finding, |name| self.answers(finding, name)))
    }

    /// Whether a suppression that does not work was most likely about this.
    fn was_meant(&self, finding: &Finding) -> bool {
        let anchors = self.comments.anchors(finding.at.range);
        let malformed = self.comments.malformed.iter().filter_map(|it| it.covers);
        if is_about_comments(self.of.rules, finding) {
            return false;
        }
        malformed.into_iter().any(|range| anchors.iter().any(|it| range.contains(*it)))
            || self.comments.suppressions.iter().any(|it| {
                self.covers(it, finding, |name| {
                    self.answers(finding, name)
                        || meant(self.of.rules, name).is_some_and(|it| self.answers(finding, it))
                })
            })
    }

    fn covers(&self, it: &Suppression, finding: &Finding, by: impl Fn(&str) -> bool) -> bool {
        let anchors = self.comments.anchors(finding.at.range);
        it.names.iter().any(|name| name.covers(&anchors) && by(&name.text))
    }

    fn answers(&self, finding: &Finding, name: &str) -> bool {
        let mut rules = self.of.rules.iter().filter(|it| it.0.name == finding.rule);
        rules.any(|(_, page)| answers_to(page, name))
    }
}
