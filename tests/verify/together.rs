//! Many fixes at once, and one run after another.

use crate::{MANIFEST, code_of, project::Project, with_code};

#[test]
fn a_hundred_and_one_fixes_in_one_function_share_their_feature_and_their_import() {
    let rows = "\
[[knowledge]]
crate = \"house\"
item = [
    { path = \"house::slow::read\", blocks = \"disk\", instead = \"tokio::fs::read($0).await\", needs = \"tokio/fs\" },
    { path = \"house::slow::wait\", blocks = \"timer\", instead = \"tokio::fs::read($0).await\", needs = \"tokio/fs\" },
]
";
    let slow = "\
pub fn read(path: &str) -> std::io::Result<Vec<u8>> {
    std::fs::read(path)
}

pub fn wait(path: &str) -> std::io::Result<Vec<u8>> {
    std::fs::read(path)
}
";
    let name = |number: usize| if number.is_multiple_of(2) { "read" } else { "wait" };
    let call = |number: usize| format!("    sum += slow::{}(\"{number}\")?.len();\n", name(number));
    let calls: String = (0..101).map(call).collect();
    let user = format!(
        "use crate::slow;\n\npub async fn all() -> std::io::Result<usize> {{\n    let mut sum = 0;\n{calls}    Ok(sum)\n}}\n"
    );
    let project = Project::committed(&[
        ("Cargo.toml", &MANIFEST.replace(", \"fs\"", "")),
        ("async-fix.toml", rows),
        ("src/lib.rs", "pub mod slow;\npub mod user;\n"),
        ("src/slow.rs", slow),
        ("src/user.rs", &user),
    ]);
    let said = project.run(&["--apply"]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("Fixed 101 findings in "), "{}", said.stderr);
    assert_eq!(project.text("Cargo.toml"), MANIFEST);
    let user = project.text("src/user.rs");
    assert!(user.starts_with("pub async fn all()"), "{user}");
    assert_eq!(user.matches("sum += tokio::fs::read(\"").count(), 101, "{user}");

    // What is put back is older than what was built of it, and is built all the same.
    let undone = project.run(&["undo"]);
    assert_eq!(undone.status, Some(0), "{}", undone.stderr);
    let check = project.command(env!("CARGO")).args(["check", "--all-targets"]).output().unwrap();
    let said = String::from_utf8(check.stderr).unwrap();
    assert!(check.status.success() && said.contains("Checking house v"), "{said}");
}

/// Each rule asks for the same trait in the same file, in two functions and in one.
#[test]
fn two_rules_that_need_the_same_import_add_it_once() {
    let user = "\
//! Reads.

use std::io::Read;

pub async fn file() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(\"a\")?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub async fn socket() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::net::TcpStream::connect(\"127.0.0.1:80\")?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub async fn both() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(\"b\")?.read_to_end(&mut bytes)?;
    std::net::TcpStream::connect(\"127.0.0.1:81\")?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
";
    let project = Project::committed(&[("Cargo.toml", MANIFEST), ("src/lib.rs", user)]);
    let found = project.run(&["--output-format", "concise"]).stdout;
    assert!(found.contains(" blocking-fs [") && found.contains(" blocking-io ["), "{found}");
    let said = project.run(&["--apply", "--unsafe-fixes"]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    let fixed = user
        .replace("use std::io::Read;", "use tokio::io::AsyncReadExt;")
        .replace("std::fs::File::open(\"a\")", "tokio::fs::File::open(\"a\").await")
        .replace("std::fs::File::open(\"b\")", "tokio::fs::File::open(\"b\").await")
        .replace("std::net::TcpStream", "tokio::net::TcpStream")
        .replace("0\")?", "0\").await?")
        .replace("1\")?", "1\").await?")
        .replace("(&mut bytes)?", "(&mut bytes).await?");
    assert_eq!(project.text("src/lib.rs"), fixed);
}

/// Each command that is printed is one that works, up to the last `undo`.
#[test]
fn what_the_last_lines_name_can_be_run() {
    let code = "
pub async fn both(store: &Store, thread: std::thread::JoinHandle<u32>) -> u32 {
    store.load(1) + thread.join().unwrap()
}
";
    let project = with_code(code);
    let mut said = project.run(&[]);
    let mut runs = Vec::new();
    for (command, status) in [
        ("async-fix --apply", 1),
        ("async-fix --apply --unsafe-fixes --allow-dirty", 0),
        ("async-fix undo ", 0),
        ("async-fix undo ", 0),
    ] {
        let hints = said.stderr.lines().filter_map(|it| it.strip_prefix("Run `"));
        runs.extend(hints.filter_map(|it| Some(it.split_once('`')?.0.to_owned())));
        let at = runs.iter().rposition(|it| match command.ends_with(' ') {
            true => it.starts_with(command),
            false => it == command,
        });
        let run = runs.remove(at.unwrap_or_else(|| panic!("{command} in {}", said.stderr)));
        let arguments: Vec<&str> = run.split(' ').skip(1).collect();
        said = project.run(&arguments);
        assert_eq!(said.status, Some(status), "{run}: {}", said.stderr);
    }
    assert_eq!(code_of(&project), code);
}
