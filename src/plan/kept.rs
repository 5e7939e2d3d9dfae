//! What is found in functions that nobody has edited, brought along while somebody types elsewhere.
//!
//! What an edit means for other functions is found out by a look at everything, after a pause. Until then each that was
//! not edited itself keeps what was found in it.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::text_edit::{TextEdit, TextRange, TextSize};

use crate::{
    finding::{FilePath, Finding, Fix, Note, Place},
    plan::look::Look,
};

/// What was found in single bodies, and speaks of the texts as they are now.
#[derive(Default)]
pub(super) struct Kept {
    pub bodies: BTreeSet<Place>,
    findings: Vec<Finding>,
    unresolved: BTreeSet<Place>,
}

impl Kept {
    /// Of a look at everything.
    pub fn of(look: &Look) -> Kept {
        let mut kept = Kept::default();
        kept.add(look);
        kept
    }

    /// Follows an edit of a text.
    pub fn edit(&mut self, file: &FilePath, before: &str, after: &str) {
        let change = Change::between(file, before, after);
        let mut lost = Vec::new();
        let mut findings = Vec::new();
        for it in std::mem::take(&mut self.findings) {
            match change.finding(&it) {
                Some(it) => findings.push(it),
                None => lost.push(it.at),
            }
        }
        let bodies = std::mem::take(&mut self.bodies);
        let is_lost = |body: &Place| lost.iter().any(|it| is_in(it, body));
        self.bodies =
            bodies.iter().filter(|it| !is_lost(it)).filter_map(|it| change.place(it)).collect();
        self.unresolved = self.unresolved.iter().filter_map(|it| change.place(it)).collect();
        self.findings = findings;
        self.forget_what_lies_in_no_body();
    }

    /// What is known of these files is to be found anew.
    pub fn forget(&mut self, files: &BTreeSet<FilePath>) {
        self.bodies.retain(|it| !files.contains(&it.file));
        self.forget_what_lies_in_no_body();
    }

    /// Adds to a look at the other bodies of `files` what was found in these, and keeps what it has found.
    pub fn complete(&mut self, look: &mut Look, files: &BTreeSet<FilePath>) {
        let others: Vec<Finding> = {
            let found: BTreeSet<_> = look.findings.iter().map(Finding::key).collect();
            let kept = self.findings.iter().filter(|it| files.contains(&it.at.file));
            kept.filter(|it| !found.contains(&it.key())).cloned().collect()
        };
        let unresolved = self.unresolved.iter().filter(|it| files.contains(&it.file));
        look.unresolved.extend(unresolved.cloned());
        self.add(look);
        look.findings.extend(others);
        look.findings.sort_by(|a, b| a.key().cmp(&b.key()));
    }

    fn add(&mut self, look: &Look) {
        self.bodies.extend(look.bodies.iter().cloned());
        self.findings.extend(look.findings.iter().cloned());
        self.unresolved.extend(look.unresolved.iter().cloned());
        self.forget_what_lies_in_no_body();
    }

    fn forget_what_lies_in_no_body(&mut self) {
        let mut by_file: BTreeMap<&FilePath, Vec<&Place>> = BTreeMap::new();
        for it in &self.bodies {
            by_file.entry(&it.file).or_default().push(it);
        }
        let is_kept = |at: &Place| {
            by_file.get(&at.file).is_some_and(|bodies| bodies.iter().any(|it| is_in(at, it)))
        };
        self.findings.retain(|it| is_kept(&it.at));
        self.unresolved.retain(&is_kept);
    }
}

fn is_in(place: &Place, body: &Place) -> bool {
    body.file == place.file && body.range.contains_range(place.range)
}

/// What became of a text: one stretch of it is another one.
struct Change<'a> {
    file: &'a FilePath,
    start: TextSize,
    old_end: TextSize,
    new_end: TextSize,
}

impl<'a> Change<'a> {
    /// The least that was replaced; whole lines, where that is no more.
    fn between(file: &'a FilePath, before: &str, after: &str) -> Change<'a> {
        let same = |it: &(&u8, &u8)| it.0 == it.1;
        let (old, new) = (before.as_bytes(), after.as_bytes());
        let from = |start: usize| {
            let rest = old[start..].iter().rev().zip(new[start..].iter().rev());
            let end = rest.take_while(same).count();
            (start, old.len() - end, new.len() - end)
        };
        let start = old.iter().zip(new).take_while(same).count();
        let line = old[..start].iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
        let size = |it: &(usize, usize, usize)| it.1 + it.2 - 2 * it.0;
        let least = [from(line), from(start)].into_iter().min_by_key(size).unwrap_or_default();
        let [start, old_end, new_end] =
            [least.0, least.1, least.2].map(|it| TextSize::try_from(it).unwrap_or_default());
        Change { file, start, old_end, new_end }
    }

    /// Where the same code is now; None where something of it was edited.
    fn range(&self, range: TextRange) -> Option<TextRange> {
        if range.end() <= self.start {
            return Some(range);
        }
        let moved = |it: TextSize| it - self.old_end + self.new_end;
        let is_behind = range.start() >= self.old_end;
        is_behind.then(|| TextRange::new(moved(range.start()), moved(range.end())))
    }

    fn place(&self, place: &Place) -> Option<Place> {
        if place.file != *self.file {
            return Some(place.clone());
        }
        Some(Place::new(place.file.clone(), self.range(place.range)?))
    }

    fn finding(&self, finding: &Finding) -> Option<Finding> {
        let note = |it: &Note| {
            let at = match &it.at {
                Some(at) => Some(self.place(at)?),
                None => None,
            };
            Some(Note { at, text: it.text.clone() })
        };
        // All fields by name: one that has a place has to be moved.
        Some(Finding {
            rule: finding.rule,
            severity: finding.severity,
            message: finding.message.clone(),
            behind: finding.behind,
            at: self.place(&finding.at)?,
            because: finding.because.iter().map(note).collect::<Option<_>>()?,
            fixes: finding.fixes.iter().map(|it| self.fix(it)).collect::<Option<_>>()?,
            within: match &finding.within {
                Some(it) => Some(self.place(it)?),
                None => None,
            },
            cured_at: finding.cured_at.iter().map(|it| self.place(it)).collect::<Option<_>>()?,
        })
    }

    fn fix(&self, fix: &Fix) -> Option<Fix> {
        let mut fix = fix.clone();
        if let Some(edit) = fix.edits.get_mut(self.file) {
            let mut moved = TextEdit::builder();
            for it in edit.iter() {
                moved.replace(self.range(it.delete)?, it.insert.clone());
            }
            *edit = moved.finish();
        }
        Some(fix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Applicability, Severity};

    const FILE: &str = "a.rs";

    fn place(text: &str, code: &str) -> Place {
        let start = TextSize::new(text.find(code).unwrap() as u32);
        Place::new(FilePath::new(FILE), TextRange::at(start, TextSize::of(code)))
    }

    /// A finding in each `bad()`, which a fix replaces.
    fn kept(text: &str, bodies: &[&str]) -> Kept {
        let bad = |body: &Place| {
            let at = text[body.range].find("bad()").map(|it| TextSize::new(it as u32))?;
            let range = TextRange::at(body.range.start() + at, TextSize::of("bad()"));
            let edit = TextEdit::replace(range, "good()".to_owned());
            let fix = Fix {
                title: String::new(),
                applicability: Applicability::Safe,
                doubt: None,
                edits: BTreeMap::from([(body.file.clone(), edit)]),
                wants: BTreeSet::new(),
            };
            Some(Finding {
                rule: "bad",
                severity: Severity::Warn,
                at: Place::new(body.file.clone(), range),
                message: String::new(),
                because: vec![Note::at(body.clone(), "here")],
                fixes: vec![fix],
                behind: None,
                within: None,
                cured_at: Vec::new(),
            })
        };
        let bodies: BTreeSet<Place> = bodies.iter().map(|it| place(text, it)).collect();
        let findings = bodies.iter().filter_map(bad).collect();
        Kept { bodies, findings, unresolved: BTreeSet::new() }
    }

    const BEFORE: &str = "fn a() { bad() }\nfn b() { bad() }\nfn c() { fine() }\n";
    const BODIES: [&str; 3] = ["fn a() { bad() }", "fn b() { bad() }", "fn c() { fine() }"];

    /// What is kept after an edit: the bodies, and what the fixes make of the text.
    fn after(new: &str) -> (Vec<&str>, String) {
        let mut kept = kept(BEFORE, &BODIES);
        kept.edit(&FilePath::new(FILE), BEFORE, new);
        let bodies = kept.bodies.iter().map(|it| &new[it.range]).collect();
        let mut fixed = new.to_owned();
        for it in kept.findings.iter().rev() {
            assert_eq!(&new[it.at.range], "bad()");
            it.fixes[0].edits[&FilePath::new(FILE)].apply(&mut fixed);
        }
        (bodies, fixed)
    }

    #[test]
    fn what_is_not_edited_is_kept() {
        // Above, between, at the very end of one.
        for (at, new) in [(0, "// é\n"), (17, "fn n() {}\n"), (16, " // x"), (52, "\n")] {
            let text = format!("{}{new}{}", &BEFORE[..at], &BEFORE[at..]);
            let (bodies, fixed) = after(&text);
            assert_eq!(bodies, BODIES, "{text}");
            assert_eq!(fixed, text.replace("bad()", "good()"));
        }
    }

    #[test]
    fn what_is_edited_is_found_anew() {
        let text = BEFORE.replacen("bad()", "bad2()", 1);
        let (bodies, fixed) = after(&text);
        assert_eq!(bodies, BODIES[1..]);
        assert_eq!(fixed, text.replace("bad()", "good()"));
        // From one function into the next one.
        let text = BEFORE.replace("bad() }\nfn b() {", "");
        assert_eq!(after(&text).0, BODIES[2..]);
        assert_eq!(after("").0, Vec::<&str>::new());
    }

    #[test]
    fn what_speaks_of_edited_code_is_found_anew() {
        let mut kept = kept(BEFORE, &BODIES);
        kept.findings[1].because.push(Note::at(place(BEFORE, "fine()"), "and there"));
        kept.edit(&FilePath::new(FILE), BEFORE, &BEFORE.replace("fine()", "worse()"));
        let left: Vec<&str> = kept.bodies.iter().map(|it| &BEFORE[it.range]).collect();
        assert_eq!((left, kept.findings.len()), (vec![BODIES[0]], 1));
    }
}
