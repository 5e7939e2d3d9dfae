//! Findings and plans as text: for people, for tools, and as a patch.

use crate::{plan::Plan, workspace::Texts};

pub mod concise;
pub mod coverage;
mod fingerprint;
pub mod full;
pub mod github;
pub mod json;
mod mini_diff;
pub mod patch;
pub mod position;
pub mod project;
pub mod rules;
pub mod rustc_json;
pub mod sarif;
pub mod settings;
pub mod sizes;
pub mod statistics;
pub mod summary;
mod window;

/// What the run is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Findings and their fixes.
    Check,
    /// The patch that `Apply` would write.
    DryRun,
    Apply,
}

/// Whether text carries the codes of colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    Plain,
    Styled,
}

/// The texts that `remaining` findings speak of.
pub fn texts_after(plan: &Plan) -> Texts {
    let mut texts = plan.texts.clone();
    texts.extend(plan.changes.iter().map(|it| (it.file.clone(), it.after.clone())));
    texts
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `text` on one line: what stands between two lines of a format must not add lines of its own.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
