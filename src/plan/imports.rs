//! Imports that have lost their last use.

use ra_ap_syntax::{AstNode, SourceFile, SyntaxNode, ast, ast::HasName};

mod elsewhere;
mod meaning;
mod mentions;
mod removal;
mod used;

use self::used::{Import, is_used, is_used_elsewhere};
pub(super) use self::{
    elsewhere::{Elsewhere, elsewhere},
    meaning::{Meaning, meanings},
};

/// What is known of the words of a text before an edit, and after it.
#[derive(Default)]
pub(super) struct Looked {
    pub before: Elsewhere,
    pub after: Elsewhere,
}

/// The text `after` an edit, without the imports that were used `before` it and are not any more.
///
/// `meanings` has one for each import, and `others` are the other texts of the package. None when all stay.
pub(super) fn tidied(
    before: &str,
    after: &str,
    meanings: &[Option<Meaning>],
    others: &[&str],
    looked: &Looked,
) -> Option<String> {
    let then = parse(before);
    let old = leaves(&then);
    // An edit that took imports out knows better.
    let mut left = places(&old, &leaves(&parse(after)))?;
    if meanings.len() != old.len() {
        return None;
    }
    let mut text = after.to_owned();
    let elsewhere_then = looked.before.words(&then);
    let had_use: Vec<bool> = old
        .iter()
        .zip(meanings)
        .map(|(leaf, meaning)| {
            let import = meaning.as_ref().zip(Import::new(leaf, &old));
            import.is_some_and(|(meaning, it)| is_used(&then, &it, meaning, &elsewhere_then))
        })
        .collect();
    loop {
        let now = parse(&text);
        let imports = leaves(&now);
        let elsewhere_now = looked.after.words(&now);
        // Without one `use` another may be without a use: `use tokio::runtime; use runtime::Handle;`.
        let shorter = left.iter().zip(&imports).enumerate().find_map(|(at, (index, leaf))| {
            let index = index.filter(|it| had_use[*it])?;
            let meaning = meanings[index].as_ref()?;
            let import = Import::new(leaf, &imports)?;
            let is_lost = !is_used(&now, &import, meaning, &elsewhere_now)
                && !is_used_elsewhere(others, &import, meaning);
            is_lost.then(|| Some((at, removal::without(&text, leaf, &import.item)?))).flatten()
        });
        match shorter {
            Some((at, shorter)) => {
                left.remove(at);
                text = shorter;
            }
            None => break,
        }
    }
    (text != after).then_some(text)
}

/// Whether a trait of the standard library that a text imports may have lost its use to another one, which only the
/// types tell: an import has come, or something is awaited that was not.
pub(super) fn may_call_elsewhere(before: &str, after: &str, meanings: &[Option<Meaning>]) -> bool {
    let traits = meanings.iter().flatten();
    let items = traits.filter_map(|it| match it {
        Meaning::BlockingTrait(it) => Some(it),
        Meaning::Name | Meaning::Trait(_) => None,
    });
    let items: Vec<String> = items.flatten().cloned().collect();
    if items.is_empty() {
        return false;
    }
    let (then, now) = (parse(before), parse(after));
    let awaited = |it: &SyntaxNode| {
        let words = mentions::words(it, &items);
        words.filter(mentions::is_awaited).count()
    };
    leaves(&then).len() < leaves(&now).len() || awaited(&then) != awaited(&now)
}

/// Which of the `old` imports each of the `new` ones is; the others are new. None when an old one is not there any more.
fn places(old: &[ast::UseTree], new: &[ast::UseTree]) -> Option<Vec<Option<usize>>> {
    let same = |a: &ast::UseTree, b: &ast::UseTree| {
        a.syntax().text() == b.syntax().text() && full_path(a) == full_path(b)
    };
    let mut next = 0;
    let place = |it: &ast::UseTree| {
        let is_next = old.get(next).is_some_and(|old| same(old, it));
        next += usize::from(is_next);
        is_next.then(|| next - 1)
    };
    let places: Vec<Option<usize>> = new.iter().map(place).collect();
    (next == old.len()).then_some(places)
}

/// The paths before all braces that an import stands in.
fn full_path(import: &ast::UseTree) -> Vec<String> {
    let trees = import.syntax().ancestors().filter_map(ast::UseTree::cast);
    trees.filter_map(|it| Some(it.path()?.to_string())).collect()
}

/// As the database has it: with spaces for a byte order mark.
fn parse(text: &str) -> SyntaxNode {
    let plain = text.strip_prefix('\u{feff}').map(|it| format!("   {it}"));
    let text = plain.as_deref().unwrap_or(text);
    SourceFile::parse(text, ra_ap_span::Edition::CURRENT).tree().syntax().clone()
}

/// The parts of imports that each make something known, in their order.
fn leaves(root: &SyntaxNode) -> Vec<ast::UseTree> {
    let trees = root.descendants().filter_map(ast::UseTree::cast);
    trees.filter(|it| it.use_tree_list().is_none()).collect()
}

/// The path before the braces that `tree` stands in.
fn outer_path(tree: &ast::UseTree) -> Option<ast::Path> {
    tree.syntax().ancestors().skip(1).find_map(ast::UseTree::cast)?.path()
}

/// The name under which an import makes something known; none for `*` and `as _`.
fn name(import: &ast::UseTree) -> Option<String> {
    if import.star_token().is_some() {
        return None;
    }
    let plain = |it: &str| it.trim_start_matches("r#").to_owned();
    if let Some(rename) = import.rename() {
        return Some(plain(rename.name()?.text()));
    }
    let last = import.path()?.segment()?.name_ref()?;
    if last.self_token().is_none() {
        return Some(plain(last.text()));
    }
    // `use std::fs::{self}`
    Some(plain(outer_path(import)?.segment()?.name_ref()?.text()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::tests::inputs;

    /// Traits are those whose name ends in `Ext`, with a method of the same name in lower case and one called `other`.
    fn meaning(import: &ast::UseTree) -> Option<Meaning> {
        let name = import.path()?.segment()?.name_ref()?.text().to_string();
        Some(match name.strip_suffix("Ext") {
            Some(it) => Meaning::Trait(vec![it.to_lowercase(), "other".to_owned()]),
            None => Meaning::Name,
        })
    }

    fn tidy(before: &str, after: &str, others: &[&str]) -> String {
        let meanings: Vec<_> = leaves(&parse(before)).iter().map(meaning).collect();
        tidied(before, after, &meanings, others, &Looked::default())
            .unwrap_or_else(|| after.to_owned())
    }

    /// The fix turns `old` into `new`; then each text must become what stands beside it.
    fn check_call((old, new): (&str, &str), cases: &[(&str, &str)]) {
        for (before, expected) in cases {
            let after = before.replace(old, new);
            assert_eq!(tidy(before, &after, &[]), *expected, "\n{before}");
        }
    }

    /// In all of them a fix takes `fs::read(p)` away.
    const READ: (&str, &str) = ("fs::read(p);", "f.await;");

    /// What stays as it is but for the fix.
    fn check_stays(call: (&str, &str), cases: &[&str]) {
        for before in cases {
            let after = before.replace(call.0, call.1);
            assert_ne!(*before, after, "the fix has something to do");
            assert_eq!(tidy(before, &after, &[]), after, "\n{before}");
        }
    }

    #[test]
    fn an_import_goes_with_its_last_use() {
        check_call(
            READ,
            &[
                ("use std::fs;\n\nfn f() { fs::read(p); }\n", "fn f() { f.await; }\n"),
                (
                    "use std::fs;\nuse std::io;\n\nfn f() { fs::read(p); }\n",
                    "use std::io;\n\nfn f() { f.await; }\n",
                ),
                (
                    "use std::io;\nuse std::fs;\n\nfn f() { fs::read(p); }\n",
                    "use std::io;\n\nfn f() { f.await; }\n",
                ),
                (
                    "use std::{fs, io};\nfn f() { fs::read(p); }\n",
                    "use std::io;\nfn f() { f.await; }\n",
                ),
                (
                    "use std::{fs, io, thread};\nfn f() { fs::read(p); }\n",
                    "use std::{io, thread};\nfn f() { f.await; }\n",
                ),
                (
                    "use std::{io, thread, fs};\nfn f() { fs::read(p); }\n",
                    "use std::{io, thread};\nfn f() { f.await; }\n",
                ),
                (
                    "use std::fs::{self, File};\nfn f() { fs::read(p); }\n",
                    "use std::fs::File;\nfn f() { f.await; }\n",
                ),
                (
                    "use std::{fs::{self}, io};\nfn f() { fs::read(p); }\n",
                    "use std::io;\nfn f() { f.await; }\n",
                ),
                ("use std::files as fs;\nfn f() { fs::read(p); }\n", "fn f() { f.await; }\n"),
                (
                    "#[cfg(unix)]\nuse std::fs;\nuse std::io;\nfn f() { fs::read(p); }\n",
                    "use std::io;\nfn f() { f.await; }\n",
                ),
                (
                    "use std::fs;\nmod made { include!(concat!(env!(\"OUT_DIR\"), \"/a.rs\")); }\nfn f() { fs::read(p); }\n",
                    "mod made { include!(concat!(env!(\"OUT_DIR\"), \"/a.rs\")); }\nfn f() { f.await; }\n",
                ),
                // Not mentions: another path, a field, a method, a name of its own.
                (
                    "use std::fs;\nfn f(s: S) { fs::read(p); tokio::fs::read(q); s.fs.x; s.fs(); S { fs: 1 }; let fs = 1; }\n",
                    "fn f(s: S) { f.await; tokio::fs::read(q); s.fs.x; s.fs(); S { fs: 1 }; let fs = 1; }\n",
                ),
                (
                    "use std::fs;\nfn f() { fs::read(p); m!(tokio::fs::read(q), s.fs, \"fs\"); }\n",
                    "fn f() { f.await; m!(tokio::fs::read(q), s.fs, \"fs\"); }\n",
                ),
            ],
        );
        // `self` keeps its braces.
        check_call(
            ("File::open(p)", "f.await"),
            &[(
                "use std::fs::{self, File};\nfn f() { File::open(p); fs::read(p) }\n",
                "use std::fs::{self};\nfn f() { f.await; fs::read(p) }\n",
            )],
        );
    }

    #[test]
    fn comments_and_line_ends_stay() {
        check_call(
            READ,
            &[
                (
                    "// Licence\n\n//! About.\n\n// keep me\nuse std::fs;\n\nfn f() { fs::read(p); }\n",
                    "// Licence\n\n//! About.\n\n// keep me\n\nfn f() { f.await; }\n",
                ),
                (
                    "// Licence\n\nuse std::fs;\nuse std::io;\n\nfn f() { fs::read(p); }\n",
                    "// Licence\n\nuse std::io;\n\nfn f() { f.await; }\n",
                ),
                (
                    "// Licence\n\nuse std::fs;\n\nfn f() { fs::read(p); }\n",
                    "// Licence\n\nfn f() { f.await; }\n",
                ),
                (
                    "/* one */ use std::fs; // two\nfn f() { fs::read(p); }\n",
                    "/* one */ // two\nfn f() { f.await; }\n",
                ),
                (
                    "use std::io;\nuse std::fs; // for reading\n\nfn f() { fs::read(p); }\n",
                    "use std::io;\n// for reading\n\nfn f() { f.await; }\n",
                ),
                (
                    "// a\n#[cfg(unix)]\nuse std::fs;\nuse std::io;\nfn f() { fs::read(p); }\n",
                    "// a\nuse std::io;\nfn f() { f.await; }\n",
                ),
                (
                    "use std::io;\r\nuse std::fs;\r\n\r\nfn f() { fs::read(p); }\r\n",
                    "use std::io;\r\n\r\nfn f() { f.await; }\r\n",
                ),
                (
                    "// a\r\nuse std::fs;\r\nuse std::io;\r\nfn f() { fs::read(p); }\r\n",
                    "// a\r\nuse std::io;\r\nfn f() { f.await; }\r\n",
                ),
                (
                    "\u{feff}use std::fs;\nuse std::io;\n\nfn f() { fs::read(p); }\n",
                    "\u{feff}use std::io;\n\nfn f() { f.await; }\n",
                ),
                (
                    "mod m {\n    // a\n    use std::fs;\n    use std::io;\n\n    fn f() { fs::read(p); }\n}\n",
                    "mod m {\n    // a\n    use std::io;\n\n    fn f() { f.await; }\n}\n",
                ),
                (
                    "mod m {\n    use std::fs;\n\n    fn f() { fs::read(p); }\n}\n",
                    "mod m {\n\n    fn f() { f.await; }\n}\n",
                ),
                (
                    "fn f() {\n    use std::fs;\n    fs::read(p);\n}\n",
                    "fn f() {\n    f.await;\n}\n",
                ),
                (
                    "use std::{\n    // for f\n    fs,\n    io,\n    thread,\n};\nfn f() { fs::read(p); }\n",
                    "use std::{\n    // for f\n    io,\n    thread,\n};\nfn f() { f.await; }\n",
                ),
            ],
        );
        // A comment inside, or a doc comment, would be lost or stand for something else.
        check_stays(
            READ,
            &[
                "use std::{ /* a */ fs };\nfn f() { fs::read(p); }\n",
                "use std::{fs /* a */, io, thread};\nfn f() { fs::read(p); }\n",
                "#[cfg(unix)] // a\nuse std::fs;\nfn f() { fs::read(p); }\n",
                "/// a\nuse std::fs;\nfn f() { fs::read(p); }\n",
            ],
        );
    }

    #[test]
    fn an_import_that_is_named_in_the_file_stays() {
        check_stays(
            READ,
            &[
                "use std::fs;\nfn f() { fs::read(p); fs::write(p, q) }\n",
                "use std::fs;\nfn f() { fs::read(p); }\nmod inner { fn f() { crate::fs::read(q) } }\n",
                "use std::fs;\nfn f() { fs::read(p); }\nmod inner { fn f() { super::fs::read(q) } }\n",
                "use std::fs;\nfn f() { fs::read(p); self::fs::read(q) }\n",
                "use std::fs;\nfn f() { fs::read(p); }\nmod inner { use super::*; fn f() { fs::read(q) } }\n",
                "use std::fs;\nfn f() { fs::read(p); }\nmod inner { use super::{io, fs}; }\n",
                // In `m`, its own private import.
                "mod m { use std::fs; fn f() { fs::read(p); } mod n { fn f() { crate::m::fs::read(q) } } }\n",
                "use std::fs;\nuse fs::File;\nfn f() { fs::read(p); }\n",
                "use std::r#fs;\nfn f() { fs::read(p); r#fs::read(q) }\n",
                "use std::fs;\nfn f() { fs::read(p); m!(fs::read(q)) }\n",
                "use std::fs;\nfn f() { fs::read(p); m!(0..fs::SIZE) }\n",
                "use std::fs;\nfn f() { fs::read(p); m!(self::fs::SIZE) }\n",
                "use std::fs;\nfn f() { fs::read(p); }\nmacro_rules! m { ($m:ident) => { $m::fs::read(q) } }\n",
                "use std::fs;\nfn f() { fs::read(p); }\nmacro_rules! m { () => { $crate::fs::read(q) } }\n",
                "use std::fs;\n#[derive(D)] struct S { #[serde(with = \"fs::path\")] a: u8 }\nfn f() { fs::read(p); }\n",
                "use std::fs;\nfn f() { fs::read(p); let fs::S = s; }\n",
            ],
        );
        check_stays(
            ("RT.block_on(f)", "f.await"),
            &[
                "use crate::rt::RT;\nfn f() { RT.block_on(f); println!(\"{RT:?}\") }\n",
                "use crate::rt::RT;\nfn f() { RT.block_on(f); if let RT = x {} }\n",
            ],
        );
    }

    #[test]
    fn some_imports_always_stay() {
        check_stays(
            READ,
            &[
                "use std::*;\nfn f() { fs::read(p); }\n",
                "pub use std::fs;\nfn f() { fs::read(p); }\n",
                "pub(crate) use std::fs;\nfn f() { fs::read(p); }\n",
                "use std::fs as _;\nfn f() { fs::read(p); }\n",
                "#[allow(unused_imports)]\nuse std::fs;\nfn f() { fs::read(p); }\n",
                "#[cfg(unix)] use std::fs;\n#[cfg(windows)] use other::fs;\nfn f() { fs::read(p); }\n",
                "use std::fs;\ninclude!(\"rest.rs\");\nfn f() { fs::read(p); }\n",
                "use std::fs;\nfn f() { fs::read(p); }\nfn g() { include!(concat!(\"a\", \"b\")) }\n",
                // It was without a use before.
                "use std::io;\nfn f() { std::fs::read(p); }\n",
            ],
        );
        let (before, after) =
            ("use std::fs;\nfn f() { fs::read(p); }\n", "use std::fs;\nfn f() {}\n");
        assert_eq!(
            tidied(before, after, &[None], &[], &Looked::default()),
            None,
            "it resolves to nothing"
        );
    }

    #[test]
    fn of_imports_with_one_name_the_one_whose_use_went() {
        check_call(
            READ,
            &[
                (
                    "mod a {\n    use std::fs;\n    use std::io;\n    fn f() { fs::read(p); }\n}\nmod b {\n    use std::fs;\n    fn f() { fs::read(q); }\n}\n",
                    "mod a {\n    use std::io;\n    fn f() { f.await; }\n}\nmod b {\n    use std::fs;\n    fn f() { fs::read(q); }\n}\n",
                ),
                (
                    "use std::fs;\nfn f() { fs::read(p); }\nfn g() {\n    use other::fs;\n    fs::read(q);\n}\n",
                    "fn f() { f.await; }\nfn g() {\n    use other::fs;\n    fs::read(q);\n}\n",
                ),
                (
                    "use std::fs;\nfn f() { fs::read(q); }\nfn g() {\n    use other::fs;\n    fs::read(p);\n}\n",
                    "use std::fs;\nfn f() { fs::read(q); }\nfn g() {\n    f.await;\n}\n",
                ),
            ],
        );
    }

    #[test]
    fn an_import_under_cfg_hides_no_other() {
        check_stays(
            READ,
            &[
                "use std::fs;\nfn f() { fs::read(p); }\nfn g() {\n    #[cfg(unix)]\n    use other::fs;\n    fs::read(q);\n}\n",
            ],
        );
    }

    #[test]
    fn other_files_can_mean_it() {
        let before = "use std::fs;\nfn f() { fs::read(p); }\n";
        let after = before.replace(READ.0, READ.1);
        let without = "fn f() { f.await; }\n";
        let uses = [
            "use crate::fs;\nfn g() { fs::read(q) }\n",
            "use crate::*;\nfn g() { fs::read(q) }\n",
            "use super::*;\nfn g() { fs::read(q) }\n",
            "fn g() { super::fs::read(q) }\n",
            "fn g() { crate::a::fs::read(q) }\n",
            "use crate::{a::{self, fs}};\n",
            "macro_rules! slurp { ($p:expr) => { fs::read($p) } }\n",
            "use std::fs;\nmacro_rules! slurp { ($p:expr) => { fs::read($p) } }\n",
            "fn g() { fs::read(q) }\ninclude!(\"rest.rs\");\n",
        ];
        for other in uses {
            assert_eq!(tidy(before, &after, &["", other]), after, "\n{other}");
        }
        let harmless = [
            "fn g() { fs::read(q) }\n",
            "use std::fs;\nuse crate::a;\nuse super::*;\nfn g() { fs::read(q) }\n",
            "use super::a;\nfn g() { tokio::fs::read(q); std::fs::read(q); a.fs() }\n",
            "macro_rules! slurp { ($p:expr) => { std::fs::read($p) } }\n",
        ];
        for other in harmless {
            assert_eq!(tidy(before, &after, &["", other]), without, "\n{other}");
        }
    }

    #[test]
    fn what_stood_before_the_dot_counts() {
        let cases = [
            (
                "use tokio::runtime::Handle;\n\nfn f() { Handle::current().block_on(f); }\n",
                "fn f() { f.await; }\n",
            ),
            (
                "use tokio::{io, runtime::Handle};\n\nfn f() { Handle::current().block_on(f); }\n",
                "use tokio::io;\n\nfn f() { f.await; }\n",
            ),
            // One takes the other with it.
            (
                "use tokio::runtime;\nuse runtime::Handle;\n\nfn f() { Handle::current().block_on(f); }\n",
                "fn f() { f.await; }\n",
            ),
        ];
        check_call(("Handle::current().block_on(f)", "f.await"), &cases);
        check_call(
            ("runtime::Handle::current().block_on(f)", "f.await"),
            &[(
                "use tokio::{io, runtime};\n\nfn f() { runtime::Handle::current().block_on(f); }\n",
                "use tokio::io;\n\nfn f() { f.await; }\n",
            )],
        );
    }

    #[test]
    fn a_trait_goes_when_none_of_its_methods_can_be_called() {
        let wait = ("a.wait()", "a.await");
        check_call(
            wait,
            &[
                ("use x::WaitExt;\n\nfn f() { a.wait(); }\n", "fn f() { a.await; }\n"),
                (
                    "use x::WaitExt;\n\nfn f() { println!(\"{}\", a.wait()); }\n",
                    "fn f() { println!(\"{}\", a.await); }\n",
                ),
                // Where it is not known.
                (
                    "mod m {\n    use x::WaitExt;\n    fn f() { a.wait(); }\n}\nfn g() { b.wait(); t::m!(b); }\n",
                    "mod m {\n    fn f() { a.await; }\n}\nfn g() { b.wait(); t::m!(b); }\n",
                ),
                // No call: a variable, a field, a function of that name.
                (
                    "use x::WaitExt;\n\nfn f(other: S) { a.wait(); other.wait = S { other }; }\nfn wait() { wait() }\n",
                    "fn f(other: S) { a.await; other.wait = S { other }; }\nfn wait() { wait() }\n",
                ),
            ],
        );
        check_stays(
            wait,
            &[
                "use x::WaitExt;\n\nfn f() { a.wait(); b.wait(); }\n",
                "use x::WaitExt;\n\nfn f() { a.wait(); T::wait(b); }\n",
                "use x::WaitExt;\n\nfn f() { a.wait(); each(b, <T>::other); }\n",
                "use x::WaitExt;\n\nfn f() { a.wait(); m!(other); }\n",
                "use x::WaitExt;\n\nfn f() { a.wait(); b.other(); }\n",
                "use x::WaitExt;\n\nfn f() { a.wait(); m!(b.other()); }\n",
                "use x::WaitExt;\n\nfn f(b: impl WaitExt) { a.wait(); }\n",
                "use x::WaitExt as _;\n\nfn f() { a.wait(); }\n",
                "use x::{WaitExt, *};\n\nfn f() { a.wait(); shout!(b, \"\"); }\n",
                "use x::WaitExt;\n\nfn f() { a.wait(); }\nmod m { use super::*; fn f() { b.wait() } }\n",
                "mod m {\n    use x::WaitExt;\n    fn f() { a.wait(); }\n    mod n { fn g() { b.wait(); } }\n}\n",
                "macro_rules! m { ($b:expr) => { $b.wait() } }\nmod m {\n    use x::WaitExt;\n    fn f() { a.wait(); m!(b) }\n}\n",
                // Nobody knows whether its methods were meant.
                "use x::WaitExt;\n\nfn f() { a.wait(); t::m!(b); }\n",
                "use x::WaitExt;\n\nfn f() { a.wait(); t::s! { () => write!(b) } }\n",
            ],
        );
        check_stays(
            ("WaitExt::wait(a)", "a.await"),
            &["use x::WaitExt;\n\nfn f() { WaitExt::wait(a); b.wait(); }\n"],
        );
        let before = "use x::WaitExt;\n\nfn f() { a.wait(); }\n";
        let after = before.replace(wait.0, wait.1);
        for (other, stays) in [
            ("use super::*;\nfn g() { b.other() }\n", true),
            ("macro_rules! m { ($b:expr) => { $b.wait() } }\n", true),
            ("use crate::WaitExt;\n", true),
            ("use x::WaitExt;\nfn g() { b.wait() }\n", false),
        ] {
            assert_eq!(tidy(before, &after, &[other]) == after, stays, "\n{other}");
        }
    }
    proptest! {
        #![proptest_config(inputs(500))]

        #[test]
        fn what_goes_is_what_has_lost_its_uses(
            groups in prop::collection::vec(1..4usize, 1..6),
            calls in prop::collection::vec((0..12usize, any::<bool>()), 0..16),
        ) {
            let mut count = 0;
            let mut uses = String::new();
            for size in groups {
                let names: Vec<String> = (count..count + size).map(|it| format!("n{it}")).collect();
                uses += &match names.as_slice() {
                    [name] => format!("use a::{name};\n"),
                    _ => format!("use a::{{{}}};\n", names.join(", ")),
                };
                count += size;
            }
            let text = |calls: &mut dyn Iterator<Item = usize>| {
                let body: String = calls.map(|it| format!("    n{it}::call();\n")).collect();
                format!("{uses}\nfn f() {{\n{body}}}\n")
            };
            let then: Vec<usize> = calls.iter().map(|it| it.0).collect();
            let now: Vec<usize> = calls.iter().filter(|it| it.1).map(|it| it.0).collect();
            let (before, after) = (text(&mut then.iter().copied()), text(&mut now.iter().copied()));
            let result = tidy(&before, &after, &[]);
            let stays = |it: &usize| now.contains(it) || !then.contains(it);
            let expected: Vec<String> = (0..count).filter(stays).map(|it| format!("n{it}")).collect();
            let found: Vec<String> = leaves(&parse(&result)).iter().filter_map(name).collect();
            prop_assert_eq!(found, expected);
            prop_assert!(result.ends_with(after.split_once("fn f").unwrap().1));
        }
    }
}
