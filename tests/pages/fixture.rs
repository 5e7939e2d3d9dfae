//! The fixture workspaces, each loaded once, and what async-fix does with a text that stands in them.

use std::{
    path::PathBuf,
    process::Command,
    sync::{Mutex, OnceLock},
};

use async_fix::{
    config::{Choice, ProjectRequest, Remedy, values::Values},
    finding::{FilePath, Finding},
    knowledge::{self, CrateRows},
    page::Page,
    plan::{self, Plan},
    rules::RULES,
    workspace::{LoadError, Texts, Workspace},
};

use crate::repository;

pub struct Fixture {
    /// In the repository.
    folder: &'static str,
    /// The file whose text is replaced.
    file: &'static str,
    loaded: OnceLock<Mutex<Loaded>>,
}

struct Loaded {
    workspace: Workspace,
    rows: Vec<CrateRows>,
}

/// What becomes of a text.
pub struct Planned {
    pub plan: Plan,
    pub after: String,
}

impl Fixture {
    /// A library on tokio, of which each example is a module.
    pub fn library() -> Fixture {
        Fixture { folder: "tests/fixture", file: "src/example.rs", loaded: OnceLock::new() }
    }

    /// A package with many runtimes, of whose program each example is the root.
    pub fn program() -> Fixture {
        Fixture { folder: "tests/programs", file: "src/main.rs", loaded: OnceLock::new() }
    }

    pub fn folder(&self) -> PathBuf {
        repository().join(self.folder)
    }

    pub fn file(&self) -> FilePath {
        FilePath::new(self.file)
    }

    /// Plans every fix of every rule for `text` as the fixture's one module.
    pub fn plan(&self, text: &str) -> Planned {
        self.plan_with(text, "ALL", Remedy::Fix)
    }

    /// The same for an example of `page`: what is done on demand is done alone.
    pub fn plan_for(&self, page: &Page, text: &str) -> Planned {
        self.plan_with(text, if page.on_demand { &page.name } else { "ALL" }, Remedy::Fix)
    }

    pub fn plan_with(&self, text: &str, select: &str, remedy: Remedy) -> Planned {
        self.with_text(text, |workspace, rows| {
            let values = Values {
                select: Some(vec![select.to_owned()]),
                unsafe_fixes: Some(true),
                ..Values::default()
            };
            let pages: Vec<_> = RULES.iter().map(|it| it.page()).collect();
            let mut choice = Choice::of(values, &pages).expect("this stands for rules");
            choice.remedy = remedy;
            let plan = plan::plan(workspace, rows, &choice);
            let after = workspace.text(&self.file()).expect("the module has a text").to_owned();
            Planned { plan, after }
        })
    }

    pub fn with_text<T>(
        &self,
        text: &str,
        work: impl FnOnce(&mut Workspace, &[CrateRows]) -> T,
    ) -> T {
        let loaded = self.loaded.get_or_init(|| Mutex::new(Loaded::new(self.folder())));
        let mut loaded = loaded.lock().unwrap_or_else(|it| it.into_inner());
        let Loaded { workspace, rows } = &mut *loaded;
        workspace.set_texts(Texts::from([(self.file(), text.to_owned())]));
        work(workspace, rows)
    }
}

impl Loaded {
    fn new(start: PathBuf) -> Loaded {
        let request = ProjectRequest { start, ..ProjectRequest::default() };
        let load = || Workspace::load(&request, &|_| ());
        let workspace = match load() {
            // What the tests need they install.
            Err(LoadError::NoStdSources { command }) => {
                println!("{command}");
                let status = Command::new("sh").args(["-c", &command]).status();
                assert!(status.is_ok_and(|it| it.success()), "{command}");
                load()
            }
            other => other,
        };
        let workspace = workspace.expect("the fixture loads");
        let rows = knowledge::shipped().expect("the rows parse");
        Loaded { workspace, rows }
    }
}

/// The line, from 1, on which a finding starts in `text`.
pub fn line(text: &str, finding: &Finding) -> usize {
    text[..usize::from(finding.at.range.start())].matches('\n').count() + 1
}
