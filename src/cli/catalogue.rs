//! The rules as the command line knows them.

use crate::{config::names::nearest, page::Page, rules::RULES};

/// Selects every rule that is not in preview.
const ALL: &str = "ALL";

/// The page of every rule.
pub(super) fn pages() -> Vec<Page> {
    RULES.iter().map(|it| it.page()).collect()
}

/// The rules that `names` stand for: a rule, a group, or `ALL`.
pub(super) fn chosen(names: &[String]) -> Result<Vec<String>, String> {
    let pages = pages();
    let mut chosen = Vec::new();
    for name in names.iter().map(|it| it.trim()).filter(|it| !it.is_empty()) {
        let before = chosen.len();
        chosen.extend(pages.iter().filter(|it| stands_for(name, it)).map(|it| it.name.clone()));
        if chosen.len() == before {
            return Err(unknown(name, &pages));
        }
    }
    Ok(chosen)
}

fn stands_for(name: &str, page: &Page) -> bool {
    page.name == name || (!page.preview && (page.group == name || name == ALL))
}

/// The sentence for a name that no rule has.
pub(super) fn unknown(name: &str, pages: &[Page]) -> String {
    let names = pages.iter().flat_map(|it| [it.name.as_str(), it.group.as_str()]);
    match nearest(name, names) {
        Some(near) => format!("there is no rule `{name}`; did you mean `{near}`?"),
        None => format!("there is no rule `{name}`; `async-fix rules` lists them all"),
    }
}
