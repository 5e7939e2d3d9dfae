//! Real editors, each configured by what the README says, where they are installed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

#[path = "shared/project.rs"]
mod project;

use project::Project;

const MANIFEST: &str = "[package]\nname = \"app\"\nedition = \"2024\"\n\n[dependencies]\ntokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"time\"] }\n";
const LIB: &str = "\
use std::{thread, time::Duration};

pub async fn first() {
    /* é🦀 */ thread::sleep(Duration::from_millis(1));
}

pub async fn second() {
    thread::sleep(Duration::from_millis(2));
    wait();
}

pub fn wait() {
    std::thread::sleep(Duration::from_millis(3));
}
";

/// The first fence in this language that says `words`.
fn snippet(language: &str, words: &str) -> String {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let opening = format!("```{language}\n");
    let fences = readme.split(&opening).skip(1).filter_map(|it| it.split("```").next());
    let mut fences = fences.filter(|it| it.contains(words));
    fences.next().unwrap_or_else(|| panic!("no {language} with {words} in README.md")).to_owned()
}

/// The version that an editor says it has; None where there is none.
fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().next()?.split_whitespace().last()?.trim_start_matches('v').to_owned())
}

/// Runs `command` on a project, with the program where editors look for it. It must say that it came to the end.
fn drive(command: &mut Command, snippet: &str) {
    let project =
        Project::committed(&[("Cargo.toml", MANIFEST), ("src/lib.rs", LIB), ("snippet", snippet)]);
    let binary = Path::new(env!("CARGO_BIN_EXE_async-fix")).parent().unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = [PathBuf::from(binary)].into_iter().chain(env::split_paths(&path));
    let output = command
        .current_dir(project.root())
        .env("PATH", env::join_paths(path).unwrap())
        .env("FILE", project.path("src/lib.rs"))
        .env("SNIPPET", project.path("snippet"))
        .env("HOME", project.root())
        .env("CARGO_HOME", cargo_home())
        .env("RUSTUP_HOME", rustup_home())
        .env("LC_ALL", "C.UTF-8")
        .env("ASYNC_FIX_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/lsp-cache"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("the end"), "{said}");
}

fn home(variable: &str, folder: &str) -> PathBuf {
    let home = || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(folder);
    env::var_os(variable).map_or_else(home, PathBuf::from)
}

fn cargo_home() -> PathBuf {
    home("CARGO_HOME", ".cargo")
}

fn rustup_home() -> PathBuf {
    home("RUSTUP_HOME", ".rustup")
}

#[test]
fn neovim() {
    let Some(version) = version("nvim") else { return eprintln!("skipped: there is no nvim") };
    let numbers: Vec<u32> = version.split('.').filter_map(|it| it.parse().ok()).collect();
    let start = if numbers >= vec![0, 11] { "vim.lsp.enable" } else { "vim.lsp.start_client" };
    let snippet = snippet("lua", start) + &snippet("lua", "BufWritePre");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/editors/neovim.lua");
    let mut command = Command::new("nvim");
    command.args(["--headless", "-u", "NONE", "-i", "NONE", "-n", "-c"]);
    drive(command.arg(format!("luafile {script}")), &snippet);
}

#[test]
fn emacs() {
    if version("emacs").is_none() {
        return eprintln!("skipped: there is no emacs");
    }
    let found = Command::new("emacs")
        .args(["--batch", "-Q", "--eval"])
        .arg("(let ((default-directory \"/usr/share/emacs/site-lisp/elpa\")) (ignore-errors (normal-top-level-add-subdirs-to-load-path)) (kill-emacs (if (locate-library \"eglot\") 0 1)))")
        .output()
        .unwrap();
    if !found.status.success() {
        return eprintln!("skipped: this emacs has no eglot");
    }
    let snippet = snippet("elisp", "\"async-fix\" \"lsp\"");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/editors/eglot.el");
    drive(Command::new("emacs").args(["--batch", "-Q", "-l", script]), &snippet);
}

/// The extension for VS Code, against an editor that is not there. `ASYNC_FIX_HEAVY=1` packages it as well, with what
/// npm fetches.
#[test]
fn vs_code() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/editors/vscode");
    let manifest = fs::read_to_string(format!("{folder}/package.json")).unwrap();
    assert!(manifest.contains(concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\"")));
    if version("node").is_none() {
        return eprintln!("skipped: there is no node");
    }
    let run = |program: &str, arguments: &[&str], folder: &Path| {
        let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    };
    run("node", &["--test"], Path::new(folder));
    if env::var_os("ASYNC_FIX_HEAVY").is_none() {
        return;
    }
    let copy = tempfile::tempdir().unwrap();
    let there = copy.path().join("editors/vscode");
    fs::create_dir_all(&there).unwrap();
    let license = concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE-MIT");
    fs::copy(license, copy.path().join("LICENSE-MIT")).unwrap();
    for file in fs::read_dir(folder).unwrap().flatten().filter(|it| it.path().is_file()) {
        fs::copy(file.path(), there.join(file.file_name())).unwrap();
    }
    run("npm", &["run", "package"], &there);
    let package = fs::read(there.join("async-fix.vsix")).unwrap();
    // The names of the files in an archive stand in it as they are.
    for file in ["extension/extension.js", "extension/program.js", "vscode-languageclient/"] {
        assert!(package.windows(file.len()).any(|it| it == file.as_bytes()), "{file}");
    }
}
