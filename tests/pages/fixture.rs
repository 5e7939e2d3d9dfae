//! The fixture workspace, loaded once, and what async-fix does with a text that stands in it.

use std::{
    process::Command,
    sync::{Mutex, OnceLock},
};

use async_fix::{
    config::{Choice, ProjectRequest, Remedy, values::Values},
    finding::{FilePath, Finding},
    knowledge::{self, CrateRows},
    plan::{self, Plan},
    rules::RULES,
    workspace::{LoadError, Texts, Workspace},
};

use crate::repository;

#[derive(Default)]
pub struct Fixture {
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
    /// Plans every fix of every rule for `text` as the fixture's one module.
    pub fn plan(&self, text: &str) -> Planned {
        self.plan_with(text, Remedy::Fix)
    }

    pub fn plan_with(&self, text: &str, remedy: Remedy) -> Planned {
        self.with_text(text, |workspace, rows| {
            let values = Values {
                select: Some(vec!["ALL".to_owned()]),
                unsafe_fixes: Some(true),
                ..Values::default()
            };
            let pages: Vec<_> = RULES.iter().map(|it| it.page()).collect();
            let mut choice = Choice::of(values, &pages).expect("`ALL` stands for all rules");
            choice.remedy = remedy;
            let plan = plan::plan(workspace, rows, &choice);
            let after = workspace.text(&file()).expect("the module has a text").to_owned();
            Planned { plan, after }
        })
    }

    pub fn with_text<T>(
        &self,
        text: &str,
        work: impl FnOnce(&mut Workspace, &[CrateRows]) -> T,
    ) -> T {
        let loaded = self.loaded.get_or_init(|| Mutex::new(Loaded::new()));
        let mut loaded = loaded.lock().unwrap_or_else(|it| it.into_inner());
        let Loaded { workspace, rows } = &mut *loaded;
        workspace.set_texts(Texts::from([(file(), text.to_owned())]));
        work(workspace, rows)
    }
}

impl Loaded {
    fn new() -> Loaded {
        let start = repository().join("tests/fixture");
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

pub fn file() -> FilePath {
    FilePath::new("src/example.rs")
}

/// The line, from 1, on which a finding starts in `text`.
pub fn line(text: &str, finding: &Finding) -> usize {
    text[..usize::from(finding.at.range.start())].matches('\n').count() + 1
}
