//! Cargo features that fixes ask for, as edits of manifests and of the lock file.

use std::collections::BTreeSet;

use crate::{
    finding::{FeatureWant, Fix},
    workspace::Workspace,
};

/// Whether every feature that `fix` wants can be had.
pub(super) fn possible(_workspace: &mut Workspace, _fix: &Fix) -> Result<(), String> {
    Ok(())
}

pub(super) fn turn_on(_workspace: &mut Workspace, _wants: &BTreeSet<FeatureWant>) {}
