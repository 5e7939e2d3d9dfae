//! What comments of other people's code say is not needed to know what the code means.

/// The same code, line for line, without comments that have a line of their own: a fifth of what dependencies are made
/// of, which would be kept in memory as text, as syntax and as attributes.
///
/// Of documentation the marks of its first line stay, because macros may ask for it. A line may also lie inside a
/// string, whose value then changes, or inside a block comment: where it could end either, it stays as it is.
pub(super) fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut documentation = None;
    for line in text.split_inclusive('\n') {
        let Some(end) = line_comment(line) else {
            documentation = None;
            kept.push_str(line);
            continue;
        };
        let marks = Some(line[..end].trim_start()).filter(|it| ["///", "//!"].contains(it));
        if marks.is_some() && marks != documentation {
            kept.push_str(&line[..end]);
        }
        documentation = marks;
        if line.ends_with('\n') {
            kept.push('\n');
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
    fn lines_and_documentation_stay() {
        for (before, after) in [
            ("//! What it is.\r\nmod a; // not alone\n", "//!\nmod a; // not alone\n"),
            ("    /// For `f`.\n    ///\n    fn f() {}", "    ///\n\n    fn f() {}"),
            ("////////\n// the end", "\n"),
            ("//! a\n/// b\n// c\n/// d\n", "//!\n///\n\n///\n"),
            ("let a = \"\n// ends here\";\n", "let a = \"\n// ends here\";\n"),
            ("/*\n// and here */\n", "/*\n// and here */\n"),
        ] {
            assert_eq!(without_comments(before), after);
        }
    }

    /// What is no comment, space or string is the same token at the same line, in all of `std` and `alloc`.
    #[test]
    fn code_stays_what_it_was() {
        let toolchain = Toolchain::find(Path::new(".")).unwrap();
        let library = std_sources::find(None, None, &toolchain).unwrap();
        let folders = ["std/src", "alloc/src"].map(|it| library.join(it));
        let paths = folders.iter().flat_map(Walk::new).map(|it| it.unwrap().into_path());
        let mut shorter = 0;
        for path in paths.filter(|it| it.extension().is_some_and(|it| it == "rs")) {
            let text = std::fs::read_to_string(&path).unwrap();
            let kept = without_comments(&text);
            shorter += text.len() - kept.len();
            assert_eq!(code(&kept), code(&text), "{}", path.display());
        }
        assert!(shorter > 1_000_000, "only {shorter} bytes of comments were seen");
    }

    /// Each token of the code with its line, and its text unless that is a string's.
    fn code(text: &str) -> Vec<(usize, SyntaxKind, String)> {
        let root = SourceFile::parse(text, Edition::Edition2024).syntax_node();
        let tokens = root.descendants_with_tokens().filter_map(|it| it.into_token());
        let mut line = 0;
        let mut placed = |token: SyntaxToken| {
            let at = line;
            line += token.text().matches('\n').count();
            let is_string = token.kind() == SyntaxKind::STRING;
            let shown = if is_string { String::new() } else { token.text().to_owned() };
            (!token.kind().is_trivia()).then_some((at, token.kind(), shown))
        };
        tokens.filter_map(&mut placed).collect()
    }
}
