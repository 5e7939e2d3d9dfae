//! What an analysis could not see: unexpanded macros, generated code, files that do not parse.

use crate::{finding::Coverage, workspace::Workspace};

/// What is there to be looked at, and which parts of it stay dark.
pub fn coverage(workspace: &Workspace) -> Coverage {
    Coverage {
        packages: workspace.packages().len(),
        targets: workspace.targets().len(),
        ..Coverage::default()
    }
}
