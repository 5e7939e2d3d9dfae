//! `--interactive` in a real terminal: tmux gives one, and says what stands on it.

use std::{
    fs,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

#[path = "shared/project.rs"]
mod project;

use project::{Project, succeed};

const MANIFEST: &str = "\
[package]
name = \"asked\"
edition = \"2024\"

[dependencies]
tokio = { version = \"1\", features = [\"rt\", \"time\", \"fs\"] }

[workspace]
";

const LIB: &str = "\
mod other;

pub async fn one() {
    std::thread::sleep(std::time::Duration::from_millis(1));
}

pub async fn two() -> String {
    other::three().await;
    std::fs::read_to_string(\"two\").unwrap_or_default()
}
";

const OTHER: &str = "\
pub async fn three() {
    std::thread::sleep(std::time::Duration::from_millis(3));
}
";

/// How long a machine with other things to do may take.
const PATIENCE: Duration = Duration::from_secs(240);

fn project() -> Project {
    Project::committed(&[("Cargo.toml", MANIFEST), ("src/lib.rs", LIB), ("src/other.rs", OTHER)])
}

fn is_as_it_was(project: &Project) -> bool {
    project.text("src/lib.rs") == LIB && project.text("src/other.rs") == OTHER
}

/// A terminal in which the program runs; when it has ended, the terminal says how, and how it left the keyboard.
struct Terminal {
    name: String,
}

impl Terminal {
    /// Nothing where tmux is missing: then a test cannot be run, and says so.
    fn start(project: &Project, arguments: &str) -> Option<Terminal> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        if Command::new("tmux").arg("-V").output().is_err() {
            eprintln!("skipped: there is no tmux");
            return None;
        }
        let number = STARTED.fetch_add(1, Ordering::SeqCst);
        let terminal = Terminal { name: format!("async-fix-{}-{number}", std::process::id()) };
        let program = env!("CARGO_BIN_EXE_async-fix");
        let state = project.path(".git/state");
        let script = format!(
            "export XDG_STATE_HOME='{}' EDITOR='sh .git/editor'; unset VISUAL; sh -c 'echo $$ > .git/pid; exec \"{program}\" {arguments}'; echo \"ended with $?\"; stty -a | grep -owE -e '-?(icanon|echo|isig)' | tr '\\n' ' '; echo end; sleep 600",
            state.display()
        );
        let size = ["-x", "150", "-y", "120"];
        succeed(
            terminal
                .tmux()
                .args(["new-session", "-d"])
                .args(size)
                .args(["-c"])
                .arg(project.root())
                .arg(script),
        );
        Some(terminal)
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.name, "-f", "/dev/null"]);
        command
    }

    fn press(&self, key: &str) {
        succeed(self.tmux().args(["send-keys", key]));
    }

    fn screen(&self) -> String {
        let output = succeed(self.tmux().args(["capture-pane", "-p", "-J"]));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until `text` stands on the screen, and returns all that does.
    fn wait_for(&self, text: &str) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if screen.contains(text) {
                return screen;
            }
            assert!(start.elapsed() < PATIENCE, "{text:?} never came:\n{screen}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits for the end, and checks that the keyboard works as before.
    fn wait_for_end(&self, status: u8) -> String {
        let screen = self.wait_for(" end");
        assert!(screen.contains(&format!("ended with {status}\n")), "{screen}");
        assert!(screen.contains("isig icanon echo end"), "{screen}");
        screen
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
    }
}

#[test]
fn what_was_agreed_to_is_written_at_the_end() {
    let project = project();
    let Some(terminal) =
        Terminal::start(&project, "--apply --interactive --default-no --verify none")
    else {
        return;
    };
    let first = terminal.wait_for("Write this fix? (1 of 3) [y,N,a,A,s,f,e,x,q,?]");
    assert!(first.contains("--> src/lib.rs:4:5"), "{first}");
    assert!(first.contains("4 +     tokio::time::sleep("), "{first}");
    assert!(!first.contains("src/other.rs"), "{first}");
    terminal.press("?");
    terminal.wait_for("# blocking-sleep");
    terminal.wait_for("Ctrl-C  write nothing");
    terminal.press("Enter");
    terminal.wait_for("(2 of 3)");
    terminal.press("y");
    terminal.wait_for("(3 of 3)");
    assert!(is_as_it_was(&project));
    terminal.press("a");
    // One finding is left.
    let end = terminal.wait_for_end(1);
    assert!(end.contains("async-fix undo"), "{end}");
    let old = "std::fs::read_to_string(\"two\")";
    let fixed = LIB.replace(old, "tokio::fs::read_to_string(\"two\").await");
    assert_eq!(project.text("src/lib.rs"), fixed);
    let fixed = OTHER.replace("std::thread", "tokio::time").replace("3));", "3)).await;");
    assert_eq!(project.text("src/other.rs"), fixed);
}

#[test]
fn ctrl_c_leaves_everything_as_it_was() {
    let project = project();
    let Some(terminal) = Terminal::start(&project, "--apply -i --verify none") else { return };
    terminal.wait_for("(1 of 3) [Y,n,");
    terminal.press("y");
    terminal.wait_for("(2 of 3)");
    terminal.press("C-c");
    let end = terminal.wait_for_end(130);
    assert!(end.contains("interrupted; all files are as they were"), "{end}");
    assert!(is_as_it_was(&project));
}

#[test]
fn a_signal_leaves_everything_as_it_was() {
    let project = project();
    let Some(terminal) = Terminal::start(&project, "--apply -i --verify none") else { return };
    terminal.wait_for("(1 of 3)");
    terminal.press("y");
    terminal.wait_for("(2 of 3)");
    // By then it waits for a key.
    std::thread::sleep(Duration::from_millis(300));
    succeed(Command::new("kill").args(["-TERM", project.text(".git/pid").trim()]));
    let end = terminal.wait_for_end(130);
    assert!(end.contains("interrupted; all files are as they were"), "{end}");
    assert!(is_as_it_was(&project));
}

#[test]
fn a_fix_can_be_edited_and_a_finding_suppressed() {
    let project = project();
    fs::write(project.path(".git/editor"), "sed -i 's/millis(1)/millis(11)/' \"$1\"").unwrap();
    let Some(terminal) = Terminal::start(&project, "--apply -i --verify none") else { return };
    terminal.wait_for("(1 of 3)");
    terminal.press("e");
    terminal.wait_for("(2 of 3)");
    terminal.press("x");
    terminal.wait_for("Why?");
    terminal.press("on purposes");
    terminal.wait_for("on purposes");
    terminal.press("BSpace");
    terminal.press("Enter");
    terminal.wait_for("(3 of 3)");
    assert!(is_as_it_was(&project));
    terminal.press("n");
    let end = terminal.wait_for_end(1);
    assert!(end.contains("Fixed 1 finding, suppressed 1, in 1 file."), "{end}");
    let expected = LIB
        .replace("std::thread::sleep", "tokio::time::sleep")
        .replace("millis(1))", "millis(11)).await")
        .replace("    std::fs", "    // async-fix: ignore[blocking-fs] -- on purpose\n    std::fs");
    assert_eq!(project.text("src/lib.rs"), expected);
    assert_eq!(project.text("src/other.rs"), OTHER);
}

/// A file with two names, which is written in place, is half old and half new then.
#[cfg(unix)]
#[test]
fn the_next_start_offers_to_put_back_what_a_run_has_left_half_done() {
    let project = project();
    fs::hard_link(project.path("src/other.rs"), project.path(".git/other")).unwrap();
    let Some(terminal) = Terminal::start(&project, "--apply --verify none") else { return };
    terminal.wait_for_end(0);
    let fixed = project.text("src/other.rs");
    assert_ne!(fixed, OTHER);
    let runs = project.path(".git/state/async-fix/runs");
    let run = fs::read_dir(runs).unwrap().next().unwrap().unwrap();
    fs::write(run.path().join("unfinished"), "").unwrap();
    let half = format!("{}{}", &fixed[..30], &OTHER[30..]);
    fs::write(project.path("src/other.rs"), &half).unwrap();

    let question = "A run was cut off while it wrote, just now. Put `src/lib.rs`, `src/other.rs` back as before it? [y/N]";
    // Nothing is done unasked.
    let terminal = Terminal::start(&project, "--apply --verify none").unwrap();
    terminal.wait_for(question);
    terminal.press("Enter");
    let end = terminal.wait_for_end(2);
    assert!(end.contains("puts its files back as they were"), "{end}");
    assert_eq!(project.text("src/other.rs"), half);

    let terminal = Terminal::start(&project, "").unwrap();
    terminal.wait_for(question);
    terminal.press("y");
    terminal.press("Enter");
    let end = terminal.wait_for_end(1);
    assert!(end.contains("Put back 2 files as before run "), "{end}");
    assert!(end.contains("Found 3 findings"), "{end}");
    assert!(is_as_it_was(&project));
    assert_eq!(project.text(".git/other"), OTHER);
}

#[test]
fn it_asks_only_where_somebody_can_answer() {
    let project = project();
    for (arguments, because) in [
        (&["--interactive"][..], "it asks what to write, so it goes with `--apply`"),
        (&["--apply", "-i"], "it asks in a terminal, and this is none"),
    ] {
        let said = project.run(arguments);
        said.refuses(&format!("`--interactive` cannot be used here: {because}"));
        assert!(is_as_it_was(&project));
    }
}
