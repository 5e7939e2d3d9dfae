//! Where it is certain that a runtime of several threads drives all code of a target.

use crate::{
    facts::runtime::Runtime,
    knowledge::resolve::Known,
    workspace::{Target, TargetKind, Workspace},
};

/// Whether nothing but a runtime of several threads drives this target: its root says so, and no file of its package
/// has a word of another way. Who else may call a library is not known.
pub fn certain(workspace: &Workspace, known: &Known, target: &Target, runtime: &Runtime) -> bool {
    let Runtime::One(driver) = runtime else { return false };
    let mut others = known.all_runtimes().filter(|it| it.name != driver.name);
    if target.kind != TargetKind::Bin || driver.conditional || others.next().is_some() {
        return false;
    }
    let folder = workspace.packages()[target.package].manifest.folder();
    let texts = || {
        let files = workspace.files().map(|it| it.0).filter(|it| it.is_in(&folder));
        files.filter_map(|it| workspace.text(it))
    };
    let root = workspace.text(&target.root).unwrap_or_default();
    known.all_runtimes().any(|it| {
        it.starts_several_threads(root) && !texts().any(|text| it.may_be_of_one_thread(text))
    })
}
