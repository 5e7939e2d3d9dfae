//! What is found while somebody types: one look at everything, and after each edit another one at what it touches.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use crate::{
    config::Choice,
    finding::{self, Coverage, FilePath, Finding, Fix},
    knowledge::CrateRows,
    page::Page,
    plan::{
        Plan,
        kept::Kept,
        look,
        planner::Planner,
        seen::{Again, Lasting, Seen},
        suppressed::{Heard, Suppressing},
    },
    rules::{self, Rule},
    workspace::{Texts, Workspace},
};

mod pointed;

/// Follows the texts of a workspace.
pub struct Watch {
    pub workspace: Workspace,
    rows: Vec<CrateRows>,
    choice: Choice,
    rules: Vec<(&'static Rule, Page)>,
    sight: Sight,
    /// Files of which nobody knows yet what the last edits mean for them.
    behind_the_times: Times,
}

/// Which findings speak of the texts as they were.
#[derive(Default)]
struct Times {
    /// The files that were edited since the last look at them.
    edited: BTreeSet<FilePath>,
    /// Whether there were edits since the last look at everything.
    elsewhere: bool,
    /// The files that were looked at since then, all of them after the last edit.
    looked_at: BTreeSet<FilePath>,
    /// Those of them of which each function was looked at.
    closely: BTreeSet<FilePath>,
}

/// What the last looks have found.
#[derive(Default)]
pub(super) struct Sight {
    pub heard: Heard,
    pub coverage: Coverage,
    /// For each file the others that have a say in what is found in it.
    pub behind: BTreeMap<FilePath, BTreeSet<FilePath>>,
    /// Files of which one finds something in the other.
    pub across: BTreeMap<FilePath, BTreeSet<FilePath>>,
    pub lasting: Lasting,
    kept: Kept,
}

impl Watch {
    /// Nothing is looked at yet.
    pub fn new(workspace: Workspace, rows: Vec<CrateRows>, choice: Choice) -> Watch {
        let behind_the_times = Times { elsewhere: true, ..Times::default() };
        let (rules, sight) = (rules::with_pages(), Sight::default());
        Watch { workspace, rows, choice, rules, sight, behind_the_times }
    }

    /// Wants something else from now on.
    pub fn choose(&mut self, rows: Vec<CrateRows>, choice: Choice) {
        self.rows = rows;
        self.choice = choice;
        self.sight = Sight::default();
        self.behind_the_times.elsewhere = true;
        self.behind_the_times.looked_at.clear();
        self.behind_the_times.closely.clear();
    }

    pub fn choice(&self) -> &Choice {
        &self.choice
    }

    /// Takes texts that somebody has edited.
    pub fn edit(&mut self, texts: Texts) {
        let differs = |it: &(FilePath, String)| self.workspace.text(&it.0) != Some(it.1.as_str());
        let texts: Texts = texts.into_iter().filter(differs).collect();
        if texts.is_empty() {
            return;
        }
        self.behind_the_times.edited.extend(texts.keys().cloned());
        self.behind_the_times.elsewhere = true;
        self.behind_the_times.looked_at.clear();
        self.behind_the_times.closely.clear();
        for (file, after) in &texts {
            let before = self.workspace.text(file).unwrap_or_default();
            self.sight.kept.edit(file, before, after);
        }
        self.workspace.set_texts(texts);
    }

    /// Whether an edit may have changed what is found in files that nobody has looked at since.
    pub fn is_behind(&self) -> bool {
        self.behind_the_times.elsewhere
    }

    /// The files that were edited and not looked at since.
    pub fn edited(&self) -> BTreeSet<FilePath> {
        self.behind_the_times.edited.clone()
    }

    /// Looks at everything.
    pub fn look(&mut self) {
        let Watch { workspace, rows, rules, choice, .. } = self;
        let mut look = look::look(workspace, rows, rules, &choice.settings, None);
        let mut sight = Sight {
            coverage: std::mem::take(&mut look.coverage),
            behind: std::mem::take(&mut look.behind),
            across: std::mem::take(&mut look.across),
            lasting: std::mem::take(&mut look.seen.lasting),
            heard: Heard::default(),
            kept: Kept::of(&look),
        };
        let suppressing = Suppressing { workspace, choice, rules };
        sight.heard = suppressing.hear(look, &mut sight.coverage, None);
        self.sight = sight;
        self.behind_the_times = Times::default();
    }

    /// Looks at what was edited in these files, and in those of which they find something or which find something in
    /// them, unless nothing has changed for them. What is found elsewhere stays as it was. All files that were looked at
    /// come back.
    pub fn look_at(&mut self, files: &BTreeSet<FilePath>) -> BTreeSet<FilePath> {
        let files = files.difference(&self.behind_the_times.looked_at).cloned().collect();
        self.look_again(files, false)
    }

    /// The same, at all that stands in these files: whoever asks for an edit wants to know what is there now.
    pub fn look_closely_at(&mut self, files: &BTreeSet<FilePath>) -> BTreeSet<FilePath> {
        let files = files.difference(&self.behind_the_times.closely).cloned().collect();
        self.look_again(files, true)
    }

    fn look_again(&mut self, mut files: BTreeSet<FilePath>, closely: bool) -> BTreeSet<FilePath> {
        if !self.behind_the_times.elsewhere || files.is_empty() {
            return BTreeSet::new();
        }
        add_across(&self.sight.across, &mut files);
        let Watch { workspace, rows, rules, choice, sight, .. } = self;
        let seen = Seen::of(sight.lasting.clone());
        let kept = (!closely).then_some(&sight.kept.bodies);
        let again = Again { files: &files, kept, seen };
        let mut look = look::look(workspace, rows, rules, &choice.settings, Some(again));
        if closely {
            sight.kept.forget(&files);
        }
        sight.kept.complete(&mut look, &files);
        let reaches_out = add_across(&look.across, &mut files.clone());
        for (all, again) in [
            (&mut sight.behind, std::mem::take(&mut look.behind)),
            (&mut sight.across, std::mem::take(&mut look.across)),
        ] {
            again.into_iter().for_each(|(file, it)| all.entry(file).or_default().extend(it));
        }
        let lasting = std::mem::take(&mut look.seen.lasting);
        let found = look.coverage.internal_errors.clone();
        let mut coverage = sight.coverage.clone();
        let heard =
            Suppressing { workspace, choice, rules }.hear(look, &mut coverage, Some(&files));
        sight.lasting = lasting;
        sight.coverage.internal_errors.extend(found);
        take_in(&mut sight.heard, heard, &files);
        let times = &mut self.behind_the_times;
        times.edited.retain(|it| !files.contains(it));
        times.looked_at.extend(files.iter().cloned());
        if closely {
            times.closely.extend(files.iter().cloned());
            // An edit has made one file find something in another one.
            if reaches_out {
                self.look();
            }
        }
        files
    }

    /// What is found in `file`, as it is wanted; in the order of their places.
    pub fn findings(&self, file: &FilePath) -> Vec<Finding> {
        let in_file = self.sight.heard.findings.iter().filter(|it| it.at.file == *file);
        finding::told_once(in_file.filter_map(|it| self.as_wanted(it)).collect())
    }

    /// The files in which something is found.
    pub fn files(&self) -> BTreeSet<FilePath> {
        self.sight.heard.findings.iter().map(|it| it.at.file.clone()).collect()
    }

    pub fn coverage(&self) -> &Coverage {
        &self.sight.coverage
    }

    /// Of whom a rule has been asked that could not answer, one sentence each.
    pub fn take_internal_errors(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sight.coverage.internal_errors)
    }

    /// Plans what `choice` asks for. The texts are what they were when this returns, or unwinds.
    pub fn plan(&mut self, choice: &Choice) -> Plan {
        let before = self.workspace.texts().clone();
        let Watch { workspace, rows, sight, .. } = self;
        let plan = catch_unwind(AssertUnwindSafe(|| {
            Planner::new(workspace, rows, choice).run_after(sight)
        }));
        let now = workspace.texts();
        let differs = |it: &(FilePath, String)| now.get(&it.0) != Some(&it.1);
        let edited: Texts = before.into_iter().filter(differs).collect();
        workspace.set_texts(edited);
        plan.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// The fix that writes a comment which suppresses `finding`.
    pub fn suppression(&self, finding: &Finding) -> Option<Fix> {
        let Watch { workspace, choice, rules, .. } = self;
        let mut finding = [finding.clone()];
        Suppressing { workspace, choice, rules }.suppress(&mut finding, |_| true, None);
        let [finding] = finding;
        finding.fixes.into_iter().next()
    }

    pub fn page(&self, rule: &str) -> Option<&Page> {
        self.rules.iter().map(|it| &it.1).find(|it| it.name == rule)
    }

    fn as_wanted(&self, finding: &Finding) -> Option<Finding> {
        let file = &finding.at.file;
        let is_in = self.choice.includes(file, &self.workspace.disk_path(file));
        let page = self.page(finding.rule)?;
        if is_in { self.choice.rated(page, finding) } else { None }
    }
}

/// Adds all files that find something in one of `files`, or in which one of them does. Whether there were any.
fn add_across(
    across: &BTreeMap<FilePath, BTreeSet<FilePath>>,
    files: &mut BTreeSet<FilePath>,
) -> bool {
    let before = files.len();
    let mut waiting: Vec<FilePath> = files.iter().cloned().collect();
    while let Some(file) = waiting.pop() {
        let others = across.get(&file).into_iter().flatten();
        waiting.extend(others.filter(|it| files.insert((*it).clone())).cloned());
    }
    files.len() > before
}

/// Takes in what was found `again` in `files`.
fn take_in(heard: &mut Heard, again: Heard, files: &BTreeSet<FilePath>) {
    for (all, again) in
        [(&mut heard.findings, again.findings), (&mut heard.suppressed, again.suppressed)]
    {
        all.retain(|it| !files.contains(&it.at.file));
        // What one of them finds elsewhere was found there before.
        all.extend(again.into_iter().filter(|it| files.contains(&it.at.file)));
        all.sort_by(|a, b| a.key().cmp(&b.key()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::ProjectRequest,
        rules::{About, Check},
    };

    const LIB: &str = "async fn a() {}\n\npub async fn b() {\n    a();\n}\n\npub async fn broken() {\n    a();\n}\n";

    static BROKEN: Rule = Rule {
        name: "broken",
        text: "",
        about: About::Rows,
        check: Check::Body(|pass| {
            let is_it = pass.body.ranges().iter().any(|it| u32::from(it.start()) > 45);
            assert!(!is_it, "I cannot");
        }),
    };

    #[test]
    fn a_panic_in_a_rule_costs_one_answer() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        let manifest = "[package]\nname = \"a\"\nedition = \"2024\"\n";
        std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        std::fs::write(folder.path().join("src/lib.rs"), LIB).unwrap();
        let start = folder.path().to_owned();
        let request = ProjectRequest { start, ..ProjectRequest::default() };
        let workspace = Workspace::load(&request, &|_| ()).unwrap();
        let rows = crate::knowledge::shipped().unwrap();
        let mut watch = Watch::new(workspace, rows, Choice::default());
        let page = watch.rules[0].1.clone();
        watch.rules.insert(0, (&BROKEN, page));
        watch.look();
        let error = "internal error in broken at src/lib.rs (byte 48): I cannot";
        assert_eq!(watch.take_internal_errors(), [error]);
        let lib = FilePath::new("src/lib.rs");
        let found: Vec<&str> = watch.findings(&lib).iter().map(|it| it.rule).collect();
        assert_eq!(found, ["future-not-awaited", "future-not-awaited"]);
        // Nor does it end what comes after it.
        let (before, _) = LIB.rsplit_once("    a();\n").unwrap();
        watch.edit(Texts::from([(lib.clone(), format!("{before}    a();\n    a();\n}}\n"))]));
        watch.look_at(&BTreeSet::from([lib.clone()]));
        assert_eq!(watch.take_internal_errors(), [error]);
        assert_eq!(watch.findings(&lib).len(), 3);
    }
}
