//! Names of rules: which rules one stands for, and what was meant by one that is nearly right.

use crate::page::Page;

/// Stands for every rule, ...
pub const ALL: &str = "ALL";

/// ... and for those that are looked for when nothing else is said: all that are neither in preview nor on demand.
pub const DEFAULT: &str = "default";

/// How closely a name fits a rule: of two names that fit, the closer counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fit {
    /// It stands for many.
    Broad,
    Group,
    /// It is the rule's own.
    Own,
}

/// How `name` fits the rule of `page`, if it does.
pub fn fit(name: &str, page: &Page) -> Option<Fit> {
    match name {
        it if it == page.name => Some(Fit::Own),
        it if it == page.group && !page.preview => Some(Fit::Group),
        ALL => Some(Fit::Broad),
        DEFAULT if page.by_default() => Some(Fit::Broad),
        _ => None,
    }
}

/// The closest fit among `names`.
pub fn closest(names: Option<&Vec<String>>, page: &Page) -> Option<Fit> {
    names?.iter().filter_map(|it| fit(it, page)).max()
}

/// What is wrong with the name of a rule, a group, or many rules; nothing when it stands for something.
pub fn problem(name: &str, pages: &[Page]) -> Option<String> {
    let known = [ALL, DEFAULT].contains(&name)
        || pages.iter().any(|it| it.name == name || it.group == name);
    let names = pages.iter().flat_map(|it| [it.name.as_str(), it.group.as_str()]);
    (!known).then(|| unknown(name, names.chain([ALL, DEFAULT])))
}

/// The page of the rule of this name, or what is wrong with the name.
pub fn page<'p>(name: &str, pages: &'p [Page]) -> Result<&'p Page, String> {
    pages.iter().find(|it| it.name == name).ok_or_else(|| match problem(name, pages) {
        None => format!("`{name}` is no rule; the name of one rule stands here"),
        Some(_) => unknown(name, pages.iter().map(|it| it.name.as_str())),
    })
}

fn unknown<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> String {
    match nearest(name, names) {
        Some(near) => format!("there is no rule `{name}`; did you mean `{near}`?"),
        None => format!("there is no rule `{name}`; `async-fix rules` lists them all"),
    }
}

/// The name among `names` that `wrong` was most likely meant to be.
pub fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.map(|it| (strsim::jaro_winkler(&wrong.to_lowercase(), it), it));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.7).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_nonsense_is_not() {
        let names = || ["blocking-sleep", "blocking-fs"].into_iter();
        assert_eq!(nearest("blocking_slep", names()), Some("blocking-sleep"));
        assert_eq!(nearest("xyz", names()), None);
    }
}
