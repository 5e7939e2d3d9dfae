//! What is asked, and what the keys say. Knows no terminal.

use std::{collections::VecDeque, fmt::Write};

use console::Key;

use crate::{
    cli::{catalogue, interactive::draft::Draft},
    config::{
        Choice, Reasons,
        decision::{Answer, Decision},
    },
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
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// This is said, and the next question asked.
    Ask(String),
    /// The user wants to edit the fix that is shown: [`Session::edited`] hears what came of it.
    Edit(Draft),
    /// Nothing is written at all.
    End,
}

/// A finding with the fixes that may be taken.
struct Offer<'a> {
    finding: &'a Finding,
    fixes: Vec<&'a Fix>,
}

impl Offer<'_> {
    fn decision(&self, answer: Answer) -> Decision {
        let Finding { at, rule, .. } = self.finding;
        Decision { at: at.clone(), rule, answer }
    }

    fn take(&self, fix: usize) -> Decision {
        self.decision(Answer::Take(self.fixes[fix].title.clone()))
    }
}

/// The questions that are still open, and the fixes that were chosen.
pub(super) struct Session<'a> {
    open: VecDeque<Offer<'a>>,
    all: usize,
    choice: &'a Choice,
    texts: &'a Texts,
    enter: Enter,
    /// Which fix of the first offer is asked about.
    fix: usize,
    /// The last one of these that was shown.
    shown: Option<usize>,
    /// The reason to suppress the first offer, as far as it is typed.
    reason: Option<String>,
    pub(super) decisions: Vec<Decision>,
}

impl<'a> Session<'a> {
    pub(super) fn new(plan: &'a Plan, choice: &'a Choice, enter: Enter) -> Session<'a> {
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
        let (fix, shown, reason, decisions) = (0, None, None, Vec::new());
        Session { open, all, choice, texts, enter, fix, shown, reason, decisions }
    }

    /// The next question, below the finding and the fix that it is about.
    pub(super) fn question(&mut self, style: Style) -> Option<String> {
        let offer = self.open.front()?;
        if self.reason.is_some() {
            // The line that is being typed is the question.
            return Some(String::new());
        }
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
        let _ = write!(
            text,
            "Write this fix? ({number} of {}) [{enter},a,A,s,f{tab},e,x,q,?] ",
            self.all
        );
        Some(text)
    }

    pub(super) fn answer(&mut self, key: &Key) -> Then {
        let Some(offer) = self.open.front() else { return Then::End };
        if self.reason.is_some() && *key != Key::CtrlC {
            return self.type_reason(key);
        }
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
            (Key::Char('e'), _) => match Draft::of(offer.fixes[self.fix], self.texts) {
                Some(draft) => Then::Edit(draft),
                None => say("this fix spans files, which cannot be edited here"),
            },
            (Key::Char('x'), _) => {
                self.reason = Some(String::new());
                Then::Ask(format!("suppress {rule} here\n{} ", self.reason_wanted()))
            }
            (Key::Char('?'), _) => Then::Ask(format!("\n{}\n{}", page(rule), self.keys())),
            _ => Then::Ask(format!("\n{}", self.keys())),
        }
    }

    /// What became of a fix that the user edited; nothing when they left no line of it.
    pub(super) fn edited(&mut self, fix: Option<Fix>) -> String {
        match fix {
            Some(fix) => {
                if let Some((offer, _)) = self.close(|_| false) {
                    self.decisions.push(offer.decision(Answer::Edited(fix)));
                }
                "yes, as edited\n".to_owned()
            }
            None => {
                self.leave(|_| false);
                "no\n".to_owned()
            }
        }
    }

    fn reasons(&self) -> Reasons {
        let file = self.open.front().map(|it| &it.finding.at.file);
        file.map_or(Reasons::Optional, |it| self.choice.settings.of(it).reasons())
    }

    fn reason_wanted(&self) -> &'static str {
        match self.reasons() {
            Reasons::Optional => "Why? (Enter alone gives no reason, Esc goes back)",
            Reasons::Required => "Why? (Esc goes back)",
        }
    }

    fn type_reason(&mut self, key: &Key) -> Then {
        let Some(reason) = &mut self.reason else { return Then::Ask(String::new()) };
        let echo = match key {
            Key::Char(it) if !it.is_control() => {
                reason.push(*it);
                it.to_string()
            }
            Key::Backspace => reason.pop().map(|_| "\u{8} \u{8}".to_owned()).unwrap_or_default(),
            Key::Escape => {
                self.reason = None;
                "\n".to_owned()
            }
            Key::Enter => {
                let reason = reason.trim().to_owned();
                if reason.is_empty() && self.reasons() == Reasons::Required {
                    return Then::Ask(format!(
                        "\nthis project asks for a reason\n{} ",
                        self.reason_wanted()
                    ));
                }
                let reason = (!reason.is_empty()).then_some(reason);
                if let Some((offer, _)) = self.close(|_| false) {
                    self.decisions.push(offer.decision(Answer::Suppress { reason }));
                }
                "\nsuppressed\n".to_owned()
            }
            _ => String::new(),
        };
        Then::Ask(echo)
    }

    /// Takes the fix that is shown, and the best one of each further finding that is `meant`.
    fn take(&mut self, meant: impl Fn(&Finding) -> bool) {
        let fix = self.fix;
        let Some((first, others)) = self.close(meant) else { return };
        self.decisions.push(first.take(fix));
        self.decisions.extend(others.iter().map(|it| it.take(0)));
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
        (self.fix, self.shown, self.reason) = (0, None, None);
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
            ("e", "edit this fix in your editor, and write what comes of it".to_owned()),
            ("x", "suppress this finding by a comment, with a reason".to_owned()),
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
    use crate::{
        config::values::{SuppressionValues, Values},
        finding::{Applicability, FilePath, Place, Severity},
    };

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
            behind: None,
            within: None,
            cured_at: Vec::new(),
        }
    }

    fn title(answer: &Answer) -> String {
        match answer {
            Answer::Suppress { reason } => format!("suppress: {reason:?}"),
            it => it.title().to_owned(),
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
        let choice = Choice::default();
        let mut session = Session::new(&plan, &choice, enter);
        for key in keys.chars() {
            let key = match key {
                '\t' => Key::Tab,
                '\n' => Key::Enter,
                '\u{8}' => Key::Backspace,
                '\u{1b}' => Key::Escape,
                it => Key::Char(it),
            };
            assert!(session.question(Style::Plain).is_some(), "{keys:?}");
            assert!(!matches!(session.answer(&key), Then::End));
        }
        let titles = session.decisions.iter().map(|it| title(&it.answer)).collect();
        (titles, session.open.len())
    }

    #[test]
    fn each_key_says_what_the_help_says() {
        let cases: [(&str, &[&str], usize); 19] = [
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
            ("y\tz?", &["first"], 3),
            ("x\n", &["suppress: None"], 3),
            ("xay, s\u{8}bê \n", &["suppress: Some(\"ay, bê\")"], 3),
            ("x\u{8}no\u{1b}", &[], 4),
            ("xno\u{1b}y", &["first"], 3),
            ("yxq\n\ty", &["first", "suppress: Some(\"q\")", "fifth"], 1),
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
        let choice = Choice::default();
        let mut session = Session::new(&plan, &choice, Enter::No);
        let mut ask = |key: Option<Key>| {
            key.iter().for_each(|it| _ = session.answer(it));
            session.question(Style::Plain).unwrap()
        };
        let first = ask(None);
        assert!(first.contains("help: [safe] first") && !first.contains("second"), "{first}");
        let prompt = "Write this fix? (1 of 1) [y,N,a,A,s,f,Tab,e,x,q,?] ";
        assert!(first.ends_with(prompt), "{first}");
        assert_eq!(ask(Some(Key::Char('?'))), prompt);
        let second = ask(Some(Key::Tab));
        assert!(second.contains("help: [safe] second") && !second.contains("first"), "{second}");
        assert!(matches!(session.answer(&Key::Char('e')), Then::Edit(_)));
        assert!(matches!(session.answer(&Key::CtrlC), Then::End));
        session.answer(&Key::Char('x'));
        assert!(matches!(session.answer(&Key::CtrlC), Then::End));
    }

    #[test]
    fn a_project_may_ask_for_reasons() {
        let suppressions = SuppressionValues { require_reason: Some(true), ..Default::default() };
        let values = Values { suppressions: Some(suppressions), ..Values::default() };
        let choice = Choice::of(values, &[]).unwrap();
        let plan =
            Plan { findings: vec![finding("a.rs", 0, "sleep", &["first"])], ..Plan::default() };
        let mut session = Session::new(&plan, &choice, Enter::Yes);
        session.answer(&Key::Char('x'));
        let again = session.answer(&Key::Enter);
        assert!(matches!(&again, Then::Ask(it) if it.contains("asks for a reason")), "{again:?}");
        session.answer(&Key::Char('b'));
        session.answer(&Key::Enter);
        assert_eq!(title(&session.decisions[0].answer), "suppress: Some(\"b\")");
    }
}
