//! One rule on the comments of one file by which the user speaks to async-fix.

use std::collections::BTreeSet;

use ra_ap_syntax::{TextRange, TextSize};

use crate::{
    config::{
        Reasons,
        names::nearest,
        suppression::{Comments, Name},
    },
    finding::{FilePath, Finding, Place},
    page::Page,
    rules::{Check, Rule},
};

/// One rule on the comments of one file.
pub struct CommentsPass<'a> {
    pub rule: &'static str,
    pub page: &'a Page,
    pub rules: &'a [(&'static Rule, Page)],
    pub file: &'a FilePath,
    pub comments: &'a Comments,
    /// What the other rules find in this file, suppressed or not.
    pub found: &'a [Found],
    /// Whether a rule was asked about all the code in a range.
    pub asked: &'a dyn Fn(&Page, TextRange) -> bool,
    pub reasons: Reasons,
    pub findings: Vec<Finding>,
}

/// A finding, as far as suppressions ask.
#[derive(Clone, Debug)]
pub struct Found {
    pub rule: &'static str,
    /// The places by which its code is known.
    pub anchors: Vec<TextSize>,
}

impl CommentsPass<'_> {
    pub fn report(&mut self, at: TextRange, message: String) -> &mut Finding {
        self.findings.push(Finding {
            rule: self.rule,
            severity: self.page.level,
            at: Place::new(self.file.clone(), at),
            message,
            because: Vec::new(),
            fixes: Vec::new(),
            behind: None,
            within: None,
            cured_at: Vec::new(),
        });
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }

    /// What a name of a suppression suppresses.
    pub fn used_for(&self, name: &Name) -> BTreeSet<usize> {
        self.found_by(&name.text, |it| name.covers(&it.anchors))
    }

    /// What goes by `name`, where `covers` says so.
    pub fn found_by(&self, name: &str, covers: impl Fn(&Found) -> bool) -> BTreeSet<usize> {
        let goes_by = |it: &Found| {
            self.rules.iter().any(|(rule, page)| rule.name == it.rule && answers_to(page, name))
        };
        let found = self.found.iter().enumerate();
        found.filter(|it| goes_by(it.1) && covers(it.1)).map(|it| it.0).collect()
    }

    /// The rules that `name` stands for.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &(&'static Rule, Page)> {
        self.rules.iter().filter(move |it| answers_to(&it.1, name))
    }
}

/// The rule or group that `name` was most likely meant to be, where there is none of this name.
pub fn meant<'a>(rules: &'a [(&Rule, Page)], name: &str) -> Option<&'a str> {
    if rules.iter().any(|it| answers_to(&it.1, name)) {
        return None;
    }
    nearest(name, rules.iter().flat_map(|(_, it)| [it.name.as_str(), it.group.as_str()]))
}

/// Whether a suppression that names `name` is about the rule of `page`.
pub fn answers_to(page: &Page, name: &str) -> bool {
    page.name == name || page.group == name
}

impl Rule {
    pub fn is_about_comments(&self) -> bool {
        matches!(self.check, Check::Comments(_))
    }
}
