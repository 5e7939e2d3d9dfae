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

/// A fix that the user chose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// Where the finding is in the text as it was read.
    pub at: Place,
    pub rule: &'static str,
    /// Which of its fixes.
    pub title: String,
}

impl Fixes {
    /// Which of `fixes` is taken for the finding of `rule` that was at `at` in the text as it was read.
    pub fn choose<'f>(
        &self,
        at: &Place,
        rule: &str,
        mut fixes: impl Iterator<Item = &'f Fix>,
    ) -> Option<&'f Fix> {
        match self {
            Fixes::Best => fixes.next(),
            Fixes::Chosen(_) => {
                let title = self.chosen(at, rule)?;
                fixes.find(|it| it.title == title)
            }
        }
    }

    /// What the user chose for the finding of `rule` that was at `at` in the text as it was read.
    pub fn chosen(&self, at: &Place, rule: &str) -> Option<&str> {
        let Fixes::Chosen(decisions) = self else { return None };
        let decision = decisions.iter().find(|it| it.at == *at && it.rule == rule)?;
        Some(&decision.title)
    }
}
