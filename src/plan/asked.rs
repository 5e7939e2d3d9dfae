//! What is asked for in a workspace, before anything is looked at.

use crate::{
    config::settings::Settings,
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
        !page.preview || workspace.files().any(|it| settings.of(it.0).rule(page, it.0).selected)
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
        let page = self.rules.iter().find(|it| it.0.about == About::Futures).map(|it| &it.1);
        let limit = page.and_then(|it| self.settings.of(file).rule(it, file).limit);
        limit.unwrap_or(u64::MAX)
    }
}
