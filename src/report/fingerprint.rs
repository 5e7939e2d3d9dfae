//! What makes a finding the same one after the code around it has moved.

use std::collections::BTreeMap;

use ra_ap_syntax::{
    AstNode, Edition, NodeOrToken, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, TextRange,
    ast::{self, HasName},
};
use sha2::{Digest, Sha256};

use crate::{
    finding::{FilePath, Finding},
    workspace::Texts,
};

/// How much of the hash is kept, in bytes.
const KEPT: usize = 16;

/// One for each of `findings`, in their order: from the rule, the file, the items around it, the code without spaces and
/// comments, and how many times the same code comes before in the same item. Which other findings there are has no say,
/// unless two are about one place.
pub(super) fn fingerprints(findings: &[Finding], texts: &Texts) -> Vec<String> {
    let mut trees: BTreeMap<&FilePath, Option<SyntaxNode>> = BTreeMap::new();
    let mut seen: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let mut fingerprints = Vec::new();
    for Finding { rule, at, message, .. } in findings {
        let tree = trees.entry(&at.file).or_insert_with(|| Some(tree(texts.get(&at.file)?)));
        let around = tree.as_ref().and_then(|it| covering(it, at.range));
        let mut parts = vec![(*rule).to_owned(), at.file.to_string()];
        match around {
            Some(node) => {
                parts.extend([items(&node), code(&node, at.range), before(&node).to_string()]);
            }
            // Without the code, what is said of it has to do.
            None => parts.push(message.clone()),
        }
        let same = seen.entry(parts.clone()).or_default();
        parts.push(same.to_string());
        *same += 1;
        fingerprints.push(hex(&Sha256::digest(parts.join("\0"))[..KEPT]));
    }
    fingerprints
}

/// The hash of a whole text, as `sha256sum` prints it.
pub(super) fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

fn tree(text: &str) -> SyntaxNode {
    // The parser knows no byte order mark. Spaces in its place keep every position.
    let text = text.replacen('\u{feff}', "   ", 1);
    SourceFile::parse(&text, Edition::CURRENT).syntax_node()
}

fn covering(tree: &SyntaxNode, range: TextRange) -> Option<SyntaxNode> {
    if !tree.text_range().contains_range(range) {
        return None;
    }
    match tree.covering_element(range) {
        NodeOrToken::Node(it) => Some(it),
        NodeOrToken::Token(it) => it.parent(),
    }
}

/// The names of the items around `node`, the outermost first.
fn items(node: &SyntaxNode) -> String {
    let mut names: Vec<String> = node.ancestors().filter_map(item_name).collect();
    names.reverse();
    names.join("::")
}

fn item_name(node: SyntaxNode) -> Option<String> {
    let item = ast::Item::cast(node)?;
    let name = |it: Option<ast::Name>| it.map(|it| it.text().to_string());
    match &item {
        ast::Item::Impl(it) => {
            let parts = [it.trait_(), it.self_ty()].into_iter().flatten();
            let parts = parts.map(|it| code(it.syntax(), it.syntax().text_range()));
            Some(format!("impl {}", parts.collect::<Vec<_>>().join(" for ")))
        }
        ast::Item::Fn(it) => name(it.name()),
        ast::Item::Module(it) => name(it.name()),
        ast::Item::Trait(it) => name(it.name()),
        ast::Item::Const(it) => name(it.name()),
        ast::Item::Static(it) => name(it.name()),
        ast::Item::MacroCall(it) => it.path().map(|it| it.syntax().text().to_string()),
        _ => None,
    }
}

/// How many times the code of `node` comes before it in the same item.
fn before(node: &SyntaxNode) -> usize {
    let item = node.ancestors().find(|it| ast::Item::can_cast(it.kind()));
    let whole = |it: &SyntaxNode| code(it, it.text_range());
    let this = whole(node);
    let alike = item.iter().flat_map(|it| it.descendants()).filter(|it| it.kind() == node.kind());
    let before = alike.take_while(|it| it.text_range().start() < node.text_range().start());
    before.filter(|it| whole(it) == this).count()
}

/// The tokens in `range`, one space apart. A comma that closes a list comes and goes with its line ends.
fn code(node: &SyntaxNode, range: TextRange) -> String {
    let tokens = node.descendants_with_tokens().filter_map(|it| it.into_token());
    let tokens = tokens
        .filter(|it| !it.kind().is_trivia() && range.contains_range(it.text_range()))
        .filter(|it| !is_trailing_comma(it));
    tokens.map(|it| it.text().to_owned()).collect::<Vec<_>>().join(" ")
}

fn is_trailing_comma(token: &SyntaxToken) -> bool {
    let mut next = token.next_token();
    while let Some(it) = next.as_ref().filter(|it| it.kind().is_trivia()) {
        next = it.next_token();
    }
    token.kind() == SyntaxKind::COMMA
        && next.is_some_and(|it| {
            matches!(it.kind(), SyntaxKind::R_PAREN | SyntaxKind::R_BRACK | SyntaxKind::R_CURLY)
        })
}

#[cfg(test)]
mod tests {
    use ra_ap_syntax::TextSize;

    use super::*;
    use crate::finding::{Place, Severity};

    /// A finding at each `read` of `text`, and their fingerprints.
    fn prints(text: &str) -> Vec<String> {
        prints_of(text, usize::MAX)
    }

    /// Of the last ones only.
    fn prints_of(text: &str, last: usize) -> Vec<String> {
        let file = FilePath::new("src/lib.rs");
        let finding = |(start, code): (usize, &str)| {
            let end = start + text[start..].find(';').expect(code);
            let range = TextRange::new(
                TextSize::try_from(start).unwrap(),
                TextSize::try_from(end).unwrap(),
            );
            Finding {
                rule: "blocking-fs",
                severity: Severity::Warn,
                at: Place::new(file.clone(), range),
                message: "blocks".to_owned(),
                because: Vec::new(),
                fixes: Vec::new(),
                behind: None,
                within: None,
                cured_at: Vec::new(),
            }
        };
        let mut findings: Vec<Finding> = text.match_indices("read(").map(finding).collect();
        findings.drain(..findings.len().saturating_sub(last));
        fingerprints(&findings, &Texts::from([(file.clone(), text.to_owned())]))
    }

    #[test]
    fn moved_and_formatted_code_keeps_its_fingerprint() {
        let one = prints("async fn f() {\n    read(a, b);\n    read(a, b);\n}\n");
        let moved = "\u{feff}// New.\r\nuse x;\r\n\r\nasync fn f() {\r\n    x();\r\n    read( // why\r\n        a,\r\n        b,\r\n    );\r\n    read(a, b);\r\n}\r\n";
        assert_eq!(prints(moved), one);
        assert_ne!(one[0], one[1]);
        // The second stays the second when nobody speaks of the first.
        assert_eq!(prints_of(moved, 1), one[1..]);
    }

    #[test]
    fn other_code_and_other_places_have_another() {
        let texts = [
            "async fn f() { read(a); }",
            "async fn f() { read(b); }",
            "async fn g() { read(a); }",
            "mod m { async fn f() { read(a); } }",
            "impl m { async fn f() { read(a); } }",
            "impl T for m { async fn f() { read(a); } }",
        ];
        let all: std::collections::BTreeSet<String> =
            texts.iter().flat_map(|it| prints(it)).collect();
        assert_eq!(all.len(), texts.len());
    }

    #[test]
    fn a_place_that_fits_no_text_has_one_too() {
        let mut finding = Finding {
            rule: "blocking-fs",
            severity: Severity::Warn,
            at: Place::new(FilePath::new("a.rs"), TextRange::up_to(TextSize::new(99))),
            message: "blocks".to_owned(),
            because: Vec::new(),
            fixes: Vec::new(),
            behind: None,
            within: None,
            cured_at: Vec::new(),
        };
        let texts = Texts::from([(FilePath::new("a.rs"), "fn f() {}".to_owned())]);
        let short = fingerprints(&[finding.clone()], &texts);
        finding.at.file = FilePath::new("gone.rs");
        assert_ne!(fingerprints(&[finding], &texts), short);
    }
}
