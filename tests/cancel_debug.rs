//! What logs that futures are dropped: written on demand, heard of when the program runs, and taken out again.

#[path = "shared/project.rs"]
mod project;

use project::{Project, succeed};

const MANIFEST: &str = "\
[package]
name = \"app\"
edition = \"2024\"

[dependencies]
tokio = { version = \"1\", features = [\"io-util\", \"macros\", \"rt\", \"sync\", \"time\"] }
";

const MAIN: &str = "\
mod work;

#[tokio::main(flavor = \"current_thread\")]
async fn main() {
    start();
    work::run().await;
}

fn start() {}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing() {}
}
";

const WORK: &str = "\
use std::time::Duration;

use tokio::{io::AsyncReadExt, sync::mpsc, time::timeout};

pub async fn run() {
    let (_writer, mut reader) = tokio::io::duplex(8);
    let mut frame = [0; 8];
    for _ in 0..2 {
        let _ = timeout(Duration::from_millis(9), reader.read_exact(&mut frame)).await;
    }
    let (ticks, mut ticked) = mpsc::channel(1);
    tokio::spawn(async move { ticks.send(()).await });
    while let Ok(false) = async {
        tokio::select! {
            read = reader.read_u32() => read.map(|it| it > 0),
            tick = ticked.recv() => Ok(tick.is_none()),
        }
    }
    .await
    {}
}
";

/// A logger that writes to stdout.
const LOGGER: &str = "\
fn start() {
    static LOGGER: Logger = Logger;
    log::set_logger(&LOGGER).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        println!(\"{} {}: {}\", record.level(), record.target(), record.args());
    }

    fn flush(&self) {}
}
";

const APPLY: [&str; 6] =
    ["--apply", "--unsafe-fixes", "--allow-dirty", "--verify", "none", "--select"];

fn app(dependencies: &str, main: &str) -> Project {
    let manifest = format!("{MANIFEST}{dependencies}");
    Project::committed(&[("Cargo.toml", &manifest), ("src/main.rs", main), ("src/work.rs", WORK)])
}

fn apply(project: &Project, rule: &str) {
    let said = project.run(&[&APPLY[..], &[rule]].concat());
    assert_eq!(said.status, Some(0), "{said:?}");
}

fn run(project: &Project) -> String {
    let output = succeed(project.command(env!("CARGO")).args(["run", "-q", "--locked"]));
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn is_written_on_demand_and_taken_out_again() {
    let project = app("", MAIN);
    // Nothing else asks for it.
    let all = project.run(&["--select", "ALL,cancellation", "--output-format", "concise"]);
    assert!(!all.stdout.contains("cancel-debug"), "{}", all.stdout);
    assert_eq!(run(&project), "");

    apply(&project, "cancel-debug");
    let work = project.text("src/work.rs");
    assert!(work.contains("crate::cancel_debug::CancelDebug::new(\"read_exact\", "), "{work}");
    let main = project.text("src/main.rs");
    assert_eq!(main.matches("mod cancel_debug {").count(), 1);
    assert!(main.ends_with("    fn nothing() {}\n}\n"), "the tests stay at the end: {main}");
    let dropped = "`read_exact` of src/work.rs:9:51 was dropped before it was done\n";
    assert!(run(&project).starts_with(&dropped.repeat(2)), "{}", run(&project));
    apply(&project, "cancel-debug");
    assert_eq!((work, main), (project.text("src/work.rs"), project.text("src/main.rs")));

    apply(&project, "leftover-cancel-debug");
    assert_eq!(project.text("src/work.rs"), WORK);
    assert_eq!(project.text("src/main.rs"), MAIN);
}

#[test]
fn it_logs_with_what_the_package_has() {
    let main = MAIN.replace("fn start() {}\n", LOGGER);
    let log = "log = { version = \"0.4\", features = [\"std\"] }\n";
    // Without a subscriber of its own `tracing` hands all on.
    let tracing = "tracing = { version = \"0.1\", features = [\"log\"] }\n";
    for (dependencies, written) in
        [(log.to_owned(), "log::warn!"), (format!("{log}{tracing}"), "tracing::warn!")]
    {
        let project = app(&dependencies, &main);
        apply(&project, "cancel-debug");
        assert!(project.text("src/main.rs").contains(&format!("{written}(\"`{{name}}` of")));
        let dropped = "WARN app::cancel_debug: `read_exact` of src/work.rs:9:51 was dropped";
        assert_eq!(run(&project).matches(dropped).count(), 2, "{}", run(&project));
        apply(&project, "leftover-cancel-debug");
        assert_eq!(project.text("src/main.rs"), main);
    }
}

#[test]
fn what_somebody_has_changed_stays() {
    let project = app("", MAIN);
    apply(&project, "cancel-debug");
    // As rustfmt would write it with other settings, and with a comment.
    let work = project.text("src/work.rs");
    let call =
        "crate::cancel_debug::CancelDebug::new(\"read_exact\", reader.read_exact(&mut frame))";
    let broken = "crate::cancel_debug::CancelDebug::new(\n            \"read_exact\",\n            reader.read_exact(&mut frame), // soon\n        )";
    assert!(work.contains(call), "{work}");
    project.write("src/work.rs", &work.replace(call, broken));
    let main = project.text("src/main.rs");
    project.write(
        "src/main.rs",
        &main.replace("                made_at,\n", "                made_at\n,\n"),
    );
    apply(&project, "leftover-cancel-debug");
    assert!(!project.text("src/main.rs").contains("cancel_debug"));
    let work = project.text("src/work.rs");
    assert!(work.contains("reader.read_exact(&mut frame) // soon\n"), "{work}");
    assert!(!work.contains("CancelDebug"), "{work}");
    succeed(project.command("rustfmt").args(["--edition", "2024", "src/work.rs"]));

    let changed = main.replace("before it was done", "too early");
    project.write("src/main.rs", &changed);
    project.write(
        "src/work.rs",
        &project.text("src/work.rs").replace("reader.read_exact(&mut frame)", call),
    );
    let said = project.run(&[&APPLY[..], &["leftover-cancel-debug"]].concat());
    assert!(said.stdout.contains("somebody has changed this"), "{said:?}");
    assert_eq!(project.text("src/main.rs"), changed);
}
