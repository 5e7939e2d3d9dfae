//! What the user decided about single findings.

use crate::finding::{Fix, Place};

/// Which fixes are taken of those that may be.
#[derive(Clone, Default, Debug)]
pub enum Fixes {
    /// The best one of each finding.
    #[default]
    Best,
    /// The ones that the user chose, and nothing else.
    Chosen(Vec<Decision>),
}

/// What is to be done about a finding.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Where the finding is in the text as it was read.
    pub at: Place,
    pub rule: &'static str,
    pub answer: Answer,
}

#[derive(Clone, Debug)]
pub enum Answer {
    /// The fix of this title.
    Take(String),
    /// A fix that the user has written. Its places are those of the text as it was read.
    Edited(Fix),
    /// A comment that suppresses the finding.
    Suppress { reason: Option<String> },
}

impl Answer {
    pub fn title(&self) -> &str {
        match self {
            Answer::Take(title) => title,
            Answer::Edited(fix) => &fix.title,
            Answer::Suppress { .. } => "Suppress it here",
        }
    }
}

impl Fixes {
    /// Which of `fixes` is taken for the finding of `rule` that was at `at` in the text as it was read. Those that are
    /// not `allowed` are taken only where the user has asked for nothing else.
    pub fn choose<'f>(
        &self,
        at: &Place,
        rule: &str,
        fixes: &'f [Fix],
        allowed: impl Fn(&Fix) -> bool,
    ) -> Option<&'f Fix> {
        let mut allowed = fixes.iter().filter(|it| allowed(it));
        match self {
            Fixes::Best => allowed.next(),
            Fixes::Chosen(_) => match self.answer(at, rule)? {
                Answer::Take(title) => allowed.find(|it| it.title == *title),
                Answer::Edited(_) | Answer::Suppress { .. } => fixes.first(),
            },
        }
    }

    /// What the user said of the finding of `rule` that was at `at` in the text as it was read.
    pub fn answer(&self, at: &Place, rule: &str) -> Option<&Answer> {
        let Fixes::Chosen(decisions) = self else { return None };
        let decision = decisions.iter().find(|it| it.at == *at && it.rule == rule)?;
        Some(&decision.answer)
    }
}
