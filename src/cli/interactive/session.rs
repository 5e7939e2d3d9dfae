//! What is asked, and what the keys say. Knows no terminal.

use std::{collections::VecDeque, fmt::Write};

use console::Key;

use crate::{
    cli::catalogue,
    config::{Choice, decision::Decision},
    finding::{Finding, Fix},
    plan::Plan,
    report::{Style, full, rules},
    workspace::Texts,
};

/// What the Enter key says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Enter {
    Yes,
    No,
}

/// What follows an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Then {
    /// This is said, and the next question asked.
    Ask(String),
    /// Nothing is written at all.
    End,
}

/// A finding with the fixes that may be taken.
struct Offer<'a> {
    finding: &'a Finding,
    fixes: Vec<&'a Fix>,
}

impl Offer<'_> {
    fn decision(&self, fix: usize) -> Decision {
        let Finding { at, rule, .. } = self.finding;
        Decision { at: at.clone(), rule, title: self.fixes[fix].title.clone() }
    }
}

/// The questions that are still open, and the fixes that were chosen.
pub(super) struct Session<'a> {
    open: VecDeque<Offer<'a>>,
    all: usize,
    texts: &'a Texts,
    enter: Enter,
    /// Which fix of the first offer is asked about.
    fix: usize,
    /// The last one of these that was shown.
    shown: Option<usize>,
    pub(super) decisions: Vec<Decision>,
}

impl<'a> Session<'a> {
    pub(super) fn new(plan: &'a Plan, choice: &Choice, enter: Enter) -> Session<'a> {
        // What the plan could not do, it cannot do when it is asked to.
        let is_possible = |finding: &Finding| {
            let is_it = |at| at == Some(&finding.at);
            !plan.skipped.iter().any(|it| is_it(it.at.as_ref()) && it.finding.rule == finding.rule)
        };
        let offers = plan.findings.iter().filter(|it| is_possible(it)).map(|finding| Offer {
            finding,
            fixes: finding.fixes.iter().filter(|it| choice.takes(&finding.at.file, it)).collect(),
        });
        let open: VecDeque<_> = offers.filter(|it| !it.fixes.is_empty()).collect();
        let (all, texts) = (open.len(), &plan.texts);
        Session { open, all, texts, enter, fix: 0, shown: None, decisions: Vec::new() }
    }

    /// The next question, below the finding and the fix that it is about.
    pub(super) fn question(&mut self, style: Style) -> Option<String> {
        let offer = self.open.front()?;
        let mut text = String::new();
        if self.shown != Some(self.fix) {
            let fix = offer.fixes[self.fix].clone();
            let finding = Finding { fixes: vec![fix], ..offer.finding.clone() };
            text = format!("\n{}", full::render(&[finding], self.texts, style));
            self.shown = Some(self.fix);
        }
        let number = self.all - self.open.len() + 1;
        let enter = match self.enter {
            Enter::Yes => "Y,n",
            Enter::No => "y,N",
        };
        let tab = if offer.fixes.len() > 1 { ",Tab" } else { "" };
        let _ =
            write!(text, "Write this fix? ({number} of {}) [{enter},a,A,s,f{tab},q,?] ", self.all);
        Some(text)
    }

    pub(super) fn answer(&mut self, key: &Key) -> Then {
        let Some(offer) = self.open.front() else { return Then::End };
        let (rule, file, fixes) =
            (offer.finding.rule, offer.finding.at.file.clone(), offer.fixes.len());
        let say = |it: &str| Then::Ask(format!("{it}\n"));
        match (key, self.enter) {
            (Key::CtrlC, _) => Then::End,
            (Key::Char('y'), _) | (Key::Enter, Enter::Yes) => {
                self.take(|_| false);
                say("yes")
            }
            (Key::Char('n'), _) | (Key::Enter, Enter::No) => {
                self.leave(|_| false);
                say("no")
            }
            (Key::Char('a'), _) => {
                self.take(|it| it.rule == rule);
                say(&format!("yes to all further ones of {rule}"))
            }
            (Key::Char('A'), _) => {
                self.take(|_| true);
                say("yes to all further ones")
            }
            (Key::Char('s'), _) => {
                self.leave(|it| it.rule == rule);
                say(&format!("no to all further ones of {rule}"))
            }
            (Key::Char('f'), _) => {
                self.leave(|it| it.at.file == file);
                say(&format!("no to all further ones in {file}"))
            }
            (Key::Char('q'), _) => {
                self.leave(|_| true);
                say("no to all further ones")
            }
            (Key::Tab, _) if fixes > 1 => {
                self.fix = (self.fix + 1) % fixes;
                say("another fix")
            }
            (Key::Char('?'), _) => Then::Ask(format!("\n{}\n{}", page(rule), self.keys())),
            _ => Then::Ask(format!("\n{}", self.keys())),
        }
    }

    /// Takes the fix that is shown, and the best one of each further finding that is `meant`.
    fn take(&mut self, meant: impl Fn(&Finding) -> bool) {
        let fix = self.fix;
        let Some((first, others)) = self.close(meant) else { return };
        self.decisions.push(first.decision(fix));
        self.decisions.extend(others.iter().map(|it| it.decision(0)));
    }

    /// Leaves the finding as it is, and each further one that is `meant`.
    fn leave(&mut self, meant: impl Fn(&Finding) -> bool) {
        self.close(meant);
    }

    /// The offer that was asked about and those that are `meant`, which are open no more.
    fn close(&mut self, meant: impl Fn(&Finding) -> bool) -> Option<(Offer<'a>, Vec<Offer<'a>>)> {
        let first = self.open.pop_front()?;
        let open = std::mem::take(&mut self.open);
        let (others, open): (Vec<_>, Vec<_>) = open.into_iter().partition(|it| meant(it.finding));
        self.open = open.into();
        (self.fix, self.shown) = (0, None);
        Some((first, others))
    }

    fn keys(&self) -> String {
        let enter = match self.enter {
            Enter::Yes => "y",
            Enter::No => "n",
        };
        let keys = [
            ("y", "write this fix".to_owned()),
            ("n", "leave this as it is".to_owned()),
            ("a", "write this fix and those of all further findings of this rule".to_owned()),
            ("A", "write this fix and those of all further findings".to_owned()),
            ("s", "leave this and all further findings of this rule".to_owned()),
            ("f", "leave this and all further findings in this file".to_owned()),
            ("Tab", "show another fix of this finding, where there is one".to_owned()),
            ("q", "ask no more, and write what was agreed to".to_owned()),
            ("?", "say more of the rule".to_owned()),
            ("Enter", format!("the same as {enter}")),
            ("Ctrl-C", "write nothing".to_owned()),
        ];
        keys.iter().map(|(key, what)| format!("{key:>6}  {what}\n")).collect()
    }
}

/// What a reader wants to know of a rule before deciding: its page, without the examples.
fn page(rule: &str) -> String {
    let pages = catalogue::pages();
    let page = pages.iter().find(|it| it.name == rule).map(rules::body).unwrap_or_default();
    let (reasons, _) = page.split_once("\n## Examples").unwrap_or((page, ""));
    format!("{reasons}\n`async-fix explain {rule}` has examples.\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ra_ap_ide_db::text_edit::{TextEdit, TextRange, TextSize};

    use super::*;
    use crate::finding::{Applicability, FilePath, Place, Severity};

    fn finding(file: &str, at: u32, rule: &'static str, titles: &[&str]) -> Finding {
        let range = TextRange::at(TextSize::new(at), TextSize::new(1));
        let file = FilePath::new(file);
        let fix = |title: &&str| Fix {
            title: (*title).to_owned(),
            applicability: Applicability::Safe,
            doubt: None,
            edits: BTreeMap::from([(file.clone(), TextEdit::replace(range, "x".to_owned()))]),
            wants: Default::default(),
        };
        Finding {
            rule,
            severity: Severity::Warn,
            at: Place::new(file.clone(), range),
            message: format!("{rule} at {at}"),
            because: Vec::new(),
            fixes: titles.iter().map(fix).collect(),
        }
    }

    /// Which fixes are chosen by `keys`, and how many questions were open then.
    fn after(keys: &str, enter: Enter) -> (Vec<String>, usize) {
        let plan = Plan {
            findings: vec![
                finding("a.rs", 0, "sleep", &["first", "second"]),
                finding("a.rs", 1, "none", &[]),
                finding("a.rs", 2, "fs", &["third"]),
                finding("b.rs", 0, "sleep", &["fourth", "fifth"]),
                finding("b.rs", 1, "fs", &["sixth"]),
            ],
            ..Plan::default()
        };
        let mut session = Session::new(&plan, &Choice::default(), enter);
        for key in keys.chars() {
            let key = match key {
                '\t' => Key::Tab,
                '\n' => Key::Enter,
                it => Key::Char(it),
            };
            assert!(session.question(Style::Plain).is_some(), "{keys:?}");
            assert_ne!(session.answer(&key), Then::End);
        }
        let titles = session.decisions.iter().map(|it| it.title.clone()).collect();
        (titles, session.open.len())
    }

    #[test]
    fn each_key_says_what_the_help_says() {
        let cases: [(&str, &[&str], usize); 14] = [
            ("", &[], 4),
            ("yyny", &["first", "third", "sixth"], 0),
            ("n", &[], 3),
            ("\ty", &["second"], 3),
            ("\t\ty", &["first"], 3),
            ("\ta", &["second", "fourth"], 2),
            ("nA", &["third", "fourth", "sixth"], 0),
            ("s", &[], 2),
            ("f", &[], 2),
            ("nf", &[], 2),
            ("yq", &["first"], 0),
            // No alternative, and no meaning.
            ("y\tz?e", &["first"], 3),
            ("ynn\ty", &["first", "sixth"], 0),
            ("\n\n", &["first", "third"], 2),
        ];
        for (keys, chosen, open) in cases {
            assert_eq!(
                after(keys, Enter::Yes),
                (chosen.iter().map(|it| (*it).to_owned()).collect(), open),
                "{keys:?}"
            );
        }
        assert_eq!(after("\n\ny", Enter::No), (vec!["fourth".to_owned()], 1));
    }

    #[test]
    fn a_question_shows_its_finding_once_for_each_fix() {
        let plan = Plan {
            findings: vec![finding("a.rs", 0, "sleep", &["first", "second"])],
            texts: [(FilePath::new("a.rs"), "a\n".to_owned())].into(),
            ..Plan::default()
        };
        let mut session = Session::new(&plan, &Choice::default(), Enter::No);
        let mut ask = |key: Option<Key>| {
            key.iter().for_each(|it| _ = session.answer(it));
            session.question(Style::Plain).unwrap()
        };
        let first = ask(None);
        assert!(first.contains("help: [safe] first") && !first.contains("second"), "{first}");
        let prompt = "Write this fix? (1 of 1) [y,N,a,A,s,f,Tab,q,?] ";
        assert!(first.ends_with(prompt), "{first}");
        assert_eq!(ask(Some(Key::Char('?'))), prompt);
        let second = ask(Some(Key::Tab));
        assert!(second.contains("help: [safe] second") && !second.contains("first"), "{second}");
        assert_eq!(session.answer(&Key::CtrlC), Then::End);
    }
}
