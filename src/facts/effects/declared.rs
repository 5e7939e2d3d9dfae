//! What a comment above a function says of it: `// async-fix: non-blocking -- why`.

use std::collections::HashMap;

use ra_ap_syntax::TextRange;
use ra_ap_vfs::FileId;

use crate::{
    config::suppression::{Comments, grammar::Says},
    workspace::Workspace,
};

/// What is said of functions, by the place of each.
#[derive(Default)]
pub(in crate::facts) struct Declared {
    functions: HashMap<(FileId, TextRange), Vec<Says>>,
}

impl Declared {
    pub fn in_all_files(workspace: &Workspace) -> Declared {
        let mut declared = Declared::default();
        for (path, id) in workspace.files() {
            let Some(text) = workspace.text(path).filter(|it| Comments::may_be_in(it)) else {
                continue;
            };
            for fact in Comments::read(text).facts {
                let Some(function) = fact.function else { continue };
                declared.functions.entry((id, function)).or_default().push(fact.says);
            }
        }
        declared
    }

    /// Whether this is said of a function.
    pub fn says(&self, file: FileId, function: TextRange, it: Says) -> bool {
        self.functions.get(&(file, function)).is_some_and(|said| said.contains(&it))
    }
}
