//! What the compiler finds wrong: each error is traced to its fix.

use std::fs;

use crate::{MANIFEST, code_of, line, with_code};

#[test]
fn of_ten_fixes_the_wrong_one_is_taken_back_alone() {
    let good = |number: u32| format!("    sum += store.load({number});\n");
    let good: String = (1..10).map(good).collect();
    let code = format!(
        "
pub async fn ten(store: &Store) -> u32 {{
    let mut sum = 0;
    takes(store.count());
{good}    sum
}}
"
    );
    let project = with_code(&code);
    let said = project.run(&["--apply"]);
    let at = format!("src/lib.rs:{}:11", line(&code, "takes(store"));
    assert_eq!(said.taken_back(), [format!("{at}: error[E0308]: mismatched types")]);
    assert_eq!(said.status, Some(3), "{}", said.stderr);
    assert!(said.stderr.contains("Please report it"), "{}", said.stderr);
    assert!(said.stderr.contains("expected `u32`, found `u64`"), "{}", said.stderr);
    assert!(said.stderr.contains("Fixed 9 findings in 1 file"), "{}", said.stderr);
    let fixed = (1..10).fold(code, |code, it| {
        code.replace(&format!("load({it})"), &format!("load_later({it}).await"))
    });
    assert_eq!(code_of(&project), fixed);
    // What is left is still found, and wrong in the same way when it is tried again.
    let again = project.run(&["--apply", "--allow-dirty"]);
    assert_eq!((again.status, again.taken_back()), (Some(3), said.taken_back()));
    assert_eq!(code_of(&project), fixed);
}

#[test]
fn errors_far_from_their_fix_are_traced_to_it() {
    let code = "
pub fn broken_before() -> u32 {
    \"\"
}

pub trait Pair {}

impl Pair for (u32, u32) {}

fn is_pair(_: impl Pair) {}

// The error points at all of the pair, which holds what a good fix writes.
pub async fn types(store: &Store) -> u32 {
    let first = store.load(1);
    let second = store.count();
    let third = store.load(2);
    is_pair((store.load(9), second));
    first + third
}

pub async fn shared(store: &Store) -> u32 {
    store.load(3) + store.share()
}

pub fn sends() {
    fn is_sent(_: impl Send) {}
    is_sent(shared(&Store));
}

macro_rules! twice {
    ($it:expr) => {{
        takes($it);
        takes($it);
    }};
}

pub async fn in_macro(store: &Store) {
    let it = store.load(5);
    twice!(it);
}
";
    let project = with_code(code);
    let said = project.run(&["--apply"]);
    let mut taken_back = said.taken_back();
    taken_back.sort();
    let at = |text, column: usize| format!("src/lib.rs:{}:{column}: ", line(code, text));
    let mut expected = [
        at("store.count()", 18)
            + "error[E0277]: the trait bound `(u32, u64): Pair` is not satisfied",
        at("store.share()", 21) + "error: future cannot be sent between threads safely",
    ];
    expected.sort();
    assert_eq!(taken_back, expected, "{}", said.stderr);
    assert_eq!(said.status, Some(3));
    let mut fixed = code.to_owned();
    for number in [1, 2, 3, 5, 9] {
        let (old, new) = (format!("load({number})"), format!("load_later({number}).await"));
        fixed = fixed.replace(&old, &new);
    }
    assert_eq!(code_of(&project), fixed);
    assert!(
        said.stderr.contains("note: `cargo check` finds 1 error that was there before; "),
        "{}",
        said.stderr
    );
}

#[test]
fn a_new_warning_that_is_denied_is_an_error() {
    let code = "
fn helper(_: std::future::Ready<u32>) -> u32 {
    1
}

pub async fn last_use(store: &Store) -> u32 {
    store.load(1) + helper(std::future::ready(1)) + store.load(2)
}
";
    let project = with_code(code);
    let manifest = format!("{MANIFEST}\n[lints.rust]\nwarnings = \"deny\"\n");
    fs::write(project.path("Cargo.toml"), manifest).unwrap();
    let said = project.run(&["--apply", "--allow-dirty"]);
    let at = format!("src/lib.rs:{}:21: ", line(code, "helper(std"));
    let error = "error: function `helper` is never used";
    assert_eq!(said.taken_back(), [at + error], "{}", said.stderr);
    let fixed = code.replace("load(1)", "load_later(1).await");
    assert_eq!(code_of(&project), fixed.replace("load(2)", "load_later(2).await"));
}

/// A fix that is wrong gives way to the next best one.
#[test]
fn the_next_best_fix_takes_the_place_of_a_wrong_one() {
    let code = "
fn times(number: u32) -> u32 {
    let count: u32 = Store.count();
    count * number
}

pub async fn uses() -> u32 {
    times(2)
}
";
    let project = with_code(code);
    let said = project.run(&["--apply", "--unsafe-fixes"]);
    assert_eq!(said.status, Some(3), "{}", said.stderr);
    let [taken_back] = said.taken_back().try_into().unwrap();
    assert!(taken_back.ends_with("error[E0308]: mismatched types"), "{taken_back}");
    assert!(said.stderr.contains("Fixed 1 finding in "), "{}", said.stderr);
    let fixed = code.replace(
        "    times(2)\n",
        "    tokio::task::spawn_blocking(move || times(2)).await.expect(\"the blocking call panicked\")\n",
    );
    assert_eq!(code_of(&project), fixed);
}
