//! The rules as the command line knows them.

use crate::{page::Page, rules::RULES};

/// The page of every rule.
pub(super) fn pages() -> Vec<Page> {
    RULES.iter().map(|it| it.page()).collect()
}
