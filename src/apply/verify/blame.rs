//! Which repairs may have to do with an error.

use ra_ap_ide_db::text_edit::TextRange;
use ra_ap_syntax::{AstNode, Edition, SourceFile, ast};

use crate::{
    apply::verify::problem::{Problem, Role},
    finding::Place,
    plan::Plan,
};

/// The repair that wrote what the error is about, where that is one alone: an index into the repairs of `plan`.
pub(super) fn certain(plan: &Plan, problem: &Problem) -> Option<usize> {
    let touched = problem.primary().map(|it| touched(plan, it));
    touched.filter(|it| it.len() == 1).flatten().next()
}

/// Repairs among which to look for the one that is to blame, from few to all.
pub(super) fn suspects(plan: &Plan, problem: &Problem) -> Vec<Vec<usize>> {
    let mut spans: Vec<_> = problem
        .spans
        .iter()
        .map(|it| (touched(plan, &it.at), it.role, it.at.range.len()))
        .collect();
    spans.retain(|it| !it.0.is_empty());
    spans.sort_by_key(|(touched, role, length)| (touched.len(), *role != Role::Primary, *length));
    let functions = problem.primary().flat_map(|it| in_function(plan, it)).collect();
    let files = problem.primary().flat_map(|it| in_file(plan, it)).collect();
    let all = (0..plan.repairs.len()).collect();
    let mut levels: Vec<Vec<usize>> = Vec::new();
    for mut level in spans.into_iter().map(|it| it.0).chain([functions, files, all]) {
        level.sort();
        level.dedup();
        if !level.is_empty() && !levels.contains(&level) {
            levels.push(level);
        }
    }
    levels
}

fn touched(plan: &Plan, place: &Place) -> Vec<usize> {
    let touches = |it: &Place| it.file == place.file && it.range.intersect(place.range).is_some();
    those(plan, touches)
}

fn in_function(plan: &Plan, place: &Place) -> Vec<usize> {
    let Some(function) = function_around(plan, place) else { return Vec::new() };
    those(plan, |it| it.file == place.file && function.contains_range(it.range))
}

fn in_file(plan: &Plan, place: &Place) -> Vec<usize> {
    those(plan, |it| it.file == place.file)
}

fn those(plan: &Plan, is_near: impl Fn(&Place) -> bool) -> Vec<usize> {
    let traces = plan.traces.iter().enumerate();
    traces.filter(|(_, it)| it.wrote.iter().any(&is_near)).map(|it| it.0).collect()
}

fn function_around(plan: &Plan, place: &Place) -> Option<TextRange> {
    let change = plan.changes.iter().find(|it| it.file == place.file)?;
    let plain = change.after.replacen('\u{feff}', "   ", 1);
    let tree = SourceFile::parse(&plain, Edition::CURRENT).tree();
    let functions = tree.syntax().descendants().filter_map(ast::Fn::cast);
    let ranges = functions.map(|it| it.syntax().text_range());
    ranges.filter(|it| it.contains_range(place.range)).min_by_key(|it| it.len())
}
