//! Names that are nearly right.

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
