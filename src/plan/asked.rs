//! What is asked for in a workspace, before anything is looked at.

use crate::{
    config::settings::{RuleChoice, Settings},
    facts::sizes::large::Limits,
    finding::FilePath,
    page::Page,
    rules::{About, Rule},
    workspace::Workspace,
};

/// Whether somebody asks for a rule about this.
pub(super) fn is_asked_about(
    about: About,
    workspace: &Workspace,
    rules: &[(&Rule, Page)],
    settings: &Settings,
) -> bool {
    let is_asked_for = |page: &Page| {
        page.by_default() || workspace.files().any(|it| settings.of(it.0).rule(page, it.0).selected)
    };
    rules.iter().any(|(rule, page)| rule.about == about && is_asked_for(page))
}

/// How large things may be: as the pages of rules say, and the user.
pub(super) struct SizeLimits<'a> {
    pub rules: &'a [(&'a Rule, Page)],
    pub settings: &'a Settings,
}

impl Limits for SizeLimits<'_> {
    fn future(&self, file: &FilePath) -> u64 {
        self.choice(About::Futures, file).and_then(|it| it.limit).unwrap_or(u64::MAX)
    }

    fn local(&self, file: &FilePath) -> Option<u64> {
        self.choice(About::Locals, file).filter(|it| it.selected)?.limit
    }
}

impl SizeLimits<'_> {
    fn choice(&self, about: About, file: &FilePath) -> Option<RuleChoice> {
        let page = self.rules.iter().find(|it| it.0.about == about).map(|it| &it.1)?;
        Some(self.settings.of(file).rule(page, file))
    }
}
