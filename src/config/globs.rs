//! Globs as in `.gitignore`, seen from a folder.

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};

use crate::finding::FilePath;

/// Globs that one place of a configuration lists.
#[derive(Clone, Debug)]
pub struct Globs {
    folder: FilePath,
    globs: Gitignore,
}

impl Globs {
    /// `globs` seen from `folder`, or the index of the one that cannot be read and why.
    pub fn new(folder: &FilePath, globs: &[String]) -> Result<Globs, (usize, String)> {
        // The folder is taken off here, since one outside the workspace root has no name that the builder takes.
        let mut builder = GitignoreBuilder::new("");
        for (index, glob) in globs.iter().enumerate() {
            if let Err(error) = builder.add_line(None, glob) {
                return Err((index, format!("`{glob}` is no glob: {error}")));
            }
        }
        let built = builder.build().map_err(|it| (0, it.to_string()))?;
        Ok(Globs { folder: folder.clone(), globs: built })
    }

    /// Whether `file` is meant; None when no glob says anything of it.
    pub fn verdict(&self, file: &FilePath) -> Option<bool> {
        if self.globs.is_empty() || !file.is_in(&self.folder) {
            return None;
        }
        let below = file.as_str().strip_prefix(self.folder.as_str())?.trim_start_matches('/');
        match self.globs.matched_path_or_any_parents(below, false) {
            Match::None => None,
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(folder: &str, globs: &[&str], file: &str) -> Option<bool> {
        let globs: Vec<String> = globs.iter().map(|it| (*it).to_owned()).collect();
        Globs::new(&FilePath::new(folder), &globs).unwrap().verdict(&FilePath::new(file))
    }

    #[test]
    fn globs_mean_what_they_mean_to_git() {
        assert_eq!(verdict("", &["generated"], "a/generated/b.rs"), Some(true));
        assert_eq!(verdict("", &["/generated"], "a/generated/b.rs"), None);
        assert_eq!(verdict("", &["src/*.rs"], "src/a.rs"), Some(true));
        assert_eq!(verdict("", &["src/*.rs"], "src/a/b.rs"), None);
        assert_eq!(verdict("", &["src/**", "!src/a.rs"], "src/a.rs"), Some(false));
        assert_eq!(verdict("crates/a", &["tests/**"], "crates/a/tests/x.rs"), Some(true));
        assert_eq!(verdict("crates/a", &["tests/**"], "tests/x.rs"), None);
        assert_eq!(verdict("../b", &["*.rs"], "../b/x.rs"), Some(true));
        assert_eq!(verdict("", &["*.rs"], "../b/x.rs"), None);
    }

    #[test]
    fn what_is_no_glob_is_told() {
        let globs = ["a".to_owned(), "a{".to_owned()];
        let (index, sentence) = Globs::new(&FilePath::new(""), &globs).unwrap_err();
        assert_eq!(index, 1);
        assert!(sentence.starts_with("`a{` is no glob: "), "{sentence}");
    }
}
