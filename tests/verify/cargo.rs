//! For what cargo is run, and what becomes of the files when it does not end as it should.

use std::{fs, process::Command};

use crate::{
    LIBRARY, MANIFEST, ROWS, code_of, line,
    project::{Project, Said},
    with_code,
};

/// Code with a finding whose fix is right.
const GOOD: &str = "
pub async fn good(store: &Store) -> u32 {
    store.load(1)
}
";

/// A project with that code, whose build runs `script` first.
fn with_build_script(script: &str) -> Project {
    let project = with_code(GOOD);
    let manifest = MANIFEST.replace("edition", "build = \"build.rs\"\nedition");
    fs::write(project.path("Cargo.toml"), manifest).unwrap();
    fs::write(project.path("build.rs"), script).unwrap();
    project
}

#[test]
fn packages_that_depend_on_what_changed_are_checked_and_no_others() {
    let member = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}")
    };
    let dependencies = MANIFEST.split("edition = \"2024\"\n").nth(1).unwrap();
    let dependencies = dependencies.replace("\n[workspace]\n", "");
    let sends = "
pub fn sends() {
    fn is_sent(_: impl Send) {}
    is_sent(house::shared(&house::Store));
}
";
    let code = "
pub async fn shared(store: &Store) -> u32 {
    store.load(1) + store.share()
}
";
    let project = Project::committed(&[
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"house\", \"user\", \"other\"]\n",
        ),
        ("async-fix.toml", ROWS),
        ("house/Cargo.toml", &member("house", &dependencies)),
        ("house/src/lib.rs", &format!("{LIBRARY}{code}")),
        ("user/Cargo.toml", &member("user", "[dependencies]\nhouse = { path = \"../house\" }\n")),
        ("user/src/lib.rs", sends),
        // It cannot be built, and has nothing to do with this.
        ("other/Cargo.toml", &member("other", "build = \"build.rs\"\n")),
        ("other/build.rs", "fn main() {\n    std::process::exit(7);\n}\n"),
        ("other/src/lib.rs", ""),
    ]);
    let said = project.run(&["--apply"]);
    let at = format!("house/src/lib.rs:{}:21: ", line(code, "store.share()"));
    let error = "error[E0277]: `Rc<u32>` cannot be sent between threads safely";
    assert_eq!(said.taken_back(), [at + error], "{}", said.stderr);
    let fixed = code.replace("load(1)", "load_later(1).await");
    assert_eq!(project.text("house/src/lib.rs"), format!("{LIBRARY}{fixed}"));
}

#[test]
fn where_cargo_does_not_get_to_the_code_everything_is_put_back() {
    let project = with_build_script("fn main() {\n    std::process::exit(7);\n}\n");
    let said = project.run(&["--apply", "--allow-dirty", "-q"]);
    assert_eq!(said.status, Some(2));
    assert!(
        said.stderr.contains("\nerror: cargo cannot build this, with the fixes or without, ")
            && said.stderr.contains("failed to run custom build command for `house v0.0.0")
            && said.stderr.contains("`--verify analysis` needs no build"),
        "{}",
        said.stderr
    );
    assert_eq!(code_of(&project), GOOD);

    let said = project.run(&["--apply", "--allow-dirty", "--verify", "analysis"]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert_eq!(code_of(&project), GOOD.replace("load(1)", "load_later(1).await"));
}

#[cfg(unix)]
#[test]
fn a_signal_while_cargo_runs_puts_everything_back() {
    let script = "fn main() {\n    std::fs::write(\"started\", \"\").unwrap();\n    \
                 std::thread::sleep(std::time::Duration::from_secs(30));\n}\n";
    let project = with_build_script(script);
    let mut run = project.command(env!("CARGO_BIN_EXE_async-fix"));
    let run = run.args(["--apply", "--allow-dirty", "-q"]).spawn().unwrap();
    while !project.path("started").exists() {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(code_of(&project), GOOD.replace("load(1)", "load_later(1).await"));
    let kill = Command::new("kill").args(["-TERM", &run.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(code_of(&project), GOOD);
}

/// Cargo looks at times alone, so it takes what it said of a copy that was checked later for what it would say here.
#[cfg(unix)]
#[test]
fn what_cargo_said_of_a_copy_that_shares_the_target_folder_does_not_count() {
    use std::os::unix::fs::PermissionsExt;

    let code = "
pub async fn bad(store: &Store) {
    takes(store.count());
}

pub async fn good(store: &Store) -> u32 {
    store.load(1)
}
";
    let (project, copy) = (with_code(code), with_code(code));
    // A cargo before whose first check somebody checks the copy.
    let wrapper = copy.path("cargo");
    let script = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = check ] && mkdir '{0}/seen' 2>/dev/null; then\n  \
         (cd '{0}' && touch src/lib.rs && '{1}' check --quiet --all-targets) || exit 1\n\
         fi\nexec '{1}' \"$@\"\n",
        copy.root().display(),
        env!("CARGO"),
    );
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let mut run = project.command(env!("CARGO_BIN_EXE_async-fix"));
    let said = Said::of(run.arg("--apply").env("CARGO", wrapper).output().unwrap());
    assert!(copy.path("seen").exists(), "{}", said.stderr);
    let at = format!("src/lib.rs:{}:11", line(code, "takes(store"));
    assert_eq!(said.taken_back(), [format!("{at}: error[E0308]: mismatched types")]);
    assert_eq!(code_of(&project), code.replace("load(1)", "load_later(1).await"));
}
