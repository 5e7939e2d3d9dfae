//! A small workspace with every kind of file that is easy to harm.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use async_fix::{finding::FilePath, plan::Change};
use tempfile::TempDir;

/// A file: its name, its text, what is written first, and what in the end. An empty text stands for the old one.
type Case = (&'static str, &'static str, &'static str, &'static str);

const CASES: [Case; 8] = [
    ("Cargo.toml", "[package]\nname = \"a\"\n", "[package]\nname = \"b\"\n", ""),
    ("bom.rs", "\u{feff}one\r\ntwo\r\n", "\u{feff}one\r\n2\r\n", "\u{feff}1\r\n2\r\n"),
    ("linked.rs", "short\n", "a good deal longer than before\n", "longer than it was before\n"),
    ("no_end.rs", "no line end", "no line end here either", "none"),
    ("other/linked.rs", "this one is long\n", "now short\n", ""),
    ("src/deep/tool.rs", "tool\n", "tools\n", "toolbox\n"),
    ("symlink.rs", "behind a link\n", "behind a symbolic link\n", "behind it\n"),
    ("late.rs", "late\n", "", "later\n"),
];

const WRONG: &str = "\
pub fn slow(key: u32) -> u32 {
    key
}

pub async fn both() -> u32 {
    std::thread::sleep(std::time::Duration::from_millis(1));
    slow(1)
}
";

const ROWS: &str = "\
[[knowledge]]
crate = \"demo\"
item = [{ path = \"demo::wrong::slow\", blocks = \"disk\", instead = \"tokio::time::sleep($0).await\" }]
";

/// A copy of the workspace, with a state folder beside it.
pub struct Workspace {
    temp: TempDir,
}

/// A user who owns nothing else.
pub const NOBODY: u32 = 65534;

/// All that is in a folder: text, mode and the number of names of files, the target of links.
pub type Tree = BTreeMap<PathBuf, Node>;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Node {
    File { text: String, mode: u32, names: u64 },
    Link(PathBuf),
    Folder,
}

impl Workspace {
    pub fn new() -> Workspace {
        let it = Workspace { temp: tempfile::tempdir().expect("a folder") };
        fill(&it.root());
        fs::create_dir(it.state()).expect("a folder");
        it
    }

    /// The demo, committed.
    pub fn demo() -> Workspace {
        Workspace::demo_with(&[])
    }

    /// The demo with a module that has two calls to repair; what the row of the second says to write does not compile.
    pub fn with_a_wrong_fix() -> Workspace {
        let demo = include_str!("../demo/src/main.rs");
        let main = demo.replacen("\nuse std", "\nmod wrong;\n\nuse std", 1);
        Workspace::demo_with(&[
            ("src/main.rs", &main),
            ("src/wrong.rs", WRONG),
            ("async-fix.toml", ROWS),
        ])
    }

    fn demo_with(files: &[(&str, &str)]) -> Workspace {
        let it = Workspace { temp: tempfile::tempdir().expect("a folder") };
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/demo");
        fs::create_dir_all(it.temp.path().join("root/src")).expect("a folder");
        fs::create_dir(it.state()).expect("a folder");
        for name in ["Cargo.toml", "Cargo.lock", "src/main.rs"] {
            fs::copy(demo.join(name), it.root().join(name)).expect("a file");
        }
        for (name, text) in files {
            fs::write(it.root().join(name), text).expect("a file");
        }
        let user = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "start"]] {
            let mut git = Command::new("git");
            let status = git.args(user).args(arguments).current_dir(it.root()).status();
            assert!(status.is_ok_and(|it| it.success()), "git {arguments:?}");
        }
        it
    }

    /// With both folders inside, and nothing else.
    pub fn folder(&self) -> &Path {
        self.temp.path()
    }

    pub fn root(&self) -> PathBuf {
        self.temp.path().canonicalize().expect("it is there").join("root")
    }

    pub fn state(&self) -> PathBuf {
        self.temp.path().join("state")
    }

    /// Makes all of it somebody else's, who is not allowed everything; only root can, and only root has to.
    pub fn give_away(&self) -> bool {
        self.own(NOBODY)
    }

    pub fn take_back(&self) {
        self.own(0);
    }

    fn own(&self, user: u32) -> bool {
        let mut paths = vec![self.temp.path().to_owned()];
        let mut is_owned = true;
        while let Some(path) = paths.pop() {
            is_owned &= lchown(&path, Some(user), Some(user)).is_ok();
            if path.is_dir() && !path.is_symlink() {
                paths.extend(fs::read_dir(&path).expect("a folder").flatten().map(|it| it.path()));
            }
        }
        is_owned
    }

    /// Takes away the new texts that wait beside the old ones.
    pub fn remove_temporary(&self) {
        for name in tree(&self.root()).into_keys() {
            let is_temporary =
                name.file_name().is_some_and(|it| it.to_string_lossy().starts_with(".async-fix-"));
            if is_temporary {
                fs::remove_file(self.root().join(name)).expect("it is there");
            }
        }
    }

    /// The real program, which takes its journal from here.
    pub fn async_fix(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_async-fix"));
        command.args(arguments).env("ASYNC_FIX_STATE_DIR", self.state()).current_dir(self.root());
        command
    }

    pub fn undo(&self, run: &str) -> Output {
        self.async_fix(&["undo", run]).output().expect("async-fix starts")
    }
}

pub fn fill(root: &Path) {
    for folder in ["src/deep", "other", "real"] {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    for (name, text, ..) in CASES {
        if name == "symlink.rs" {
            fs::write(root.join("real/target.rs"), text).expect("a file");
            symlink("real/target.rs", root.join(name)).expect("a link");
        } else {
            fs::write(root.join(name), text).expect("a file");
        }
    }
    for linked in ["linked.rs", "other/linked.rs"] {
        let name = format!("second_name_of_{}", linked.replace('/', "_"));
        fs::hard_link(root.join(linked), root.join(name)).expect("a link");
    }
    let set = |name, mode| fs::set_permissions(root.join(name), fs::Permissions::from_mode(mode));
    set("src/deep/tool.rs", 0o755).expect("a mode");
    set("no_end.rs", 0o600).expect("a mode");
}

pub fn tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            // What git keeps there is its own.
            if path.ends_with(".git") {
                continue;
            }
            let metadata = fs::symlink_metadata(&path).expect("it is there");
            let node = if metadata.is_symlink() {
                Node::Link(fs::read_link(&path).expect("a link"))
            } else if metadata.is_dir() {
                folders.push(path.clone());
                Node::Folder
            } else {
                let text = String::from_utf8(fs::read(&path).expect("a file")).expect("text");
                Node::File { text, mode: metadata.mode(), names: metadata.nlink() }
            };
            tree.insert(path.strip_prefix(root).expect("below").to_owned(), node);
        }
    }
    tree
}

/// What is written first.
pub fn first() -> Vec<Change> {
    changes(|it| it.2)
}

/// What stands there in the end, as when verification took a fix back.
pub fn last() -> Vec<Change> {
    changes(|it| it.3)
}

fn changes(after: impl Fn(&Case) -> &'static str) -> Vec<Change> {
    let change = |case: &Case| Change {
        file: FilePath::new(case.0),
        real: FilePath::new(case.0),
        before: case.1.to_owned(),
        after: after(case).to_owned(),
    };
    CASES.iter().filter(|it| !after(it).is_empty()).map(change).collect()
}

/// What is wrong with the files of a run that was killed, if anything: each must be old or new, and one with several
/// names must be made of old and new bytes.
pub fn mixed(root: &Path) -> Option<String> {
    CASES.iter().find_map(|(name, before, first, last)| {
        let bytes = fs::read(root.join(name)).unwrap_or_else(|it| panic!("{name}: {it}"));
        let texts = [before, first, last].map(|it| if it.is_empty() { before } else { it });
        let whole = texts.iter().any(|it| it.as_bytes() == bytes);
        let made_of_them = || {
            let known = |(at, byte)| texts.iter().any(|it| it.as_bytes().get(at) == Some(byte));
            name.ends_with("linked.rs") && bytes.iter().enumerate().all(known)
        };
        let found = String::from_utf8_lossy(&bytes);
        (!whole && !made_of_them()).then(|| format!("{name} is {found:?}"))
    })
}
