//! Programs that fall into a trap when they are run, and no more when async-fix has been there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What the trap does to a program. Pauses are far above what a busy machine does to a thread.
#[derive(Clone, Copy, Debug)]
enum Trap {
    /// The only worker stands still for as long as a slow thing takes: 1.5 seconds.
    Stalls,
    /// It never ends.
    Hangs,
    /// The task panics.
    Panics,
    /// It says that something is not true that should always be.
    Breaks,
    /// The stack is too small for it.
    Overflows,
}

const PROGRAMS: [(&str, Trap); 33] = [
    ("sleep", Trap::Stalls),
    ("file", Trap::Stalls),
    ("lines", Trap::Stalls),
    ("net", Trap::Stalls),
    ("process", Trap::Stalls),
    ("channel", Trap::Stalls),
    ("thread", Trap::Stalls),
    ("compute", Trap::Stalls),
    ("helper", Trap::Stalls),
    ("block_on", Trap::Hangs),
    ("nested_runtime", Trap::Panics),
    ("one_mutex", Trap::Hangs),
    ("held_guard", Trap::Hangs),
    ("held_head", Trap::Hangs),
    ("other_span", Trap::Breaks),
    ("taken_twice", Trap::Hangs),
    ("half_done", Trap::Breaks),
    ("futurelock", Trap::Hangs),
    ("lost_frame", Trap::Breaks),
    ("lost_half", Trap::Breaks),
    ("idle_stream", Trap::Hangs),
    ("idle_timer", Trap::Breaks),
    ("polled_again", Trap::Panics),
    ("fan_out", Trap::Breaks),
    ("port_scanner", Trap::Breaks),
    ("full_channel", Trap::Breaks),
    ("large_buffer", Trap::Overflows),
    ("nested_futures", Trap::Overflows),
    ("late_cache", Trap::Breaks),
    ("stuck_flag", Trap::Breaks),
    ("gone_reader", Trap::Breaks),
    ("failed_sibling", Trap::Breaks),
    ("two_runtimes", Trap::Panics),
];

/// Long enough for every program that ends.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough to tell that a program does not end.
const DOUBT: Duration = Duration::from_secs(5);
const STALL: u64 = 1_200;
const BEAT: u64 = 600;
/// What a program says whose state is broken.
const BROKEN: &str = "Ok(false)";

#[test]
#[cfg(unix)]
fn each_trap_is_shown_and_repaired() {
    let project = copy();
    commit(&project);
    build(&project);
    check_each(shows_its_trap);
    // With a limit the scanner would do with one thread.
    fix(&project, &["--select", "no-parallelism"]);
    // Rules in preview have to be named.
    let preview = [
        "futurelock,cancel-unsafe-timeout,idle-buffered-stream,polled-wrong",
        "state-lost-on-cancel,large-future,large-local-across-await,unbounded-concurrency",
        "mixed-runtimes",
    ];
    let preview: Vec<&str> = preview.iter().flat_map(|it| ["--extend-select", it]).collect();
    fix(&project, &preview);
    build(&project);
    check_each(|name, _| runs_well(name));
}

fn fix(project: &Path, select: &[&str]) {
    let fixed = Command::new(env!("CARGO_BIN_EXE_async-fix"))
        .args(["--apply", "--allow-dirty", "--verify", "none", "--unsafe-fixes"])
        .args(["--output-format", "concise"])
        .args(select)
        .current_dir(project)
        .env("ASYNC_FIX_STATE_DIR", project.join("state"))
        .output()
        .expect("async-fix starts");
    assert_eq!(fixed.status.code(), Some(0), "{}", said(&fixed));
}

/// Always in the same place, so that cargo builds what changed and nothing else.
fn copy() -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traps");
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("traps");
    let _ = fs::remove_dir_all(&to);
    for folder in ["", "src", "src/bin"] {
        fs::create_dir_all(to.join(folder)).unwrap();
        for entry in fs::read_dir(from.join(folder)).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), to.join(folder).join(entry.file_name())).unwrap();
            }
        }
    }
    to
}

/// The folder is a repository of its own, where what is overwritten can be had back.
fn commit(project: &Path) {
    let identity = ["-c", "user.name=trap", "-c", "user.email=trap@example.com"];
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-qm", "traps"]] {
        let git = Command::new("git").args(identity).args(arguments).current_dir(project).status();
        assert!(git.expect("git starts").success());
    }
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("target")
}

fn build(project: &Path) {
    let output = Command::new("cargo")
        .args(["build", "--quiet", "--locked", "--bins"])
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target())
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", said(&output));
}

/// They mostly wait, so they run side by side.
fn check_each(check: fn(&str, Trap) -> Result<(), String>) {
    let running: Vec<_> =
        PROGRAMS.map(|(name, trap)| thread::spawn(move || check(name, trap))).into();
    let problems: Vec<String> =
        running.into_iter().filter_map(|it| it.join().expect("no check panics").err()).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn shows_its_trap(name: &str, trap: Trap) -> Result<(), String> {
    let patience = if let Trap::Hangs = trap { DOUBT } else { PATIENCE };
    let ended = run(name, patience);
    let shown = match (trap, &ended) {
        (Trap::Hangs, None) => true,
        (Trap::Stalls, Some(it)) => it.status.success() && pause(it) >= Some(STALL),
        (Trap::Panics, Some(it)) => said(it).contains("JoinError::Panic"),
        (Trap::Overflows, Some(it)) => said(it).contains("has overflowed its stack"),
        (Trap::Breaks, Some(it)) => it.status.success() && said(it).contains(BROKEN),
        _ => false,
    };
    if shown { Ok(()) } else { Err(format!("{name} has no trap ({trap:?}): {ended:?}")) }
}

fn runs_well(name: &str) -> Result<(), String> {
    let ended = run(name, PATIENCE);
    let is_well = |it: &Output| {
        it.status.success() && pause(it).is_some_and(|it| it < BEAT) && !said(it).contains(BROKEN)
    };
    match ended.as_ref().is_some_and(is_well) {
        true => Ok(()),
        false => Err(format!("{name} still has its trap: {ended:?}")),
    }
}

/// What the program says, or nothing when it does not end in time.
fn run(name: &str, patience: Duration) -> Option<Output> {
    let mut child = Command::new(target().join("debug").join(name))
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    while child.try_wait().expect("the program can be asked").is_none() {
        if start.elapsed() > patience {
            child.kill().expect("the program can be ended");
            child.wait().expect("the program has ended");
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
    Some(child.wait_with_output().expect("the program has ended"))
}

fn pause(output: &Output) -> Option<u64> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.rsplit_once("pause is ")?.1.split_once(" ms")?.0.parse().ok()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
