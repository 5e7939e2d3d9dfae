//! What is found wrong before anything is written.

use crate::{code_of, line, with_code};

#[test]
fn what_does_not_parse_is_not_even_planned() {
    let code = "
pub fn syntax(_: std::future::Ready<u32>) -> u32 {
    1
}

pub async fn bad() -> u32 {
    syntax(std::future::ready(1))
}

pub async fn good(store: &Store) -> u32 {
    store.load(1)
}
";
    let project = with_code(code);
    for verify in ["cargo", "syntax"] {
        let said = project.run(&["--dry-run", "--verify", verify]);
        let at = format!("src/lib.rs:{}:5", line(code, "syntax(std"));
        let [taken_back] = said.taken_back().try_into().unwrap();
        assert!(taken_back.starts_with(&format!("{at}: syntax error: ")), "{taken_back}");
        assert_eq!(said.status, Some(3), "{}", said.stderr);
        assert!(said.stdout.contains("+    store.load_later(1).await\n"), "{}", said.stdout);
        assert!(!said.stdout.contains("await)"), "{}", said.stdout);
    }
    // Who wants no checks gets none.
    let said = project.run(&["--dry-run", "--verify", "none"]);
    assert_eq!((said.status, said.taken_back().len()), (Some(1), 0));
    assert!(said.stdout.contains("ready(1).await)"), "{}", said.stdout);
}

#[test]
fn what_rust_analyzer_finds_wrong_is_not_planned_where_it_is_asked() {
    let code = "
pub fn nowhere(_: u32) -> u32 {
    1
}

pub async fn wrong_type(store: &Store) {
    let broken_before: u8 = \"\";
    takes(store.count());
}

pub async fn wrong_path() -> u32 {
    nowhere(1)
}

pub async fn good(store: &Store) -> u32 {
    store.load(1)
}
";
    let project = with_code(code);
    let said = project.run(&["--dry-run", "--verify", "analysis"]);
    assert_eq!(
        said.taken_back(),
        [
            format!(
                "src/lib.rs:{}:11: error[E0308]: expected u32, found u64",
                line(code, "takes(store")
            ),
            format!(
                "src/lib.rs:{}:5: error: `tokio::nowhere` leads nowhere",
                line(code, "nowhere(1)")
            ),
        ]
    );
    assert_eq!(said.status, Some(3));
    assert!(said.stdout.contains("+    store.load_later(1).await\n"), "{}", said.stdout);
    assert!(!said.stdout.contains("count_later()"), "{}", said.stdout);
    assert!(said.stderr.contains("Please report it"), "{}", said.stderr);

    // What was left out stays what it was, and is found.
    let said = project.run(&["--apply", "--verify", "analysis", "--output-format", "json"]);
    assert_eq!(said.status, Some(3), "{}", said.stderr);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["remaining"].as_array().unwrap().len(), 2);
    let skipped = document["skipped_fixes"].as_array().unwrap();
    assert_eq!(skipped[0]["reason"], "error[E0308]: expected u32, found u64");
    assert!(skipped[0]["error"].as_str().unwrap().contains("takes(store.count_later().await)"));
    assert_eq!(code_of(&project), code.replace("load(1)", "load_later(1).await"));
}

#[test]
fn of_ten_fixes_the_one_that_brings_a_new_finding_is_left_out_alone() {
    let good = |number: u32| format!("    sum += store.load({number});\n");
    let (first, rest): (String, String) = ((1..5).map(good).collect(), (5..10).map(good).collect());
    let code = format!(
        "
pub async fn ten(store: &Store) -> u32 {{
    let mut sum = 0;
{first}    sum += store.old();
{rest}    sum
}}
"
    );
    let project = with_code(&code);
    let fixed = (1..10).fold(code.clone(), |code, it| {
        code.replace(&format!("load({it})"), &format!("load_later({it}).await"))
    });
    let not_done = format!(
        "Not done: src/lib.rs:{}:12: blocking-fs: Await the future instead: its result would have \
         a new finding: `house::Store::count` blocks the runtime worker\n",
        line(&code, "store.old()")
    );
    for verify in ["cargo", "none"] {
        let said = project.run(&["--apply", "--allow-dirty", "--verify", verify]);
        assert_eq!(said.status, Some(1), "{}", said.stderr);
        assert!(said.stderr.contains("Fixed 9 findings in 1 file"), "{}", said.stderr);
        assert!(said.stderr.contains(&not_done), "{}", said.stderr);
        assert_eq!(code_of(&project), fixed);
        let undone = project.run(&["undo"]);
        assert_eq!(
            (undone.status, code_of(&project)),
            (Some(0), code.clone()),
            "{}",
            undone.stderr
        );
    }
}

/// Which of two ways to something that waits is told depends on nothing but the code between.
#[test]
fn a_finding_that_tells_of_another_way_is_not_a_new_one() {
    let code = "
pub fn second() -> Vec<u8> {
    std::fs::read(\"b\").unwrap_or_default()
}

pub fn first() -> Vec<u8> {
    std::fs::read(\"a\").unwrap_or_default()
}

pub async fn movable() -> Vec<u8> {
    second()
}

pub fn both(buffer: &mut Vec<u8>) {
    buffer.extend(first());
    buffer.extend(second());
}

pub async fn stays(buffer: &mut Vec<u8>) {
    std::thread::sleep(std::time::Duration::ZERO);
    both(buffer);
}
";
    let project = with_code(code);
    let said = project.run(&["--apply", "--unsafe-fixes", "--verify", "none"]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("Fixed 2 findings in "), "{}", said.stderr);
    assert!(!said.stderr.contains("Not done"), "{}", said.stderr);
}
