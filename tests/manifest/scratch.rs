//! Projects made of manifests and empty source files, and the cargo that reads them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use async_fix::workspace::lock::Cargo;

/// A project in a folder of its own that goes when this is dropped.
pub struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    /// Every path that ends in `Cargo.toml` gets an empty `src/lib.rs` beside it.
    pub fn new(files: &[(&str, &str)]) -> Scratch {
        let scratch = Scratch { folder: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            scratch.write(path, text);
            if let Some(folder) = path.strip_suffix("Cargo.toml") {
                scratch.write(&format!("{folder}src/lib.rs"), "");
            }
        }
        scratch
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// All files with their texts, to see that nothing was touched.
    pub fn all(&self) -> Vec<(PathBuf, String)> {
        let mut files = Vec::new();
        let mut open = vec![self.path("")];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => open.push(path),
                    false => files.push((path.clone(), fs::read_to_string(path).unwrap())),
                }
            }
        }
        files.sort();
        files
    }

    pub fn cargo(&self, folder: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(tool("cargo"));
        command.args(arguments).current_dir(self.path(folder)).output().unwrap()
    }

    #[track_caller]
    pub fn cargo_ok(&self, folder: &str, arguments: &[&str]) -> String {
        let output = self.cargo(folder, arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The features that cargo turns on in `package`, resolved offline.
    pub fn features(&self, folder: &str, package: &str) -> Vec<String> {
        let metadata = ["metadata", "--format-version", "1", "--offline"];
        let metadata: serde_json::Value =
            serde_json::from_str(&self.cargo_ok(folder, &metadata)).unwrap();
        let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
        let node = nodes.iter().find(|node| {
            let id = node["id"].as_str().unwrap();
            id.contains(&format!("/{package}#")) || id.contains(&format!("#{package}@"))
        });
        let features = node.unwrap()["features"].as_array().unwrap().iter();
        features.map(|feature| feature.as_str().unwrap().to_owned()).collect()
    }
}

pub fn this_cargo() -> Cargo {
    let version = Command::new(tool("rustc")).arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Cargo { cargo: tool("cargo"), rustc: tool("rustc"), platform: host.map(str::to_owned) }
}

/// A tool of the toolchain that runs these tests.
fn tool(name: &str) -> PathBuf {
    let cargo = PathBuf::from(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    let beside = cargo.with_file_name(name);
    if beside.is_file() { beside } else { Path::new(name).to_owned() }
}
