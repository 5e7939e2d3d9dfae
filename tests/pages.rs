//! The laws that every page in `rules/` obeys: its examples are found, fixed, compiled and left alone as it says.
//!
//! `BLESS=1 cargo test --test pages` writes what the fixes do into the pages' `diff` fences.

use std::{path::Path, sync::Arc};

use async_fix::{page::Page, rules::RULES};
use libtest_mimic::{Arguments, Failed, Trial};

#[path = "pages/compile.rs"]
mod compile;
#[path = "pages/example.rs"]
mod example;
#[path = "pages/fixture.rs"]
mod fixture;
#[path = "pages/readme.rs"]
mod readme;
#[path = "pages/robust.rs"]
mod robust;
#[path = "pages/sendable.rs"]
mod sendable;
#[path = "pages/suppress.rs"]
mod suppress;
#[path = "pages/together.rs"]
mod together;
#[path = "pages/written.rs"]
mod written;

use fixture::Fixture;

type Outcome = Result<(), Failed>;
type Law = fn(&Fixture) -> Outcome;

fn main() {
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    let library = Arc::new(Fixture::library());
    let program = Arc::new(Fixture::program());
    let mut trials = Vec::new();
    for rule in RULES {
        let page = match Page::parse(rule.name, rule.text) {
            Ok(it) => Arc::new(it),
            Err(error) => {
                trials.push(Trial::test(format!("{}::page", rule.name), move || Err(error.into())));
                continue;
            }
        };
        let fixture = if page.of_programs { &program } else { &library };
        for index in 0..page.examples.len() {
            let name = format!("{}::{}", rule.name, slug(&page.examples[index].title));
            let (page, fixture) = (Arc::clone(&page), Arc::clone(fixture));
            trials.push(Trial::test(name, move || {
                example::check(&fixture, &page, &page.examples[index])
            }));
        }
        let fixture = Arc::clone(fixture);
        let name = format!("{}::header_says_which_fix", rule.name);
        trials.push(Trial::test(name, move || example::check_header(&fixture, &page)));
    }
    let laws: [(&str, Law); 10] = [
        ("examples_compile_before_and_after", compile::every_example),
        ("futures_without_guards_are_send", sendable::repaired_examples),
        ("all_fixes_together_compile", compile::all_together),
        ("suppressions_work_before_and_after_rustfmt", suppress::every_finding),
        ("examples_are_written_as_the_dry_run_says", written::examples),
        ("the_demo_is_written_as_the_dry_run_says", written::demo),
        ("modules_are_repaired_as_each_alone", together::random_modules),
        ("a_deleted_token_never_panics", robust::deleted_tokens),
        ("rows_resolve", robust::rows_resolve),
        ("readme_lists_every_rule", |_| readme::lists_every_rule()),
    ];
    let laws = laws.map(|it| (it, &library)).into_iter();
    let of_programs: (&str, Law) = ("programs_compile_before_and_after", compile::every_program);
    for ((name, law), fixture) in laws.chain([(of_programs, &program)]) {
        let fixture = Arc::clone(fixture);
        trials.push(Trial::test(format!("law::{name}"), move || law(&fixture)));
    }
    if std::env::var_os("BLESS").is_some() {
        example::bless(&library, pages());
        example::bless(&program, pages_of_programs());
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// The root of this repository.
fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn slug(title: &str) -> String {
    let words = title.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
}

/// All pages whose examples are modules of a library; those that cannot be read fail a test of their own.
fn pages() -> Vec<Page> {
    all_pages().filter(|it| !it.of_programs).collect()
}

/// Those whose examples are programs.
fn pages_of_programs() -> Vec<Page> {
    all_pages().filter(|it| it.of_programs).collect()
}

fn all_pages() -> impl Iterator<Item = Page> {
    RULES.iter().filter_map(|it| Page::parse(it.name, it.text).ok())
}
