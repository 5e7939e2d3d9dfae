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
pub(super) struct Declared {
    functions: HashMap<(FileId, TextRange), Says>,
}

impl Declared {
    pub fn in_all_files(workspace: &Workspace) -> Declared {
        let mut declared = Declared::default();
        for (path, id) in workspace.files() {
            let Some(text) = workspace.text(path).filter(|it| Comments::may_be_in(it)) else {
                continue;
            };
            for fact in Comments::read(text).facts {
                declared.functions.extend(fact.function.map(|it| ((id, it), fact.says)));
            }
        }
        declared
    }

    pub fn of(&self, file: FileId, function: TextRange) -> Option<Says> {
        self.functions.get(&(file, function)).copied()
    }
}
