//! A project in a folder of its own, and what the program says of it.

// Each test that includes this uses a part of it.
#![allow(dead_code)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

pub struct Project(TempDir);

impl Project {
    pub fn new(files: &[(&str, &str)]) -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// With a lock file, in a repository that has all of it.
    pub fn committed(files: &[(&str, &str)]) -> Project {
        let project = Project::new(files);
        succeed(project.command(env!("CARGO")).arg("generate-lockfile"));
        project.git(&["init", "-q"]);
        project.commit();
        project
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn git(&self, arguments: &[&str]) {
        let user = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "core.autocrlf=false"];
        succeed(self.command("git").args(user).args(arguments));
    }

    pub fn commit(&self) {
        self.git(&["add", "."]);
        self.git(&["commit", "-q", "-m", "all"]);
    }

    /// A program in this folder. What is built of tokio is built once for all tests.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.root())
            .env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/verify"))
            .env("CARGO_INCREMENTAL", "0")
            .env("ASYNC_FIX_STATE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(env!("CARGO_BIN_EXE_async-fix"));
        Said::of(command.args(arguments).output().unwrap())
    }
}

pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}

/// What the program printed, and its exit status.
#[derive(Debug)]
pub struct Said {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn of(output: Output) -> Said {
        let text = |it| String::from_utf8(it).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        Said { status: output.status.code(), stdout, stderr }
    }

    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }

    /// Asserts that nothing was done, and that one sentence says why.
    pub fn refuses(&self, sentence: &str) {
        assert_eq!(self.stderr, format!("error: {sentence}\n"));
        assert_eq!((self.status, self.stdout.as_str()), (Some(2), ""));
    }

    /// The places of the fixes that were not kept, and their errors in one line each.
    pub fn taken_back(&self) -> Vec<String> {
        let mut taken_back = Vec::new();
        let mut lines = self.stderr.lines();
        while let Some(line) = lines.next() {
            let Some(line) = line.strip_prefix("error: ") else { continue };
            assert!(line.ends_with(": not kept, because with it there is a new error:"), "{line}");
            let place = line.split(": ").next().unwrap();
            taken_back.push(format!("{place}: {}", lines.next().unwrap().trim()));
        }
        taken_back
    }
}
