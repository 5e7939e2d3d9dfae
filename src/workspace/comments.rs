//! What comments of other people's code say is not needed to know what the code means.

/// The same code, line for line, with the words taken out of comments that have a line of their own: a fifth of what
/// dependencies are made of, which would be kept in memory as text, as syntax and as attributes.
///
/// The marks stay, because macros may ask for a doc comment. A line may also lie inside a string, whose value then
/// changes, or inside a block comment: where it could end either, it stays as it is.
pub(super) fn without_words(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match line_comment(line) {
            Some(end) => {
                kept.push_str(&line[..end]);
                if line.ends_with('\n') {
                    kept.push('\n');
                }
            }
            None => kept.push_str(line),
        }
    }
    kept
}

/// Where the marks of a comment end that stands alone on `line`.
fn line_comment(line: &str) -> Option<usize> {
    let comment = line.trim_start();
    if !comment.starts_with("//") || ["\"", "*/", "/*"].iter().any(|it| comment.contains(it)) {
        return None;
    }
    let words = comment.trim_start_matches('/');
    let words = words.strip_prefix('!').unwrap_or(words);
    Some(line.len() - words.len())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ignore::Walk;
    use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, SyntaxToken};

    use crate::workspace::{std_sources, toolchain::Toolchain};

    use super::*;

    #[test]
    fn marks_and_lines_stay() {
        for (before, after) in [
            ("//! What it is.\r\nmod a; // not alone\n", "//!\nmod a; // not alone\n"),
            ("    /// For `f`.\n    ///\n    fn f() {}", "    ///\n    ///\n    fn f() {}"),
            ("////////\n// the end", "////////\n//"),
            ("let a = \"\n// ends here\";\n", "let a = \"\n// ends here\";\n"),
            ("/*\n// and here */\n", "/*\n// and here */\n"),
        ] {
            assert_eq!(without_words(before), after);
        }
    }

    /// What is no comment and no string is the same token at the same line, in all of `std` and `alloc`.
    #[test]
    fn code_stays_what_it_was() {
        let toolchain = Toolchain::find(Path::new(".")).unwrap();
        let library = std_sources::find(None, &toolchain).unwrap();
        let folders = ["std/src", "alloc/src"].map(|it| library.join(it));
        let paths = folders.iter().flat_map(Walk::new).map(|it| it.unwrap().into_path());
        let mut shorter = 0;
        for path in paths.filter(|it| it.extension().is_some_and(|it| it == "rs")) {
            let text = std::fs::read_to_string(&path).unwrap();
            let kept = without_words(&text);
            shorter += text.len() - kept.len();
            assert_eq!(code(&kept), code(&text), "{}", path.display());
        }
        assert!(shorter > 1_000_000, "only {shorter} bytes of comments were seen");
    }

    /// Each token with its line, and its text unless that is a comment's or a string's.
    fn code(text: &str) -> Vec<(usize, SyntaxKind, String)> {
        let root = SourceFile::parse(text, Edition::Edition2024).syntax_node();
        let tokens = root.descendants_with_tokens().filter_map(|it| it.into_token());
        let mut line = 0;
        let mut placed = |token: SyntaxToken| {
            let at = line;
            line += token.text().matches('\n').count();
            let worded = [SyntaxKind::COMMENT, SyntaxKind::STRING].contains(&token.kind());
            let shown = if worded { String::new() } else { token.text().replace('\r', "") };
            (at, token.kind(), shown)
        };
        tokens.map(&mut placed).collect()
    }
}
