//! `cargo check` of the user's own project, and what it says.

use std::{
    collections::BTreeSet,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use cargo_metadata::{
    Message,
    diagnostic::{Diagnostic, DiagnosticLevel, DiagnosticSpan},
};
use ra_ap_ide_db::text_edit::{TextRange, TextSize};

use crate::{
    apply::verify::{
        packages,
        problem::{Problem, Role, Span, distinct},
    },
    config::ProjectRequest,
    finding::{FilePath, Place},
    workspace::Workspace,
};

const TICK: Duration = Duration::from_millis(20);

/// What to check. The target folder, the toolchain and the settings are those that the user's own builds have.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// The folder of the workspace, from which the compiler names files.
    root: PathBuf,
    arguments: Vec<String>,
}

impl Request {
    /// All targets of `packages`, with the features and for the platform that were analysed.
    pub(super) fn new(
        project: &ProjectRequest,
        workspace: &Workspace,
        packages: &BTreeSet<usize>,
    ) -> Request {
        let mut arguments: Vec<String> = [
            ("--all-features", project.all_features),
            ("--no-default-features", project.no_default_features),
            ("--offline", project.offline),
            ("--locked", project.locked),
            ("--frozen", project.frozen),
        ]
        .into_iter()
        .filter(|it| it.1)
        .map(|it| it.0.to_owned())
        .collect();
        if let Some(target) = &project.target {
            arguments.extend(["--target".to_owned(), target.clone()]);
        }
        if !project.features.is_empty() {
            arguments.extend(["--features".to_owned(), project.features.join(",")]);
        }
        // Cargo refuses a feature that none of the packages at hand has, though another member may have it.
        if packages.len() == workspace.packages().len() || !project.features.is_empty() {
            arguments.push("--workspace".to_owned());
        } else {
            let of = |it: &usize| {
                ["--package".to_owned(), packages::specification(&workspace.packages()[*it])]
            };
            arguments.extend(packages.iter().flat_map(of));
        }
        Request { root: workspace.root().to_owned(), arguments }
    }
}

/// What one check has seen.
#[derive(Default, Debug)]
pub(super) struct Seen {
    /// Errors of the compiler.
    pub errors: Vec<Problem>,
    /// What cargo itself could not do: resolve, download, run a build script.
    pub failures: Vec<Problem>,
    /// The packages whose code the compiler has got to, as cargo calls them.
    pub reached: BTreeSet<String>,
    /// The targets that cargo took for unchanged since their last check: their root file, and whether for tests.
    pub unchanged: BTreeSet<(FilePath, bool)>,
}

/// Runs it, until `is_enough` says so. `progress` is told what cargo is doing.
pub(super) fn check(
    request: &Request,
    is_enough: &dyn Fn() -> bool,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Seen, String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&program);
    // Every error is wanted, not only those of the first package that fails.
    command.args(["check", "--message-format=json", "--keep-going", "--all-targets"]);
    command.arg("--manifest-path").arg(request.root.join("Cargo.toml"));
    command.args(&request.arguments).current_dir(folder(&request.root));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let cannot_run = |error| format!("`{}` cannot be run: {error}", Path::new(&program).display());
    let mut child = command.spawn().map_err(cannot_run)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (status, messages, said) = std::thread::scope(|scope| {
        let messages = scope.spawn(|| stdout.map(messages).unwrap_or_default());
        let said = scope.spawn(|| stderr.map(|it| listen(it, progress)).unwrap_or_default());
        let status = wait(&mut child, is_enough);
        (status, messages.join().unwrap_or_default(), said.join().unwrap_or_default())
    });
    let status = status.map_err(cannot_run)?;
    if status.code().is_none() {
        return Err("`cargo check` was stopped".to_owned());
    }
    let mut seen = Seen::default();
    for message in messages {
        seen.add(message, &request.root);
    }
    seen.errors = distinct(seen.errors);
    if !status.success() {
        seen.failures = failures(&said);
        if seen.failures.is_empty() && seen.errors.is_empty() {
            let last = said.last().cloned().unwrap_or_default();
            seen.failures.push(failure(format!("`cargo check` failed: {last}"), last.clone()));
        }
    }
    Ok(seen)
}

fn wait(child: &mut Child, is_enough: &dyn Fn() -> bool) -> io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        // Ctrl-C reaches cargo by itself, other signals do not. It may have ended just now.
        if is_enough() {
            let _ = child.kill();
        }
        std::thread::sleep(TICK);
    }
}

fn messages(stdout: impl Read) -> Vec<Message> {
    Message::parse_stream(BufReader::new(stdout)).map_while(Result::ok).collect()
}

/// Where the user is, as long as that is in the workspace: settings may lie there.
fn folder(root: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    here.filter(|it| it.starts_with(root)).unwrap_or_else(|| root.to_owned())
}

/// Lines that cargo writes about what it does: `    Checking demo v0.1.0`.
fn listen(stderr: impl Read, progress: &(dyn Fn(&str) + Sync)) -> Vec<String> {
    let mut lines = Vec::new();
    let mut stderr = BufReader::new(stderr);
    let mut bytes = Vec::new();
    while stderr.read_until(b'\n', &mut bytes).is_ok_and(|it| it > 0) {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        bytes.clear();
        if line.starts_with("    ") {
            progress(&format!("verifying with cargo: {}", line.trim()));
        }
        lines.push(line);
    }
    lines
}

/// Errors of cargo itself, with the lines that belong to them.
fn failures(said: &[String]) -> Vec<Problem> {
    let mut failures = Vec::new();
    let mut rest = said;
    while let Some((line, after)) = rest.split_first() {
        rest = after;
        let Some(message) = line.strip_prefix("error: ") else { continue };
        // The compiler has told why.
        if message.starts_with("could not compile") {
            continue;
        }
        let is_end = |it: &String| it.starts_with("error") || it.starts_with("warning");
        let end = rest.iter().position(is_end).unwrap_or(rest.len());
        let whole: Vec<&str> =
            [line].into_iter().chain(&rest[..end]).map(|it| it.trim_end()).collect();
        failures.push(failure(message.to_owned(), whole.join("\n").trim_end().to_owned()));
        rest = &rest[end..];
    }
    failures
}

fn failure(message: String, rendered: String) -> Problem {
    let (spans, line) = (Vec::new(), String::new());
    Problem { kind: "error".to_owned(), message, spans, line, rendered }
}

impl Seen {
    fn add(&mut self, message: Message, root: &Path) {
        match message {
            Message::CompilerArtifact(it) if !it.target.is_custom_build() => {
                if it.fresh {
                    let root_file = FilePath::below(root, it.target.src_path.as_std_path());
                    self.unchanged.insert((root_file, it.profile.test));
                }
                self.reached.insert(it.package_id.repr);
            }
            Message::CompilerMessage(it) => {
                if !it.target.is_custom_build() {
                    self.reached.insert(it.package_id.repr);
                }
                self.errors.extend(problem(&it.message, root));
            }
            _ => (),
        }
    }
}

fn problem(it: &Diagnostic, root: &Path) -> Option<Problem> {
    let is_error = matches!(it.level, DiagnosticLevel::Error | DiagnosticLevel::Ice);
    // The last error only counts the others.
    if !is_error || (it.spans.is_empty() && it.message.starts_with("aborting due to")) {
        return None;
    }
    let mut spans = Vec::new();
    it.spans.iter().for_each(|it| add_span(it, role(it), root, &mut spans));
    for note in it.children.iter().flat_map(|it| &it.spans) {
        add_span(note, Role::Secondary, root, &mut spans);
    }
    let primary = it.spans.iter().find(|it| it.is_primary);
    let line = primary.and_then(|it| it.text.first()).map(|it| it.text.clone());
    Some(Problem {
        kind: match &it.code {
            Some(code) => format!("error[{}]", code.code),
            None => "error".to_owned(),
        },
        message: it.message.clone(),
        spans,
        line: line.unwrap_or_default(),
        rendered: it.rendered.clone().unwrap_or_default().trim_end().to_owned(),
    })
}

fn role(span: &DiagnosticSpan) -> Role {
    if span.is_primary { Role::Primary } else { Role::Secondary }
}

/// The span, and for what a macro wrote the places of the calls that led to it.
fn add_span(span: &DiagnosticSpan, role: Role, root: &Path, spans: &mut Vec<Span>) {
    let file = FilePath::below(root, &root.join(&span.file_name));
    let range = TextRange::new(TextSize::new(span.byte_start), TextSize::new(span.byte_end));
    spans.push(Span { at: Place::new(file, range), role });
    if let Some(expansion) = &span.expansion {
        add_span(&expansion.span, role, root, spans);
    }
}
