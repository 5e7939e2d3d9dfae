//! What somebody may want of the code that he points at, where nothing is found in it.

use std::sync::Arc;

use crate::{
    facts::{
        body::{BodyFacts, Entered},
        functions,
        runtime::Runtime,
        surroundings::Surroundings,
    },
    finding::{Fix, Place},
    fix::cancel_debug,
    knowledge::resolve::Known,
    plan::watch::Watch,
};

impl Watch {
    /// Logs when the future there is dropped before it is done. Where that is logged already, no future of its crate is
    /// logged any more.
    pub fn logging(&self, at: &Place) -> Option<Fix> {
        let Watch { workspace, rows, sight, .. } = self;
        let target = workspace.target_of(&at.file)?;
        let around = Surroundings {
            workspace,
            manifest: workspace.packages()[target.package].manifest.clone(),
            runtime: Runtime::Unknown,
            several_threads: false,
            without_timers: None,
        };
        workspace.attached(|| {
            let known = sight.lasting.known.clone();
            let known = known.unwrap_or_else(|| Arc::new(Known::resolve(workspace.db(), rows)));
            let function = functions::around(workspace, at)?;
            let body = BodyFacts::new(workspace, &known, function, Entered::Called);
            let is_here = |it: &Place| it.file == at.file && it.range.contains_range(at.range);
            match body.wrappers().iter().any(|it| is_here(&it.0)) {
                true => cancel_debug::unwrap(&around, &target.root).ok(),
                false => cancel_debug::wrap(&around, &body.future_at(at)?).ok(),
            }
        })
    }
}
