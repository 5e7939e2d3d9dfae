//! Turns on Cargo features in the text of a manifest, touching the fewest tokens.

use std::collections::BTreeSet;

use toml_edit::{Document, TableLike};

use crate::{
    finding::{DependencyKind, FeatureWant},
    workspace::manifest::{DependencyTable, dependency_tables, summary},
};

mod line;

use line::Line;

/// The text of `manifest` with every feature of `wants` turned on, for code that sees dependencies of `code`:
/// `Normal` for libraries and binaries, `Dev` for tests, examples and benches, `Build` for build scripts.
///
/// Which tables are edited when several name the dependency: the unconditional table of that kind alone, since it
/// holds on every target; where only tables under `[target.*]` name it, each of these, since each may be the one in
/// force. `Dev` code sees normal dependencies too: these are edited where no dev-dependency of that name exists,
/// unconditional tables before those of targets. A feature that a line lists already is not written again.
///
/// All wants are met, or the sentence says which cannot be and why.
pub fn turn_on(
    manifest: &str,
    wants: &BTreeSet<FeatureWant>,
    code: DependencyKind,
) -> Result<String, String> {
    let mut text = manifest.to_owned();
    for want in wants {
        // Each edit moves what follows it, so the text is read again for the next table.
        for table in 0.. {
            let edits = {
                let document = Document::parse(text.as_str()).map_err(|error| {
                    format!("`{}` cannot be read as TOML: {}", want.manifest, summary(&error))
                })?;
                let tables = dependency_tables(document.as_table());
                let tables = tables_to_edit(&tables, want, code)?;
                let Some(lines) = tables.get(table) else { break };
                Line::find(&text, *lines, &want.dependency)
                    .and_then(|line| line.turn_on(&want.feature))
                    .ok_or_else(|| unreadable(want))?
            };
            text = line::applied(&text, edits);
        }
    }
    Ok(text)
}

/// The tables that name the dependency and have to change, as the documentation of [`turn_on`] promises.
fn tables_to_edit<'a>(
    tables: &[DependencyTable<'a>],
    want: &FeatureWant,
    code: DependencyKind,
) -> Result<Vec<&'a dyn TableLike>, String> {
    let key = want.dependency.as_str();
    let naming = |kind, conditional| -> Vec<&'a dyn TableLike> {
        let tables = tables.iter().filter(|table| {
            table.kind == kind
                && table.target.is_some() == conditional
                && table.lines.contains_key(key)
        });
        tables.map(|table| table.lines).collect()
    };
    let kinds: &[DependencyKind] = match code {
        DependencyKind::Normal => &[DependencyKind::Normal],
        DependencyKind::Dev => &[DependencyKind::Dev, DependencyKind::Normal],
        DependencyKind::Build => &[DependencyKind::Build],
    };
    for conditional in [false, true] {
        for kind in kinds {
            let tables = naming(*kind, conditional);
            if !tables.is_empty() {
                return Ok(tables);
            }
        }
    }
    let FeatureWant { manifest, dependency, feature } = want;
    let elsewhere = tables.iter().find(|table| table.lines.contains_key(key));
    Err(match elsewhere {
        Some(table) => format!(
            "`{manifest}` names `{dependency}` only under `[{}]`, where {} cannot see it: name it under `[{}]` with \
             the feature `{feature}`",
            table_name(table.kind),
            match code {
                DependencyKind::Build => "the build script",
                DependencyKind::Normal | DependencyKind::Dev => "this code",
            },
            table_name(code)
        ),
        None => format!(
            "`{manifest}` names no dependency `{dependency}`: add it with the feature `{feature}`"
        ),
    })
}

fn table_name(kind: DependencyKind) -> &'static str {
    match kind {
        DependencyKind::Normal => "dependencies",
        DependencyKind::Dev => "dev-dependencies",
        DependencyKind::Build => "build-dependencies",
    }
}

fn unreadable(want: &FeatureWant) -> String {
    let FeatureWant { manifest, dependency, feature } = want;
    format!(
        "the way `{manifest}` names `{dependency}` is not known here: turn on its feature `{feature}` by hand"
    )
}
