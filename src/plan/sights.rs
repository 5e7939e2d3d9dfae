//! What the views of all targets have found, as one.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ra_ap_syntax::TextRange;

use crate::finding::{FilePath, Finding, Note, Place};

/// A finding as one view of one target has it.
pub(super) struct Sight {
    pub view: usize,
    /// Whether the function says that it is a test, or its target is for tests.
    pub in_test: bool,
    /// Whether the rule has nothing to say about tests.
    pub quiet_in_tests: bool,
    pub finding: Finding,
}

/// A body that one view of one target has looked at.
pub(super) struct Looked {
    pub view: usize,
    /// Whether `cfg(test)` holds in that view.
    pub for_tests: bool,
    pub at: Place,
    /// What is there: a `cfg` may leave out a part.
    pub expressions: HashSet<TextRange>,
}

impl Looked {
    fn covers(&self, place: &Place) -> bool {
        self.at.file == place.file && self.at.range.contains_range(place.range)
    }

    /// Whether this view compiles what stands at `place`; what a macro writes has no place of its own.
    fn compiles(&self, place: &Place, others: &[&Looked]) -> bool {
        let has = |it: &Looked| it.expressions.contains(&place.range);
        has(self) || !others.iter().any(|it| has(it))
    }
}

/// What all views of all targets have seen.
#[derive(Default)]
pub(super) struct Sights {
    pub found: Vec<Sight>,
    pub bodies: Vec<Looked>,
    pub counted: HashSet<Place>,
    pub unresolved: BTreeSet<Place>,
    pub across: BTreeMap<FilePath, BTreeSet<FilePath>>,
    /// The bodies that find something outside themselves, such as a field.
    pub finds_outside: BTreeSet<Place>,
}

impl Sights {
    pub fn add_outside(&mut self, body: &Place, findings: &[Sight]) {
        let places = findings.iter().map(|it| &it.finding.at);
        let outside = |it: &&Place| it.file != body.file || !body.range.contains_range(it.range);
        for place in places.filter(outside) {
            self.finds_outside.insert(body.clone());
            self.across.entry(body.file.clone()).or_default().insert(place.file.clone());
            self.across.entry(place.file.clone()).or_default().insert(body.file.clone());
        }
    }

    pub fn has_finding_in(&self, body: &Place) -> bool {
        let places = self.found.iter().map(|it| &it.finding.at);
        places.into_iter().any(|it| it.file == body.file && body.range.contains_range(it.range))
    }

    /// Each finding once. A fix must hold wherever the file is compiled.
    pub fn merged(self) -> Vec<Finding> {
        let mut by_key: BTreeMap<(Place, &'static str, String), Vec<Sight>> = BTreeMap::new();
        for sight in self.found {
            let (place, rule, message) = sight.finding.key();
            let key = (place.clone(), rule, message.to_owned());
            by_key.entry(key).or_default().push(sight);
        }
        let mut findings = Vec::new();
        for ((place, ..), mut sights) in by_key {
            let covering: Vec<&Looked> =
                self.bodies.iter().filter(|it| it.covers(&place)).collect();
            let compiling = covering.iter().filter(|it| it.compiles(&place, &covering));
            let views: HashSet<usize> = compiling.clone().map(|it| it.view).collect();
            // What only views for tests compile is test code, whatever `cfg` says so.
            let only_in_tests =
                !covering.is_empty() && compiling.clone().all(|looked| looked.for_tests);
            let speaks = |it: &Sight| !(it.quiet_in_tests && (it.in_test || only_in_tests));
            let Some(first) = sights.iter().position(speaks) else { continue };
            let seen_by: HashSet<usize> = sights.iter().map(|it| it.view).collect();
            let mut finding = sights.swap_remove(first).finding;
            let agreed = sights.iter().all(|it| same_fixes(&it.finding, &finding));
            if !finding.fixes.is_empty() && (!agreed || !seen_by.is_superset(&views)) {
                finding.fixes.clear();
                finding.because.push(Note::new(
                    "other targets compile this file too, and what is right here is not right there",
                ));
            }
            findings.push(finding);
        }
        findings.sort_by(|a, b| a.key().cmp(&b.key()));
        findings
    }
}

fn same_fixes(a: &Finding, b: &Finding) -> bool {
    let texts = |it: &Finding| -> Vec<String> {
        it.fixes.iter().map(|it| format!("{:?}{:?}", it.edits, it.applicability)).collect()
    };
    texts(a) == texts(b)
}
